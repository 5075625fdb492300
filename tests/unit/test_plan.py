"""Which networks there are, and what their keys depend on: all that determines the result, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from study import plan
from study.config import AUGMENTATIONS, Config, resolve
from study.plan import PlannedNetwork, planned_networks


def networks(*assignments: str, fingerprint: str = "f1", flags: dict[str, Any] | None = None) -> list[PlannedNetwork]:
    """Return the plan of a quick study with some settings changed."""
    return list(planned_networks(resolve("quick", assignments=assignments, flags=flags), fingerprint=fingerprint))


def keys(*assignments: str, **others: Any) -> list[str]:
    """Return the keys of `networks`."""
    return [network.key for network in networks(*assignments, **others)]


def test_every_augmentation_meets_every_seed() -> None:
    """The quick study: four augmentations times two seeds, eight networks."""
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


def test_keys_and_identities_are_unique() -> None:
    """200 networks of the paper's size, and the second set of initialisations beside."""
    planned = networks("population.seeds=50") + networks("population.seeds=50", "population.initialization_set=2")
    assert len({network.key for network in planned}) == 400
    assert len({network.identity for network in planned}) == 400
    assert all(len(network.key) == 20 and int(network.key, 16) >= 0 for network in planned)


def test_the_plan_is_the_same_every_time() -> None:
    """Planning draws nothing."""
    assert networks() == networks()


@pytest.mark.parametrize(
    "assignment",
    [
        "network.padding=same",
        "network.order=conv_bn_relu",
        "training.epochs=9",
        "training.batch_size=16",
        "training.learning_rate=0.01",
        "training.selection=last",
        "population.initialization_set=2",
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
    ["execution.workers=7", "execution.retries=0", "execution.checkpoint_epochs=1", "study.name=other",
     "images.data_dir=/d"],
)  # fmt: skip
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
