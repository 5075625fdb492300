"""Questions with their places on a page: the picture that answers, the hypotheses and the figures that are folded under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from study.analysis.core.charts import Chart
from study.analysis.core.results import NO_VERDICT, Figure, HypothesisResult, QuestionResult
from study.report import hypothesis_words, wording
from study.report.addresses import Address, addresses
from study.report.answer import finding
from study.report.drawing import Drawing, figure_drawing, interval_drawing
from study.report.paper_figures import PlacedFigure
from study.report.pictures import estimation_plot, leading


@dataclass(frozen=True)
class HypothesisView:
    """A hypothesis with its place on the page, its drawing, which shows both sets where there are two, and its addresses."""

    anchor: str
    result: HypothesisResult
    drawing: Drawing | None
    addresses: tuple[Address, ...]


@dataclass(frozen=True)
class FigureView:
    """A figure with its place on the page, the paper's figure it follows, and its drawing."""

    anchor: str
    figure: Figure
    follows: str
    drawing: Drawing | None

    @property
    def is_multiverse(self) -> bool:
        """Return whether it shows all specifications of a question."""
        return self.figure.chart == Chart.SPECIFICATION_CURVE


@dataclass(frozen=True)
class StillPicture:
    """A picture that stands in the page itself, drawn: its markup, and what it shows in a sentence."""

    markup: str
    description: str


@dataclass(frozen=True)
class QuestionView:
    """A question with its place on the page.

    `main` stands for it: `picture` is drawn of it, `finding` is its answer in a sentence, `reading` says what is here and
    what would support or contradict the claim. `others` are the other hypotheses, `figures` and `second_figures` what is
    folded. `follows` names the paper's figure.
    """

    anchor: str
    question: QuestionResult
    main: HypothesisView | None
    others: tuple[HypothesisView, ...]
    figures: tuple[FigureView, ...]
    second_figures: tuple[FigureView, ...]
    picture: StillPicture | None
    second_picture: StillPicture | None
    follows: str
    finding: str
    reading: tuple[tuple[str, str], ...]

    @property
    def hypotheses(self) -> tuple[HypothesisView, ...]:
        """Return every hypothesis, the one that stands for the question first."""
        return (*([self.main] if self.main else []), *self.others)

    @property
    def is_tested(self) -> bool:
        """Return whether any hypothesis has a verdict or any figure is there."""
        return bool(self.figures) or any(view.result.verdict not in NO_VERDICT for view in self.hypotheses)


def question_views(questions: Sequence[QuestionResult]) -> tuple[QuestionView, ...]:
    """Return the questions of a page, in its order, each with its place and its drawings."""
    return tuple(_question_view(question, index) for index, question in enumerate(questions, 1))


def _question_view(question: QuestionResult, index: int) -> QuestionView:
    # The index keeps anchors apart when two ids differ only in characters an anchor cannot hold.
    views = [_hypothesis_view(result, f"h{index}-{place}") for place, result in enumerate(question.hypotheses, 1)]
    chosen = leading(question)
    main = next((view for view in views if view.result is chosen), None)
    figures = tuple(
        figure_view(figure, wording.anchor_text(f"f{index}-{place}", figure.id), figure.paper_figure)
        for place, figure in enumerate(question.figures, 1)
    )
    second = tuple(
        figure_view(figure, wording.anchor_text(f"s{index}-{place}", figure.id), figure.second_paper_figure)
        for place, figure in enumerate(question.second_figures, 1)
    )
    return QuestionView(
        anchor=wording.anchor_text(f"q{index}", question.question),
        question=question,
        main=main,
        others=tuple(view for view in views if view is not main),
        figures=figures,
        second_figures=second,
        picture=_picture(main, figures, f"p{index}"),
        second_picture=_plot(main, f"p{index}-second", second=True),
        follows=next((view.follows for view in figures if view.follows), ""),
        finding=finding(main.result) if main else "",
        reading=hypothesis_words.reading(main.result) if main else (),
    )


def _hypothesis_view(result: HypothesisResult, prefix: str) -> HypothesisView:
    anchor = wording.anchor_text(prefix, result.hypothesis.id)
    return HypothesisView(anchor, result, interval_drawing(result, f"{anchor}-intervals"), tuple(addresses(result)))


def figure_view(figure: Figure, anchor: str, follows: str) -> FigureView:
    """Return a figure with its drawing and its place on a page."""
    return FigureView(anchor, figure, follows, figure_drawing(figure, f"{anchor}-chart"))


def still(view: FigureView) -> StillPicture | None:
    """Return a figure drawn, as it stands in a page without being opened; None where there is nothing to draw."""
    if view.drawing is None:
        return None
    markup = f'<div class="still" id="{view.anchor}-still">{view.drawing.svg}</div>'
    return StillPicture(markup, view.drawing.description)


def _picture(main: HypothesisView | None, figures: Sequence[FigureView], anchor: str) -> StillPicture | None:
    """Return the picture of a question: the effect with every network, or its first figure where there is no effect."""
    return _plot(main, anchor, second=False) or next((still(view) for view in figures if view.drawing), None)


def _plot(main: HypothesisView | None, anchor: str, *, second: bool) -> StillPicture | None:
    plot = estimation_plot(main.result, anchor, second=second) if main else None
    return StillPicture(plot.markup, plot.description) if plot else None


def placed(questions: Sequence[QuestionView]) -> list[PlacedFigure]:
    """Return every figure of the page, in its order."""
    return [
        PlacedFigure(view.anchor, view.figure.title, view.follows, second)
        for question in questions
        for second, views in ((False, question.figures), (True, question.second_figures))
        for view in views
    ]
