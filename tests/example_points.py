"""Results with the values that they rest on, made up: of any number of layers and networks, with sides or a correlation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from study.analysis.core.points import NetworkPoint, Quantity
from study.analysis.core.results import INCONCLUSIVE, SUPPORTED, HypothesisResult, PublishedLayer
from tests.example_results import NAN, hypothesis, layer_result

ALONE = Quantity(label="mean breadth", unit="share of gratings", higher="driven by most", lower="driven by few")
COMPARED = dataclasses.replace(
    ALONE, sides=("top", "random", "bottom"), sides_label="increase of loss (nat)", published_alike=True
)
CORRELATED = dataclasses.replace(ALONE, unit="rank correlation", of="mean gOSI", against="test loss (nat)")


def result_with_points(
    layers: Sequence[str],
    networks: int,
    quantity: Quantity,
    *,
    without_value: int = 0,
    strata: Sequence[str] = ("",),
    **registered: object,
) -> HypothesisResult:
    """Return a result whose layers all have an interval, and a point a network; some networks without a value."""
    if quantity is CORRELATED:
        registered = {"test": "rank_correlation", "alternative": "less", "smallest_effect": -0.2} | registered
    one = hypothesis("made-up", "existence", "A claim.", layers=tuple(layers), **registered)
    rng = np.random.default_rng(0)
    points = []
    for layer in layers:
        for place, value in enumerate(rng.normal(0.3, 0.1, networks)):
            points.append(
                NetworkPoint(
                    network=f"seed {place}",
                    layer=layer,
                    value=NAN if place < without_value else float(value),
                    stratum=strata[place % len(strata)],
                    against=float(rng.normal()) if quantity is CORRELATED else NAN,
                    sides=tuple(rng.normal(1, 0.2, len(quantity.sides)).tolist()),
                )
            )
    tested = tuple(
        layer_result(layer, 0.3, 0.1, 0.001, SUPPORTED if place % 2 else INCONCLUSIVE)
        for place, layer in enumerate(layers)
    )
    published = tuple(PublishedLayer(layer, 0.25, NAN, SUPPORTED) for layer in layers)
    return HypothesisResult(one, tested, SUPPORTED, "", SUPPORTED, published, points=tuple(points), quantity=quantity)
