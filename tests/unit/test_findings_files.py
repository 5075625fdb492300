"""`python -m study findings`: what it writes between markers, what it leaves alone, and what it finds changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from study.__main__ import main
from study.commands.findings.blocks import block, differing, with_blocks
from study.commands.study_folder import DATA
from study.store import StudyFolder
from study.vocabulary.errors import StudyError
from tests.stored_study import at, concluded_study, few_hypotheses

ROOT = Path(__file__).parents[2]
README = "# A study\n\nWords of people.\n\n## Start\n\nMore words.\n"
PUBLISHED = ROOT / "data" / "published" / "study.zarr.zip"


@pytest.fixture(scope="module")
def concluded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a working directory with a study that is analysed, to copy."""
    place = tmp_path_factory.mktemp("findings")
    with pytest.MonkeyPatch.context() as patch:
        at(place, patch)
        concluded_study("quick")
    return place


@pytest.fixture
def here(concluded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of it, with a README."""
    place = shutil.copytree(concluded, tmp_path / "here")
    at(place, monkeypatch)
    (place / "README.md").write_text(README)
    return place


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `findings` with the exit code that is expected, and return what it printed."""

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(["findings", *words]) == code
        printed = capsys.readouterr()
        return printed.err if code == 2 else printed.out

    return run


def test_what_is_written_agrees_until_somebody_changes_it(here: Path, said: Callable[..., str]) -> None:
    """A README without markers gets a section before its first; what people wrote stays; a changed number is found."""
    assert "FINDINGS.md: is not there" in said("quick", "--check", code=1)
    said("quick")
    readme, findings = (here / "README.md").read_text(), (here / "FINDINGS.md").read_text()
    assert readme.startswith("# A study\n\nWords of people.\n\n## What was found\n")
    assert readme.endswith("\n\n## Start\n\nMore words.\n")
    assert 'src="reports/quick-verdicts.svg" width="680" alt="Are there orientation-selective units' in readme
    assert "Orientation-selective units exist in every layer" in findings and "8 networks" in findings
    assert "as data/quick/study.zarr says" in said("quick", "--check")
    said("quick")
    assert ((here / "README.md").read_text(), (here / "FINDINGS.md").read_text()) == (readme, findings)
    (here / "FINDINGS.md").write_text(f"A preface.\n{findings}".replace("8 networks", "9 networks", 1))
    (here / "reports" / "quick-verdicts.svg").write_text("<svg/>")
    lines = said("quick", "--check", code=1).splitlines()
    assert lines[0] == "reports/quick-verdicts.svg: the file is not what the store says"
    assert len(lines) == 3 and lines[1].startswith("FINDINGS.md: ") and "findings quick" in lines[2]
    said("quick")
    assert (here / "FINDINGS.md").read_text() == f"A preface.\n{findings}"


def test_a_published_study_says_the_same_from_its_zip_alone(here: Path, said: Callable[..., str]) -> None:
    """Whether the rest of the folder is there or not: what one machine wrote, another one checks."""
    said("quick")
    whole = (here / "FINDINGS.md").read_text()
    folder = here / "data" / "quick"
    shutil.make_archive(str(folder / "study.zarr"), "zip", folder / "study.zarr")
    (folder / "preregistration.md").write_text(registration_text(), encoding="utf-8")
    said("quick")
    assert differing(whole, (here / "FINDINGS.md").read_text()) == ["networks"], "training images, which settings hold"
    for entry in folder.iterdir():
        if entry.name not in ("study.zarr.zip", "preregistration.md"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    assert "as data/quick/study.zarr.zip says" in said("quick", "--check")
    assert "From `data/quick/study.zarr.zip`" in (here / "README.md").read_text()


def registration_text() -> str:
    """Return the text of the registration that the small study has."""
    from study.registration import parsed_registration
    from tests.example_registration import cut_down
    from tests.stored_study import HYPOTHESES

    text = (ROOT / "preregistration.md").read_text(encoding="utf-8")
    text = cut_down(text[: text.index("## Multiverse")], HYPOTHESES)
    assert parsed_registration(text, source="").digest == few_hypotheses().digest
    return text


def test_a_page_of_the_documentation_is_filled_where_it_is_there(here: Path, said: Callable[..., str]) -> None:
    """With what others published, which is too long for FINDINGS.md; a folder in its place is refused."""
    page = here / "docs" / "findings.md"
    page.parent.mkdir()
    page.write_text(f"Beside.\n\n{block('known-answers', '')}\n")
    assert "wrote docs/findings.md" in said("quick")
    assert "| fact | published | here |" in page.read_text() and page.read_text().startswith("Beside.\n")
    page.write_text(page.read_text().replace("published", "printed"))
    assert said("quick", "--check", code=1).startswith("docs/findings.md: known-answers is not what the store says")
    page.unlink()
    page.mkdir()
    assert "docs/findings.md" in said("quick", code=2)


def test_what_cannot_be_said_is_refused(here: Path, said: Callable[..., str]) -> None:
    """In one line: no study, no README, markers that are no pair, no zip; nothing is written."""
    assert "there is no study" in said("other", code=2)
    (here / "README.md").write_text("<!-- findings:answer -->\n")
    assert "not one pair in order" in said("quick", code=2)
    (here / "README.md").unlink()
    assert "README.md" in said("quick", code=2)
    assert not (here / "FINDINGS.md").exists()
    (here / "data" / "empty").mkdir()
    (here / "data" / "empty" / "study.zarr.zip").write_text("no zip")
    assert "study.zarr.zip: is no published study" in said("empty", code=2)
    assert StudyFolder(DATA / "quick").compacted.exists()


def test_parts_are_made_between_their_markers_alone() -> None:
    """Whatever the new content is; a marker of no part is refused, and so is a doubled one."""
    text = f"before\n{block('a', 'old')}\nbetween\n{block('b', '')}\nafter\n"
    content = r"new \1 | text"
    made = with_blocks(text, {"a": content, "b": "more", "c": "left out"}, source="file")
    assert made == f"before\n{block('a', content)}\nbetween\n{block('b', 'more')}\nafter\n"
    assert differing(text, made) == ["a", "b"] and differing(text, text.replace("between", "BETWEEN")) == [""]
    for wrong, words in ((text + block("a", ""), "one pair"), (text.replace("findings:a", "findings:x"), "'x'")):
        with pytest.raises(StudyError, match=words):
            with_blocks(wrong, {"a": "", "b": ""}, source="file")


@pytest.mark.skipif(not PUBLISHED.exists(), reason="no study has been published yet: data/published/study.zarr.zip")
def test_readme_and_findings_say_what_the_published_store_says(
    monkeypatch: pytest.MonkeyPatch, said: Callable[..., str]
) -> None:
    """Every number between their markers, and the picture."""
    monkeypatch.chdir(ROOT)
    assert "says" in said("published", "--check")
