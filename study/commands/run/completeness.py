"""Whether a study is complete: which planned networks are missing and why, and what the registration plans beyond it.

A network that failed whenever it was tried is a missing value. One that was not run is none: results without it are a
look at a part of the data, which may be followed by another one, and so are interim.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from study.config import Config, resolve
from study.config.population import PlannedNetwork, planned_networks
from study.registration import Registration

# Settings that decide how many networks there are.
NUMBERS: Final = (
    "population.augmentations",
    "population.seeds",
    "maturation.seeds",
    "memorization.seeds",
    "memorization.label_corruptions",
    "rearing.seeds",
    "rearing.conditions",
    "rearing.layers",
    "replication.seeds",
    "replication.maturation_seeds",
    "replication.memorization_seeds",
)
Counts = Mapping[tuple[str, int], int]  # networks by arm and set of initialisations


@dataclass(frozen=True)
class Completeness:
    """What is missing of a study: planned networks that failed, those that were not run, and why it is interim.

    `interim` holds one sentence a reason, none where every planned network was tried and as many as registered were
    planned.
    """

    failed: tuple[PlannedNetwork, ...]
    not_run: tuple[PlannedNetwork, ...]
    interim: tuple[str, ...]


def registered_counts(config: Config, registration: Registration) -> Counts:
    """Return how many networks are registered for the study's profile; empty for a profile that is not registered.

    Raises
    ------
    StudyError
        When a registered number is none that a study can have.
    """
    sizes = registration.profile_settings.get(config.profile)
    if sizes is None:
        return {}
    registered = registration.settings | sizes
    flags = {f"registered {key}": (key, registered[key]) for key in NUMBERS if key in registered}
    return planned_counts(planned_networks(resolve(config.profile, flags=flags), fingerprint=""))


def completeness(
    networks: Sequence[PlannedNetwork],
    done: Sequence[str],
    journal: Sequence[Mapping[str, Any]],
    *,
    registered: Counts,
) -> Completeness:
    """Return what is missing of a study.

    Parameters
    ----------
    networks
        As planned.
    done
        Keys of those that are there.
    journal
        Its entries on networks, which name those that failed.
    registered
        How many networks the registration plans.
    """
    missing = [network for network in networks if network.key not in set(done)]
    tried = {entry.get("key") for entry in journal if entry.get("failure")}
    failed = tuple(network for network in missing if network.key in tried)
    not_run = tuple(network for network in missing if network.key not in tried)
    interim = [f"{len(not_run)} of {len(networks)} planned networks have not been run."] if not_run else []
    planned = planned_counts(networks)
    interim += [
        f"{planned.get(kind, 0)} networks of arm {kind[0]} are planned in initialisation set {kind[1]},"
        f" {count} are registered."
        for kind, count in registered.items()
        if planned.get(kind, 0) < count
    ]
    return Completeness(failed, not_run, tuple(interim))


def failure_sentences(missing: Completeness, journal: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence for every planned network that is not in the store, with its last known reason."""
    reasons = {entry["key"]: entry["failure"] for entry in journal if entry.get("failure")}
    return [
        f"Network {network.key} ({network.label}) is missing: {reasons.get(network.key, 'not run')}."
        for network in (*missing.failed, *missing.not_run)
    ]


def planned_counts(networks: Sequence[PlannedNetwork]) -> Counts:
    """Return how many networks there are, by arm and set of initialisations."""
    return collections.Counter((network.arm, network.initialization_set) for network in networks)
