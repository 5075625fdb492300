"""Do selective units of the lower layers make the last layer invariant to shifts (section 3.5; Fig. 6)?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study import stats
from study.analysis.core.charts import Chart
from study.analysis.core.question import (
    NOT_IN_PAPER,
    Estimand,
    PublishedAnalysis,
    Question,
    drawn_networks,
    drawn_note,
    layer_means,
    unpublished,
)
from study.analysis.core.results import Figure, HypothesisResult, PublishedLayer, published_layer
from study.analysis.questions.existence import tuning_of
from study.vocabulary.schema import SETS_ABLATED
from study.vocabulary.seeding import stream

INTACT = "intact"
LAST = "fc1"  # the layer whose variation is asked for
COMPARISONS = {
    "top half / intact, as published": ("top", INTACT),
    "top half / random half, registered": ("top", "random"),
    "top half / bottom half": ("top", "bottom"),
    "random half / intact": ("random", INTACT),
}


def _shifts(study: xr.DataTree) -> xr.Dataset:
    return study["shift_invariance"].to_dataset()


def silenced_layers(study: xr.DataTree) -> list[str]:
    """Return the layers behind whose silenced halves FC 1 was watched, in their order; FC 1 itself is not behind any."""
    conditions = _shifts(study)["condition"].values.tolist()
    layers = [name.removesuffix("_top") for name in conditions if name.endswith("_top")]
    return [layer for layer in layers if layer != LAST]


def _under(values: xr.DataArray, layers: Sequence[str], half: str) -> xr.DataArray:
    """Return what `values` are with one half of each layer silenced, or intact: `condition` replaced by `layer`."""
    names = [_condition(layer, half) for layer in layers]
    return values.sel(condition=names).rename(condition="layer").assign_coords(layer=list(layers))


def _condition(layer: str, half: str) -> str:
    return INTACT if half == INTACT else f"{layer}_{half}"


def _has_halves(study: xr.DataTree, layers: Sequence[str]) -> xr.DataArray:
    """Return whether a layer has halves to silence, which takes two units that respond to gratings: (network, layer)."""
    silent = tuning_of(study, "analysed")["silent"].reset_coords("state", drop=True)
    share = layer_means((~silent).astype(float)).sel(layer=list(layers))
    units = [np.count_nonzero(silent["unit_layer"].values == layer) for layer in layers]
    return share * xr.DataArray(units, {"layer": list(layers)}, "layer") > 1.5  # in whole units


def _compared(values: xr.DataArray, study: xr.DataTree, half: str, reference: str) -> xr.DataArray:
    """Return `values` (network, condition) under a half minus those under a reference: (network, layer silenced)."""
    layers = silenced_layers(study)
    difference = _under(values, layers, half) - _under(values, layers, reference)
    return difference.where(_has_halves(study, layers))


def fc1_log_ratio(study: xr.DataTree, half: str, reference: str) -> xr.DataArray:
    """Return the log of FC 1's mean coefficient of variation with a half silenced over that under a reference.

    `half` and `reference` are one of `SETS_ABLATED` or "intact". The result is (network, layer), at the layer that is
    silenced; NaN, counted as excluded, where either coefficient is undefined or 0, or the layer has no halves.
    """
    cv = _shifts(study)["cv_mean"].reindex(layer=[LAST]).isel(layer=0, drop=True)
    log_cv: xr.DataArray = xr.apply_ufunc(np.log, cv.where(cv > 0))
    return _compared(log_cv, study, half, reference)


def depth_correlation(study: xr.DataTree) -> xr.DataArray:
    """Return Spearman's rho over layers of depth and mean coefficient of variation, intact: (network, layer = FC 1).

    NaN where any layer has no active component.
    """
    cv = _shifts(study)["cv_mean"].sel(condition=INTACT, drop=True).transpose("network", "layer")
    rho = [stats.spearman(np.arange(cv.sizes["layer"]), row).statistic for row in cv.values]
    return cv.isel(layer=[0]).copy(data=np.array(rho)[:, None]).assign_coords(layer=[LAST])


def consistency_difference(study: xr.DataTree, half: str, reference: str) -> xr.DataArray:
    """Return prediction consistency, mean over shifts, with a half silenced minus under a reference: (network, layer).

    NaN, counted as excluded, where the layer has no halves.
    """
    consistency = _shifts(study)["prediction_consistency"].mean("shift")
    return _compared(consistency, study, half, reference)


def _published_rise(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    rise = fc1_log_ratio(study, "top", INTACT).mean("network").reindex(layer=list(layers))
    note = "no test: mean log ratio to the intact network, which any ablation may raise"
    return tuple(
        published_layer(layer, value, value > 0, note)
        for layer, value in zip(layers, rise.values.tolist(), strict=True)
    )


def _published_depth(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    rho = float(depth_correlation(study).mean())
    return tuple(published_layer(layer, rho, rho < 0, "no test: a falling curve of one network") for layer in layers)


def _over_networks(values: NDArray[Any], name: str) -> tuple[float, float, float, int]:
    """Return the mean over the networks that have a value, its 95 % bootstrap interval, and their number."""
    defined = values[np.isfinite(values)]
    interval = stats.mean_interval(
        defined, confidence_level=0.95, n_resamples=2000, method="BCa", rng=stream(0, "figure", f"shift/{name}")
    )
    return float(defined.mean()) if defined.size else np.nan, interval.low, interval.high, defined.size


def _label(half: str) -> str:
    return INTACT if half == INTACT else f"{half} half silenced"


def _layers_table(study: xr.DataTree) -> pd.DataFrame:
    """Return each layer's mean coefficient of variation by silenced layer and half, over networks."""
    shifts, rows = _shifts(study), []
    for silenced in silenced_layers(study):
        for layer in shifts["layer"].values.tolist():
            for half in (INTACT, *SETS_ABLATED):
                of_layer = shifts.sel(condition=_condition(silenced, half), layer=layer)
                mean = _over_networks(of_layer["cv_mean"].values, f"{silenced}/{layer}/{half}")
                inactive = float(of_layer["n_inactive"].mean())
                rows.append((f"{silenced} silenced", layer, _label(half), *mean, inactive))
    columns = ["silenced", "layer", "condition", "cv", "ci_low", "ci_high", "networks", "inactive_components"]
    return pd.DataFrame(rows, columns=columns)


