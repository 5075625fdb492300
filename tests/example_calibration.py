"""Tallies of simulated studies that nobody simulated, and the cheapest hypothesis to simulate."""

from __future__ import annotations

import dataclasses

from study.analysis.simulation import (
    FINDINGS,
    Found,
    Tally,
)
from study.registration import (
    Hypothesis,
)
from tests.example_study import registered

CHEAP = "shift_invariance-consistency"


def hypothesis(name: str = CHEAP) -> Hypothesis:
    """Return a registered hypothesis whose effects may be skewed where there is none, too."""
    return dataclasses.replace(registered().hypotheses[name], exchangeable="")


def counts(studies: int, significant: int, *, enough: int = 0, published: int = 0, **findings: int) -> Tally:
    """Return a tally of a hypothesis of two layers: in so many studies its first layer is significant, or says a word."""
    words = {word: findings.get(word.replace(" ", "_"), 0) for word in FINDINGS}
    return Tally(
        studies=studies,
        findings={word: Found((count, 0), count, count) for word, count in words.items()},
        significant=Found((significant, 0), significant, enough),
        untested=0,
        intervals=2 * studies,
        covered=2 * studies,
        published=studies,
        published_supported=published,
    )
