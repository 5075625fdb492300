"""How long, and how much disk: from what was measured here, else from nominal speeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from study.config import Config, resolve
from study.estimate import START_SECONDS, Estimate, estimate
from study.images.split import Split


def split(train: int = 4000, validation: int = 1000, test: int = 1000) -> Split:
    """Return a split of the given sizes."""
    return Split(*(np.arange(size) for size in (train, validation, test)))


def quick(**changes: Any) -> Estimate:
    """Return the estimate of the quick study's eight networks on two workers, with some arguments changed."""
    arguments: dict[str, Any] = {"n_networks": 8, "workers": 2, "journal": []} | changes
    config: Config = arguments.pop("config", None) or resolve("quick")
    return estimate(config, arguments.pop("split", split()), **arguments)


def test_nothing_to_do_takes_no_time() -> None:
    """All networks are done: no minutes, no disk."""
    assert (quick(n_networks=0).minutes, quick(n_networks=0).megabytes) == (0, 0)


def test_measured_networks_decide_where_there_are_any() -> None:
    """The median of this study's own networks, in rounds of as many as there are workers."""
    journal = [{"seconds": 50.0}, {"seconds": 60.0}, {"seconds": 1000.0}]
    found = quick(journal=journal, n_networks=5, workers=2)
    assert found.minutes == pytest.approx((3 * 60 + START_SECONDS) / 60)
    assert "own networks" in found.basis


def test_failed_networks_say_nothing_about_time() -> None:
    """A journal of failures alone leaves the nominal speeds."""
    assert quick(journal=[{"failure": "diverged", "seconds": 1.0}, {"failure": "killed"}]) == quick()
    assert "another machine" in quick().basis


@pytest.mark.parametrize(
    "changes",
    [
        {"n_networks": 9},
        {"workers": 1},
        {"split": split(train=8000)},
        {"split": split(validation=9000)},
        {"split": split(test=9000)},
        {"config": resolve("quick", assignments=["training.epochs=16"])},
        {"config": resolve("quick", assignments=["ablation.null_draws=1000"])},
        {"config": resolve("quick", assignments=["ablation.null_images=1000"])},
    ],
)
def test_more_work_takes_more_time(changes: dict[str, Any]) -> None:
    """Networks, images, epochs, null draws: each counts."""
    assert quick(**changes).minutes > quick().minutes


@pytest.mark.parametrize(
    "changes", [{"workers": 8}, {"config": resolve("quick", assignments=["ablation.layers=conv2"])}]
)
def test_less_work_takes_less_time(changes: dict[str, Any]) -> None:
    """More workers, fewer layers."""
    assert quick(**changes).minutes < quick().minutes


def test_disk_grows_with_the_number_of_networks() -> None:
    """Each network is stored twice: by itself and in the compacted study."""
    assert quick(n_networks=16).megabytes == 2 * quick(n_networks=8).megabytes > 0


def test_the_quick_study_is_announced_as_minutes() -> None:
    """The nominal speeds put it under ten minutes on two cores, the paper's size at more than a week."""
    assert 0.5 < quick().minutes < 10
    paper = estimate(resolve("paper"), split(40_000, 10_000, 10_000), n_networks=200, workers=2, journal=[])
    assert paper.minutes > 7 * 24 * 60
