"""Which simulation plants the estimand of which measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import xarray as xr

from study.analysis.simulation import associated, silenced, trended, tuned
from study.analysis.simulation.population import UNITS, Design, Truth
from study.registration import Hypothesis

Generator = Callable[[np.random.Generator, Design, Truth], xr.DataTree]

_AGAIN = "second_set_"  # the same measure, of the second set of initialisations
_ABSENCE = "_absence"  # the same values, claimed to be without effect
_CORRUPTION = associated.gosi_against_label_corruption

GENERATORS: Mapping[str, Generator] = {
    "selective_excess": partial(tuned.selective_excess, state="analysed"),
    "gosi_excess": partial(tuned.gosi_excess, null="gosi_null_mean"),
    "gosi_orientation_excess": partial(tuned.gosi_excess, null="gosi_orientation_null_mean"),
    "zero_range_share": partial(tuned.zero_range, fewest_frequencies=1),
    "zero_range_share_two_frequencies": partial(tuned.zero_range, fewest_frequencies=2),
    "gosi_gain": tuned.gosi_gain,
    "initial_selective_share": tuned.selective_share,
    "initial_selective_excess": partial(tuned.selective_excess, state="initial"),
    "gosi_against_validation_loss": trended.maturation,
    "gosi_against_test_loss": associated.gosi_against_test_loss,
    "gosi_against_label_corruption": partial(_CORRUPTION, fitting_only=True, excess=False),
    "gosi_against_label_corruption_all": partial(_CORRUPTION, fitting_only=False, excess=False),
    "gosi_excess_against_label_corruption": partial(_CORRUPTION, fitting_only=True, excess=True),
    "standardized_effect": silenced.standardized_effect,
    "log2_ratio": silenced.log2_ratio,
    "response_contrast": silenced.response_contrast,
    "effect_relu_zero": partial(silenced.clamp_effect, clamp="relu_zero"),
    "effect_mean_clamp": partial(silenced.clamp_effect, clamp="mean"),
    "effect_resample": partial(silenced.clamp_effect, clamp="resample"),
    "fc1_cv_against_random_half": partial(silenced.fc1_variation, reference="random"),
    "fc1_cv_against_bottom_half": partial(silenced.fc1_variation, reference="bottom"),
    "cv_against_depth": trended.variation_over_depth,
    "consistency_against_random_half": silenced.consistency,
}


def generator_of(hypothesis: Hypothesis) -> Generator | None:
    """Return the simulation of a hypothesis' measure; None where this version has none, or not for its layers."""
    if not set(hypothesis.layers) <= set(UNITS):
        return None
    return GENERATORS.get(hypothesis.measure.removeprefix(_AGAIN).removesuffix(_ABSENCE))
