"""Are selective units in the lower layers causally important (section 3.4; Fig. 5)?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from study import stats
from study.analysis.existence import tuning_of
from study.analysis.question import Measure, Question, drawn_networks, drawn_note, layer_means, unpublished
from study.analysis.results import Figure, HypothesisResult, PublishedLayer, published_layer
from study.seeding import stream

TWOFOLD = 2.0


def loss_increase(study: xr.DataTree) -> xr.DataArray:
    """Return test loss with the target clamped minus intact, in nats: (network, clamp, layer, target)."""
    ablation = study["ablation"].to_dataset()
    return ablation["loss"] - ablation["baseline_loss"]


def _increase_under(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return `loss_increase` under one clamp: (network, layer, target); NaN where the study did not use that clamp."""
    return loss_increase(study).reindex(clamp=[clamp]).isel(clamp=0, drop=True)


def standardized_effect(study: xr.DataTree) -> xr.DataArray:
    """Return T = loss(top) - loss(bottom) in units of the network's own null: (network, layer).

    T and its null are measured on the same images. A random split and its mirror image are equally likely, so the null
    is symmetric about 0 and its scale is the root mean square of the drawn effects; NaN where all of them are 0.
    """
    ablation = study["ablation"].to_dataset()
    target = ablation["null_target_loss"]
    difference = target.sel(target="top", drop=True) - target.sel(target="bottom", drop=True)
    scale = (ablation["null_effect"] ** 2).mean("draw") ** 0.5
    return difference / scale.where(scale > 0)


