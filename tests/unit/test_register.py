"""The command `register`: what it writes is the registration, whole, and what it notes is refused where it is not so."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from study.__main__ import main
from study.commands.register.answers import FIELDS, passages
from study.registration import read_registration, recorded_registration
from study.registration.deposit import read_deposit
from study.report.registration_page import registration_page

REGISTRATION = Path(__file__).parents[2] / "preregistration.md"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that `register export` wrote."""
    folder = tmp_path_factory.mktemp("deposit")
    command = ["register", "export", "--preregistration", str(REGISTRATION), "--profile", "quick", "--to", str(folder)]
    assert main(command) == 0
    return folder


def test_the_text_is_the_same_byte_for_byte_and_has_the_digest(exported: Path) -> None:
    """Whoever hashes the deposited file gets the digest of the text."""
    content = (exported / "preregistration.md").read_bytes()
    assert content == REGISTRATION.read_bytes()
    deposit = read_deposit(exported)
    assert deposit is not None
    assert hashlib.sha256(content).hexdigest() == deposit.text_digest
    assert deposit.profile == "quick"


def test_the_blocks_are_what_the_program_reads(exported: Path) -> None:
    """Read back, they are the registration, and their digest is the one that is exported."""
    blocks = json.loads((exported / "registration_blocks.json").read_text(encoding="utf-8"))
    assert recorded_registration(blocks, source="blocks") == read_registration(REGISTRATION)
    deposit = read_deposit(exported)
    assert deposit is not None
    assert deposit.digest == blocks["digest"]


def test_every_field_of_the_template_has_an_answer(exported: Path) -> None:
    """In the order of the template; confirmatory hypotheses and exploratory ones each in their field, none twice."""
    written = json.loads((exported / "osf_preregistration.json").read_text(encoding="utf-8"))
    fields = {field["name"]: field["answer"] for field in written["fields"]}
    assert [field["name"] for field in written["fields"]] == [name for _, _, name in FIELDS]
    assert not [name for name, answer in fields.items() if not answer or answer.startswith("See preregistration.md")]
    for one in read_registration(REGISTRATION).hypotheses.values():
        there = {"Hypotheses": one.is_confirmatory, "Exploratory analysis": not one.is_confirmatory}
        for name, meant in there.items():
            assert (f"{one.id} ({one.status}): " in fields[name]) == meant
    assert "52 networks in all." in fields["Sample size"]


def test_the_page_holds_every_word_and_asks_nothing_of_a_network(exported: Path) -> None:
    """Headings, every hypothesis's id, the digest; no script, no picture, no sheet from elsewhere."""
    page = (exported / "registration.html").read_text(encoding="utf-8")
    for heading in re.findall(r"(?m)^## (.*)", REGISTRATION.read_text(encoding="utf-8")):
        assert f"<h2>{heading}</h2>" in page
    for name in read_registration(REGISTRATION).hypotheses:
        assert name in page
    assert not re.search(r"<script|<img|<link[^>]+https?:|src=", page)


def test_markup_in_a_registration_is_text() -> None:
    """Nobody's file can put a script into the page."""
    page = registration_page("# <script>x</script>\n\n[a](javascript:x)\n", [("<b>", "<i>")])
    assert "<script" not in page
    assert "href" not in page.split("<body>")[1]
    assert "&lt;b&gt;" in page


def test_again_the_date_stays(exported: Path) -> None:
    """What was frozen once is not frozen later."""
    before = (exported / "registration.json").read_bytes()
    command = [
        "register",
        "export",
        "--preregistration",
        str(REGISTRATION),
        "--profile",
        "quick",
        "--to",
        str(exported),
    ]
    assert main(command) == 0
    assert (exported / "registration.json").read_bytes() == before


def test_a_deposit_is_noted_and_no_other_registration_is_written_over_it(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Address and date beside the digest; a text that differs in a word is another registration."""
    deposit = read_deposit(exported)
    assert deposit is not None
    noted = ["--url", "https://osf.io/abcde", "--date", "2026-11-27", "--digest", deposit.digest[:12]]
    assert main(["register", "record", str(exported), *noted]) == 0
    after = read_deposit(exported)
    assert after is not None
    assert (after.url, after.registered, after.digest) == ("https://osf.io/abcde", "2026-11-27", deposit.digest)
    other = tmp_path / "other.md"
    other.write_text(REGISTRATION.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["register", "export", "--preregistration", str(other), "--to", str(exported)]) == 2
    assert "not written over" in capsys.readouterr().err
    assert read_deposit(exported) == after


def test_passages_begin_in_bold_and_end_at_a_heading() -> None:
    """Blocks in between belong to them."""
    text = "**One.** a\nb\n\n```toml x\nc = 1\n```\n**Two.** d\n\n# Heading\n\ne\n"
    assert passages(text) == {"One": "a\nb\n\n```toml x\nc = 1\n```", "Two": "d"}
