"""Questions by layers: a glyph a cell and a word a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from study.analysis.core.results import NOT_TESTED, HypothesisResult, QuestionResult
from study.report.pictures.svg import escaped
from study.report.verdict_marks import VERDICT_MARKS, class_name
from study.vocabulary.rearing import layers_of_span

STRIP_STYLE = """
.verdict-strip { list-style: none; margin: 0; padding: 0; max-width: none; font-family: var(--sans); font-size: .95rem; }
.verdict-strip li { display: grid; grid-template-columns: minmax(0, 1fr) auto auto; gap: 0 1rem; align-items: center;
  border-top: 1px solid var(--line); padding: .35rem 0; }
.verdict-strip .cells { display: flex; gap: .3rem; }
.verdict-strip .cells span, .verdict-strip .cells i { width: 1.15rem; height: 1.15rem; display: block; }
.verdict-strip svg { width: 100%; height: 100%; display: block; }
.verdict-strip .word { min-width: 9.2em; font-weight: 600; display: flex; align-items: center; gap: .4em; }
.verdict-strip .word svg { width: 1em; height: 1em; flex: none; display: none; }
.verdict-strip .layers span { width: 1.15rem; font-size: .875rem; line-height: 1; writing-mode: vertical-rl; color: var(--soft);
  height: auto; transform: rotate(180deg); }
.verdict-strip .short { display: none; }
.verdict-strip li.layers { border: 0; align-items: end; }
@media screen and (max-width: 48rem) {
  .verdict-strip .cells, .verdict-strip li.layers, .verdict-strip .long { display: none; }
  .verdict-strip .short { display: inline; }
  .verdict-strip li { grid-template-columns: minmax(0, 1fr) auto; }
  .verdict-strip .word { min-width: 0; }
  .verdict-strip .word svg { display: block; }
}
"""


@dataclass(frozen=True)
class StripRow:
    """One question of the strip: its title, the claim that stands for it, the verdict, and that of each layer.

    `question` is the question's name, `hypothesis` the id of the hypothesis that stands for it, `verdict` its word, `cells`
    (layer, verdict) in the network's order.
    """

    question: str
    title: str
    hypothesis: str
    verdict: str
    cells: tuple[tuple[str, str], ...]


def leading(question: QuestionResult) -> HypothesisResult | None:
    """Return the hypothesis that stands for a question: its first primary one, else its first confirmatory one.

    Of these the first that was tested, where any was; None where the question has no hypothesis.
    """
    ranked = sorted(
        question.hypotheses,
        key=lambda one: (
            one.verdict == NOT_TESTED,
            not one.hypothesis.is_primary,
            not one.hypothesis.is_confirmatory,
        ),
    )
    primary = [one for one in question.hypotheses if one.hypothesis.is_primary]
    return next(iter([*primary, *ranked]), None)


def strip_rows(questions: Sequence[QuestionResult]) -> tuple[StripRow, ...]:
    """Return a row a question that has a hypothesis."""
    led = [(question, result) for question in questions if (result := leading(question)) is not None]
    layers = max(([layer.layer for layer in result.layers] for _, result in led), key=len, default=[])
    return tuple(
        StripRow(question.question, question.title, result.hypothesis.id, result.verdict, _cells(result, layers))
        for question, result in led
    )


def _cells(result: HypothesisResult, layers: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return each layer with its verdict; the verdict of a span such as "conv1-conv3" stands in each of its layers."""
    return tuple(
        (name, layer.verdict)
        for layer in result.layers
        for name in layers_of_span(layer.layer, layers) or (layer.layer,)
    )


def strip_layers(rows: Sequence[StripRow], *, most: int = 12) -> tuple[str, ...]:
    """Return the layers that have a column: those of the row with most, and others in the order in which rows name them.

    None where there are more than `most`: a row then has its word alone.
    """
    longest = max((row.cells for row in rows), key=len, default=())
    layers = dict.fromkeys([name for name, _ in longest] + [name for row in rows for name, _ in row.cells])
    return tuple(layers) if len(layers) <= most else ()


def verdict_strip(rows: Sequence[StripRow], *, places: Mapping[str, str], page: str = "") -> str:
    """Return the strip as an HTML list: a row a question, linked to its place on the page.

    Glyphs are those that the page declares once, `#mark-` and the verdict's name. On a narrow page a row is its title, one
    glyph and its word.

    Parameters
    ----------
    rows
        As `strip_rows` gives them.
    places
        The anchor of each question by its name; a question without one is not linked.
    page
        File that the questions stand in; '' for the strip's own page.
    """
    layers = strip_layers(rows)
    names = "".join(f"<span>{escaped(name)}</span>" for name in layers)
    head = f'<li class="layers" aria-hidden="true"><b></b><div class="cells">{names}</div><div class="word"></div></li>'
    items = "".join(_row(row, layers, places.get(row.question), page) for row in rows)
    return f'<ol class="verdict-strip" aria-label="Verdicts by question and layer">{head if layers else ""}{items}</ol>'


def _row(row: StripRow, layers: Sequence[str], place: str | None, page: str) -> str:
    short = escaped(row.question.replace("_", " ").capitalize())
    title = f'<span class="long">{escaped(row.title)}</span><span class="short">{short}</span>'
    linked = title if place is None else f'<a href="{escaped(page)}#{escaped(place)}">{title}</a>'
    verdicts = dict(row.cells)
    cells = "".join(_cell(name, verdicts.get(name)) for name in layers)
    word = f'<div class="word {class_name(row.verdict)}">{_glyph(row.verdict)}{escaped(row.verdict)}</div>'
    return f'<li><span>{linked}</span><div class="cells">{cells}</div>{word}</li>'


def _cell(layer: str, verdict: str | None) -> str:
    """Return a layer's glyph, an empty place where the claim is not about the layer."""
    if verdict is None:
        return "<i></i>"
    said = escaped(f"{layer}: {verdict}")
    return f'<span class="{class_name(verdict)}" role="img" aria-label="{said}" title="{said}">{_glyph(verdict)}</span>'


def _glyph(verdict: str) -> str:
    if verdict not in VERDICT_MARKS:
        return ""
    return f'<svg aria-hidden="true" focusable="false"><use href="#mark-{class_name(verdict)}"/></svg>'
