"""Simulated studies in the store's own schema, with a planted truth: is the registered inference right, and strong enough?"""

from study.analysis.simulation.calibration import Calibration, FalseFinding
from study.analysis.simulation.cases import EFFECT, LOWER_MARGIN, NULL, UPPER_MARGIN, Case, cases, effect_case
from study.analysis.simulation.population import Design, Size, Truth
from study.analysis.simulation.tallies import FINDINGS, Found, Tally
from study.analysis.simulation.trial import N_RESAMPLES, is_simulated, simulator_of, studies_at_once, tally

__all__ = [
    "EFFECT",
    "FINDINGS",
    "LOWER_MARGIN",
    "NULL",
    "N_RESAMPLES",
    "UPPER_MARGIN",
    "Calibration",
    "Case",
    "Design",
    "FalseFinding",
    "Found",
    "Size",
    "Tally",
    "Truth",
    "cases",
    "effect_case",
    "is_simulated",
    "simulator_of",
    "studies_at_once",
    "tally",
]
