"""Simulations of the second set of initialisations: those of the first."""

from __future__ import annotations

from collections.abc import Mapping

from study.analysis.questions.ablation.simulator import standardized_effect
from study.analysis.questions.existence.simulator import SIMULATORS as OF_EXISTENCE
from study.analysis.questions.generalization.simulator import gosi_against_test_loss
from study.analysis.questions.spatial_frequency.simulator import SIMULATORS as OF_SPATIAL_FREQUENCY
from study.analysis.simulation.population import Simulator

SIMULATORS: Mapping[str, Simulator] = {
    "second_set_selective_excess": OF_EXISTENCE["selective_excess"],
    "second_set_zero_range_share": OF_SPATIAL_FREQUENCY["zero_range_share"],
    "second_set_standardized_effect": standardized_effect,
    "second_set_gosi_against_test_loss": gosi_against_test_loss,
}
