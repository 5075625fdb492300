"""Which networks there are, and what their keys depend on: all that determines the result, and nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from study.config import AUGMENTATIONS, Config, MaturationConfig, MemorizationConfig, resolve
from study.config import population as plan
from study.config.population import (
    PlannedNetwork,
    patterned_layers,
    planned_networks,
    shaped_layers,
    training_images,
    training_of,
)
from study.experiment.measurements.multiverse import specifications_beside
from study.vocabulary.measurement import taken_on
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION, REARING

EVERY_ARM = (GENERALIZATION, MATURATION, MEMORIZATION, REARING)
ALONE = ("maturation.seeds=0", "memorization.seeds=0", "rearing.seeds=0", "replication.seeds=0")
NO_SPECIFICATIONS = ("multiverse.readouts=[]", "multiverse.gratings=[]")
ONE_SPECIFICATION = ("multiverse.readouts=max", "multiverse.gratings=fixed")


def networks(*assignments: str, fingerprint: str = "f1", flags: dict[str, Any] | None = None) -> list[PlannedNetwork]:
    """Return the plan of a quick study without its other arms, with some settings changed."""
    config = resolve("quick", assignments=(*ALONE, *assignments), flags=flags)
    return list(planned_networks(config, fingerprint=fingerprint))


def keys(*assignments: str, **others: Any) -> list[str]:
    """Return the keys of `networks`."""
    return [network.key for network in networks(*assignments, **others)]


def test_every_augmentation_meets_every_seed() -> None:
    """The population of the quick study: four augmentations times two seeds, eight networks."""
    planned = networks()
    assert {(network.augmentation, network.seed) for network in planned} == {
        (a, s) for a in AUGMENTATIONS for s in (0, 1)
    }
    assert len(planned) == 8
    assert {(n.arm, n.label_corruption, n.initialization_set) for n in planned} == {("generalization", 0.0, 1)}


def test_seeds_vary_slowest() -> None:
    """An interrupted study holds balanced groups: the first four networks are one of each augmentation."""
    planned = networks("population.seeds=3")
    assert [network.seed for network in planned] == [0] * 4 + [1] * 4 + [2] * 4
    assert [network.augmentation for network in planned] == list(AUGMENTATIONS) * 3


def test_arms_follow_the_population_and_the_second_set_the_first() -> None:
    """How many of each kind: seeds, times rates in the memorization arm, times augmentations in the population."""
    planned = networks(
        "population.seeds=1",
        "maturation.seeds=3",
        "memorization.seeds=2",
        "memorization.label_corruptions=0,0.5,1",
        "replication.seeds=2",
        "replication.maturation_seeds=1",
        "replication.memorization_seeds=1",
        "rearing.seeds=2",
        "rearing.conditions=free,isotropic,discouraged",
        "rearing.layers=conv1,conv1-conv3",
    )
    sets_and_arms = [(network.initialization_set, network.arm) for network in planned]
    assert sets_and_arms == [
        *[(1, "generalization")] * 4,
        *[(1, "maturation")] * 3,
        *[(1, "memorization")] * 6,
        *[(1, "rearing")] * 8,
        *[(2, "generalization")] * 8,
        (2, "maturation"),
        *[(2, "memorization")] * 3,
    ]
    assert {n.augmentation for n in planned if n.arm == "maturation"} == {"shift_flip"}
    assert {n.augmentation for n in planned if n.arm == "memorization"} == {"none"}
    assert [n.label_corruption for n in planned if n.arm == "memorization"] == [0.0, 0.5, 1.0] * 3
    reared = [n for n in planned if n.arm == "rearing"]
    assert {n.augmentation for n in reared} == {"shift_flip"}
    assert [(n.seed, n.rearing, n.reared_layers) for n in reared[:4]] == [
        (0, "free", "none"),
        (0, "isotropic", "conv1"),
        (0, "isotropic", "conv1-conv3"),
        (0, "discouraged", "conv2-conv3"),
    ]
    assert len({network.key for network in planned}) == len({n.label for n in planned}) == len(planned)


def test_each_arm_is_trained_in_its_own_way() -> None:
    """Small steps, or the last epoch's weights; all else as the population is trained."""
    config = resolve("quick", assignments=["maturation.epochs=5", "memorization.epochs=7", "training.batch_size=16"])
    assert training_of(config, "generalization") == config.training
    matured, memorized = training_of(config, "maturation"), training_of(config, "memorization")
    assert (matured.epochs, matured.learning_rate, matured.batch_size) == (5, 1e-4, 16)
    assert matured.selection == config.training.selection
    assert (memorized.epochs, memorized.selection, memorized.learning_rate) == (7, "last", 1e-3)


