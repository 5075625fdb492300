"""What the network's units look like to other probes: every other read-out with every other set of gratings.

A specification of the probe is named `<read-out>/<grating set>`. Taken only where the study asks for it, and of the
population alone, which most questions are asked of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from study.experiment.speeds import GRATINGS_SECONDS
from study.vocabulary.measurement import Arrays, Cost, Measurement, Variable, Workload
from study.vocabulary.schema import GENERALIZATION

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

READING_SECONDS, SHUFFLE_SECONDS = 0.08, 0.002  # of one specification in one state; and for each of its permutations
MEGABYTES = 0.0625  # of one specification

_SPECIFICATION = ("state", "specification", "unit")

VARIABLES = {
    "gosi": Variable(_SPECIFICATION, "f", "1", "global orientation selectivity index by this specification", True),
    "silent": Variable(
        _SPECIFICATION, "b", "1", "whether the unit responds to no grating at all by this specification"
    ),
    "gosi_null_mean": Variable(
        _SPECIFICATION, "f", "1", "mean gOSI of the unit's own shuffled responses, few shuffles", True
    ),
    "gosi_null_selective": Variable(
        _SPECIFICATION, "f", "1", "share of shuffles with gOSI above 0.33, few shuffles", True
    ),
    "spatial_frequency_range": Variable(
        _SPECIFICATION,
        "f",
        "degree",
        "shortest arc holding the preferred orientations of all frequencies above half peak",
        True,
    ),
    "spatial_frequency_count": Variable(_SPECIFICATION, "i", "1", "number of spatial frequencies above half peak"),
}


def specifications_beside(config: Config) -> tuple[str, ...]:
    """Return the probes that are tried beside the registered one, each `<read-out>/<grating set>`; none by default."""
    settings, registered = config.multiverse, f"{config.probe.readout}/{config.probe.contrast}"
    names = [f"{readout}/{gratings}" for gratings in settings.gratings for readout in settings.readouts]
    return tuple(name for name in names if name != registered)


def _cost(work: Workload) -> Cost:
    """Return the cost of two states of each specification."""
    names = specifications_beside(work.config)
    shown = {name.split("/")[1] for name in names}
    tuned = len(names) * (READING_SECONDS + SHUFFLE_SECONDS * work.config.multiverse.permutations)
    return Cost(2 * (tuned + len(shown) * GRATINGS_SECONDS), MEGABYTES * len(names))


def specification_labels(config: Config) -> xr.Variable:
    """Return the labels of the dimension `specification`."""
    meaning = {"long_name": "how units are read / which gratings they are shown", "units": "1"}
    return xr.Variable("specification", list(specifications_beside(config)), meaning)


def _coordinates(subject: TrainedSubject) -> Mapping[str, object]:
    return {"specification": specification_labels(subject.config)}


def _in_state(subject: TrainedSubject) -> Arrays:
    from study.experiment.measurements.multiverse.arrays import tuning_by_specification

    return tuning_by_specification(
        subject.compiled.responses,
        subject.compiled.model,
        subject.layers,
        specifications_beside(subject.config),
        state=subject.state,
        training_mean=subject.partition.training_mean,
        n_permutations=subject.config.multiverse.permutations,
        streams=subject.streams,
    )


MEASUREMENT = Measurement(
    name="multiverse",
    variables=VARIABLES,
    where_asked={GENERALIZATION: lambda config: bool(specifications_beside(config))},
    follows=("tuning",),
    settings=("probe", "multiverse"),
    cost=_cost,
    coordinates=_coordinates,
    in_state=_in_state,
)
