"""What else a unit may be selective for: spatial frequency, phase; and gOSI from one half of the gratings at a time.

Responses are non-negative. Every index is NaN for a unit that responds to none of the gratings it is taken from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from study.tuning.orientations import Floats
from study.tuning.selectivity import gosi_of_checked, non_negative, tuning_curve


def spatial_frequency_selectivity(responses: NDArray[np.floating]) -> Floats:
    """Return (best - rest) / (best + rest) of the mean responses to each spatial frequency, (unit,), in [0, 1].

    The mean is over all orientations and phases, so that the index does not depend on how a unit is tuned to these. `rest`
    is the mean of the other frequencies': 0 where a unit answers to all alike, 1 where it answers to one alone.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase), >= 0, at least two spatial frequencies.

    Source
    ------
    The index of class selectivity of Morcos et al. (2018), with spatial frequencies for classes.
    """
    by_frequency = non_negative(responses, "the response tensor").mean(axis=(1, 3))
    best, total = by_frequency.max(axis=1), by_frequency.sum(axis=1)
    rest = (total - best) / (by_frequency.shape[1] - 1)
    with np.errstate(invalid="ignore"):
        return np.asarray((best - rest) / (best + rest))


def phase_modulation(responses: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return F1 / F0 at the grating with the largest response, and that response, both (unit,).

    F0 is the mean over phases and F1 the amplitude of the first harmonic. A unit that answers to all phases alike has 0; one
    that answers to a single one of four phases has 2. Of a spatial mean it is near 0 whatever the unit does, as other
    positions see other phases: responses must be those of one position.

    Parameters
    ----------
    responses
        (unit, ..., phase), >= 0, phases evenly spaced over the full circle.

    Source
    ------
    Skottun et al. (1991), Classifying simple and complex cells on the basis of response modulation.
    """
    values = non_negative(responses, "the response tensor")
    gratings = values.reshape(len(values), -1, values.shape[-1])
    largest = gratings.max(axis=-1)
    cycle = np.take_along_axis(gratings, largest.argmax(axis=1)[:, None, None], axis=1)[:, 0]
    turns = np.exp(2j * np.pi * np.arange(cycle.shape[1]) / cycle.shape[1])
    with np.errstate(invalid="ignore"):
        return 2 * np.abs(cycle @ turns) / cycle.sum(axis=1), largest.max(axis=1)


def split_half_gosi(responses: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return gOSI from either half of the gratings, both (unit,).

    The halves share no grating. Each has half of the phases at every spatial frequency and half of the frequencies at every
    phase, in turn like the fields of a chessboard, and all orientations.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase), >= 0.
    """
    values = non_negative(responses, "the response tensor")
    first = np.add.outer(*(np.arange(size) for size in values.shape[2:])) % 2 == 0
    first_gosi, second_gosi = (
        gosi_of_checked(tuning_curve(np.where(half, values, 0.0))[0]) for half in (first, ~first)
    )
    return first_gosi, second_gosi
