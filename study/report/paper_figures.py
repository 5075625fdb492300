"""Which figure of the paper is which here: every figure of the paper about the 7-layer network, and its counterpart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from study.analysis.core.results import NOT_TESTED, QuestionResult
from study.report.content import Report

_NUMBERED = re.compile(r"\b(A?\d+)((?:[a-c](?:(?:, | and )(?=[a-c]\b))?)*)")
_PANEL = re.compile(r"(?<![a-z])[a-c](?![a-z])")
STIMULI = "stimuli"  # the section that shows the gratings

# A figure of the paper, or a panel of one: what it shows, the question it belongs to, and whether it is of the second
# set of initialisations. Panels A3b, A4b and A7b are of a 20-layer network.
_FIGURES: tuple[tuple[str, str, str, bool], ...] = (
    ("1", "Orientation-tuning curves of example units", "existence", False),
    ("2", "Histograms of gOSI, measured and shuffled", "existence", False),
    ("3a", "Loss and layer-mean gOSI over epochs", "maturation", False),
    ("3b", "Validation loss against layer-mean gOSI, epoch by epoch", "maturation", False),
    ("3c", "Their rank correlation, layer by layer", "maturation", False),
    ("4a", "Test loss against layer-mean gOSI of 200 networks", "generalization", False),
    ("4b", "Their rank correlation, layer by layer", "generalization", False),
    ("4c", "Layer-mean gOSI against label corruption", "memorization", False),
    ("5", "Loss when the more, or the less, selective half is ablated", "ablation", False),
    ("6a", "Variation under shifts, layer by layer, with and without ablation", "shift_invariance", False),
    ("6b", "The same as Fig. 6a, other initialisations", "shift_invariance", True),
    ("A1", "All grating images", STIMULI, False),
    ("A2", "Range of preferred orientations over spatial frequencies", "spatial_frequency", False),
    ("A3a", "The same as Fig. A2, other initialisations", "spatial_frequency", True),
    ("A4a", "The same as Fig. 2, other initialisations", "existence", True),
    ("A5a", "The same as Fig. 3b, other initialisations", "maturation", True),
    ("A5b", "The same as Fig. 3c, other initialisations", "maturation", True),
    ("A6a", "The same as Fig. 4a, other initialisations", "generalization", True),
    ("A6b", "The same as Fig. 4b, other initialisations", "generalization", True),
    ("A6c", "The same as Fig. 4c, other initialisations", "memorization", True),
    ("A7a", "The same as Fig. 5, other initialisations", "ablation", True),
    ("A8", "Histograms of gOSI before training", "untrained", False),
)


@dataclass(frozen=True)
class Counterpart:
    """A figure of the paper and where it is here.

    `links` holds (anchor, title) of the figures here; where there is none, `reason` says why.
    """

    paper_figure: str
    shows: str
    question: str
    links: tuple[tuple[str, str], ...]
    reason: str


@dataclass(frozen=True)
class PlacedFigure:
    """A figure of this report: where it stands, its title, the paper's figures it follows, and its set."""

    anchor: str
    title: str
    follows: str
    second: bool


def panels(text: str) -> tuple[str, ...]:
    """Return the figures and panels that a text such as "Fig. 4a, b" names: ("4a", "4b"); a figure without panel is itself."""
    return tuple(
        number + panel for number, letters in _NUMBERED.findall(text) for panel in _PANEL.findall(letters) or [""]
    )


def figures_of(question: str) -> str:
    """Return the paper's figures that a question is about, as "Fig. 3a, 3b, 3c"; '' where the paper has none."""
    numbers = [number for number, _, asked, second in _FIGURES if asked == question and not second]
    return f"Fig. {', '.join(numbers)}" if numbers else ""


def counterparts(report: Report, placed: Sequence[PlacedFigure]) -> tuple[Counterpart, ...]:
    """Return the counterpart of every figure of the paper that concerns the 7-layer network, in the paper's order.

    Parameters
    ----------
    report
        Says what was asked, and why something is missing.
    placed
        The figures of the report that have a place on the page.
    """
    rows = []
    for number, shows, question, second in _FIGURES:
        links = tuple(_links(number, (figure for figure in placed if figure.second == second)))
        if question == STIMULI:
            links = ((STIMULI, "Stimuli"),)
        reason = "" if links else _reason(report, question, second=second)
        rows.append(Counterpart(f"Fig. {number}", shows, question.replace("_", " "), links, reason))
    return tuple(rows)


def _links(number: str, placed: Iterable[PlacedFigure]) -> Iterable[tuple[str, str]]:
    """Yield the figures that follow one of the paper's, a panel of it, or the whole of which it is a panel."""
    for figure in placed:
        if any(
            number in (panel, panel.rstrip("abc")) or panel == number.rstrip("abc") for panel in panels(figure.follows)
        ):
            yield figure.anchor, figure.title


def _reason(report: Report, name: str, *, second: bool) -> str:
    """Return why a figure of the paper has no counterpart here."""
    question = next((question for question in report.questions if question.question == name), None)
    if question is None:
        return "Nothing is registered for this question, so it was not asked."
    if second and not report.has_second_set:
        return "This study has no second set of initialisations."
    if second and not question.second_figures:
        return "The second set of initialisations has no networks that answer this question."
    return _first_reason(question)


def _first_reason(question: QuestionResult) -> str:
    reasons = [one.reason for one in question.hypotheses if one.verdict == NOT_TESTED]
    if question.figures or not reasons:
        return "No figure of this report shows it."
    return f"{reasons[0][:1].upper()}{reasons[0][1:].rstrip('.')}."
