"""Which networks are trained together, what that changes of their keys, and that they are the networks they were alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from study.config import Config, changed_settings, config_digest, measured_settings, resolve
from study.config.population import planned_networks
from study.config.programs import programs
from study.experiment.compiled_network import CompiledNetworks
from study.experiment.one_network import measure_network
from study.experiment.several_networks import train_together
from study.images import load_images
from study.images.preparation.split import partition, split_images
from study.store import Checkpoint, StudyFolder
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import MATURATION, MEMORIZATION, REARING

THREE = "execution.networks_per_program=3"


def test_programs_are_filled_in_the_order_of_the_plan_within_an_arm_and_set() -> None:
    """The last one of an arm has empty places, networks of the rearing arm are alone, what is done leaves its place empty."""
    config = resolve("quick", assignments=(THREE, "population.seeds=2"))
    plan = planned_networks(config, fingerprint="f")
    made = programs(plan, config, to_do={network.key for network in plan})
    assert [network for program in made for network in program.networks] == list(plan)
    for program in made:
        assert len({(network.arm, network.initialization_set) for network in program.networks}) == 1
        assert program.together == (1 if program.networks[0].arm == REARING else 3)
    first_arm = [len(program.places) for program in made if program.networks[0].arm == plan[0].arm][:3]
    assert first_arm == [3, 3, 2]
    (left,) = programs(plan, config, to_do={plan[4].key})
    assert left.places == ((1, plan[4]),)


def test_keys_and_digests_know_programs_of_several_alone() -> None:
    """One at a time is as versions that had no such setting; the rearing arm is trained alone whatever is set."""
    configs = [resolve("quick", assignments=(f"execution.networks_per_program={count}",)) for count in (1, 3, 8)]
    plans = [planned_networks(config, fingerprint="f") for config in (resolve("quick"), *configs)]
    assert [one.key for one in plans[0]] == [one.key for one in plans[1]]
    for alone, three, eight in zip(*plans[1:], strict=True):
        assert len({alone.key, three.key, eight.key}) == (1 if alone.arm == REARING else 3)
    assert config_digest(configs[0]) == config_digest(resolve("quick")) != config_digest(configs[1])
    assert "execution" not in measured_settings(configs[0])
    assert changed_settings(measured_settings(configs[0]), configs[0]) == []
    for before, now in ((configs[0], configs[1]), (configs[1], configs[0])):
        (change,) = changed_settings(measured_settings(before), now)
        assert change.startswith("execution.networks_per_program = ")


def test_how_many_there_may_be() -> None:
    """One to sixty-four; the line names the setting."""
    with pytest.raises(
        StudyError, match=r"execution\.networks_per_program = 65 is not allowed: it must be 1 \(one at a time"
    ):
        resolve("quick", assignments=("execution.networks_per_program=65",))


def small_study(*more: str) -> Config:
    """Return the settings of a very small study."""
    settings = (
        *("images.train_images=200", "images.validation_images=60", "images.test_images=100"),
        *("training.epochs=2", "training.selection=last", "population.seeds=1"),
        *("maturation.seeds=2", "maturation.epochs=3", "memorization.seeds=1", "memorization.label_corruptions=0.5,1"),
        *("memorization.epochs=2", "memorization.train_images=120", "rearing.seeds=0", "replication.seeds=0"),
        *("probe.permutations=100", "ablation.null_draws=20", "ablation.null_images=32", "ablation.layers=conv2"),
        *("shift_invariance.test_images=40", "multiverse.readouts=[]", "multiverse.gratings=[]"),
    )
    return resolve("quick", assignments=(*settings, *more))


def assert_alike(one: xr.Dataset, other: xr.Dataset, *names: str) -> None:
    """Assert that variables agree but for rounding."""
    for name in names:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-4, atol=2e-4, err_msg=name)


@pytest.mark.slow
def test_networks_of_every_arm_are_measured_together_as_they_are_alone(tmp_path: Path) -> None:
    """Three cnn7 in a program: curves, gOSI, and gOSI after every epoch; one that diverges leaves the others alone."""
    config = small_study(THREE, "execution.checkpoint_epochs=1")
    image_set = load_images(config.images)
    images, compiled = partition(image_set, split_images(image_set, config.images)), CompiledNetworks()
    plan, alone = planned_networks(config, fingerprint="f"), {}
    done = programs(plan, config, to_do={network.key for network in plan})
    assert [len(program.places) for program in done] == [3, 1, 2, 2]
    for program in (done[0], *done[2:]):
        conclusions = train_together(
            dict(program.places),
            config,
            images,
            10,
            together=3,
            compiled_networks=compiled,
            progress=lambda key: lambda *told: None,
            checkpoint=lambda key: Checkpoint(StudyFolder(tmp_path), key),
        )
        for network in program.networks:
            alone[network.key] = measure_network(
                network, config, images, 10, compiled_networks=compiled, progress=lambda *told: None
            )
            together = conclusions[network.key]()
            trees = alone[network.key].tree, together.tree
            assert trees[0].attrs == trees[1].attrs
            assert together.trained_images == alone[network.key].trained_images
            assert_alike(
                *(tree["training"].to_dataset() for tree in trees), "train_loss", "validation_loss", "final_test_loss"
            )
            assert_alike(*(tree["tuning"].to_dataset() for tree in trees), "mean_response")
            if network.arm == MATURATION:
                np.testing.assert_allclose(*(tree["maturation"]["gosi"] for tree in trees), atol=0.02)
            if network.arm == MEMORIZATION:
                assert trees[0]["training"].sizes["epoch"] == 2
