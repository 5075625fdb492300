"""Are selective units in the lower layers causally important (section 3.4; Figs. 5 and A7a)?"""

from __future__ import annotations

from study.analysis.core.published import not_in_paper
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.questions.ablation.estimands import (
    effect,
    effect_by_block,
    effect_by_clamp,
    effect_by_clamp_and_block,
    log2_ratio,
    log2_ratio_by_block,
    response_contrast,
    standardized_effect,
    standardized_effect_by_block,
)
from study.analysis.questions.ablation.figures import figures
from study.analysis.questions.ablation.notes import notes
from study.analysis.questions.ablation.published import contrast, ratio
from study.analysis.questions.ablation.quantities import (
    BEYOND_RANDOM,
    CONTRAST,
    EFFECT,
    RATIO,
    costs_with_random,
    half_costs,
    half_costs_by_clamp,
    response_sides,
)

OTHER_CLAMP = "Intervention: the same units, held at another value than the published numbers come from."


def _under(clamp: str) -> Estimand:
    """Return the effect under one clamp."""
    return Estimand(
        values=lambda study: effect(study, clamp),
        quantity=EFFECT,
        blocks=lambda study: effect_by_block(study, clamp),
        sides=lambda study: half_costs(study, clamp),
    )


STANDARDIZED = Estimand(
    values=standardized_effect,
    quantity=BEYOND_RANDOM,
    blocks=standardized_effect_by_block,
    sides=costs_with_random,
)
QUESTION = Question(
    title="Does ablating selective units hurt more than ablating others?",
    paper_section="3.4",
    claim="Ablating the half of Conv 2 or Conv 3 with the higher gOSI costs more than twice the test loss of ablating"
    " the other half, and not because the other half is silent: its mean grating response is higher.",
    estimands={
        "standardized_effect": STANDARDIZED,
        "standardized_effect_absence": STANDARDIZED,
        "effect_by_clamp": Estimand(
            values=effect_by_clamp,
            quantity=EFFECT,
            blocks=effect_by_clamp_and_block,
            sides=half_costs_by_clamp,
        ),
        "log2_ratio": Estimand(
            values=lambda study: log2_ratio(study, "output_zero"),
            quantity=RATIO,
            blocks=lambda study: log2_ratio_by_block(study, "output_zero"),
            sides=lambda study: half_costs(study, "output_zero"),
        ),
        "response_contrast": Estimand(values=response_contrast, quantity=CONTRAST, sides=response_sides),
        "effect_relu_zero": _under("relu_zero"),
        "effect_mean_clamp": _under("mean"),
        "effect_resample": _under("resample"),
    },
    published={
        "standardized_effect": PublishedAnalysis(
            layers=ratio(exceeds=True),
            test="No test; ratio of one network's two costs above 2. Here: of the mean costs over networks.",
            difference="Baseline and unit of analysis: random halves differ too, so the difference is measured in"
            " units of what they give in the same network; one value a network.",
        ),
        "standardized_effect_absence": PublishedAnalysis(
            layers=ratio(exceeds=False),
            test="No test; no asterisk, as the ratio of the two costs is at most 2. Here: of the mean costs.",
            difference="Absence, baseline and unit of analysis: a ratio below 2 may still be an effect; here the"
            " effect, in units of random halves, must lie within the registered margin over networks.",
        ),
        "effect_by_clamp": not_in_paper(
            "Intervention: the same units, held at three values in turn; the paper holds them at one."
        ),
        "log2_ratio": PublishedAnalysis(
            layers=ratio(exceeds=True),
            test="No test; ratio of one network's two costs above 2. Here: of the mean costs over networks.",
            difference="Unit of analysis: the ratio of one network has no known error; here each network's ratio, on"
            " a log scale, is tested against twofold over networks.",
        ),
        "response_contrast": PublishedAnalysis(
            layers=contrast,
            test="No test; mean responses of one network's halves, compared. Here: sign of the mean contrast.",
            difference="Unit of analysis: two means of one network tell nothing of others; here each network gives one"
            " contrast, tested over networks.",
        ),
        "effect_relu_zero": not_in_paper(OTHER_CLAMP),
        "effect_mean_clamp": not_in_paper(OTHER_CLAMP),
        "effect_resample": not_in_paper(OTHER_CLAMP),
    },
    figures=figures,
    notes=notes,
)
