"""What a network architecture declares: its name, its hidden layers, how it is built, its sentence in the methods text.

One module an architecture, in `study/networks/architectures/`; the folder is the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from study.vocabulary.discovery import declared_in, names_in

ARCHITECTURES = "study.networks.architectures"


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One network architecture that a study can train.

    Attributes
    ----------
    name
        That of its module, and of `network.architecture`.
    layers
        Names of the hidden layers that are measured, in order, each one that `study.networks.graph.hidden_layers` finds in
        the built model: as a rule all that are read behind an activation.
    units
        Numbers of units of those layers, which simulations of a study before its first network need.
    shifted_layers
        Those behind whose ablated halves shift invariance is measured, unless a study names others.
    build
        build(settings, image_shape=..., n_classes=...) -> the untrained Keras model that ends in logits; `settings` are
        the study's `network` section. Keras is imported inside, so that the declaration is light.
    methods
        Its sentence in the methods text of a report; fields in braces, such as `{padding}`, are those of `options`.
    options
        Names of the settings in section `network` that it reads beside `architecture`; the others are refused.
    square_kernels
        Its convolutions with 3 x 3 kernels, in order, as the Keras layers are named: those that the rearing arm may shape.
    reared_spans
        The spans of them, such as "conv1-conv3", that it shapes unless a study names others.
    """

    name: str
    layers: tuple[str, ...]
    units: tuple[int, ...]
    shifted_layers: tuple[str, ...]
    build: Callable[..., Any]
    methods: str
    options: tuple[str, ...] = ()
    square_kernels: tuple[str, ...] = ()
    reared_spans: tuple[str, ...] = ()

    @property
    def unit_counts(self) -> dict[str, int]:
        """Return the number of units of every hidden layer, in order."""
        return dict(zip(self.layers, self.units, strict=True))


def architecture_names() -> tuple[str, ...]:
    """Return the names of all architectures, sorted, without importing any."""
    return names_in(ARCHITECTURES)


def architectures() -> Mapping[str, Architecture]:
    """Return every architecture by its name."""
    return declared_in(ARCHITECTURES, "ARCHITECTURE")
