"""Do selectivity and validation loss change together while a network is trained (section 3.2; Figs. 3 and A5)?"""

from __future__ import annotations

from study.analysis.core.points import Quantity
from study.analysis.core.published import absence_of, not_in_paper
from study.analysis.core.question import Estimand, PublishedAnalysis, Question
from study.analysis.questions.maturation.estimands import (
    gosi_against_validation_loss,
    link_within_networks,
    residual_similarities,
)
from study.analysis.questions.maturation.figures import figures
from study.analysis.questions.maturation.notes import notes
from study.analysis.questions.maturation.published import one_network
from study.vocabulary.schema import MATURATION

OVER_EPOCHS = Quantity(
    label="rank correlation over epochs of mean gOSI and validation loss",
    unit="rank correlation",
    higher="both rise or fall together",
    lower="gOSI rises as loss falls",
    published_alike=True,
)
LINK = Quantity(
    label="rank correlation over epochs of mean gOSI and validation loss, each less its mean over networks",
    unit="rank correlation",
    higher="above the others in both",
    lower="more selective than the others when its loss is lower",
)
QUESTION = Question(
    title="Do selectivity and validation loss change together during training?",
    paper_section="3.2",
    claim="Over the first 50 epochs, layer-mean gOSI rises while validation loss falls: a strong negative rank correlation in"
    " Conv 1 to Conv 5, which says that both change together.",
    estimands={
        "gosi_against_validation_loss": Estimand(values=gosi_against_validation_loss, quantity=OVER_EPOCHS),
        "gosi_against_validation_loss_absence": Estimand(values=gosi_against_validation_loss, quantity=OVER_EPOCHS),
        "link_within_networks": Estimand(
            values=link_within_networks, quantity=LINK, pairs=residual_similarities, across_networks=True
        ),
    },
    published={
        "gosi_against_validation_loss": PublishedAnalysis(
            layers=one_network,
            test="Spearman's rho over the epochs of one network. The paper prints no p; here the textbook's.",
            difference="Autocorrelation and unit of analysis: epochs of one run are not independent; here each network"
            " gives one rho, and their mean is tested over networks.",
        ),
        "gosi_against_validation_loss_absence": PublishedAnalysis(
            layers=absence_of(one_network),
            test="Spearman's rho over the epochs of one network, by eye. Here: absence read from a large textbook p.",
            difference="Absence and autocorrelation: a large p says nothing of how large rho is, and epochs are not"
            " independent; here the mean rho over networks must lie within the registered margin.",
        ),
        "link_within_networks": not_in_paper(
            "Common trend: loss falls and gOSI rises in every network, whatever the one has to do with the other; what all"
            " networks have in common at an epoch is subtracted, and curves of one network compared with those of others."
        ),
    },
    figures=figures,
    notes=notes,
    arm=MATURATION,
)
