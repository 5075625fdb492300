"""The page: records in, one self-contained HTML file out. Nothing in it asks anything of a network."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import vl_convert

from study.report import hypothesis_words, learning_words, ledger_words, trust_words, wording
from study.report.addresses import opening, report_addresses
from study.report.answer import answer
from study.report.content import Report
from study.report.drawing import vegalite_version
from study.report.folds import held, packed, script_source
from study.report.glossary import GLOSSARY, with_terms
from study.report.page_digest import page_digest
from study.report.paper_figures import counterparts
from study.report.pictures import (
    GALLERY_SCRIPT,
    PICTURE_STYLE,
    hero,
    rearing_gallery,
    strip_rows,
    unit_gallery,
    verdict_strip,
)
from study.report.stimulus_sheet import image_uri, sheet_uri
from study.report.verdict_marks import VERDICT_MARKS, verdict_style
from study.report.views import placed, question_views
from study.vocabulary.errors import StudyError
from study.vocabulary.text import showable

__all__ = ["Report", "render", "write_report"]

TEMPLATES = Path(__file__).parent / "templates"
_BUNDLE = "window.vegaEmbed = vegaEmbed;"


def render(report: Report) -> str:
    """Return the whole report as one HTML document.

    The same report gives the same text, byte for byte. Text from results and config is escaped wherever it stands;
    the only markup taken as it is are the project's own style and script, the chart library and the still drawings.
    """
    questions = question_views(report.questions)
    learning = learning_words.learning_checks(report.questions)
    places = {view.question.question: view.anchor for view in questions}
    return page_text(
        "page.html.j2",
        questions=questions,
        report=report,
        answer=answer(report.questions),
        hero=hero(report.units, report.stimuli, "hero") if report.units else None,
        gallery=unit_gallery(report.units, report.stimuli, "gallery") if report.units else "",
        reared=rearing_gallery(report.reared, report.stimuli, "reared") if report.reared else "",
        strip=verdict_strip(strip_rows(report.questions), places=places),
        lights=[trust_words.light(trust) for trust in report.trust],
        trust_line=trust_words.trust_line(report.trust),
        examples=[(name, image_uri(pixels)) for name, pixels in report.examples],
        learning=learning,
        manipulation=[check for question in report.questions for check in question.manipulation],
        unlearnt=learning_words.unlearnt_sentences(learning),
        places={item.result.hypothesis.id: item.anchor for question in questions for item in question.hypotheses},
        settings=list(wording.settings_rows(report.settings)),
        disagreements=ledger_words.disagreements(report.ledger),
        uncompared=ledger_words.uncompared(report.ledger),
        agreements=wording.agreement_counts(report),
        paper_figures=counterparts(report, placed(questions)),
        numbers=report_addresses(report),
        opening=opening(report.access.store) if report.access else "",
        digest=page_digest(report.name, report.generated, answer(report.questions), report.questions, places),
        interim=report.interim,
        stimuli=report.stimuli,
        sheet=sheet_uri(report.stimuli),
        unregistered="No hypothesis is registered for this question.",
    )


def page_text(template: str, **shown: Any) -> str:
    """Return a page of the project: a template that extends `base.html.j2`, with what it shows."""
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8") + GALLERY_SCRIPT
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8") + verdict_style() + PICTURE_STYLE
    library = chart_library()
    sources = " ".join(script_source(text) for text in (script, library))
    made = templates().get_template(template)
    return made.render(**shown, style=style, script=script, script_sources=sources, library=packed_library())


def write_report(report: Report, path: Path) -> None:
    """Render the report and put it at `path`; a reader sees the old file or the whole new one, never a part.

    Raises
    ------
    StudyError
        When the file cannot be written.
    """
    publish(render(report), path, remedy="use another --name")


def publish(text: str, path: Path, *, remedy: str) -> None:
    """Put a text at `path`; a reader sees the old file or the whole new one, never a part.

    Raises
    ------
    StudyError
        When the file cannot be written; `remedy` is the last of those it names.
    """
    staging = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staging.write_text(text, encoding="utf-8", newline="\n")
        staging.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            staging.unlink()
        reason = error.strerror or type(error).__name__
        raise StudyError(
            f"cannot write the report {path}: {reason}; free space there, make the folder writable, or {remedy}"
        ) from error


@cache
def chart_library() -> str:
    """Return the chart library as one script text; it is the same for every report and takes seconds to bundle."""
    return f"(function () {{\n{vl_convert.javascript_bundle(_BUNDLE, vl_version=vegalite_version())}\n}})();"


@cache
def packed_library() -> str:
    """Return the chart library packed: a reader who opens no chart never unpacks it."""
    return packed(chart_library())


def _showable(value: object) -> object:
    """Return what a template prints: texts as a page can hold them, markup of our own as it is."""
    return showable(value) if isinstance(value, str) and not isinstance(value, markupsafe.Markup) else value


def templates() -> jinja2.Environment:
    """Return the templates, with the words and numbers that they use."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_showable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number_text,
        "pvalue": wording.pvalue_text,
        "cell": wording.cell_text,
        "setting": wording.setting_text,
        "anchor": wording.anchor_text,
        "packed": packed,
        "held": held,
        "terms": with_terms,
    }
    environment.globals |= _words()
    return environment


def _words() -> dict[str, Any]:
    """Return what templates call by name."""
    named: Sequence[tuple[str, Any]] = (
        ("glossary", GLOSSARY),
        ("verdict_marks", VERDICT_MARKS),
        ("interval", wording.interval_text),
        ("layer_rows", wording.layer_rows),
        ("interval_kinds", wording.interval_kinds),
        ("learning_rows", learning_words.learning_rows),
        ("manipulation_rows", learning_words.manipulation_rows),
        ("unlearnt_sentences", learning_words.unlearnt_sentences),
        ("deciding_pvalue", hypothesis_words.deciding_pvalue),
        ("side_columns", hypothesis_words.side_columns),
        ("side_rows", hypothesis_words.side_rows),
        ("whole_sentence", hypothesis_words.whole_sentence),
        ("rule_rows", hypothesis_words.rule_rows),
        ("margins_text", hypothesis_words.margins_text),
        ("networks_sentence", wording.networks_sentence),
        ("second_sentence", wording.second_sentence),
        ("same_layers", wording.same_layers),
        ("numeric_columns", wording.numeric_columns),
        ("table_texts", wording.table_texts),
        ("shared_note", wording.shared_note),
        ("share", wording.share_text),
        ("counted", wording.counted),
        ("ledger_layers", ledger_words.layers_text),
        ("pvalues_sentence", ledger_words.pvalues_sentence),
        ("absence_label", ledger_words.absence_label),
        ("outcome_sentence", ledger_words.outcome_sentence),
    )
    return dict(named)
