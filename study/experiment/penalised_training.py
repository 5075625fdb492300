"""Training with a penalty: what a network of the rearing arm is shown beside its images, and the steps that heed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from study.config import Config
from study.config.population import PlannedNetwork
from study.experiment.compiled_network import CompiledNetwork
from study.networks import backend
from study.networks.graph.hidden_layers import named_layers
from study.networks.rearing.penalty import penalty_of
from study.tuning.gratings import ORIENTATIONS, drawn_gratings
from study.vocabulary.architecture import architectures
from study.vocabulary.rearing import DISCOURAGED, DISCOURAGED_SHAM, ENCOURAGED_SHAM, PENALTIES, PENALTY_PHASES

SHAM_FACTOR: Final = 5  # orientation k is taken for 5 k mod 12, so that a cosine of twice the angle has no resultant

_SHAMS = (DISCOURAGED_SHAM, ENCOURAGED_SHAM)
_ADDED = (DISCOURAGED, DISCOURAGED_SHAM)  # to the loss; the others are taken off it


@dataclass(frozen=True, kw_only=True)
class ShownGratings:
    """What `penalised_training` takes beside images and labels: gratings, how their orientations count, and how much.

    Attributes
    ----------
    condition
        One of `study.vocabulary.rearing.PENALTIES`.
    strength
        In nats a unit of mean gOSI.
    contrast
        Of the gratings, as the probe has them.
    training_mean
        (height, width, channel), in [0, 1].
    """

    condition: str
    strength: float
    contrast: str
    training_mean: NDArray[np.float32]

    @classmethod
    def of(cls, planned: PlannedNetwork, config: Config, training_mean: NDArray[np.float32]) -> ShownGratings | None:
        """Return what a network of the study is shown; none where its condition is no penalty."""
        if planned.rearing not in PENALTIES:
            return None
        return cls(
            condition=planned.rearing,
            strength=config.rearing.strength,
            contrast=config.probe.contrast,
            training_mean=training_mean,
        )

    def __call__(self, count: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        """Return gratings, directions and weights of a number of steps, each with the step as its first dimension.

        Gratings are (step, orientation, phase, row, column, channel), drawn anew each step; directions (step, orientation,
        2); weights (step,). See `study.networks.rearing.penalty`.
        """
        size = self.training_mean.shape[0]
        grey = np.stack(
            [drawn_gratings(size, contrast=self.contrast, n_phases=PENALTY_PHASES, rng=rng) for _ in range(count)]
        )
        weight = self.strength if self.condition in _ADDED else -self.strength
        return (
            grey[..., None] - self.training_mean,
            np.tile(directions(self.condition), (count, 1, 1)),
            np.full(count, weight, np.float32),
        )


def directions(condition: str) -> NDArray[np.float32]:
    """Return cosine and sine of twice what a condition takes each orientation for: (orientation, 2)."""
    place = np.arange(len(ORIENTATIONS)) * (SHAM_FACTOR if condition in _SHAMS else 1) % len(ORIENTATIONS)
    doubled = 2 * np.deg2rad(ORIENTATIONS[place])
    return np.stack([np.cos(doubled), np.sin(doubled)], axis=-1).astype(np.float32)


def penalised_training(compiled: CompiledNetwork, config: Config) -> Callable[..., tuple[Any, Any]]:
    """Return train(images, labels, gratings, directions, weights) of a compiled network, compiled when it is first needed.

    One function serves the conditions of penalties, whose directions and weights it is told.
    """
    names = architectures()[config.network.architecture].shifted_layers
    readout, precision = config.probe.readout, config.training.precision
    return compiled.once(  # type: ignore[no-any-return]
        ("penalised training", names, readout, precision),
        lambda: backend.compiled_training(
            compiled.model,
            compiled.optimizer,
            precision=precision,
            penalty=penalty_of(compiled.model, named_layers(compiled.layers, names), readout=readout),
        ),
    )