def test_only_the_memorization_arm_may_see_fewer_images() -> None:
    """Never more than there are; 0 stands for all."""
    config = resolve("quick", assignments=["memorization.train_images=100"])
    assert [training_images(config, arm, 400) for arm in EVERY_ARM] == [400, 400, 100, 400]
    assert training_images(config, "memorization", 60) == 60
    all_of_them = resolve("quick", assignments=["memorization.train_images=0"])
    assert training_images(all_of_them, "memorization", 400) == 400


def test_reared_networks_of_a_seed_share_what_is_drawn_and_nothing_else() -> None:
    """Images in one order and one initialisation under all conditions, so that seeds pair them; other keys."""
    planned = networks("rearing.seeds=2", "rearing.conditions=free,isotropic,parted,encouraged")
    reared = [network for network in planned if network.arm == REARING]
    assert [len({n.training_identity for n in reared if n.seed == seed}) for seed in (0, 1)] == [1, 1]
    assert len({n.training_identity for n in reared}) == 2
    assert len({n.identity for n in reared}) == len({n.key for n in reared}) == 8


def test_the_strength_of_penalties_changes_the_keys_of_penalised_networks_alone() -> None:
    """The others need not be trained again for it."""
    settings = ("rearing.seeds=1", "rearing.conditions=free,isotropic,discouraged,discouraged_sham")
    before, after = networks(*settings), networks(*settings, "rearing.strength=2")
    changed = {new.rearing for old, new in zip(before, after, strict=True) if old.key != new.key}
    assert changed == {"discouraged", "discouraged_sham"}


def test_only_networks_that_learn_on_have_other_keys_for_it() -> None:
    """The first seeds with shift and flip in the first set; how many others there are changes no key, and 0 none at all."""
    settings = ("population.seeds=3", "replication.seeds=1", "maturation.seeds=1")
    before = networks(*settings)
    assert networks(*settings, "need.retrained_networks=0") == before
    changed = []
    for number in (1, 2):
        after = networks(*settings, f"need.retrained_networks={number}")
        changed.append({new.key: new.label for old, new in zip(before, after, strict=True) if old.key != new.key})
    assert list(changed[1].values()) == [f"generalization: shift_flip, seed {seed}" for seed in (0, 1)]
    assert changed[0].keys() < changed[1].keys()


def test_layers_whose_kernels_are_shaped() -> None:
    """Of a network those of its condition's span; of the arm all that any condition shapes, as one compiled network serves."""
    settings = ("rearing.seeds=1", "rearing.conditions=free,isotropic,encouraged", "rearing.layers=conv1,conv5-conv6")
    config = resolve("quick", assignments=settings)
    shaped = {
        (network.rearing, network.reared_layers): shaped_layers(network, config)
        for network in planned_networks(config, fingerprint="f")
        if network.arm == REARING
    }
    assert shaped == {
        ("free", "none"): (),
        ("isotropic", "conv1"): ("conv1",),
        ("isotropic", "conv5-conv6"): ("conv5", "conv6"),
        ("encouraged", "conv2-conv3"): (),
    }
    assert patterned_layers(config, REARING) == ("conv1", "conv5", "conv6")
    assert patterned_layers(config, GENERALIZATION) == ()
    penalised = resolve("quick", assignments=("rearing.seeds=1", "rearing.conditions=free,encouraged"))
    assert patterned_layers(penalised, REARING) == ()


