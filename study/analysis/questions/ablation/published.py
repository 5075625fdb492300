"""The paper's way with an ablation: ratios and signs of means, without a test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from study.analysis.core.published import (
    by_eye,
    published_layer,
)
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.ablation.estimands import increase_under, response_contrast

TWOFOLD = 2.0  # the paper marks a layer where the ratio of mean increases exceeds this


def ratio(*, exceeds: bool) -> Callable[..., tuple[PublishedLayer, ...]]:
    """Return the paper's analysis, of a claim that the ratio of costs `exceeds` 2 or that it does not."""

    def published(study: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
        """Return the ratio of mean loss increases; the paper marks a layer where it exceeds 2."""
        increase = increase_under(study, "output_zero").mean("network").reindex(layer=list(layers))
        rows = []
        for layer in layers:
            top, bottom = (float(increase.sel(layer=layer, target=target)) for target in ("top", "bottom"))
            quotient = top / bottom if top > 0 and bottom > 0 else float("nan")
            note = "no test: ratio of mean loss increases"
            if np.isnan(quotient):
                note = "not measured" if np.isnan(top) else "ratio undefined: an increase is not positive"
            rows.append(published_layer(layer, quotient, (quotient > TWOFOLD) == exceeds, note))
        return tuple(rows)

    return published


def contrast(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return the mean contrast of the halves' responses, read by its sign."""
    return by_eye(response_contrast(networks), layers, lambda value: value < 0, "no test: sign of the mean")
