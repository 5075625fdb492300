"""What each part of the question what an ablation measures costs, as a share of the ablation of the same network.

Processor seconds of one thread, of a network with initial weights on random pixels, with the sizes of a profile; compiling
comes first and is not counted. Where others compute on the same cores all parts are slowed alike, and the shares less so.
"""

from __future__ import annotations

import argparse
import functools
import time
from typing import Any

import numpy as np

from study.config import PROFILES, resolve
from study.config.population import planned_networks
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.subjects import TrainedSubject
from study.experiment.training import initialize
from study.images.preparation.split import Partition
from study.tuning.gratings import gratings
from study.vocabulary.measurement import measurements
from study.vocabulary.schema import STATES
from study.vocabulary.seeding import stream

PARTS = ("mediation", "need", "dose", "rivals")
SIZE, N_CLASSES = 32, 10


def main() -> None:
    """Print processor seconds of the ablation and of each part, and the part's share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profile", choices=PROFILES, nargs="?", default="cifar10-small")
    subject = _subject(parser.parse_args().profile)
    groups = _groups(subject)
    seconds = {}
    for name in (*PARTS, "ablation"):
        measure = measurements()[name].once_analysed
        assert measure is not None
        if name in PARTS:
            measure(subject, groups)  # compiles
        started = time.process_time()
        measure(subject, groups)
        seconds[name] = time.process_time() - started
        print(f"{name:10} {seconds[name]:7.2f} s", flush=True)
    for name in PARTS:
        print(f"{name:10} {seconds[name] / seconds['ablation']:7.1%} of the ablation")
    print(f"together   {sum(seconds[name] for name in PARTS) / seconds['ablation']:7.1%}")


def _subject(profile: str) -> TrainedSubject:
    config = resolve(profile)
    compiled = CompiledNetwork.of(config.network, (SIZE, SIZE, 3), N_CLASSES)
    initialize(compiled.model, root_seed=0, network="benchmark")
    rng, n_test = np.random.default_rng(0), config.images.test_images or 10_000
    images = rng.integers(0, 256, (n_test, SIZE, SIZE, 3)).astype(np.uint8)
    labels = rng.integers(0, N_CLASSES, n_test)
    mean = np.full(images.shape[1:], 0.5, np.float32)
    partition = Partition(images, labels, images, labels, images, labels, mean)
    return TrainedSubject(
        config=config,
        planned=planned_networks(config, fingerprint="benchmark")[0],
        partition=partition,
        classes=np.arange(N_CLASSES),
        epochs=1,
        compiled=compiled,
        gratings=gratings(SIZE, contrast=config.probe.contrast),
        streams=functools.partial(stream, 0, "benchmark"),
        report=lambda *told: None,
        state=STATES[-1],
    )


def _groups(subject: TrainedSubject) -> dict[str, dict[str, Any]]:
    """Return random values of what the measurements read of those before them."""
    rng, units = np.random.default_rng(1), sum(layer.n_units for layer in subject.layers)
    of_units = ("mean_activity", "activity_sd", "weight_norm", "class_selectivity", "mean_output")
    other = measurements()["other_tuning"].variables
    return {
        "training": {"test_loss": np.array(1.0), "test_accuracy": np.array(0.5)},
        "tuning": {name: rng.random((1, units)) for name in ("gosi", "gosi_null_mean")},
        "activity": {name: rng.random(units) for name in of_units},
        "other_tuning": {name: rng.random(units) for name in other},
    }


if __name__ == "__main__":
    main()
