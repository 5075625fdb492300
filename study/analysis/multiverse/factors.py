"""Names of levels that the multiverses of several questions share, and the factors of how tuning was measured."""

from __future__ import annotations

from study.analysis.multiverse.specification import Levels
from study.config import GRATING_SETS, READOUTS

TUNING = {"readout": READOUTS, "gratings": GRATING_SETS}
REGISTERED_TUNING = f"{READOUTS[0]}/{GRATING_SETS[0]}"

LEFT_OUT, UNTUNED, ACTIVE_IN_BOTH = "left_out", "counted_as_untuned", "active_in_both_states"
MEAN, MEDIAN, SIGNIFICANT = "mean_gosi", "median_gosi", "share_with_p_at_most_0.05"
REGISTERED_SHARE = "share_above_0.33"
NO_CONTROL, OWN_SHUFFLE, ORIENTATION_SHUFFLE = "none", "own_shuffle", "orientation_shuffle"
EXCESS = "mean_gosi_less_own_shuffle"
SUMMARIES = (MEAN, MEDIAN, REGISTERED_SHARE, EXCESS)
GIVEN_TRAINING_LOSS = "given_training_loss"


def tuning_of(levels: Levels) -> str:
    """Return the name of the read-out and set of gratings that a combination of levels asks for."""
    return f"{levels['readout']}/{levels['gratings']}"


def has_registered_tuning(levels: Levels) -> bool:
    """Return whether a combination of levels has the registered read-out and set of gratings."""
    return tuning_of(levels) == REGISTERED_TUNING