def _ratios_table(study: xr.DataTree) -> pd.DataFrame:
    """Return ratios of FC 1's coefficient of variation: a row for each network drawn, and the geometric mean of all."""
    drawn, frames = drawn_networks(study), []
    for comparison, (half, reference) in COMPARISONS.items():
        ratios = fc1_log_ratio(study, half, reference)
        for layer in ratios["layer"].values.tolist():
            values = ratios.sel(layer=layer)
            mean, low, high, networks = _over_networks(values.values, f"{comparison}/{layer}")
            own = values.isel(network=drawn)
            frames.append(
                pd.DataFrame(
                    {
                        "silenced": f"{layer} silenced",
                        "comparison": comparison,
                        "network": [*own["network"].values.tolist(), "mean"],
                        "augmentation": [*own["augmentation"].values.tolist(), "all"],
                        "kind": [*(["network"] * own.size), "mean"],
                        "ratio": np.exp([*own.values, mean]),
                        "ci_low": [*([np.nan] * own.size), np.exp(low)],
                        "ci_high": [*([np.nan] * own.size), np.exp(high)],
                        "networks": [*([1] * own.size), networks],
                    }
                )
            )
    return pd.concat(frames, ignore_index=True).sort_values("silenced", kind="stable", ignore_index=True)


def _consistency_table(study: xr.DataTree) -> pd.DataFrame:
    """Return the share of test images that keep their predicted class, by shift and condition, over networks."""
    consistency, rows = _shifts(study)["prediction_consistency"], []
    silenced = [(layer, half) for layer in silenced_layers(study) for half in SETS_ABLATED]
    for shift in consistency["shift"].values.tolist():
        for layer, half in (("", INTACT), *silenced):
            values = consistency.sel(shift=shift, condition=_condition(layer, half)).values
            name = INTACT if half == INTACT else f"{layer}, {_label(half)}"
            rows.append(
                (
                    "both shifts" if shift == "both" else f"{shift} shift",
                    name,
                    *_over_networks(values, f"{shift}/{layer}/{half}"),
                )
            )
    return pd.DataFrame(rows, columns=["shift", "condition", "consistency", "ci_low", "ci_high", "networks"])


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    if not silenced_layers(study):
        return ()
    return (
        Figure(
            id="shift_invariance-layers",
            chart=Chart.SHIFT_BARS,
            paper_figure="Fig. 6a",
            title="How much activations vary when the image shifts",
            shows="Coefficient of variation of a component's activation over an image and its three shifts, averaged"
            " over the"
            " images that drive it near its maximum and over a layer's active components; intact, and with half of a"
            " layer's units silenced: the half with the highest gOSI, the half with the lowest, a random half. Bars are"
            " means over networks with 95 % bootstrap intervals over networks. The paper's bars are of one network,"
            " with"
            " standard errors over its units, and show the intact network and the top half only.",
            supports="Bars that fall from layer to layer; in fc1 the top half's bar above those of the bottom and"
            " the random half.",
            contradicts="In fc1 the three halves raise the bar alike: then it is the loss of units that matters, not"
            " their selectivity.",
            table=_layers_table(study),
            second_paper_figure="Fig. 6b",
        ),
        Figure(
            id="shift_invariance-ratios",
            chart=Chart.SHIFT_RATIOS,
            title="FC 1 under shifts: network by network",
            shows="Ratio of two coefficients of variation of fc1 in the same network. One point a network; geometric"
            " mean with"
            f" 95 % bootstrap interval over networks. The axis is logarithmic; at 1 both are equal.{drawn_note(study)}",
            supports="The top half lies above 1 against the random half and against the bottom half, not against the"
            " intact network"
            " alone.",
            contradicts="The top half differs from the intact network as a random half does, and lies close around"
            " 1, with a short"
            " interval, against the other halves.",
            table=_ratios_table(study),
        ),
        Figure(
            id="shift_invariance-consistency",
            chart=Chart.SHIFT_CONSISTENCY,
            title="Does the predicted class survive the shift?",
            shows="Share of test images whose predicted class a shift of 10 % does not change, intact and with"
            " halves silenced;"
            " means over networks with 95 % bootstrap intervals. The paper does not report it.",
            supports="Fewer predictions survive with the top half silenced than with the bottom or the random half.",
            contradicts="All halves cost alike, within short intervals.",
            table=_consistency_table(study),
        ),
    )


