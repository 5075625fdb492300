"""Do orientation-selective units exist in every layer (section 3.1; Figs. 1 and 2)?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.question import NOT_IN_PAPER, Estimand, PublishedAnalysis, Question, layer_means, unpublished
from study.analysis.core.results import Figure, HypothesisResult, PublishedLayer, published_layer
from study.tuning import SELECTIVE

N_HISTOGRAM_BINS = 20


def tuning_of(study: xr.DataTree, state: str) -> xr.Dataset:
    """Return the tuning of every unit in one state, `"initial"` or `"analysed"`."""
    return study["tuning"].to_dataset().sel(state=state)


def selective_share(tuning: xr.Dataset) -> xr.DataArray:
    """Return the share of each layer's units with gOSI above 0.33, silent units left out: (network, layer)."""
    return layer_means((tuning["gosi"] > SELECTIVE).where(~tuning["silent"]))


def selective_excess(tuning: xr.Dataset) -> xr.DataArray:
    """Return `selective_share` minus the same share among the units' own shuffles: (network, layer)."""
    return selective_share(tuning) - layer_means(tuning["gosi_null_selective"])


def gosi_excess(tuning: xr.Dataset, null: str) -> xr.DataArray:
    """Return layer-mean gOSI minus layer-mean shuffled gOSI (noise-corrected gOSI): (network, layer)."""
    return layer_means(tuning["gosi"] - tuning[null])


def _published_share(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return the share of selective units, all networks' units pooled; any such unit counts as existence."""
    share = selective_share(tuning_of(study, "analysed")).mean("network")
    return tuple(
        published_layer(layer, value, value > 0, "units pooled, no test")
        for layer, value in zip(layers, share.reindex(layer=list(layers)).values.tolist(), strict=True)
    )


def _published_excess(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    excess = gosi_excess(tuning_of(study, "analysed"), "gosi_null_mean").mean("network")
    return tuple(
        published_layer(layer, value, value > 0, "histograms compared by eye: here, mean above shuffled mean")
        for layer, value in zip(layers, excess.reindex(layer=list(layers)).values.tolist(), strict=True)
    )


def histogram_table(study: xr.DataTree, state: str) -> pd.DataFrame:
    """Return the shares of units, measured and shuffled, in bins of gOSI: a row per layer and bin.

    All networks' units are pooled, for looking only; silent units are left out.
    """
    tuning = tuning_of(study, state)
    counts = tuning["gosi_null_count"].sum("network")
    coarse = counts.coarsen(gosi_bin=counts.sizes["gosi_bin"] // N_HISTOGRAM_BINS, coord_func="min").sum()
    edges = np.linspace(0.0, 1.0, N_HISTOGRAM_BINS + 1)
    rows = []
    for layer in coarse["layer"].values.tolist():
        gosi = tuning["gosi"].isel(unit=np.flatnonzero(tuning["unit_layer"].values == layer)).values
        measured = np.histogram(gosi[~np.isnan(gosi)], bins=edges)[0]
        shuffled = coarse.sel(layer=layer).values
        rows.append(
            pd.DataFrame(
                {
                    "layer": layer,
                    "bin_start": edges[:-1],
                    "bin_end": edges[1:],
                    "measured": measured / max(measured.sum(), 1),
                    "shuffled": shuffled / max(shuffled.sum(), 1),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def example_curves(study: xr.DataTree, layers: Iterable[str]) -> pd.DataFrame:
    """Return tuning curves of five units in each of some layers of the first network, from low to high gOSI."""
    tuning = tuning_of(study, "analysed").isel(network=0)
    rows = []
    for layer in layers:
        members = np.flatnonzero((tuning["unit_layer"].values == layer) & ~tuning["silent"].values)
        ordered = members[np.argsort(tuning["gosi"].values[members], kind="stable")]
        for unit in dict.fromkeys(ordered[np.linspace(0, len(ordered) - 1, min(5, len(ordered))).round().astype(int)]):
            one = tuning.isel(unit=unit)
            rows.append(
                pd.DataFrame(
                    {
                        "layer": layer,
                        "unit": f"{layer} #{int(one['channel'])}",
                        "orientation": tuning["orientation"].values,
                        "response": one["tuning_curve"].values.astype(float),
                        "gosi": float(one["gosi"]),
                    }
                )
            )
    columns = ["layer", "unit", "orientation", "response", "gosi"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    return (
        Figure(
            id="existence-curves",
            chart=Chart.TUNING_CURVES,
            paper_figure="Fig. 1",
            title="Orientation-tuning curves of example units",
            shows="Response of ten units of the first network to gratings of twelve orientations, each at the unit's"
            " preferred"
            " spatial frequency and best phase. Units were chosen at even steps from the lowest to the highest gOSI.",
            supports="A clear peak at one orientation, and a gOSI above 0.33 beside it.",
            contradicts="Flat curves, or peaks no higher than chance variation between orientations.",
            table=example_curves(study, ("conv2", "conv5")),
        ),
        Figure(
            id="existence-histogram",
            chart=Chart.GOSI_HISTOGRAM,
            paper_figure="Fig. 2",
            title="Orientation selectivity of all units, layer by layer",
            shows="Share of units at each gOSI after training (filled) and after shuffling each unit's own responses"
            " (outline)."
            " All networks' units pooled; silent units left out.",
            supports="The filled histogram lies to the right of the outline and reaches past 0.33 in every layer.",
            contradicts="The two coincide: then sparse responses alone explain the gOSI.",
            table=histogram_table(study, "analysed"),
            second_paper_figure="Fig. A4a",
        ),
    )


def _notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    silent = tuning_of(study, "analysed")["silent"]
    by_layer = layer_means(silent.astype(float)).mean("network")
    listed = ", ".join(
        f"{layer} {value:.1%}" for layer, value in zip(by_layer["layer"].values, by_layer.values, strict=True)
    )
    return (f"Silent units (no response to any grating; gOSI undefined, left out): {listed}.",)


QUESTION = Question(
    title="Are there orientation-selective units in every layer?",
    paper_section="3.1",
    claim="Orientation-selective units exist in every layer, and their gOSI lies far above that of shuffled"
    " responses in"
    " most layers.",
    estimands={
        "selective_excess": Estimand(values=lambda study: selective_excess(tuning_of(study, "analysed"))),
        "gosi_excess": Estimand(values=lambda study: gosi_excess(tuning_of(study, "analysed"), "gosi_null_mean")),
        "gosi_orientation_excess": Estimand(
            values=lambda study: gosi_excess(tuning_of(study, "analysed"), "gosi_orientation_null_mean")
        ),
    },
    published={
        "selective_excess": PublishedAnalysis(
            layers=_published_share,
            test="No test; histograms of one network's units, compared by eye. Here: any selective unit will do.",
            difference="Baseline and unit of analysis: sparse responses pass 0.33 by chance, so the share among the"
            " units'"
            " own shuffles is subtracted; and networks are counted, not units.",
        ),
        "gosi_excess": PublishedAnalysis(
            layers=_published_excess,
            test="No test; histograms of measured and shuffled gOSI, compared by eye. Here: mean above shuffled mean.",
            difference="Unit of analysis: units of one network are not independent; here each network gives one"
            " difference"
            " from its own shuffles, and it must reach a registered size.",
        ),
        "gosi_orientation_excess": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference="Baseline: only the orientation labels are shuffled, within spatial frequency.",
        ),
    },
    figures=_figures,
    notes=_notes,
)
