"""The page: records in, one self-contained HTML file out. Nothing in it asks anything of a network."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import vl_convert

from study.analysis.core.results import Figure, HypothesisResult, QuestionResult
from study.report import hypothesis_words, learning_words, ledger_words, wording
from study.report.content import Report, Stimuli
from study.report.drawing import Drawing, figure_drawing, interval_drawing, vegalite_version
from study.report.glossary import GLOSSARY
from study.report.paper_figures import PlacedFigure, counterparts
from study.report.stimulus_sheet import sheet_uri
from study.report.verdict_marks import VERDICT_MARKS, verdict_style
from study.vocabulary.errors import StudyError
from study.vocabulary.text import showable

__all__ = ["Report", "render", "write_report"]

TEMPLATES = Path(__file__).parent / "templates"
_BUNDLE = "window.vegaEmbed = vegaEmbed;"


@dataclass(frozen=True)
class HypothesisView:
    """A hypothesis with its place on the page and its drawing, which shows both sets where there are two."""

    anchor: str
    result: HypothesisResult
    drawing: Drawing | None


@dataclass(frozen=True)
class FigureView:
    """A figure with its place on the page, the paper's figure it follows, and its drawing."""

    anchor: str
    figure: Figure
    follows: str
    drawing: Drawing | None


@dataclass(frozen=True)
class QuestionView:
    """A question with its place on the page, its hypotheses and its drawn figures, also those of the second set."""

    anchor: str
    question: QuestionResult
    hypotheses: tuple[HypothesisView, ...]
    figures: tuple[FigureView, ...]
    second_figures: tuple[FigureView, ...]


def render(report: Report) -> str:
    """Return the whole report as one HTML document.

    The same report gives the same text, byte for byte. Text from results and config is escaped wherever it stands;
    the only markup taken as it is are the project's own style and script, the chart library and the static drawings.
    """
    questions = question_views(report.questions)
    learning = learning_words.learning_checks(report.questions)
    return questions_page(
        "page.html.j2",
        questions,
        report.stimuli,
        contents=_contents(report, questions),
        report=report,
        learning=learning,
        unlearnt=learning_words.unlearnt_sentences(learning),
        places={item.result.hypothesis.id: item.anchor for question in questions for item in question.hypotheses},
        settings=list(wording.settings_rows(report.settings)),
        counts=wording.verdict_counts(report),
        disagreements=wording.disagreements(report),
        agreements=wording.agreement_counts(report),
        paper_figures=counterparts(report, _placed(questions)),
        interim=report.interim,
        unregistered="No hypothesis is registered for this question.",
    )


def _contents(report: Report, questions: Sequence[QuestionView]) -> list[tuple[str, str]]:
    """Return (anchor, title) of the sections of the report, in its order."""
    return [
        *([("learning", "Did the networks learn?")] if any(view.question.learning for view in questions) else []),
        ("verdicts", "Verdicts"),
        *([("ledger", "Ledger: as published and as registered")] if report.ledger else []),
        *question_contents(questions),
        *([("multiverse", "Other analyses")] if any(view.question.multiverse for view in questions) else []),
        ("paper-figures", "Figures of the paper"),
        ("stimuli", "Stimuli"),
        ("networks", "Networks"),
        ("methods", "Methods"),
        ("deviations", "Deviations and failures"),
        ("provenance", "Provenance"),
        ("glossary", "Glossary"),
    ]


def question_contents(questions: Sequence[QuestionView]) -> list[tuple[str, str]]:
    """Return (anchor, title) of the questions of a page."""
    return [(view.anchor, view.question.title) for view in questions]


def questions_page(template: str, questions: Sequence[QuestionView], stimuli: Stimuli, **shown: Any) -> str:
    """Return a page about questions: their drawings, the gratings, the glossary, and what else it shows."""
    drawings = question_drawings(questions)
    sheet = sheet_uri(stimuli)
    return page_text(template, drawings, questions=questions, glossary=GLOSSARY, sheet=sheet, stimuli=stimuli, **shown)


