"""The multiverse: its first specification is the registered analysis, planted effects are found, agreement is counted."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from study import analysis, stats
from study.analysis.core.networks import networks_of
from study.analysis.core.results import INCONCLUSIVE, NOT_TESTED, OPPOSITE, SUPPORTED
from study.analysis.multiverse import Explored, agreements, direction, explored, multiverses, repeated_hypothesis
from study.analysis.multiverse.conclude import says
from study.analysis.multiverse.specification import Sample, combinations
from study.analysis.questions import questions
from study.config import CLAMPS
from study.registration import Hypothesis
from tests.example_multiverse import OTHER_TUNINGS, with_other_tunings
from tests.example_networks import example_arrays
from tests.example_study import AUGMENTATIONS, LAYERS, example_study, only, registered, replaced, study_of

SMALL = {"conv1": 6, "conv2": 8, "conv3": 8, "fc1": 6}
MOST_SPECIFICATIONS = 200


def hypothesis_of(question: str) -> Hypothesis:
    """Return the registered hypothesis that a question's multiverse repeats."""
    hypothesis = repeated_hypothesis(registered().hypotheses, question)
    assert hypothesis is not None
    return hypothesis


def explore(study: xr.DataTree, question: str, /, **factors: tuple[str, ...]) -> Explored:
    """Return the specifications of some factors, of all registered ones by default."""
    declared = questions()[question]
    networks = networks_of(study, declared.arm, 1)
    assert networks is not None
    chosen = factors or registered().multiverse[question]
    return explored(multiverses()[question], chosen, hypothesis_of(question), networks, root_seed=0)


@functools.cache
def of_every_arm() -> xr.DataTree:
    """Return a study of few small networks of each arm, of which some units are silent."""
    networks = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        common: dict[str, Any] = {"layers": SMALL, "epochs": 9, "draws": 6, "clamps": CLAMPS, "silent": 0.15}
        networks += [
            example_arrays(rng, augmentation=name, seed=seed, test_loss=1.0 + rng.random(), **common)
            for name in AUGMENTATIONS
        ]
        networks.append(example_arrays(rng, arm="maturation", seed=seed, **common))
        networks += [
            example_arrays(
                rng,
                arm="memorization",
                label_corruption=rate,
                seed=seed,
                final_train_accuracy=0.99 - 0.05 * (rate > 0.5) * seed,
                **common,
            )
            for rate in (0.0, 0.4, 0.8)
        ]
    study = study_of(networks)
    losses = study["need"].to_dataset()[["loss", "random_loss"]]  # above that of the intact networks, of 1 to 2 nat
    return replaced(study, "need", **{name: 2.5 + 0.4 * rng.random(losses[name].shape) for name in losses})


def samples(question: str, study: xr.DataTree) -> list[Sample | str]:
    """Return what every registered combination takes from a study; no test is run."""
    declared = questions()[question]
    networks = networks_of(study, declared.arm, 1)
    assert networks is not None
    sampled = multiverses()[question].sampled(networks)
    return [
        sampled.sample(levels) for levels in combinations(multiverses()[question], registered().multiverse[question])
    ]


@pytest.mark.parametrize("question", multiverses())
def test_the_first_specification_is_the_registered_measure(question: str) -> None:
    """Value for value, NaN included: what the registration calls the registered level is what is tested."""
    declared = questions()[question]
    networks = networks_of(of_every_arm(), declared.arm, 1)
    assert networks is not None
    multiverse = multiverses()[question]
    sampled = multiverse.sampled(networks)
    first = sampled.sample(multiverse.registered)
    assert isinstance(first, Sample)
    measure = declared.estimands[multiverse.measure]
    expected = measure.values(networks).transpose("network", "layer").sel(layer=list(sampled.layers))
    np.testing.assert_allclose(first.values, expected.values, rtol=1e-12)
    if measure.against is not None:
        np.testing.assert_array_equal(first.against, measure.against(networks).values)
    assert (first.covariate, first.pooled) == (None, False)


