"""Does a half of a layer cost the more, the more orientation-selective it is (section 3.4, as a dose)?"""

from __future__ import annotations

from study.analysis.core.points import Quantity
from study.analysis.core.published import not_in_paper
from study.analysis.core.question import Estimand, Question
from study.analysis.questions.dose.estimands import GOSI, both_slopes, slope_beyond_frequency, slope_of
from study.analysis.questions.dose.figures import figures, notes

BEYOND_FREQUENCY = Estimand(
    values=slope_beyond_frequency,
    quantity=Quantity(
        label="slope of a half's cost on its mean gOSI minus the slope on its mean selectivity for spatial frequency",
        unit="standard deviations",
        higher="orientation tells more of the cost",
        lower="spatial frequency tells more of the cost",
        sides=("orientation", "spatial frequency"),
        sides_label="slope (standard deviations)",
    ),
    sides=both_slopes,
)
SLOPE = Estimand(
    values=lambda study: slope_of(study, GOSI),
    quantity=Quantity(
        label="slope of a half's cost on its mean gOSI, other quantities given",
        unit="standard deviations",
        higher="more selective halves cost more",
        lower="more selective halves cost less",
    ),
)
QUESTION = Question(
    title="Does a half cost more, the more selective for orientation it is?",
    paper_section="3.4",
    claim="The paper compares two halves, which differ in much besides gOSI, and does not say what a dose of gOSI costs.",
    estimands={"gosi_slope_beyond_frequency": BEYOND_FREQUENCY, "gosi_slope": SLOPE},
    published={
        "gosi_slope_beyond_frequency": not_in_paper(
            "Dose in place of two halves, and a rival: the slope over many halves of one network, other quantities given."
        ),
        "gosi_slope": not_in_paper("Dose in place of two halves: the slope over many halves, other quantities given."),
    },
    figures=figures,
    notes=notes,
)
