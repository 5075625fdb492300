"""What becomes of an effect of ablation when the images that it is measured on are taken for all that there are."""

from __future__ import annotations

import numpy as np
import pytest

from study import stats
from study.analysis.questions.ablation.estimands import standardized_effect, standardized_effect_by_block
from study.analysis.questions.ablation.simulator import SIMULATORS
from study.analysis.simulation import Design, Size, Truth
from study.registration import COMMON_IMAGES

STUDIES, NETWORKS, ALPHA = 400, 24, 0.05


def pvalues(departure: str) -> tuple[np.ndarray, np.ndarray]:
    """Return p of 400 studies without an effect, over networks alone, and over networks and images: (study,)."""
    rng = np.random.default_rng(0)
    design = Design(STUDIES, Size(NETWORKS), departure=departure)
    study = SIMULATORS["standardized_effect"](rng, design, Truth(("conv4",), 0.0, 0.8))
    values = standardized_effect(study).values.reshape(STUDIES, NETWORKS)
    blocks = standardized_effect_by_block(study).transpose("network", "layer", "block").values
    over_networks = stats.mean_tests(
        values, null_value=0.0, alternative="greater", exchangeable=True, n_resamples=999, rng=rng
    )
    over_both = stats.crossed_tests(
        blocks.reshape(STUDIES, NETWORKS, -1), null_value=0.0, alternative="greater", n_resamples=999, rng=rng
    )
    return tuple(np.array([outcome.pvalue for outcome in outcomes]) for outcomes in (over_networks, over_both))  # type: ignore[return-value]


@pytest.mark.slow
def test_images_that_all_networks_share_are_no_replicates() -> None:
    """Over networks alone a true null is rejected two to three times as often as registered; over images as well, it holds."""
    over_networks, over_both = pvalues(COMMON_IMAGES)
    assert (over_networks <= ALPHA).mean() > 2 * ALPHA
    assert (np.maximum(over_networks, over_both) <= ALPHA).mean() < ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / STUDIES)