def log2_ratio(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return log2 of the top half's loss increase over the bottom half's: (network, layer).

    NaN, counted as excluded, where either increase is not positive: a ratio is then undefined.
    """
    increase = _increase_under(study, clamp)
    positive = increase.where(increase > 0)
    ratio = positive.sel(target="top", drop=True) / positive.sel(target="bottom", drop=True)
    logarithm: xr.DataArray = xr.apply_ufunc(np.log2, ratio)
    return logarithm


def effect(study: xr.DataTree, clamp: str) -> xr.DataArray:
    """Return loss(top) - loss(bottom) on the whole test set, in nats: (network, layer)."""
    increase = _increase_under(study, clamp)
    return increase.sel(target="top", drop=True) - increase.sel(target="bottom", drop=True)


def response_contrast(study: xr.DataTree) -> xr.DataArray:
    """Return (top - bottom) / (top + bottom) of the halves' mean grating response, in [-1, 1]: (network, layer)."""
    response = tuning_of(study, "analysed")["mean_response"].reset_coords("state", drop=True)
    half = study["ablation"].to_dataset()["ablated"]
    top, bottom = (layer_means(response.where(half == side)) for side in (1, -1))
    return (top - bottom) / (top + bottom)


def _published_ratio(clamp: str, exceeds: bool) -> Callable[[xr.DataTree, tuple[str, ...]], tuple[PublishedLayer, ...]]:
    def published(study: xr.DataTree, layers: tuple[str, ...]) -> tuple[PublishedLayer, ...]:
        """Return the ratio of mean loss increases; the paper marks a layer where it exceeds 2."""
        increase = _increase_under(study, clamp).mean("network").reindex(layer=list(layers))
        rows = []
        for layer in layers:
            top, bottom = (float(increase.sel(layer=layer, target=target)) for target in ("top", "bottom"))
            ratio = top / bottom if top > 0 and bottom > 0 else float("nan")
            note = "no test: ratio of mean loss increases"
            if np.isnan(ratio):
                note = "not measured" if np.isnan(top) else "ratio undefined: an increase is not positive"
            rows.append(published_layer(layer, ratio, (ratio > TWOFOLD) == exceeds, note))
        return tuple(rows)

    return published


def _published_contrast(study: xr.DataTree, layers: tuple[str, ...]) -> tuple[PublishedLayer, ...]:
    contrast = response_contrast(study).mean("network").reindex(layer=list(layers))
    return tuple(
        published_layer(layer, value, value < 0, "no test: sign of the mean")
        for layer, value in zip(layers, contrast.values.tolist(), strict=True)
    )


def _bars_table(study: xr.DataTree) -> pd.DataFrame:
    increase = loss_increase(study)
    rows = []
    for clamp in increase["clamp"].values.tolist():
        for layer in increase["layer"].values.tolist():
            values = increase.sel(clamp=clamp, layer=layer)
            top, bottom = (float(values.sel(target=target).mean()) for target in ("top", "bottom"))
            for target in values["target"].values.tolist():
                interval = stats.mean_interval(
                    values.sel(target=target).values, confidence_level=0.95, n_resamples=2000, method="BCa",
                    rng=stream(0, "figure", f"{clamp}/{layer}/{target}"),
                )  # fmt: skip
                rows.append((layer, clamp, target, float(values.sel(target=target).mean()), interval.low, interval.high,
                             bottom > 0 and top / bottom > TWOFOLD))  # fmt: skip
    columns = ["layer", "clamp", "target", "loss_increase", "ci_low", "ci_high", "asterisk"]
    return pd.DataFrame(rows, columns=columns)


def _null_table(study: xr.DataTree) -> pd.DataFrame:
    z = standardized_effect(study)
    drawn = z.isel(network=drawn_networks(study))
    rows = []
    for layer in z["layer"].values.tolist():
        values = z.sel(layer=layer)
        for network, augmentation, value in zip(
            drawn["network"].values, drawn["augmentation"].values, drawn.sel(layer=layer).values, strict=True
        ):
            rows.append((layer, str(network), str(augmentation), float(value), "network", np.nan, np.nan))
        defined = values.values[np.isfinite(values.values)]
        interval = stats.mean_interval(
            defined, confidence_level=0.95, n_resamples=2000, method="BCa", rng=stream(0, "figure", f"null/{layer}")
        )
        mean = float(defined.mean()) if defined.size else np.nan
        rows.append((layer, "mean", "all", mean, "mean", interval.low, interval.high))
    return pd.DataFrame(rows, columns=["layer", "network", "augmentation", "z", "kind", "ci_low", "ci_high"])


def _figures(study: xr.DataTree, results: tuple[HypothesisResult, ...]) -> tuple[Figure, ...]:
    return (
        Figure(
            "ablation-loss", "ablation_bars", "Fig. 5", "Loss when the more, or the less, selective half is silenced",
            "Increase of test loss when the top or the bottom half of a layer's units by gOSI is clamped; mean over"
            " networks with 95 % bootstrap intervals. Asterisks mark layers where the top half costs more than twice as"
            " much, as in the paper. Two clamps: what the next layer receives set to zero (as published), and the unit's"
            " own response set to zero.",
            "In conv2 and conv3 the top half costs more than twice as much, under both clamps.",
            "No difference between halves, or one that depends on how a unit is clamped.",
            _bars_table(study),
        ),
        Figure(
            "ablation-null", "ablation_null", "Fig. 5", "The same difference against random halves",
            "Loss(top) minus loss(bottom), in units of what random halves of the same network's layer give (root mean"
            " square). One point a network; mean with 95 % bootstrap interval over networks."
            f"{drawn_note(study)}",
            "Points well above 0, beyond 2 in most networks, in conv2 and conv3.",
            "Points scattered around 0: any half would have done the same.",
            _null_table(study),
        ),
    )  # fmt: skip


def _notes(study: xr.DataTree) -> tuple[str, ...]:
    ablation = study["ablation"].to_dataset()
    target = ablation["null_target_loss"]
    observed = (target.sel(target="top") - target.sel(target="bottom")).transpose("network", "layer").values
    null = ablation["null_effect"].transpose("network", "layer", "draw").values
    pvalues = stats.randomization_pvalue(observed, null, alternative="greater")
    layers = ablation["layer"].values.tolist()
    shares = ", ".join(f"{layer} {(pvalues[:, i] <= 0.05).sum()}" for i, layer in enumerate(layers))
    ratios = log2_ratio(study, "output_zero")
    undefined = ", ".join(f"{layer} {int(ratios.sel(layer=layer).isnull().sum())}" for layer in layers)
    silent = ", ".join(f"{layer} {float(ablation['silent_units'].sel(layer=layer).mean()):.1f}" for layer in layers)
    combined = ", ".join(
        f"{layer} {_combined_pvalue(observed[:, i], null[:, i], layer):.4f}" for i, layer in enumerate(layers)
    )
    return (
        f"Networks of {len(observed)} whose own permutation p (top against random halves) is at most 0.05: {shares}.",
        f"Combined randomisation p over networks (sharp null: gOSI ranks irrelevant in every network): {combined}.",
        f"Networks whose loss ratio is undefined because an increase is not positive: {undefined}.",
        f"Silent units per network, in neither half: {silent}.",
    )


def _combined_pvalue(observed: np.ndarray, null: np.ndarray, layer: str) -> float:
    outcome = stats.combined_randomization_test(
        observed, null, alternative="greater", n_resamples=9999, rng=stream(0, "combined", layer)
    )
    return outcome.pvalue


QUESTION = Question(
    name="ablation",
    title="Does silencing selective units hurt more than silencing others?",
    paper_section="3.4",
    claim="Silencing the half of Conv 2 or Conv 3 with the higher gOSI costs more than twice the test loss of silencing"
    " the other half, and not because the other half is silent: its mean grating response is higher.",
    measures={
        "standardized_effect": Measure(standardized_effect, _published_ratio("output_zero", True)),
        "standardized_effect_absence": Measure(standardized_effect, _published_ratio("output_zero", False)),
        "log2_ratio": Measure(lambda study: log2_ratio(study, "output_zero"), _published_ratio("output_zero", True)),
        "response_contrast": Measure(response_contrast, _published_contrast),
        "effect_relu_zero": Measure(lambda study: effect(study, "relu_zero"), unpublished),
    },
    figures=_figures,
    notes=_notes,
)
