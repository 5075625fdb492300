"""Is selectivity lower in networks that memorise corrupted labels (section 3.3; Figs. 4c and A6c)?"""

from __future__ import annotations

from study.analysis.core.layers import layer_gosi
from study.analysis.core.points import Quantity
from study.analysis.core.published import absence_of, not_in_paper
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.questions.memorization.estimands import label_corruption, layer_excess
from study.analysis.questions.memorization.figures import figures
from study.analysis.questions.memorization.notes import notes
from study.analysis.questions.memorization.published import one_network_a_rate
from study.vocabulary.schema import MEMORIZATION


def _quantity(of: str, *, published: bool) -> Quantity:
    return Quantity(
        label=f"rank correlation of {of} and label corruption",
        unit="rank correlation",
        higher="corrupted labels, more selective",
        lower="corrupted labels, less selective",
        of=of,
        against="share of labels corrupted",
        published_alike=published,
    )


QUESTION = Question(
    title="Are networks that memorise corrupted labels less selective?",
    paper_section="3.3",
    claim="Networks trained on more corrupted labels, which they fit but cannot generalise from, have lower gOSI in"
    " the low layers, especially in Conv 2 to Conv 4.",
    estimands={
        "gosi_against_label_corruption": Estimand(
            values=layer_gosi, quantity=_quantity("mean gOSI", published=True), against=label_corruption
        ),
        "gosi_against_label_corruption_absence": Estimand(
            values=layer_gosi, quantity=_quantity("mean gOSI", published=True), against=label_corruption
        ),
        "gosi_excess_against_label_corruption": Estimand(
            values=layer_excess,
            quantity=_quantity("mean gOSI beyond shuffled responses", published=False),
            against=label_corruption,
        ),
    },
    published={
        "gosi_against_label_corruption": PublishedAnalysis(
            layers=one_network_a_rate,
            test="No test; one network at each rate, compared by eye. Here: Spearman's rho and a permutation p.",
            difference="Unit of analysis: one network at a rate cannot tell a rate from a network; here several seeds have"
            " a network at every rate, and rates are permuted within seed.",
        ),
        "gosi_against_label_corruption_absence": PublishedAnalysis(
            layers=absence_of(one_network_a_rate),
            test="No test; one network at each rate, compared by eye. Here: absence read from a large permutation p.",
            difference="Absence and unit of analysis: six networks give a large p whatever the trend; here rho within"
            " seeds, over several of them, must lie within the registered margin.",
        ),
        "gosi_excess_against_label_corruption": not_in_paper(
            "Baseline: sparse responses have a higher gOSI without any tuning, so that of the units' own shuffles is"
            " subtracted."
        ),
    },
    figures=figures,
    notes=notes,
    arm=MEMORIZATION,
)
