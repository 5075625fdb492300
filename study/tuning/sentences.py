"""Gratings and orientation selectivity in words, for every text that describes methods."""

from __future__ import annotations

from study.tuning.gratings import ORIENTATIONS, PHASES


def gratings_sentence(n_frequencies: int, *, contrast: str) -> str:
    """Return what is shown.

    Parameters
    ----------
    n_frequencies
        Spatial frequencies of a full set.
    contrast
        How its contrast is set, as configs name it: `min_max`.
    """
    n_orientations, n_phases = len(ORIENTATIONS), len(PHASES)
    return (
        f"{n_orientations * n_frequencies * n_phases:,} sinusoidal gratings: {n_orientations} orientations, {n_frequencies}"
        f" spatial frequencies, {n_phases} phases (contrast: {contrast.replace('_', '-')}), grey, preprocessed as photographs"
        " are. Orientation 0 shows horizontal bars and grows clockwise; in the scripts that the paper's author published the"
        " axes of the image are exchanged, so that their orientation is 90 degrees minus ours, in the same set of gratings."
    )


def selectivity_sentences(permutations: int) -> str:
    """Return how a unit's gOSI follows from its responses, and against what it is held: so many shuffles."""
    return (
        "Of the response tensor the maximum over phases is taken, then the spatial frequency with the largest peak; gOSI is"
        " the length of the vector sum of the twelve responses at doubled angles over their sum. A unit silent to every grating"
        f" has no gOSI. Each unit's own responses are shuffled {permutations:,} times for its null."
    )
