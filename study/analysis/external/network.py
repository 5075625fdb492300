"""One network, described: the paper's figures on existence, spatial frequency and ablation, its rivals, what holds within it.

A network is one experimental unit. Nothing here is tested over networks: what has a p-value is a unit against shuffles
of its own responses, or a layer of this network against random halves of it.
"""

from __future__ import annotations

import dataclasses

import xarray as xr

from study.analysis.core.evidence import evidence_of
from study.analysis.core.point_values import network_points
from study.analysis.core.results import (
    QuestionResult,
)
from study.analysis.core.testing import Tested, tested_layers, with_verdicts
from study.analysis.external.ablation import ablation_described
from study.analysis.external.existence import existence_described
from study.analysis.external.mediation_need import mediation_described, need_described
from study.analysis.external.rivals import rivals_described
from study.analysis.external.spatial_frequency import spatial_frequency_described
from study.analysis.questions import replication
from study.registration import Registration


def described(study: xr.DataTree, registration: Registration | None, *, root_seed: int) -> tuple[QuestionResult, ...]:
    """Return what can be said of the one network of a study, question by question.

    Parameters
    ----------
    study
        The compacted study of one external network; see `study.vocabulary.schema.EXTERNAL`.
    registration
        Where it is given, the estimates of what is registered for VGG16 are added, each untested for want of networks.
    root_seed
        Seed of resampling.
    """
    questions = [existence_described(study), spatial_frequency_described(study, root_seed)]
    if "ablation" in study.children:
        questions.append(ablation_described(study, root_seed))
    if "rivals" in study.children:
        questions.append(rivals_described(study, root_seed))
    if "mediation" in study.children:
        questions += [mediation_described(study, root_seed), need_described(study, root_seed)]
    if registration is not None and study["tuning"].attrs.get("model") == "vgg16":
        questions.append(_vgg16(study, registration, root_seed))
    return tuple(questions)


def _vgg16(study: xr.DataTree, registration: Registration, root_seed: int) -> QuestionResult:
    """Return the estimates of what is registered for VGG16, each beside what the paper says."""
    tested, quantities = {}, {}
    for name, hypothesis in registration.hypotheses.items():
        if hypothesis.measure not in replication.OF_VGG16:
            continue
        estimand = replication.QUESTION.estimands[hypothesis.measure]
        published = replication.QUESTION.published[hypothesis.measure]
        evidence = evidence_of(estimand, study)
        tested[name] = Tested(
            hypothesis,
            tested_layers(hypothesis, evidence, root_seed=root_seed),
            published.layers(study, hypothesis.layers, root_seed=root_seed),
            points=network_points(hypothesis, estimand, evidence, study),
        )
        quantities[name] = estimand.quantity
    return QuestionResult(
        "vgg16",
        "What is registered for VGG16, described",
        replication.QUESTION.paper_section,
        "Orientation-selective units exist in all layers of VGG16, and they prefer one orientation at most spatial"
        " frequencies (Figs. A3b, A4b). Shuffled responses give as high a gOSI in its high layers. Ablating the more"
        " selective half costs more than twice as much in block1_conv2, block1_pool and block2_conv1 (Fig. A7b).",
        tuple(dataclasses.replace(result, quantity=quantities[name]) for name, result in with_verdicts(tested).items()),
        notes=(
            "One network is one experimental unit: each estimate stands as it is, and the registered test, which needs"
            " several networks, is not run.",
        ),
    )
