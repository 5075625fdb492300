"""One network: how selective its units are, layer by layer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.layers import example_layers, layer_means, layer_names, tuning_of
from study.analysis.core.results import (
    Figure,
    QuestionResult,
)
from study.analysis.external.tables import PVALUE, dots, follows, in_panels, question_result
from study.analysis.questions.existence.tables import example_curves, histogram_table
from study.tuning import SELECTIVE


def existence_described(study: xr.DataTree) -> QuestionResult:
    """Return what the tuning of its units says of the one network of a study."""
    layers = layer_table(study)
    histogram, said = in_panels(histogram_table(study, "analysed"))
    return question_result(
        "existence",
        notes=_notes(study, layers),
        figures=(
            Figure(
                id="existence-layers",
                chart=Chart.NETWORK_DOTS,
                title="Orientation selectivity, layer by layer",
                shows="All layers in the network's order. Above: the share of units with a gOSI above 0.33, and the"
                " same share among shuffles of their own responses. Middle: mean gOSI, measured and shuffled. Below:"
                " the share of units whose own shuffle p is at most 0.05, once with all responses of the unit shuffled"
                " and once with the orientation labels alone; the rule is at the 5 % that chance gives. Silent units"
                " are left out.",
                supports="Measured values well above shuffled ones in most layers.",
                contradicts="Measured and shuffled values that coincide: then sparse responses alone explain the gOSI.",
                table=_by_layer(layers),
            ),
            Figure(
                id="existence-curves",
                chart=Chart.TUNING_CURVES,
                paper_figure="Fig. 1",
                title="Orientation-tuning curves of example units",
                shows="Response to gratings of twelve orientations, at the unit's preferred spatial frequency and"
                " best phase, of units of a layer a quarter and of one two thirds of the way through the network. Units"
                " were chosen at even steps from the lowest to the highest gOSI.",
                supports="A clear peak at one orientation, and a gOSI above 0.33 beside it.",
                contradicts="Flat curves, or peaks no higher than chance variation between orientations.",
                table=example_curves(study, example_layers(layers["layer"].tolist())),
            ),
            Figure(
                id="existence-histogram",
                chart=Chart.GOSI_HISTOGRAM,
                paper_figure=follows(study, "Fig. 2", "Fig. A4b"),
                title="Orientation selectivity of all units, layer by layer",
                shows="Share of units at each gOSI (filled) and after shuffling each unit's own responses (outline);"
                f" silent units left out.{said}",
                supports="The filled histogram lies to the right of the outline and reaches past 0.33.",
                contradicts="The two coincide: then sparse responses alone explain the gOSI.",
                table=histogram,
            ),
        ),
    )


def _by_layer(layers: pd.DataFrame) -> pd.DataFrame:
    """Return the dots of the first figure, from the table that `layer_table` gives."""
    return dots(
        layers,
        {
            "share of units with gOSI above 0.33": {
                "measured": "selective",
                "own responses shuffled": "selective, shuffled",
            },
            "mean gOSI": {"measured": "mean gOSI", "own responses shuffled": "mean gOSI, shuffled"},
            "share of units with a shuffle p of at most 0.05": {
                "measured": "p at most 0.05",
                "orientation labels shuffled": "p at most 0.05, orientation",
            },
        },
        {"share of units with a shuffle p of at most 0.05": PVALUE},
    )


def layer_table(study: xr.DataTree) -> pd.DataFrame:
    """Return what was measured in each layer: a row a layer, shares of its units that are not silent.

    `p at most 0.05` counts a unit's own shuffles: by chance alone about one in twenty has so small a p.
    """
    tuning = tuning_of(study, "analysed").isel(network=0)
    measured = tuning.where(~tuning["silent"])
    layers = layer_names(tuning)
    columns = {
        "silent": layer_means(tuning["silent"].astype(float)),
        "mean gOSI": layer_means(measured["gosi"]),
        "mean gOSI, shuffled": layer_means(measured["gosi_null_mean"]),
        "selective": _share(measured["gosi"], lambda gosi: gosi > SELECTIVE),
        "selective, shuffled": layer_means(measured["gosi_null_selective"]),
        "p at most 0.05": _share(measured["gosi_pvalue"], lambda pvalue: pvalue <= PVALUE),
        "p at most 0.05, orientation": _share(measured["gosi_orientation_pvalue"], lambda pvalue: pvalue <= PVALUE),
    }
    table = pd.DataFrame({name: values.values for name, values in columns.items()})
    table.insert(0, "layer", layers)
    table.insert(1, "units", [int((tuning["layer"] == name).sum()) for name in layers])
    return table


def _share(values: xr.DataArray, holds: Callable[[xr.DataArray], xr.DataArray]) -> xr.DataArray:
    """Return the share of each layer's units with a value for which something holds; NaN where there is none."""
    return layer_means(holds(values).where(values.notnull()))


def _notes(study: xr.DataTree, layers: pd.DataFrame) -> tuple[str, ...]:
    tuning = tuning_of(study, "analysed").isel(network=0)
    silent = tuning["silent"].values
    responding = tuning.isel(unit=np.flatnonzero(~silent))
    notes = []
    if responding.sizes["unit"]:
        selective, shuffled = (
            float((responding["gosi"] > SELECTIVE).mean()),
            float(responding["gosi_null_selective"].mean()),
        )
        passing = float((responding["gosi_pvalue"] <= PVALUE).mean())
        notes.append(
            f"Of {responding.sizes['unit']:,} units that respond to gratings, {selective:.1%} have a gOSI above 0.33;"
            f" of shuffles of their own responses, {shuffled:.1%}. {passing:.1%} have a shuffle p of at most 0.05,"
            " where chance gives 5 %."
        )
    most = layers.iloc[int(layers["silent"].argmax())]
    notes.append(
        "No unit is silent."
        if not silent.any()
        else f"Silent units (no response to any grating; gOSI undefined, left out): {silent.mean():.1%} of all, most in"
        f" {most['layer']} ({most['silent']:.1%})."
    )
    rectified = study["rectification"]["rectified"].isel(network=0)
    if float(rectified.max()) > 0:
        notes.append(
            f"Responses below 0, which the index does not know, were read as 0: {float(rectified.mean()):.1%} of all"
            f" responses, in {int((rectified > 0).sum()):,} of {rectified.size:,} units."
        )
    return tuple(notes)
