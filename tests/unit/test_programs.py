"""Which networks are trained together, and what that changes of their keys."""

from __future__ import annotations

import pytest

from study.commands.run.devices import on_its_device
from study.config import as_record, changed_settings, config_digest, measured_settings, recorded_config, resolve
from study.config.population import planned_networks
from study.config.programs import programs
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import REARING

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


@pytest.mark.parametrize("said", ["0", "65", "-1"])
def test_how_many_there_may_be(said: str) -> None:
    """One to sixty-four; the line names the setting."""
    with pytest.raises(
        StudyError,
        match=rf"networks_per_program = {said} is not allowed: it must be auto, or 1 \(one at a time\) to 64",
    ):
        resolve("quick", assignments=(f"execution.networks_per_program={said}",))


@pytest.mark.parametrize("said", ["2.5", "several", "true", "[2]"])
def test_what_is_no_number_is_refused_with_what_may_be_said(said: str) -> None:
    """A fraction, a word that is not `auto`, a truth value, a list."""
    with pytest.raises(StudyError, match=r"networks_per_program = .* it must be auto or a whole number"):
        resolve("quick", assignments=(f"execution.networks_per_program={said}",))


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_auto_is_one_at_a_time_and_changes_no_key(device: str) -> None:
    """On the processor that was measured to be fastest; on a GPU nothing was measured."""
    configs = [
        resolve("quick", assignments=(f"execution.networks_per_program={count}", f"execution.device={device}"))
        for count in ("auto", "1")
    ]
    assert [config.execution.together for config in configs] == [1, 1]
    assert config_digest(configs[0]) == config_digest(configs[1])
    keys = [[one.key for one in planned_networks(config, fingerprint="f")] for config in configs]
    assert keys[0] == keys[1]


def test_a_study_records_the_number_that_auto_stands_for() -> None:
    """So its report names no deviation where `auto` is one at a time."""
    config = on_its_device(resolve("quick", assignments=("execution.networks_per_program=auto",)), None)
    assert config.execution.networks_per_program == 1


def test_a_record_with_auto_is_read_back() -> None:
    """The word stands in the record, and comes back as it was."""
    config = resolve("quick", assignments=("execution.networks_per_program=auto",))
    assert recorded_config(as_record(config), source="a record") == config
