"""Simulated studies in the store's own schema, with a planted truth: is the registered inference right, and strong enough?"""

from study.analysis.simulation.population import Design, Size, Truth
from study.analysis.simulation.trial import (
    EFFECT,
    N_RESAMPLES,
    NULL,
    Case,
    Tally,
    effect_case,
    is_simulated,
    null_cases,
    simulator_of,
    studies_at_once,
    tally,
)

__all__ = [
    "EFFECT",
    "NULL",
    "N_RESAMPLES",
    "Case",
    "Design",
    "Size",
    "Tally",
    "Truth",
    "effect_case",
    "is_simulated",
    "null_cases",
    "simulator_of",
    "studies_at_once",
    "tally",
]
