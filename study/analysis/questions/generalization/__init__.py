"""Do networks that generalise better have more selective lower layers (section 3.3; Fig. 4a, b)?"""

from __future__ import annotations

import numpy as np
import xarray as xr

from study import stats
from study.analysis.core.layers import layer_gosi
from study.analysis.core.points import Quantity
from study.analysis.core.published import absence_of, negative_correlation, not_in_paper
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.core.results import PublishedLayer
from study.analysis.questions.generalization.estimands import (
    gosi_given_training_loss,
    test_loss,
    test_loss_given_training_loss,
)
from study.analysis.questions.generalization.figures import figures, notes


def _pooled(networks: xr.DataTree, layers: tuple[str, ...], *, root_seed: int) -> tuple[PublishedLayer, ...]:
    """Return Spearman's rho over all networks, augmentations ignored, and its asymptotic p."""
    gosi, loss = layer_gosi(networks).reindex(layer=list(layers)), test_loss(networks).values
    note, rows = "pooled over augmentations, which invites Simpson's paradox", []
    for layer in layers:
        values = gosi.sel(layer=layer).values
        defined = np.isfinite(values)
        outcome = stats.textbook_spearman(values[defined], loss[defined], alternative="two-sided")
        rows.append(negative_correlation(layer, outcome.statistic, outcome.pvalue, note))
    return tuple(rows)


OF_TEST_LOSS = Quantity(
    label="rank correlation of mean gOSI and test loss",
    unit="rank correlation",
    higher="more selective, more loss",
    lower="more selective, less loss",
    of="mean gOSI",
    against="test loss (nat)",
    published_alike=True,
)
GIVEN_TRAINING_LOSS = Quantity(
    label="rank correlation of mean gOSI and test loss, given training loss",
    unit="rank correlation",
    higher="more selective, more loss",
    lower="more selective, less loss",
    of="rank of gOSI, less what training loss explains",
    against="rank of test loss, likewise",
)


QUESTION = Question(
    title="Do networks that generalise better have more selective lower layers?",
    paper_section="3.3",
    claim="Over 200 networks, layer-mean gOSI correlates negatively with test loss in the lower layers, except in"
    " Conv 1.",
    estimands={
        "gosi_against_test_loss": Estimand(values=layer_gosi, quantity=OF_TEST_LOSS, against=test_loss),
        "gosi_against_test_loss_absence": Estimand(values=layer_gosi, quantity=OF_TEST_LOSS, against=test_loss),
        "gosi_against_test_loss_given_training_loss": Estimand(
            values=gosi_given_training_loss,
            quantity=GIVEN_TRAINING_LOSS,
            against=test_loss_given_training_loss,
            across_networks=True,
        ),
    },
    published={
        "gosi_against_test_loss": PublishedAnalysis(
            layers=_pooled,
            test="Spearman's rho, all networks pooled. The paper prints no p; here the asymptotic one.",
            difference="Pooling: augmentation changes gOSI and test loss both, which alone can make or reverse a"
            " correlation; here ranks are taken and permuted within augmentation.",
        ),
        "gosi_against_test_loss_absence": PublishedAnalysis(
            layers=absence_of(_pooled),
            test="Spearman's rho, all networks pooled, by eye. Here: absence read from a large asymptotic p.",
            difference="Absence and pooling: a large p says nothing of how large rho is; here rho, of ranks within"
            " augmentation, and on average over them, must lie within the registered margin.",
        ),
        "gosi_against_test_loss_given_training_loss": not_in_paper(
            "Common cause: a network that fits its training images better may be both more selective and better at test;"
            " ranks of training loss are regressed out of both."
        ),
    },
    figures=figures,
    notes=notes,
)
