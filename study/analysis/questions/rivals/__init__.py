"""Do halves by anything else than gOSI cost as much (section 3.4, with other rankings of the same units)?"""

from __future__ import annotations

from study.analysis.core.points import Quantity
from study.analysis.core.published import not_in_paper
from study.analysis.core.question import Estimand, Question
from study.analysis.questions.rivals.estimands import HELD_OUT, beyond, both_effects, costs_of, effect_of
from study.analysis.questions.rivals.figures import figures
from study.analysis.questions.rivals.notes import notes
from study.analysis.questions.rivals.words import RANKING_WORDS

_UNIT = "in units of random halves"


def _beyond(rival: str) -> Estimand:
    """Return how much more the ranking by gOSI decides what a half costs than another ranking does."""
    words = RANKING_WORDS[rival]
    return Estimand(
        values=lambda study: beyond(study, rival),
        quantity=Quantity(
            label=f"cost of the top minus the bottom half by gOSI, minus the same by {words}",
            unit=_UNIT,
            higher="halves by gOSI differ more",
            lower=f"halves by {words} differ more",
            sides=("gOSI", words),
            sides_label=f"top minus bottom half ({_UNIT})",
        ),
        sides=lambda study: both_effects(study, rival),
    )


_RANKING = "Ranking: the same ablation of halves of the same units, ranked by another quantity; the paper has no rival."
RIVALS = {
    "beyond_spatial_frequency": "spatial_frequency",
    "beyond_phase_modulation": "phase_modulation",
    "beyond_class_selectivity": "class_selectivity",
    "beyond_response_variance": "response_variance",
    "beyond_sparseness": "sparseness",
}
HELD_OUT_EFFECT = Estimand(
    values=lambda study: effect_of(study, HELD_OUT),
    quantity=Quantity(
        label="cost of the top minus the bottom half by gOSI from half of the gratings",
        unit=_UNIT,
        higher="the more selective half costs more",
        lower="the less selective half costs more",
        sides=("top", "random", "bottom"),
        sides_label="increase of test loss (nat)",
    ),
    sides=lambda study: costs_of(study, HELD_OUT),
)
QUESTION = Question(
    title="Does orientation selectivity decide what a half of a layer costs more than its rivals do?",
    paper_section="3.4",
    claim="The paper ranks units by gOSI alone and does not say what other rankings would give.",
    estimands={
        **{measure: _beyond(rival) for measure, rival in RIVALS.items()},
        "held_out_effect": HELD_OUT_EFFECT,
    },
    published={
        **{measure: not_in_paper(_RANKING) for measure in RIVALS},
        "held_out_effect": not_in_paper(
            "Reliability: gOSI from one half of the gratings, which owes nothing to the noise of the other half."
        ),
    },
    figures=figures,
    notes=notes,
)
