"""The page on which the registered tests are themselves tested: one self-contained HTML file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.analysis.core.results import Figure
from study.report import wording
from study.report.page import page_text
from study.report.views import figure_view, still

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CalibrationPage:
    """Everything the page shows.

    `summary` says in plain sentences what was found, `failures` which tests err more often than registered. `table` has
    one row a hypothesis. `methods` are (heading, paragraph) pairs, `left_out` the hypotheses that were not simulated,
    each with the reason, and `provenance` label to value.
    """

    generated: str
    summary: tuple[str, ...]
    failures: tuple[str, ...]
    table: pd.DataFrame
    table_words: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    methods: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    provenance: tuple[tuple[str, str], ...]


def render_calibration(page: CalibrationPage) -> str:
    """Return the page as one HTML document; the same record gives the same text."""
    views = tuple(
        figure_view(figure, wording.anchor_text("f", figure.id), figure.paper_figure) for figure in page.figures
    )
    pictures = [(view, drawn) for view in views if (drawn := still(view)) is not None]
    return page_text("calibration.html.j2", page=page, pictures=pictures)


def calibration_record(page: CalibrationPage) -> str:
    """Return the table in Markdown, with what was found and what made it; the same record gives the same text."""
    header = [f"| {' | '.join(map(str, page.table.columns))} |", f"|{' --- |' * len(page.table.columns)}"]
    rows = [f"| {' | '.join(map(str, row))} |" for row in page.table.itertuples(index=False)]
    made = [f"- {label}: {value}" for label, value in (("Date", page.generated), *page.provenance)]
    failed = [f"- {sentence}" for sentence in page.failures]
    left_out = [f"- {sentence}" for sentence in page.left_out]
    meanings = [f"- **{column}**: {meaning}" for column, meaning in page.table_words]
    methods = [f"**{heading}.** {paragraph}\n" for heading, paragraph in page.methods]
    parts = ["# Calibration of the registered tests", "", *page.summary, "", *made, "", *failed, "", *header, *rows, ""]
    parts += [*meanings, "", *methods, *(["Not simulated:", "", *left_out] if left_out else [])]
    return "\n".join(parts).rstrip() + "\n"
