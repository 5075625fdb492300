"""How long, and how much disk: from what was measured here, else from nominal speeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from study.config import Config, resolve
from study.config.population import planned_networks
from study.execution.estimate import START_SECONDS, Estimate, estimate
from study.images.preparation.split import Split


def split(train: int = 4000, validation: int = 1000, test: int = 1000) -> Split:
    """Return a split of the given sizes."""
    return Split(*(np.arange(size) for size in (train, validation, test)))


SMALL = ("replication.seeds=0", "maturation.seeds=0", "memorization.seeds=0", "rearing.seeds=0")


def small(*assignments: str) -> Config:
    """Return the quick study without its other arms: eight networks."""
    return resolve("quick", assignments=[*SMALL, *assignments])


def quick(**changes: Any) -> Estimate:
    """Return the estimate of the small study on two workers, with some arguments changed; `n_networks` of its plan."""
    arguments: dict[str, Any] = {"workers": 2, "journal": []} | changes
    config: Config = arguments.pop("config", None) or small()
    networks = planned_networks(config, fingerprint="f")
    wanted = arguments.pop("n_networks", len(networks))
    return estimate(config, arguments.pop("split", split()).sizes, networks[:wanted], **arguments)


def test_nothing_to_do_takes_no_time() -> None:
    """All networks are done: no minutes, no disk."""
    assert (quick(n_networks=0).minutes, quick(n_networks=0).megabytes) == (0, 0)


def test_measured_networks_decide_where_there_are_any() -> None:
    """The median of this study's own networks of the arm, shared by the workers."""
    journal = [{"arm": "generalization", "seconds": seconds} for seconds in (50.0, 60.0, 1000.0)]
    projected = quick(journal=journal, n_networks=6, workers=2)
    assert projected.minutes == pytest.approx((3 * 60 + START_SECONDS) / 60)
    assert "own networks" in projected.basis
    assert "another machine" in quick(journal=journal, config=small("maturation.seeds=1")).basis


def test_no_study_is_faster_than_its_slowest_network() -> None:
    """However many workers there are."""
    journal = [{"arm": "generalization", "seconds": 60.0}]
    assert quick(journal=journal, n_networks=3, workers=100).minutes == pytest.approx((60 + START_SECONDS) / 60)


def test_failed_networks_say_nothing_about_time() -> None:
    """A journal of failures alone leaves the nominal speeds."""
    assert quick(journal=[{"failure": "diverged", "seconds": 1.0}, {"failure": "killed"}]) == quick()
    assert "another machine" in quick().basis


@pytest.mark.parametrize(
    "changes",
    [
        {"config": small("population.seeds=3")},
        {"config": small("maturation.seeds=1")},
        {"config": small("memorization.seeds=1")},
        {"config": small("replication.seeds=1")},
        {"workers": 1},
        {"split": split(train=8000)},
        {"split": split(validation=9000)},
        {"split": split(test=9000)},
        {"config": small("training.epochs=16")},
        {"config": small("ablation.null_draws=1000")},
        {"config": small("ablation.null_images=1000")},
        {"config": small("multiverse.gratings=min_max,fixed")},
        {"config": small("multiverse.readouts=mean,max,centre")},
        {"config": small("multiverse.permutations=100")},
    ],
)
def test_more_work_takes_more_time(changes: dict[str, Any]) -> None:
    """Networks, images, epochs, null draws: each counts."""
    assert quick(**changes).minutes > quick().minutes


@pytest.mark.parametrize("changes", [{"workers": 8}, {"config": small("ablation.layers=conv2")}])
def test_less_work_takes_less_time(changes: dict[str, Any]) -> None:
    """More workers, fewer layers."""
    assert quick(**changes).minutes < quick().minutes


def test_disk_grows_with_the_number_of_networks() -> None:
    """Each network is stored twice: by itself and in the compacted study."""
    assert quick().megabytes == pytest.approx(2 * quick(n_networks=4).megabytes)
    assert quick().megabytes > 0


def test_other_specifications_take_disk_of_the_population_alone() -> None:
    """Each as much as another; a maturation network has none."""
    none = ("multiverse.readouts=[]", "multiverse.gratings=[]")
    one = ("multiverse.readouts=max", "multiverse.gratings=fixed")
    three = ("multiverse.readouts=mean,max", "multiverse.gratings=min_max,fixed")
    sizes = [quick(config=small(*assignments)).megabytes for assignments in (none, one, three)]
    assert sizes[0] < sizes[1]
    assert sizes[2] - sizes[0] == pytest.approx(3 * (sizes[1] - sizes[0]))
    matured = [quick(config=small("maturation.seeds=5", *assignments)).megabytes for assignments in (none, one)]
    assert matured[1] - matured[0] == pytest.approx(sizes[1] - sizes[0])


def test_the_quick_study_is_announced_as_minutes() -> None:
    """The nominal speeds put it under eight minutes on two cores (ten with the report), the paper's size at over a week."""
    assert 0.5 < quick(config=resolve("quick"), split=split(2_000, 500, 600)).minutes < 8
    paper = quick(config=resolve("paper"), split=split(40_000, 10_000, 10_000))
    assert paper.minutes > 7 * 24 * 60
