"""The conditions that networks of the rearing arm learn under, and the spans of layers that a condition acts on.

Conditions of kernels confine every 3 x 3 kernel of the named layers to three numbers, by fixed orthonormal patterns of the nine
taps; conditions of penalties add the mean gOSI of layers to the loss, or take it off. Each has a sham beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FREE: Final = "free"
ISOTROPIC, PARTED, RANDOM_BASIS = KERNELS = ("isotropic", "parted", "random_basis")
DISCOURAGED, ENCOURAGED, DISCOURAGED_SHAM, ENCOURAGED_SHAM = PENALTIES = (
    "discouraged",
    "encouraged",
    "discouraged_sham",
    "encouraged_sham",
)
CONDITIONS: Final = (FREE, *KERNELS, *PENALTIES)
NO_LAYERS: Final = "none"  # that a free network is reared in, or any network of another arm

PENALTY_PHASES: Final = 2  # of each grating that a penalty is taken on

MEANINGS: Final = {
    FREE: "kernels and loss as in every other arm",
    ISOTROPIC: "kernels of three numbers: the centre, the four edges, the four corners; they favour no orientation",
    PARTED: "kernels of three numbers, the nine taps parted 1/4/4 at random; the same freedom, another arrangement",
    RANDOM_BASIS: "kernels of three numbers, in a random three-dimensional basis",
    DISCOURAGED: "the layers' mean gOSI is added to the loss",
    ENCOURAGED: "the layers' mean gOSI is taken off the loss",
    DISCOURAGED_SHAM: "as discouraged, orientation labels sent through k -> 5k mod 12",
    ENCOURAGED_SHAM: "as encouraged, orientation labels sent through k -> 5k mod 12",
}


def layers_of_span(span: str, layers: Sequence[str]) -> tuple[str, ...]:
    """Return the layers from the first to the last that a span names, such as "conv1-conv3" or "conv1"; none for no span.

    Parameters
    ----------
    span
        One layer, or the first and the last joined by a dash.
    layers
        Those that it may name, in order.
    """
    first, dash, last = span.partition("-")
    ends = (first, last) if dash else (first, first)
    if not set(ends) <= set(layers) or layers.index(ends[0]) > layers.index(ends[1]) or (dash and first == last):
        return ()
    return tuple(layers[layers.index(ends[0]) : layers.index(ends[1]) + 1])


def span_of(layers: Sequence[str]) -> str:
    """Return the span from the first to the last of these layers; the reverse of `layers_of_span`."""
    return layers[0] if layers[0] == layers[-1] else f"{layers[0]}-{layers[-1]}"
