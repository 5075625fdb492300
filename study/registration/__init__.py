"""What is registered before the data are taken: hypotheses, learning checks, the multiverse, and what departs from them."""

from study.registration.hypotheses import ALL_LAYERS, ANY_NETWORK, Adjustment, Alternative, Hypothesis, Registration
from study.registration.learning import LearningRule
from study.registration.parsing import parsed_registration, read_registration
from study.registration.test_kinds import TEST_KINDS, StatisticalTest

__all__ = [
    "ALL_LAYERS",
    "ANY_NETWORK",
    "TEST_KINDS",
    "Adjustment",
    "Alternative",
    "Hypothesis",
    "LearningRule",
    "Registration",
    "StatisticalTest",
    "parsed_registration",
    "read_registration",
]
