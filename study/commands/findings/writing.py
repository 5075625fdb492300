"""Files that say what a study found: the picture of its verdicts, README.md, FINDINGS.md; written, or compared."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from study.commands.command import DONE, FAILED
from study.commands.console import print_plain, standard_console
from study.commands.findings import tables
from study.commands.findings.blocks import block, differing, has_block, with_blocks
from study.commands.findings.effects import USUAL_LEVEL, sentences
from study.commands.findings.source import FoundStudy, found_study
from study.commands.study_folder import REPORTS
from study.report.page import publish
from study.report.pictures import strip_rows
from study.report.pictures.verdict_picture import picture_words, verdict_picture
from study.vocabulary.errors import shown
from study.vocabulary.reading import check_regular, read_text

README, FINDINGS = Path("README.md"), Path("FINDINGS.md")
PAGE = Path("docs/findings.md")  # of the documentation, where there is one: what is too long for FINDINGS.md
ANSWER: Final = "answer"
_HEADING: Final = "## What was found"
_WIDE: Final = 680  # pixels: what a README of a screen and a half has room for


def findings(name: str, *, check: bool) -> int:
    """Write what a study found, or say where the files say anything else, and return the exit code.

    Raises
    ------
    StudyError
        When there is no such study, it has no results, or a file cannot be read or written.
    """
    console = standard_console()
    with found_study(name) as study:
        made = made_files(study)
        source = shown(study.store)
    if check:
        lines = [line for path, text in made.items() for line in _differences(path, text)]
        remedy = [f"`python -m study findings {shown(name)}` makes them again"] if lines else []
        print_plain(console, *lines, *(remedy or [f"{', '.join(map(str, made))}: as {source} says"]))
        return FAILED if lines else DONE
    for path, text in made.items():
        publish(text, path, remedy="move it away")
        print_plain(console, f"wrote {path}")
    return DONE


def made_files(study: FoundStudy) -> Mapping[Path, str]:
    """Return each file with all that it should hold; what people wrote in it stays.

    A README without markers gets a section before its first one, a FINDINGS.md that is not there is made; a page of the
    documentation is filled where it is there.
    """
    rows = strip_rows(study.questions)
    picture = REPORTS / f"{study.name}-verdicts.svg"
    blocks = {
        ANSWER: _answer(study, picture),
        "tally": _sentences(study)[0],
        "networks": tables.networks_table(study.tree, study.config),
        "claims": tables.claims_list(study.questions),
        "untested": tables.untested_list(study.questions),
        "beyond": tables.beyond_list(study.questions),
        "known-answers": tables.known_answers_table(study.tree),
        "scale": tables.scale_text(),
    }
    readme = read_text(README, remedy="run this in the folder of the program, whose README it writes")
    if not has_block(readme, ANSWER):
        readme = _with_section(readme, f"{_HEADING}\n\n{block(ANSWER, '')}\n\n")
    check_regular(FINDINGS, remedy="move it away")
    text = read_text(FINDINGS) if os.path.lexists(FINDINGS) else _new_findings(study.name, list(blocks))
    made = {
        picture: verdict_picture(rows, study=study.name),
        README: with_blocks(readme, {ANSWER: blocks[ANSWER]}, source=str(README)),
        FINDINGS: with_blocks(text, blocks, source=str(FINDINGS)),
    }
    if os.path.lexists(PAGE):
        check_regular(PAGE, remedy="move it away")
        made[PAGE] = with_blocks(read_text(PAGE), blocks, source=str(PAGE))
    return made


def _answer(study: FoundStudy, picture: Path) -> str:
    """Return the picture with its words, the three sentences, and where they come from."""
    words = picture_words(strip_rows(study.questions), layers=False)
    report = REPORTS / f"{study.name}.html"
    return (
        f'<a href="{html.escape(str(report))}"><img src="{html.escape(str(picture))}" width="{_WIDE}"'
        f' alt="{html.escape(words)}"></a>\n\n'
        f"{' '.join(_sentences(study))} In brackets {100 * USUAL_LEVEL:g} % intervals, n networks."
        f" Claim by claim: [{FINDINGS}]({FINDINGS}). From `{study.store}`."
    )


def _sentences(study: FoundStudy) -> tuple[str, str, str]:
    remarks = {
        "demonstration": "which demonstrates and proves nothing",
        "interim": "interim, so that no verdict is confirmatory",
    }
    said = "".join(f", {words}" for attribute, words in remarks.items() if study.says(attribute))
    return sentences(study.questions, standing=f"In the study `{study.name}` of {study.networks} networks{said}")


def _with_section(text: str, section: str) -> str:
    """Return a text with a section before its first one of the second level; at its end where there is none."""
    before, heading, after = text.partition("\n## ")
    return f"{before}\n{section}{heading[1:]}{after}" if heading else f"{text.rstrip()}\n\n{section}"


def _new_findings(name: str, names: list[str]) -> str:
    parts = "\n\n".join(block(one, "") for one in names if one != ANSWER)
    return f"# Findings of the study {name}\n\n{parts}\n"


def _differences(path: Path, made: str) -> list[str]:
    """Return a line for each part of a file that is not what the store says."""
    if not os.path.lexists(path):
        return [f"{path}: is not there"]
    text = read_text(path)
    if text == made:
        return []
    parts = ", ".join(name for name in differing(text, made) if name) or "the file"
    return [f"{path}: {parts} is not what the store says"]