@pytest.mark.parametrize("question", multiverses())
def test_specifications_are_bounded_differ_and_have_a_value_somewhere(question: str) -> None:
    """With all gratings and read-outs measured; no two take the same from every network unless nothing tells them apart."""
    study = with_other_tunings(of_every_arm(), gosi={name: 0.01 * place for place, name in enumerate(OTHER_TUNINGS, 1)})
    taken = [one for one in samples(question, study) if isinstance(one, Sample)]
    assert 10 < len(taken) <= MOST_SPECIFICATIONS
    assert all(one.values.shape == taken[0].values.shape for one in taken)
    empty = sum(bool(np.isnan(one.values).all()) for one in taken)
    # Made-up units answer to one frequency only, so that a range over two is undefined.
    assert empty == (len(taken) // 2 if question == "spatial_frequency" else 0)


@pytest.mark.parametrize("question", ["existence", "spatial_frequency", "untrained", "generalization", "ablation"])
def test_other_tunings_are_read_where_they_were_measured(question: str) -> None:
    """With them there are more specifications; without them each is left out, for that reason."""
    without, with_them = samples(question, of_every_arm()), samples(question, with_other_tunings(of_every_arm()))
    extra = [
        after
        for before, after in zip(without, with_them, strict=True)
        if isinstance(after, Sample) and not isinstance(before, Sample)
    ]
    assert len(extra) >= 3 * len(OTHER_TUNINGS)
    reasons = {one for one in without if isinstance(one, str)}
    assert any("not measured in this study" in reason for reason in reasons)
    assert not any("not measured in this study" in one for one in with_them if isinstance(one, str))


def test_what_another_tuning_measured_is_what_is_taken() -> None:
    """A read-out that finds every gOSI higher by a tenth gives layer means higher by a tenth; a part of one is none."""
    study = with_other_tunings(of_every_arm(), names=("max/min_max",), gosi={"max/min_max": 0.1})
    networks = networks_of(study, "generalization", 1)
    assert networks is not None
    multiverse = multiverses()["generalization"]
    usual, other, missing = (
        multiverse.sampled(networks).sample(multiverse.registered | {"readout": readout})
        for readout in ("mean", "max", "centre")
    )
    assert isinstance(usual, Sample)
    assert isinstance(other, Sample)
    np.testing.assert_allclose(other.values, usual.values + 0.1)
    assert missing == "that read-out or set of gratings was not measured in this study"
    groups = {f"/{name}": networks[name].to_dataset() for name in networks.children}
    groups["/multiverse"] = groups["/multiverse"].isel(network=slice(1, None))
    partial = multiverse.sampled(xr.DataTree.from_dict(groups))
    assert isinstance(partial.sample(multiverse.registered | {"readout": "max"}), str)


def test_a_planted_effect_of_ablation_is_found_by_all_that_see_it() -> None:
    """Top halves of conv2 cost more by every clamp, outcome and scale; where halves are alike nothing was planted."""
    alike = {name: {"conv2": 0.0} for name in ("matched_activity", "matched_activity_sd", "matched_weight_norm")}
    study = example_study(
        seeds=3, layers={"conv1": 6, "conv2": 8}, log_ratio={"conv2": 0.5}, control_log_ratio=alike, clamps=CLAMPS
    )
    table = explore(study, "ablation").table
    conv2 = table[table["layer"] == "conv2"]
    sees_it = conv2["halves"] == "by gOSI"
    assert len(conv2[sees_it]) == 5 + 4 * 3
    assert set(conv2["says"][sees_it]) == {SUPPORTED}
    assert (conv2["pvalue"][sees_it] <= 0.01).all()
    assert (conv2["estimate"][sees_it] > 0).all()
    assert INCONCLUSIVE in set(conv2["says"][~sees_it])
    (agreement,) = (one for one in agreements(table, null_value=0.0) if one.layer == "conv2")
    assert agreement.registered == SUPPORTED
    assert agreement.specifications == len(conv2) - 1
    assert agreement.same_verdict == int((conv2["says"] == SUPPORTED).sum()) - 1


def simpsons_study() -> xr.DataTree:
    """Return 24 networks in which gOSI falls with test loss within each augmentation, and rises with it over all."""
    rng = np.random.default_rng(3)
    study = example_study(seeds=6, layers={"conv1": 4, "conv2": 6}, silent=0.0)
    group = np.tile(np.arange(4.0), 6)
    within = rng.normal(size=24)
    gosi = np.clip(0.2 + 0.15 * group - 0.02 * (within + 0.4 * rng.normal(size=24)), 0.01, 0.99)
    study = replaced(study, "tuning", gosi=np.broadcast_to(gosi[:, None, None], study["tuning"]["gosi"].shape))
    return replaced(study, "training", test_loss=1.0 + 0.5 * group + 0.05 * within)


def test_a_pooled_correlation_that_flips_its_sign_counts_as_disagreeing() -> None:
    """Simpson's paradox: within augmentation the claim holds, pooled its opposite; one of two others disagrees."""
    curve = explore(
        simpsons_study(),
        "generalization",
        correlation=("within_augmentation", "pooled"),
        summary=("mean_gosi", "median_gosi"),
    )
    table = curve.table.set_index(["layer", "correlation", "summary"])
    within, pooled = (table.xs(way, level="correlation") for way in ("within augmentation", "pooled"))
    assert (within["estimate"] < -0.5).all()
    assert set(within["says"]) == {SUPPORTED}
    assert (pooled["estimate"] > 0.8).all()
    assert set(pooled["says"]) == {OPPOSITE}
    for agreement in agreements(curve.table, null_value=0.0):
        assert dataclasses.astuple(agreement)[1:] == (SUPPORTED, 3, 3, 1, 3, 1)


def test_agreement_is_counted_by_hand() -> None:
    """Four others in the first layer: two of three signs and one of two verdicts agree; in the second nothing can."""
    rows = [
        ("a", True, -0.2, SUPPORTED),
        ("a", False, -0.1, SUPPORTED),
        ("a", False, 0.3, NOT_TESTED),
        ("a", False, -0.4, INCONCLUSIVE),
        ("a", False, math.nan, NOT_TESTED),
        ("b", True, math.nan, NOT_TESTED),
        ("b", False, -0.4, SUPPORTED),
    ]
    table = pd.DataFrame(rows, columns=["layer", "registered", "estimate", "says"])
    first, second = agreements(table, null_value=0.0)
    assert dataclasses.astuple(first) == ("a", SUPPORTED, 4, 3, 2, 2, 1)
    assert dataclasses.astuple(second) == ("b", NOT_TESTED, 1, 0, 0, 0, 0)
    shifted = agreements(table, null_value=-0.15)[0]
    assert (shifted.with_sign, shifted.same_sign) == (3, 1)


@pytest.mark.parametrize(
    ("low", "high", "towards", "expected"),
    [
        (0.1, 0.2, 1, SUPPORTED),
        (0.1, 0.2, -1, OPPOSITE),
        (-0.2, -0.1, 1, OPPOSITE),
        (-0.2, -0.1, -1, SUPPORTED),
        (-0.1, 0.1, 1, INCONCLUSIVE),
        (0.0, 0.1, 1, INCONCLUSIVE),
        (-0.1, 0.0, -1, INCONCLUSIVE),
        (math.nan, math.nan, 1, NOT_TESTED),
    ],
)
def test_an_interval_says_on_which_side_it_lies(low: float, high: float, towards: int, expected: str) -> None:
    """Wholly on the claim's side, wholly on the other, or neither; also of a null value other than 0."""
    assert says(low, high, 0.0, towards) == expected
    assert says(low + 0.5, high + 0.5, 0.5, towards) == expected


def test_the_direction_is_the_claims() -> None:
    """That of the alternative; of a two-sided test that of the smallest effect of interest."""
    one = hypothesis_of("existence")
    assert direction(one) == 1
    assert direction(dataclasses.replace(one, alternative="less")) == -1
    assert direction(dataclasses.replace(one, alternative="two-sided", smallest_effect=-0.1)) == -1


def test_networks_that_all_say_the_same_leave_no_doubt() -> None:
    """Every ablated top half costs just as much: no standard deviation to draw by, but an interval of one point."""
    study = example_study(seeds=2, layers={"conv1": 6, "conv2": 8})
    loss = np.broadcast_to([1.5, 1.2], study["ablation"]["loss"].shape)
    study = replaced(study, "ablation", loss=loss, baseline_loss=np.ones(8))
    curve = explore(study, "ablation", scale=("random_halves", "difference"), images=("null_subset", "whole_test_set"))
    whole = curve.table[curve.table["images"] == "whole test set"]
    np.testing.assert_allclose(whole["estimate"], 0.3)
    assert whole["effect"].isna().all()
    assert set(whole["says"]) == {SUPPORTED}
    assert whole["note"].str.contains("the same in every network").all()


def test_nothing_undefined_is_dropped() -> None:
    """Rows whose value no network has stay, last in place, with their reason; networks without a value are counted."""
    study = example_study(seeds=2, layers={"conv1": 6, "conv2": 8}, silent=0.3)
    curve = explore(
        study, "spatial_frequency", units=("share_above_0.33",), frequencies=("at_least_one", "at_least_two")
    )
    undefined = curve.table[curve.table["frequencies"] == "at least two"]
    assert undefined["estimate"].isna().all()
    assert set(undefined["says"]) == {NOT_TESTED}
    assert (undefined["undefined"] == 8).all()
    assert undefined["note"].str.contains("at least 8 networks").all()
    assert (undefined["place"] == 2).all()
    assert (curve.table["networks"] + curve.table["undefined"] == 8).all()
    assert [(one.specifications, one.with_sign) for one in agreements(curve.table, null_value=0.5)] == [(1, 0)] * 2


def test_a_correlation_given_a_covariate_is_the_librarys() -> None:
    """Estimate and interval of `study.stats`, within augmentation, and no test of fewer networks than registered."""
    study = example_study(seeds=4, layers={"conv1": 6}, vary=lambda name, seed: {"test_loss": 1.0 + 0.1 * seed})
    study = replaced(study, "training", final_train_loss=np.random.default_rng(5).normal(size=16))
    levels = ("within_augmentation", "given_training_loss")
    table = explore(study, "generalization", correlation=levels).table.set_index("correlation")
    networks = networks_of(study, "generalization", 1)
    assert networks is not None
    training = networks["training"].to_dataset()
    gosi = networks["tuning"]["gosi"].sel(state="analysed").mean("unit").values
    expected = stats.partial_spearman(
        gosi,
        training["test_loss"].values,
        training["final_train_loss"].values,
        strata=training["network"].coords["augmentation"].values,
    )
    estimate = float(table.loc["given training loss", "estimate"])
    assert estimate == pytest.approx(expected.statistic)
    few = explore(example_study(seeds=2, layers={"conv1": 6}), "generalization", correlation=levels).table
    assert few["pvalue"].isna().all()
    assert few["note"].str.contains("at least 12 networks").all()


def test_the_multiverse_stands_beside_the_results_and_changes_none() -> None:
    """The curve is the last figure, agreement in every layer; verdicts are those of a registration without it."""
    study = example_study(seeds=2)
    whole = dataclasses.replace(
        only("existence-selective-units"), multiverse={"existence": {"control": ("own_shuffle", "none")}}
    )
    (with_it,) = analysis.analyse(study, whole, root_seed=0)
    (without,) = analysis.analyse(study, dataclasses.replace(whole, multiverse={}), root_seed=0)
    assert repr(with_it.hypotheses) == repr(without.hypotheses)  # NaN in both is the same
    assert [figure.id for figure in with_it.figures] == [*(one.id for one in without.figures), "existence-multiverse"]
    assert without.multiverse == ()
    assert [one.layer for one in with_it.multiverse] == list(LAYERS)
    assert all(one.specifications == 1 for one in with_it.multiverse)
    shows = with_it.figures[-1].shows
    assert shows.startswith("Exploratory; changes no verdict. 2 of 2 combinations of the registered levels")
    assert "existence-selective-units" in shows


def test_what_is_left_out_is_counted_and_said() -> None:
    """Of six combinations two cannot be computed, for one reason, which the figure gives."""
    curve = explore(
        example_study(seeds=2, layers={"conv1": 6}),
        "existence",
        summary=("share_above_0.33", "share_above_0.5"),
        control=("own_shuffle", "orientation_shuffle", "none"),
    )
    assert len(curve.table) == 4
    assert list(curve.left_out.values()) == [2]
    assert "of the orientation shuffle only the mean gOSI is stored" in next(iter(curve.left_out))
