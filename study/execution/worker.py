"""What a worker process has for the networks that it is given: images, what it compiled, and whom it tells of its progress."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from study.config import Config
from study.images import load_images
from study.images.preparation.split import Partition, partition, split_images
from study.vocabulary.errors import StudyError

if TYPE_CHECKING:
    from study.experiment.compiled_network import CompiledNetworks

TOPIC = "study-progress"
WATCHED_SECONDS = 0.2  # how often, at most, a worker reports progress


def kept_networks() -> CompiledNetworks:
    """Return what this worker keeps from one network to the next: the compiled network, as its own attribute."""
    from distributed import get_worker

    from study.experiment.compiled_network import CompiledNetworks

    kept: CompiledNetworks = vars(get_worker()).setdefault("compiled_networks", CompiledNetworks())
    return kept


@functools.lru_cache(maxsize=1)
def _read_images(config: Config) -> tuple[Partition, int, str]:
    """Return a worker's images, read once a process."""
    image_set = load_images(config.images)
    return (
        partition(image_set, split_images(image_set, config.images)),
        len(image_set.class_names),
        image_set.fingerprint,
    )


def worker_images(config: Config, fingerprint: str) -> tuple[Partition, int]:
    """Return the images of a study and how many classes they have.

    Raises
    ------
    StudyError
        When they are not those that were planned with.
    """
    images, n_classes, present = _read_images(config)
    if present != fingerprint:
        raise StudyError(
            f"the images changed while the study ran: fingerprint {present[:12]}, planned {fingerprint[:12]}"
        )
    return images, n_classes


def reporter(key: str) -> Callable[[str, float, str], None]:
    """Return a function that reports progress to the parent, a few times a second at most."""
    from distributed import get_worker

    worker = get_worker()
    last = [0.0]

    def report(stage: str, share: float, words: str) -> None:
        now = time.monotonic()
        if share >= 1 or now - last[0] > WATCHED_SECONDS:
            last[0] = now
            worker.log_event(TOPIC, (key, stage, share, words))

    return report