def page_text(template: str, drawings: list[Drawing], *, contents: Sequence[tuple[str, str]], **shown: Any) -> str:
    """Return a page of the project: a template that extends `base.html.j2`, with its contents and what it shows."""
    return (
        templates()
        .get_template(template)
        .render(
            **shown,
            contents=contents,
            drawings=drawings,
            style=(TEMPLATES / "page.css").read_text(encoding="utf-8") + verdict_style(),
            script=(TEMPLATES / "page.js").read_text(encoding="utf-8"),
            bundle=chart_library(),
        )
    )


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


def question_views(questions: Sequence[QuestionResult]) -> tuple[QuestionView, ...]:
    """Return the questions of a page, in its order, each with its place and its drawings."""
    return tuple(_question_view(question, index) for index, question in enumerate(questions, 1))


def _question_view(question: QuestionResult, index: int) -> QuestionView:
    # The index keeps anchors apart when two ids differ only in characters an anchor cannot hold.
    prefix = wording.anchor_text(f"q{index}", question.question)
    hypotheses = []
    for place, result in enumerate(question.hypotheses, 1):
        anchor = wording.anchor_text(f"h{index}-{place}", result.hypothesis.id)
        hypotheses.append(HypothesisView(anchor, result, interval_drawing(result, f"{anchor}-intervals")))
    figures = tuple(
        figure_view(figure, wording.anchor_text(f"f{index}-{place}", figure.id), figure.paper_figure)
        for place, figure in enumerate(question.figures, 1)
    )
    second = tuple(
        figure_view(figure, wording.anchor_text(f"s{index}-{place}", figure.id), figure.second_paper_figure)
        for place, figure in enumerate(question.second_figures, 1)
    )
    return QuestionView(prefix, question, tuple(hypotheses), figures, second)


def figure_view(figure: Figure, anchor: str, follows: str) -> FigureView:
    """Return a figure with its drawing and its place on a page."""
    return FigureView(anchor, figure, follows, figure_drawing(figure, f"{anchor}-chart"))


def _placed(questions: tuple[QuestionView, ...]) -> list[PlacedFigure]:
    """Return every figure of the page, in its order."""
    return [
        PlacedFigure(view.anchor, view.figure.title, view.follows, second)
        for question in questions
        for second, views in ((False, question.figures), (True, question.second_figures))
        for view in views
    ]


def question_drawings(questions: Sequence[QuestionView]) -> list[Drawing]:
    """Return every drawing of some questions."""
    drawings: list[Drawing | None] = []
    for question in questions:
        drawings += [view.drawing for view in question.hypotheses]
        drawings += [view.drawing for view in (*question.figures, *question.second_figures)]
    return [drawing for drawing in drawings if drawing is not None]


@cache
def chart_library() -> str:
    """Return the chart library as one script text; it is the same for every report and takes seconds to bundle."""
    return vl_convert.javascript_bundle(_BUNDLE, vl_version=vegalite_version())


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
    }
    environment.globals |= {
        "verdict_marks": VERDICT_MARKS,
        "interval": wording.interval_text,
        "layer_rows": wording.layer_rows,
        "interval_kinds": wording.interval_kinds,
        "learning_rows": learning_words.learning_rows,
        "unlearnt_sentences": learning_words.unlearnt_sentences,
        "deciding_pvalue": hypothesis_words.deciding_pvalue,
        "side_columns": hypothesis_words.side_columns,
        "side_rows": hypothesis_words.side_rows,
        "whole_sentence": hypothesis_words.whole_sentence,
        "test_text": hypothesis_words.test_text,
        "decision_rows": hypothesis_words.decision_rows,
        "margins_text": hypothesis_words.margins_text,
        "networks_sentence": wording.networks_sentence,
        "second_sentence": wording.second_sentence,
        "same_layers": wording.same_layers,
        "numeric_columns": wording.numeric_columns,
        "table_texts": wording.table_texts,
        "shared_note": wording.shared_note,
        "deciding_layers": wording.deciding_layers,
        "networks_text": wording.networks_text,
        "share": wording.share_text,
        "counted": wording.counted,
        "ledger_layers": ledger_words.layers_text,
        "pvalues_sentence": ledger_words.pvalues_sentence,
        "absence_label": ledger_words.absence_label,
        "outcome_sentence": ledger_words.outcome_sentence,
    }
    return environment