ARMS = (
    "maturation.seeds=1",
    "memorization.seeds=1",
    "rearing.seeds=1",
    "rearing.epochs=0",
    "rearing.conditions=free,parted,discouraged",
)
CHANGES = {
    "maturation.epochs=9": {"maturation"},
    "maturation.learning_rate=0.01": {"maturation"},
    "memorization.epochs=9": {"memorization"},
    "memorization.train_images=50": {"memorization"},
    "ablation.null_draws=61": {"generalization"},
    "shift_invariance.test_images=100": {"generalization"},
    "shift_invariance.layers=conv2": {"generalization"},
    "rearing.epochs=9": {"rearing"},
    "rearing.augmentation=none": {"rearing"},
    "training.epochs=3": {"generalization", "rearing"},
    "training.learning_rate=0.01": {"generalization", "memorization", "rearing"},
    "training.patience=5": {"generalization", "rearing"},
    "network.padding=same": set(EVERY_ARM),
    "training.selection=validation_loss": {"generalization", "maturation", "rearing"},
    "probe.readout=max": set(EVERY_ARM),
}


@pytest.mark.parametrize(("assignment", "arms"), CHANGES.items())
def test_a_setting_changes_the_keys_of_the_arms_it_matters_to(assignment: str, arms: set[str]) -> None:
    """Networks of the others are not trained again for it."""
    before, after = networks(*ARMS), networks(*ARMS, assignment)
    assert {new.arm for old, new in zip(before, after, strict=True) if new.key != old.key} == arms


@pytest.mark.parametrize(
    ("before", "after", "arms"),
    [
        (NO_SPECIFICATIONS, ONE_SPECIFICATION, {"generalization"}),
        (ONE_SPECIFICATION, ("multiverse.readouts=max,centre", "multiverse.gratings=fixed"), {"generalization"}),
        (ONE_SPECIFICATION, (*ONE_SPECIFICATION, "multiverse.permutations=77"), {"generalization"}),
        (NO_SPECIFICATIONS, (*NO_SPECIFICATIONS, "multiverse.permutations=77"), set()),
        (NO_SPECIFICATIONS, ("multiverse.readouts=mean", "multiverse.gratings=min_max"), set()),
    ],
)
def test_other_specifications_change_the_keys_of_the_population_alone(
    before: tuple[str, ...], after: tuple[str, ...], arms: set[str]
) -> None:
    """And of nobody when nothing is measured: no specification is asked for, or the registered probe alone."""
    old, new = networks(*ARMS, *before), networks(*ARMS, *after)
    assert {two.arm for one, two in zip(old, new, strict=True) if one.key != two.key} == arms


def test_every_readout_is_combined_with_every_grating_set() -> None:
    """Save for the registered probe, whichever that is; in the population alone."""
    assignments = ("multiverse.readouts=max,mean,output", "multiverse.gratings=min_max,whole_cycles")
    config = resolve("quick", assignments=assignments)
    every = [f"{readout}/{name}" for name in ("min_max", "whole_cycles") for readout in ("max", "mean", "output")]
    assert specifications_beside(config) == tuple(name for name in every if name != "mean/min_max")
    other = resolve("quick", assignments=(*assignments, "probe.readout=max"))
    assert specifications_beside(other) == tuple(name for name in every if name != "max/min_max")
    assert specifications_beside(Config()) == ()
    assert [[one.name for one in taken_on(arm, config)].count("multiverse") for arm in EVERY_ARM] == [1, 0, 0, 0]


def test_networks_that_are_stored_are_found_again() -> None:
    """A new setting that asks for nothing leaves keys as they were; these change with the algorithm's version alone."""
    config = dataclasses.replace(
        Config(), maturation=MaturationConfig(seeds=1), memorization=MemorizationConfig(seeds=1)
    )
    firsts = {network.arm: network.key for network in reversed(planned_networks(config, fingerprint="f"))}
    assert plan.ALGORITHM_VERSION == 4
    assert firsts == {
        "generalization": "87d54f7999ce40088403",
        "maturation": "2a487d7f0897bebc942d",
        "memorization": "2da1c11b85b307dd7a92",
    }


