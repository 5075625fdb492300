"""Could selectivity tell when to stop training (section 3.2, its last sentence)?"""

from __future__ import annotations

from study.analysis.core.points import Quantity
from study.analysis.core.published import not_in_paper, unpublished
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.questions.early_stopping.estimands import regret_beside_fixed_epoch, regret_beside_last_epoch
from study.analysis.questions.early_stopping.figures import figures, notes
from study.vocabulary.schema import MATURATION


def _quantity(stop: str, rival: str) -> Quantity:
    return Quantity(
        label=f"validation loss where gOSI is highest minus that at {stop}",
        unit="nat",
        higher=f"worse than {rival}",
        lower=f"better than {rival}",
    )


QUESTION = Question(
    title="Could selectivity tell when to stop training?",
    paper_section="3.2",
    claim="gOSI is possibly a substitute signal for early stopping: it needs no labels, and rises as validation loss falls.",
    estimands={
        "regret_beside_last_epoch": Estimand(
            values=regret_beside_last_epoch, quantity=_quantity("the last epoch", "training to the end")
        ),
        "regret_beside_fixed_epoch": Estimand(
            values=regret_beside_fixed_epoch,
            quantity=_quantity("the epoch best for the other networks", "one epoch for all"),
            across_networks=True,
        ),
    },
    published={
        "regret_beside_last_epoch": PublishedAnalysis(
            layers=unpublished,
            test="No test and no figure; a remark.",
            difference="Outcome: the paper infers it from two curves that change together; here an epoch is chosen by gOSI"
            " alone, and its validation loss compared with that of training to the end.",
        ),
        "regret_beside_fixed_epoch": not_in_paper(
            "Comparator: an epoch that is chosen without looking at the network at all, where the losses of the other"
            " networks are lowest."
        ),
    },
    figures=figures,
    notes=notes,
    arm=MATURATION,
)
