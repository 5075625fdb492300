"""Every network a point, and the effect with its interval on an aligned axis: one form for every hypothesis."""

from __future__ import annotations

from study.analysis.core.results import HypothesisResult
from study.report.pictures.picture import Picture


def estimation_plot(result: HypothesisResult, anchor: str, *, second: bool = False) -> Picture | None:
    """Return the estimation plot of a hypothesis, or None where no layer has a finite estimate.

    Parameters
    ----------
    result
        With the points that its test rested on.
    anchor
        The picture's id on the page, safe as an HTML id.
    second
        Whether the second set of initialisations is drawn; None where there is none.
    """
    return None
