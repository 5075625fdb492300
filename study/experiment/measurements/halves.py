"""Which units are ablated together: the more and the less orientation-selective half of every ablated layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from study.vocabulary.measurement import Arrays, Measurement, Variable
from study.vocabulary.schema import EXTERNAL, GENERALIZATION

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject, TrainedSubject

VARIABLES = {
    "ablated": Variable(
        ("unit",), "i", "1", "half of the layer by gOSI that is ablated: 1 the top, -1 the bottom, 0 neither of them"
    ),
}


def _halves(subject: TrainedSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.unit_sets import half_of_units, layer_halves

    halves = layer_halves(groups["tuning"]["gosi"][-1], subject.layers, rng=subject.streams("ties"))
    return {"ablated": half_of_units(halves, subject.ablation.layers)}


def _halves_of_external(subject: ExternalSubject, groups: Mapping[str, Arrays]) -> Arrays:
    from study.experiment.unit_sets import by_layer, half_of_units, selectivity_halves

    gosi_of = by_layer(groups["tuning"]["gosi"][-1], subject.layers)
    halves = {name: selectivity_halves(gosi, rng=subject.streams(f"ties/{name}")) for name, gosi in gosi_of.items()}
    return {"ablated": half_of_units(halves, tuple(halves))}


MEASUREMENT = Measurement(
    name="halves",
    variables=VARIABLES,
    arms=(GENERALIZATION,),
    where_asked={EXTERNAL: lambda subject: subject.is_ablated},
    follows=("tuning",),
    settings=("ablation",),
    once_analysed=_halves,
    on_external=_halves_of_external,
)
