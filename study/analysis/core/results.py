"""What an analysis concludes: plain records, the only thing the report ever sees.

The experimental unit of every record here is the network: `n` counts networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from study.analysis.core.charts import Chart
from study.analysis.core.points import NetworkPoint, Quantity

if TYPE_CHECKING:
    import pandas as pd

    from study.registration import Hypothesis

SUPPORTED = "supported"
OPPOSITE = "opposite"  # the effect lies beyond the null value, on the other side
RULED_OUT = "ruled out"  # an effect as large as the smallest that matters is excluded
EFFECT_PRESENT = "effect present"  # of a claim of absence: the effect lies beyond the margin
INCONCLUSIVE = "inconclusive"
NOT_INFORMATIVE = "not informative"  # the networks did not learn what they must for the test to mean something
NOT_TESTED = "not tested"
VERDICTS = (SUPPORTED, OPPOSITE, RULED_OUT, EFFECT_PRESENT, INCONCLUSIVE, NOT_INFORMATIVE, NOT_TESTED)
REFUTED = (OPPOSITE, RULED_OUT, EFFECT_PRESENT)
NOT_SUPPORTED = "not supported"  # of the analysis as published: what is read from a figure is not there
PUBLISHED_VERDICTS = (
    SUPPORTED,
    OPPOSITE,
    EFFECT_PRESENT,
    NOT_SUPPORTED,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_TESTED,
)
NO_VERDICT = (NOT_INFORMATIVE, NOT_TESTED)
AGREE, DISAGREE, CANNOT_TELL = "the sets agree", "the sets disagree", "cannot tell"
AGREEMENTS = (AGREE, DISAGREE, CANNOT_TELL)
SAME_VERDICT, DIFFERENT_VERDICTS, NOT_COMPARED = "same verdict", "different verdicts", "not compared"
COMPARISONS = (SAME_VERDICT, DIFFERENT_VERDICTS, NOT_COMPARED)


@dataclass(frozen=True)
class LayerResult:
    """The registered test in one layer.

    Each p-value is one-sided, and NaN where its test is undefined (`note` then names the reason) or not registered:
    `pvalue` for the claim, `pvalue_opposite` for an effect beyond the null value on the other side, `pvalue_ruled_out` for
    an effect short of the smallest that matters, or, of a claim of absence, beyond the margin; the adjusted ones within
    the family. `n` networks entered the test, `n_missing` have no value there: they failed, or it is undefined.
    """

    layer: str
    estimate: float
    ci_low: float
    ci_high: float
    ci_kind: str
    pvalue: float
    pvalue_adjusted: float
    pvalue_opposite: float
    pvalue_opposite_adjusted: float
    pvalue_ruled_out: float
    pvalue_ruled_out_adjusted: float
    n: int
    n_missing: int
    verdict: str
    note: str = ""


@dataclass(frozen=True)
class PublishedLayer:
    """The analysis as published, in one layer; `pvalue` is NaN where the paper gives no test."""

    layer: str
    estimate: float
    pvalue: float
    verdict: str
    note: str = ""


@dataclass(frozen=True)
class HypothesisResult:
    """One registered hypothesis: its layers, its verdict by the registered rule, and the published analysis beside.

    `pvalue` is the p-value of the claim as a whole: of its layers' adjusted ones the largest, the smallest, or that of a
    partial conjunction, as every, any or most layers are needed; of a primary hypothesis adjusted across these.
    `registered_test` says in words what it is tested by, `published_test` what the published analysis is, `difference` in one
    line what sets the registered one apart from it. `points` are the values that it rests on, a row a layer, condition and
    network, `quantity` is how they are named; both are left out where nothing was measured.
    """

    hypothesis: Hypothesis
    layers: tuple[LayerResult, ...]
    verdict: str
    reason: str
    published_verdict: str
    published_layers: tuple[PublishedLayer, ...] = ()
    second: SecondSet | None = None
    published_test: str = ""
    difference: str = ""
    pvalue: float = float("nan")
    registered_test: str = ""
    points: tuple[NetworkPoint, ...] = ()
    quantity: Quantity | None = None

    @property
    def comparison(self) -> str:
        """Return whether the registered and the published verdict say the same, one of `COMPARISONS`.

        Opposite, ruled out and effect present all speak against the claim. What is "not supported" was read by eye, which
        cannot tell a claim that is wrong from one that is not decided: it says the same as either.
        """
        verdicts = {self.verdict, self.published_verdict}
        if verdicts & set(NO_VERDICT):
            return NOT_COMPARED
        if self.published_verdict == NOT_SUPPORTED:
            return DIFFERENT_VERDICTS if self.verdict == SUPPORTED else SAME_VERDICT
        same = len(verdicts) == 1 or verdicts <= set(REFUTED)
        return SAME_VERDICT if same else DIFFERENT_VERDICTS


@dataclass(frozen=True)
class LearningCheck:
    """Whether the networks of an arm learnt what they must, in one stratum.

    `measure` says in words what was measured, `median` is its median over the `networks`, `needed` what is registered.
    `chance` is the accuracy of guessing, NaN where the measure is no accuracy.
    """

    arm: str
    initialization_set: int
    stratum: str
    measure: str
    median: float
    needed: float
    networks: int
    chance: float

    @property
    def passed(self) -> bool:
        """Return whether the median reaches what is registered; an undefined one does not."""
        return self.median >= self.needed


@dataclass(frozen=True, kw_only=True)
class ManipulationCheck:
    """Whether rearing changed what it was to change, in the layers reared, beside the condition it is compared with.

    `median` is that over the `pairs` of `measure` under `condition`, `median_against` that under `against`, and `difference`
    the median of the first minus the other; it must lie on `side` ("lower" or "higher") by `needed` at least.
    """

    condition: str
    against: str
    layers: str
    measure: str
    side: str
    median: float
    median_against: float
    difference: float
    needed: float
    pairs: int

    @property
    def passed(self) -> bool:
        """Return whether the difference reaches what is registered; an undefined one does not."""
        return (-self.difference if self.side == "lower" else self.difference) >= self.needed


@dataclass(frozen=True)
class SecondSet:
    """The same test in the second set of initialisations: its layers, its verdict, and whether the sets agree.

    `agreement` is one of `AGREEMENTS`: both supported or both refuted; one of each; anything else.
    """

    layers: tuple[LayerResult, ...]
    verdict: str
    reason: str
    agreement: str
    points: tuple[NetworkPoint, ...] = ()


@dataclass(frozen=True)
class LedgerRow:
    """One claim of the paper.

    P-values stand by layer, NaN where there is none: as published, not adjusted; registered, adjusted within the family.
    `absence` says whether the claim is that there is nothing. `difference` is what always sets the registered analysis
    apart from the published one, `comparison` (one of `COMPARISONS`) what became of the verdict in this study. `untested`
    is why a side has no verdict, or empty. `second_verdict` is the registered one in the second set of initialisations,
    empty without such a set.
    """

    hypothesis: str
    claim: str
    paper_section: str
    layers: tuple[str, ...]
    absence: bool
    published_test: str
    published_pvalues: tuple[tuple[str, float], ...]
    published_verdict: str
    registered_test: str
    registered_pvalues: tuple[tuple[str, float], ...]
    registered_verdict: str
    second_verdict: str
    difference: str
    comparison: str
    untested: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: the table it is drawn from, and how to read it.

    `chart` is the form in which `table` is drawn. `paper_figure` is its counterpart in the paper, `second_paper_figure`
    that of the same figure of the second set of initialisations; '' where the paper has none.
    """

    id: str
    chart: Chart
    title: str
    shows: str
    supports: str
    contradicts: str
    table: pd.DataFrame
    paper_figure: str = ""
    second_paper_figure: str = ""


@dataclass(frozen=True)
class LayerAgreement:
    """How far other analyses of a question agree, in one layer, with the registered one; exploratory.

    `registered` is what the registered analysis says by the rule that the others are judged by, `specifications` the
    number of the others. Signs and verdicts can be compared with `with_sign` and `with_verdict` of them: those that have
    one, none where the registered analysis has none.
    """

    layer: str
    registered: str
    specifications: int
    with_sign: int
    same_sign: int
    with_verdict: int
    same_verdict: int


@dataclass(frozen=True)
class QuestionResult:
    """One question of the study: the paper's claim, its hypotheses and its figures, also of the second set.

    `multiverse` says, layer by layer, how far other analyses agree; the last of the figures is then their curve.
    `learning` holds the checks of the networks that it rests on, of both sets; empty where none is registered.
    `manipulation` holds those of what rearing changed, each once.
    """

    question: str
    title: str
    paper_section: str
    claim: str
    hypotheses: tuple[HypothesisResult, ...]
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = field(default=())
    second_figures: tuple[Figure, ...] = ()
    multiverse: tuple[LayerAgreement, ...] = ()
    learning: tuple[LearningCheck, ...] = ()
    manipulation: tuple[ManipulationCheck, ...] = ()
