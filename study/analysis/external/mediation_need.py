"""Why ablating halves of its layers costs one network: by variation under shifts, and by surprise."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.results import Figure, QuestionResult
from study.analysis.core.words import FOR_THESE_IMAGES
from study.analysis.external.tables import question_result
from study.analysis.questions.mediation.figures import mediation_table
from study.analysis.questions.need.figures import need_table


def mediation_described(study: xr.DataTree, root_seed: int) -> QuestionResult:
    """Return what taking variation under shifts away says of the one network of a study."""
    losses = study["mediation"].to_dataset().isel(network=0)
    figure = Figure(
        id="mediation-costs",
        chart=Chart.NETWORK_DOTS,
        title="What ablation costs once the first dense layer receives no variation under shifts",
        shows="Above: loss with half of a layer ablated minus that of the intact network over photographs and their shifts, by"
        " what the first dense hidden layer receives (the layer of the logits where there is none). Below: what the more"
        " selective half costs by variation, minus the same of random halves.",
        supports="Taking variation away takes most of the cost with it, more than of random halves, and another photograph's"
        " deviations bring it back.",
        contradicts="The cost stays as it is, or random halves lose as much of theirs.",
        table=_plain(mediation_table(study, root_seed=root_seed)),
    )
    return question_result("mediation", figures=(figure,), notes=(*_left_out(losses["loss"]), FOR_THESE_IMAGES))


def need_described(study: xr.DataTree, root_seed: int) -> QuestionResult:
    """Return what the best constants and moments re-estimated say of the one network of a study."""
    losses = study["need"].to_dataset().isel(network=0)
    figure = Figure(
        id="need-ways",
        chart=Chart.NETWORK_DOTS,
        title="What halves cost once surprise is taken away",
        shows="Loss with half of a layer ablated: set to zero, held at the constants that are best for the loss on the other"
        " photographs, or set to zero with every batch normalisation behind it given the moments of what it then receives."
        " Below, the more selective half minus the others.",
        supports="The more selective half costs more than either other in every way.",
        contradicts="A difference that is there when units are set to zero and gone in the other ways.",
        table=_plain(need_table(study, root_seed=root_seed)),
    )
    without = losses["layer"].values[losses["loss"].sel(way="moments").isnull().all("target").values].tolist()
    said = (
        (f"No batch normalisation lies behind these layers, so no moments are re-estimated: {', '.join(without)}.",)
        if without
        else ()
    )
    return question_result("need", figures=(figure,), notes=(*said, FOR_THESE_IMAGES))


def _left_out(losses: xr.DataArray) -> tuple[str, ...]:
    names = losses["layer"].values[losses.sel(received="own").isnull().all("target").values].tolist()
    if not names:
        return ()
    return (
        f"What the first dense layer receives does not depend on these layers, which have no value: {', '.join(names)}.",
    )


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["networks", "undefined"])
