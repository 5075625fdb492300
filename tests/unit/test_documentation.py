"""What README and the pages in docs/ name is there, and what of them can be executed runs as it stands.

A question that is added need not be named in them: its folder is its registration. The site itself, its links and its
tutorial are built by `make docs`.
"""

from __future__ import annotations

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from study.__main__ import COMMANDS
from study.analysis.questions import questions
from study.commands.licences import licences_text, needed, plain
from study.vocabulary.schema import ARMS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
LINES_OF_A_README = 44  # 1,350 pixels or less, a screen and a half, where a window is 1,400 x 900 pixels


def table(page: str, heading: str) -> dict[str, list[str]]:
    """Return the table below a heading line of a page: the first cell of each row to the others."""
    _, below = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"{heading}\n", 1)
    rows = re.match(r"(?:\|.*\n)+", below)
    assert rows, heading
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[0].splitlines()[1:]]
    return {first.strip("`"): others for first, *others in cells}


def test_questions_stand_in_the_row_of_their_arm() -> None:
    """Those that are named are asked of that arm's networks."""
    rows = table("report.md", "| arm | networks | measured | questions |")
    assert list(rows) == list(ARMS)
    for arm, cells in rows.items():
        for name in cells[-1].split(", "):
            assert questions()[name].arm == arm, name


def test_every_command_has_a_row() -> None:
    """In the order in which the program lists them."""
    assert list(table("running.md", "| command | what it does | exit code 1 |")) == list(COMMANDS)


def test_the_readme_is_read_on_a_screen_and_a_half() -> None:
    """What is longer has a page of its own, where it leads; what to know before a verdict is believed stands early."""
    lines = README.splitlines()
    assert len(lines) <= LINES_OF_A_README
    assert lines.index("## What to know before you believe a verdict") < len(lines) / 2
    assert README.index("**gOSI**") < README.index("<!-- findings:answer -->")


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda path: path.name)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    """Of the README on any host of repositories; `make docs` follows those of the site, anchors included."""
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).is_file(), target


def test_every_page_is_in_the_navigation() -> None:
    """And the navigation names no page that is not there."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r": ([\w/]+\.(?:md|ipynb))$", settings, re.MULTILINE))
    assert named == {str(path.relative_to(ROOT / "docs")) for path in (*PAGES, ROOT / "docs" / "tutorial.ipynb")}


def test_the_page_on_recordings_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    """Its neurons that are tuned are found, and the trial that is lost is counted."""
    page = (ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec(page.split("```python\n", 1)[1].split("```", 1)[0], names)
    measures = names["measures"]
    assert int(measures["lost_trials"][3]) == 1  # type: ignore[index]
    assert (measures["qvalue"][:15] < 0.05).all()  # type: ignore[index]
    assert "of 20 neurons are tuned" in capsys.readouterr().out


def test_what_is_imported_is_asked_for_by_name() -> None:
    """Whatever any file of the package imports is in pyproject.toml, and so among the licences that are said to be imported."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "study").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    others = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"study"}
    packages, declared = metadata.packages_distributions(), {plain(name) for name in needed()}
    assert {"numpy", "tornado"} <= others
    assert {name for name in others if not declared & {plain(one) for one in packages[name]}} == set()


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="which packages are needed differs between versions of Python"
)
def test_licences_are_those_of_what_is_installed() -> None:
    """`python -m study licences > LICENCES.md` is to be run when a dependency comes or goes, or changes its terms."""
    there = (ROOT / "LICENCES.md").read_text(encoding="utf-8")
    assert "| pingouin | yes | GPL-3.0 | yes |" in there
    assert licences_text() == there
