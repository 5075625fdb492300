"""What is registered before the data are taken: hypotheses, learning checks, ceilings, a multiverse, and what departs from it."""

from study.registration.ceilings import (
    AS_ASSUMED,
    COMMON_IMAGES,
    COMMON_TREND,
    DEPARTURES,
    DEPENDENT_RANKS,
    HEAVILY_SKEWED_EFFECTS,
    NETWORKS_LOST,
    OPPOSITE_STRATA,
    SKEWED_EFFECTS,
    Ceiling,
    Ceilings,
    DepartureCeiling,
)
from study.registration.hypotheses import ALL_LAYERS, ANY_NETWORK, Adjustment, Alternative, Hypothesis, Registration
from study.registration.learning import LearningRule, ManipulationRule
from study.registration.parsing import parsed_registration, read_registration, text_digest
from study.registration.records import recorded_registration
from study.registration.test_kinds import TEST_KINDS, StatisticalTest

__all__ = [
    "ALL_LAYERS",
    "ANY_NETWORK",
    "AS_ASSUMED",
    "COMMON_IMAGES",
    "COMMON_TREND",
    "DEPARTURES",
    "DEPENDENT_RANKS",
    "HEAVILY_SKEWED_EFFECTS",
    "NETWORKS_LOST",
    "OPPOSITE_STRATA",
    "SKEWED_EFFECTS",
    "TEST_KINDS",
    "Adjustment",
    "Alternative",
    "Ceiling",
    "Ceilings",
    "DepartureCeiling",
    "Hypothesis",
    "LearningRule",
    "ManipulationRule",
    "Registration",
    "StatisticalTest",
    "parsed_registration",
    "read_registration",
    "recorded_registration",
    "text_digest",
]
