"""What simulated studies are counted for: every finding, by layer, in any layer, and of the hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from study.analysis.core.results import (
    EFFECT_PRESENT,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
    LayerResult,
)
from study.analysis.core.verdict import layers_needed
from study.analysis.simulation.cases import Case

FINDINGS: Final = (SUPPORTED, OPPOSITE, RULED_OUT, EFFECT_PRESENT)
_IMPLIED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    RULED_OUT: (RULED_OUT, OPPOSITE)
}  # what is opposite is ruled out too


@dataclass(frozen=True)
class Found:
    """In how many studies something was found: layer by layer, in any layer, and of the hypothesis as a whole."""

    layers: tuple[int, ...]
    any_layer: int
    hypothesis: int

    def __add__(self, other: Found) -> Found:
        """Return both together."""
        layers = tuple(mine + its for mine, its in zip(self.layers, other.layers, strict=True))
        return Found(layers, self.any_layer + other.any_layer, self.hypothesis + other.hypothesis)


@dataclass(frozen=True)
class Tally:
    """How many of so many simulated studies came out how.

    `findings` counts verdicts, an opposite effect as one that is ruled out, too. `significant` counts adjusted p-values
    at most alpha for the claim, whatever else its rule asks, of the hypothesis in as many layers as it requires.
    `untested` studies have a layer without a test. `intervals` counts layers with a defined interval, `covered` those
    whose interval holds the planted value. `published` studies were also analysed as published, which called the claim
    supported in `published_supported`.
    """

    studies: int
    findings: Mapping[str, Found]
    significant: Found
    untested: int
    intervals: int
    covered: int
    published: int
    published_supported: int

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            studies=self.studies + other.studies,
            findings={word: found + other.findings[word] for word, found in self.findings.items()},
            significant=self.significant + other.significant,
            untested=self.untested + other.untested,
            intervals=self.intervals + other.intervals,
            covered=self.covered + other.covered,
            published=self.published + other.published,
            published_supported=self.published_supported + other.published_supported,
        )

    def false(self, case: Case, finding: str) -> int:
        """Return the number of studies with a false finding in any layer.

        Support of a claim of an effect is counted by its p-value alone, because its rule asks more than the level
        promises: the estimate must reach the smallest effect.
        """
        by_pvalue = finding == SUPPORTED and not case.hypothesis.kind.absence
        return self.significant.any_layer if by_pvalue else self.findings[finding].any_layer


def counted(results: Sequence[HypothesisResult], case: Case, *, published: int) -> Tally:
    """Return the counts of studies; the first `published` of them were analysed as published too."""
    hypothesis, shape = case.hypothesis, (len(results), len(case.hypothesis.layers))
    layers = [layer for result in results for layer in result.layers]
    needed = layers_needed(hypothesis.layers_required, len(hypothesis.layers))
    significant = np.reshape([layer.pvalue_adjusted <= hypothesis.alpha for layer in layers], shape)
    intervals, covered = _coverage(layers, case.theta)
    verdicts = [result.verdict for result in results]
    return Tally(
        studies=len(results),
        findings={
            word: _found(
                np.reshape([layer.verdict in words for layer in layers], shape),
                sum(verdict in words for verdict in verdicts),
            )
            for word, words in ((word, _IMPLIED_BY.get(word, (word,))) for word in FINDINGS)
        },
        significant=_found(significant, int((significant.sum(axis=1) >= needed).sum())),
        untested=sum(any(layer.verdict == NOT_TESTED for layer in result.layers) for result in results),
        intervals=intervals,
        covered=covered,
        published=published,
        published_supported=sum(result.published_verdict == SUPPORTED for result in results[:published]),
    )


def _found(by_layer: NDArray[np.bool_], of_hypothesis: int) -> Found:
    """Return the counts of what is true (studies, layers)."""
    return Found(tuple(by_layer.sum(axis=0).tolist()), int(by_layer.any(axis=1).sum()), of_hypothesis)


def _coverage(layers: Sequence[LayerResult], theta: float) -> tuple[int, int]:
    """Return the number of defined intervals, and of those that hold the planted value."""
    low, high = (np.array([getattr(layer, end) for layer in layers]) for end in ("ci_low", "ci_high"))
    defined = np.isfinite(low) & np.isfinite(high)
    return int(defined.sum()), int((defined & (low <= theta) & (theta <= high)).sum())
