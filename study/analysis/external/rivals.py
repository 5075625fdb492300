"""What ablating halves by rivals of gOSI costs one network, beside halves by gOSI."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure, QuestionResult
from study.analysis.core.words import FOR_THESE_IMAGES
from study.analysis.external.tables import question_result, spread_layers
from study.analysis.questions.rivals import tables
from study.analysis.questions.rivals.notes import reliability

MOST_LAYERS = 3  # with all rankings in one figure


def rivals_described(study: xr.DataTree, root_seed: int) -> QuestionResult:
    """Return what halves by other quantities say of the one network of a study."""
    layers = spread_layers(study["rivals"].to_dataset()["layer"].values.tolist(), MOST_LAYERS)
    effects = tables.effects_table(study, root_seed=root_seed).drop(columns=["networks", "undefined"])
    sides = tables.sides_table(study, layers, root_seed=root_seed)
    figures = (
        Figure(
            id="rivals-effects",
            chart=Chart.NETWORK_DOTS,
            title="Rankings compared in every layer",
            shows="Loss with the top half minus loss with the bottom half ablated, in units of what random halves of the same"
            " layer give, for units ranked by gOSI and by six other quantities. Class selectivity and response variance are"
            " those on the photographs. A value below 0 says that the half with the smaller values costs more.",
            supports="gOSI lies farther above 0 than every rival from 0.",
            contradicts="A rival as far from 0 as gOSI, or farther, on either side.",
            table=effects,
        ),
        Figure(
            id="rivals-sides",
            chart=Chart.RANKING_SIDES,
            title="The same ablation, ranked by gOSI and by its rivals",
            shows="Increase of the loss with the top half of a layer's units ablated, with a random half (mean of all), and with"
            f" the bottom half, for every ranking. Layers at even steps: {', '.join(layers)}.",
            supports="Lines that fall from the top half to the bottom half for gOSI, and not, or less, for its rivals.",
            contradicts="Lines that fall as steeply, or rise as steeply, for another ranking.",
            table=sides,
        ),
    )
    notes = (
        "Reliability of gOSI, as the correlation over units of its values from two halves of the gratings that share none:"
        f" {reliability(study)}.",
        FOR_THESE_IMAGES,
    )
    return question_result("rivals", figures=figures, notes=notes)