def _inactive_note(study: xr.DataTree) -> str:
    shifts = _shifts(study)
    share = (shifts["n_inactive"] / (shifts["n_inactive"] + shifts["n_components"])).mean("network")
    intact = share.sel(condition=INTACT)
    listed = ", ".join(
        f"{layer} {value:.1%}" for layer, value in zip(intact["layer"].values, intact.values.tolist(), strict=True)
    )
    behind = "".join(
        f"; {float(share.sel(condition=f'{layer}_top', layer=LAST)):.1%} in {LAST} with the top half of {layer}"
        " silenced"
        for layer in silenced_layers(study)
        if LAST in share["layer"].values
    )
    return (
        "Components that no unshifted test image activates have no coefficient of variation and are left out. Their"
        " share,"
        f" mean over networks, in the intact network: {listed}{behind}."
    )


def _notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    silenced = ", ".join(silenced_layers(study)) or "none"
    return (
        f"Silenced layers: {silenced}. Units are silenced in what the next layer receives, behind the activations"
        " that are"
        " watched here: up to and including the silenced layer a network has the intact one's values by construction.",
        _inactive_note(study),
        "A random half shares about half of its units with the top half, so an effect of selectivity shows against"
        " it at"
        " about half its size against the bottom half.",
        "Images are chosen because, unshifted, they drive a component near its maximum. Any change then tends to"
        " lower the"
        " activation, so the coefficient is above 0 for every component that depends on the image at all.",
    )


def _against(half: str) -> Callable[[xr.DataTree], xr.DataArray]:
    return lambda study: fc1_log_ratio(study, "top", half)


QUESTION = Question(
    title="Do selective units of the lower layers make the last layer invariant to shifts?",
    paper_section="3.5",
    claim="Silencing the more selective half of Conv 2 or Conv 3 raises the coefficient of variation of FC 1 under"
    " shifts"
    " of the image; the coefficient falls with depth.",
    estimands={
        "fc1_cv_against_random_half": Estimand(values=_against("random")),
        "fc1_cv_against_bottom_half": Estimand(values=_against("bottom")),
        "cv_against_depth": Estimand(values=depth_correlation),
        "consistency_against_random_half": Estimand(
            values=lambda study: consistency_difference(study, "top", "random")
        ),
    },
    published={
        "fc1_cv_against_random_half": PublishedAnalysis(
            layers=_published_rise,
            test="Called significant, no test named; standard errors over one network's units. Here: sign of the"
            " mean log ratio to the intact network.",
            difference="Baseline and unit of analysis: silencing any half may raise the variation, so the reference"
            " is a"
            " random half, not the intact network; one value a network.",
        ),
        "fc1_cv_against_bottom_half": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference="Baseline: the reference is the less selective half, not the intact network.",
        ),
        "cv_against_depth": PublishedAnalysis(
            layers=_published_depth,
            test="No test; a falling curve of one network, by eye. Here: sign of the mean rho.",
            difference="Unit of analysis: one network's curve tells nothing of others; here each network gives one"
            " rho of"
            " depth and variation, which must reach a registered size over networks.",
        ),
        "consistency_against_random_half": PublishedAnalysis(
            layers=unpublished,
            test=NOT_IN_PAPER,
            difference="Outcome and baseline: predictions in place of activations, against a random half.",
        ),
    },
    figures=_figures,
    notes=_notes,
)
