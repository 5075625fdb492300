"""Is it variation under shifts that ablation costs loss by (sections 3.4 and 3.5)?"""

from __future__ import annotations

import functools

from study.analysis.core.points import Quantity
from study.analysis.core.published import not_in_paper
from study.analysis.core.question import Estimand, Question
from study.analysis.questions.mediation.estimands import (
    EXCHANGED,
    OWN,
    RANDOM,
    UNSHIFTED,
    carried_beyond,
    carried_beyond_by_block,
    carried_sides,
)
from study.analysis.questions.mediation.figures import figures, notes

INTERVENTION = (
    "Intervention: the paper shows that ablation raises variation under shifts and that it costs loss, and takes the one for"
    " the way of the other; here that variation is taken away."
)


def _estimand(reference: str, received: str, label: str) -> Estimand:
    """Return what the top half costs by what is taken away, or put in its place, beyond a reference."""
    return Estimand(
        values=functools.partial(carried_beyond, reference=reference, received=received),
        quantity=Quantity(
            label=f"{label}, more selective half minus {'random halves' if reference == RANDOM else 'the other half'}",
            unit="nat",
            higher="variation costs more behind the more selective half",
            lower="variation costs less behind it",
            sides=("top", reference),
            sides_label="loss beyond that without variation (nat)",
        ),
        blocks=functools.partial(carried_beyond_by_block, reference=reference, received=received),
        sides=functools.partial(carried_sides, reference=reference, received=received),
    )


BY_VARIATION = _estimand(RANDOM, OWN, "loss that goes with variation under shifts")
QUESTION = Question(
    title="Does ablation cost loss by way of variation under shifts?",
    paper_section="3.4, 3.5",
    claim="Selective units of the lower layers matter because they make the last layer invariant to shifts.",
    estimands={
        "loss_by_variation": BY_VARIATION,
        "loss_by_variation_absence": BY_VARIATION,
        "loss_by_deviations": _estimand(RANDOM, EXCHANGED, "loss that another image's deviations bring"),
        "loss_by_variation_against_bottom_half": _estimand("bottom", OWN, "loss that goes with variation under shifts"),
        "loss_by_variation_unshifted": _estimand(RANDOM, UNSHIFTED, "loss that goes with variation, unshifted image"),
    },
    published={
        "loss_by_variation": not_in_paper(INTERVENTION),
        "loss_by_variation_absence": not_in_paper(INTERVENTION),
        "loss_by_deviations": not_in_paper(
            "Intervention: the control, variation that says nothing of the image in place of what was taken."
        ),
        "loss_by_variation_against_bottom_half": not_in_paper(INTERVENTION),
        "loss_by_variation_unshifted": not_in_paper(INTERVENTION),
    },
    figures=figures,
    notes=notes,
)
