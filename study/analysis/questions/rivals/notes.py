"""What has to be said beside the figure on rivals of gOSI."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.results import HypothesisResult
from study.analysis.core.words import FOR_THESE_IMAGES
from study.analysis.questions.rivals.estimands import ranking_effect, split_half_correlation
from study.analysis.questions.rivals.words import RANKING_WORDS


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say how reliable gOSI is, which rankings decide the cost most, and what is undefined."""
    effects = ranking_effect(study)
    undefined = {
        RANKING_WORDS[str(ranking)]: int(effects.sel(ranking=ranking).isnull().sum())
        for ranking in effects["ranking"].values
    }
    without = ", ".join(f"{words} {count}" for words, count in undefined.items() if count)
    return (
        f"Reliability of gOSI, as the correlation over units of its values from two halves of the gratings: {reliability(study)}.",
        f"Rankings by how far apart their halves' mean costs lie, whichever half costs more: {_order(effects)}.",
        "A ranking's top half has the larger values: sparser, more variable, more modulated by phase, more selective. Nothing"
        " says that selectivity for one thing must raise the cost where another does.",
        *([f"Networks and layers without an effect in units of random halves: {without}."] if without else []),
        FOR_THESE_IMAGES,
    )


def reliability(study: xr.DataTree) -> str:
    """Return the mean over networks of the split-half correlation of gOSI, layer by layer."""
    means = split_half_correlation(study).mean("network")
    return ", ".join(f"{layer} {float(means.sel(layer=layer)):.2f}" for layer in means["layer"].values.tolist())


def _order(effects: xr.DataArray) -> str:
    means = effects.mean("network")
    parts = []
    for layer in means["layer"].values.tolist():
        of_layer = means.sel(layer=layer).dropna("ranking")
        ranked = sorted(of_layer["ranking"].values.tolist(), key=lambda name: -abs(float(of_layer.sel(ranking=name))))
        best = [f"{RANKING_WORDS[name]} {float(of_layer.sel(ranking=name)):+.2f}" for name in ranked[:3]]
        parts.append(f"{layer} {', '.join(best) or 'none'}")
    return "; ".join(parts)
