"""How selectivity comes about: every unit's gOSI before training and after each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from study.experiment.speeds import GRATINGS_SECONDS
from study.vocabulary.measurement import Arrays, Cost, Measurement, Paragraph, Variable
from study.vocabulary.schema import MATURATION

if TYPE_CHECKING:
    from study.config import Config
    from study.experiment.subjects import TrainedSubject

VARIABLES = {
    "gosi": Variable(("epoch", "unit"), "f", "1", "global orientation selectivity index after each epoch", True),
}


def _methods(config: Config, study: xr.DataTree) -> tuple[Paragraph, ...]:
    arm = config.maturation
    text = (
        f"Further networks: {arm.seeds}, trained with shifts and flips for {arm.epochs} epochs with learning rate"
        f" {arm.learning_rate:g}. They are probed with their initial weights and after every epoch; of each probe the"
        " units' gOSI is kept."
    )
    return (("Maturation", text),)


def _after_epoch(subject: TrainedSubject) -> Arrays:
    from study import tuning

    return {"gosi": tuning.gosi(tuning.tuning_curve(subject.shown_gratings())[0]).astype(np.float32)}


MEASUREMENT = Measurement(
    name="maturation",
    variables=VARIABLES,
    arms=(MATURATION,),
    follows=("training",),
    settings=("probe",),
    cost=lambda work: Cost((work.epochs + 1) * GRATINGS_SECONDS, 0.25),
    coordinates=lambda subject: {"epoch": np.arange(subject.epochs + 1)},
    methods=_methods,
    after_epoch=_after_epoch,
)
