"""The page on one external network: the study's own page without verdicts, one self-contained HTML file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.analysis.core.results import QuestionResult
from study.analysis.core.tuned_units import TunedUnits
from study.report.content import Stimuli
from study.report.page import page_text
from study.report.page_digest import page_digest
from study.report.pictures import hero, unit_gallery
from study.report.stimulus_sheet import sheet_uri
from study.report.views import question_views

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ExternalPage:
    """Everything the page shows.

    `summary` says in plain sentences what was found and `remarks` what to know of the network first. `layers` has one row
    a layer. `stimuli_words` says which part of the gratings is shown. `methods` are (heading, paragraph) pairs, `settings`
    and `provenance` label to value. `units` are shown in a gallery, if any can be.
    """

    title: str
    name: str
    generated: str
    summary: tuple[str, ...]
    remarks: tuple[str, ...]
    questions: tuple[QuestionResult, ...]
    layers: pd.DataFrame
    stimuli: Stimuli
    stimuli_words: str
    methods: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    provenance: tuple[tuple[str, str], ...]
    units: TunedUnits | None = None


def render_external(page: ExternalPage) -> str:
    """Return the page as one HTML document; the same record gives the same text."""
    questions = question_views(page.questions)
    places = {view.question.question: view.anchor for view in questions}
    return page_text(
        "external.html.j2",
        questions=questions,
        digest=page_digest(page.name, page.generated, " ".join(page.summary[:1]), page.questions, places),
        page=page,
        hero=hero(page.units, page.stimuli, "hero") if page.units else None,
        gallery=unit_gallery(page.units, page.stimuli, "gallery") if page.units else "",
        sheet=sheet_uri(page.stimuli),
        unregistered="Described, not tested: one network is one experimental unit.",
        interim=False,
        opening="",
    )
