"""A study is complete when every planned network was tried; what failed is missing, what was not run makes it interim."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from study.commands.run.completeness import completeness, failure_sentences, registered_counts
from study.config import resolve
from study.config.population import PlannedNetwork, planned_networks
from study.registration import Registration
from study.vocabulary.errors import StudyError
from tests.example_study import registered


def planned(*assignments: str, profile: str = "quick") -> tuple[PlannedNetwork, ...]:
    """Return the networks of a profile with some settings changed."""
    return planned_networks(resolve(profile, assignments=assignments), fingerprint="f")


def keys(networks: tuple[PlannedNetwork, ...]) -> list[str]:
    """Return the networks' keys."""
    return [network.key for network in networks]


def test_a_complete_study_is_not_interim() -> None:
    """As many as registered, all there: nothing is missing, whatever failed before and was tried again."""
    networks = planned()
    counts = registered_counts(resolve("quick"), registered())
    assert sum(counts.values()) == len(networks)
    journal = [{"key": networks[0].key, "failure": "its worker process died"}]
    missing = completeness(networks, keys(networks), journal, registered=counts)
    assert (missing.failed, missing.not_run, missing.interim) == ((), (), ())


def test_what_failed_is_missing_and_not_interim() -> None:
    """It was tried; results without it are final, and it is said to be missing."""
    networks = planned()
    journal = [{"key": networks[3].key, "failure": "its loss is not finite"}]
    done = keys(networks[:3] + networks[4:])
    missing = completeness(networks, done, journal, registered=registered_counts(resolve("quick"), registered()))
    assert missing.failed == (networks[3],)
    assert (missing.not_run, missing.interim) == ((), ())


def test_what_was_not_run_is_interim() -> None:
    """Neither there nor tried: whoever looks now may look again with more."""
    networks = planned()
    counts = registered_counts(resolve("quick"), registered())
    missing = completeness(networks, keys(networks[:-2]), [], registered=counts)
    assert missing.not_run == networks[-2:]
    assert missing.interim == (f"2 of {len(networks)} planned networks have not been run.",)


def test_fewer_networks_than_registered_are_interim_and_more_are_not() -> None:
    """A study of fewer seeds may be followed by one of more under another name: it is no final analysis."""
    counts = registered_counts(resolve("cifar10"), registered())
    assert counts["generalization", 1] == 80
    fewer = planned("population.seeds=4", "replication.seeds=0", profile="cifar10")
    assert completeness(fewer, keys(fewer), [], registered=counts).interim == (
        "16 networks of arm generalization are planned in initialisation set 1, 80 are registered.",
        "0 networks of arm generalization are planned in initialisation set 2, 80 are registered.",
    )
    more = planned("population.seeds=30", profile="cifar10")
    assert completeness(more, keys(more), [], registered=counts).interim == ()


def test_the_registered_number_is_the_registrations(tmp_path: Path) -> None:
    """Not what the command line plans; a profile of one's own has none; a number that cannot be is refused at once."""
    config = resolve("quick", assignments=["population.seeds=1"])
    assert registered_counts(config, registered()) == registered_counts(resolve("quick"), registered())
    path = tmp_path / "quick.toml"
    path.write_text("[population]\nseeds = 1\n", encoding="utf-8")
    assert registered_counts(resolve(str(path)), registered()) == {}
    with pytest.raises(StudyError, match=r"registered population\.seeds.*many"):
        registered_counts(config, _with_seeds("many"))


def _with_seeds(seeds: object) -> Registration:
    whole = registered()
    sizes = whole.profile_settings["quick"] | {"population.seeds": seeds}
    return dataclasses.replace(whole, profile_settings=whole.profile_settings | {"quick": sizes})


def test_a_missing_network_is_called_by_its_name() -> None:
    """Arm, augmentation, corruption, seed and set; with its last reason, or that it was not run."""
    networks = planned("memorization.seeds=1", "replication.memorization_seeds=1")
    lost = [one for one in networks if one.arm == "memorization" and one.label_corruption == 0.2]
    journal = [{"key": lost[0].key, "failure": "its loss is not finite"}]
    done = [network.key for network in networks if network not in lost]
    assert failure_sentences(completeness(networks, done, journal, registered={}), journal) == [
        f"Network {lost[0].key} (memorization: none, 20% of labels corrupted, seed 0) is missing: its loss is not finite.",
        f"Network {lost[1].key} (memorization: none, 20% of labels corrupted, seed 0, second set) is missing: not run.",
    ]