def test_keys_and_identities_are_unique() -> None:
    """200 networks of the paper's size, and the second set of initialisations beside."""
    planned = networks("population.seeds=50", "replication.seeds=50")
    assert len({network.key for network in planned}) == 400
    assert len({network.identity for network in planned}) == 400
    assert all(len(network.key) == 20 and int(network.key, 16) >= 0 for network in planned)


def test_rates_of_corruption_share_what_training_draws() -> None:
    """Initial weights, labels and batches are those of the seed at every rate; each arm, set and seed has its own."""
    planned = networks("memorization.seeds=2", "replication.memorization_seeds=1", "maturation.seeds=1")
    memorizing = [network for network in planned if network.arm == "memorization"]
    rates = len({network.label_corruption for network in memorizing})
    shared = {network.training_identity for network in memorizing}
    assert (len(memorizing), len(shared)) == (3 * rates, 3)
    assert len({network.identity for network in memorizing}) == len(memorizing)
    others = [network for network in planned if network.arm != "memorization"]
    assert all(network.training_identity == network.identity for network in others)


def test_the_plan_is_the_same_every_time() -> None:
    """Planning draws nothing."""
    assert networks() == networks()


@pytest.mark.parametrize(
    "assignment",
    [
        "network.padding=same",
        "network.order=conv_bn_relu",
        "training.epochs=9",
        "training.batch_size=8",
        "training.learning_rate=0.01",
        "training.selection=last",
        "probe.readout=max",
        "probe.contrast=fixed",
        "probe.permutations=500",
        "ablation.layers=conv1,conv2",
        "ablation.clamps=output_zero",
        "ablation.null_draws=61",
        "ablation.null_images=64",
        "images.split=pooled",
        "images.split_seed=1",
        "images.train_images=100",
        "images.validation_images=100",
        "images.test_images=100",
        "study.seed=1",
    ],
)
def test_what_determines_the_result_changes_every_key(assignment: str) -> None:
    """No network of one study is taken for a network of the other."""
    assert not set(keys()) & set(keys(assignment))


@pytest.mark.parametrize(
    "assignment",
    [
        "execution.workers=7",
        "execution.retries=0",
        "execution.checkpoint_epochs=1",
        "study.name=other",
        "images.data_dir=/d",
    ],
)
def test_what_does_not_determine_the_result_changes_no_key(assignment: str) -> None:
    """How the work is spread, what the study is called and where its images lie."""
    assert keys() == keys(assignment)


def test_other_images_change_every_key() -> None:
    """Images count by their fingerprint."""
    assert not set(keys(fingerprint="f1")) & set(keys(fingerprint="f2"))


def test_where_the_same_images_came_from_does_not_matter() -> None:
    """One fingerprint, another source: the same networks."""
    assert keys() == keys("images.source=folder")


def test_a_larger_study_holds_the_smaller_one() -> None:
    """More seeds continue the plan; fewer augmentations leave some out; a network keeps its key in any of them."""
    assert keys("population.seeds=5")[:8] == keys()
    assert keys("population.augmentations=shift") == [n.key for n in networks() if n.augmentation == "shift"]


def test_a_new_algorithm_version_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored networks are not reused when the program would now give other results."""
    before = keys()
    monkeypatch.setattr(plan, "ALGORITHM_VERSION", plan.ALGORITHM_VERSION + 1)
    assert not set(before) & set(keys())


def test_the_identity_does_not_depend_on_how_the_network_is_trained() -> None:
    """Random streams are named by the network, so that a change of settings changes nothing but what it must."""
    assert [n.identity for n in networks()] == [n.identity for n in networks("training.epochs=3", fingerprint="other")]


def test_the_default_config_plans_too() -> None:
    """A config made in code, without a profile."""
    assert len(planned_networks(Config(), fingerprint="f")) == 8
