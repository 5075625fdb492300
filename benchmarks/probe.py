"""Probing one network and its shuffle control, on one thread: 432 gratings, 960 units, 1,000 permutations a unit and null.

The peer for the responses is Keras' `predict` on the model with an output for every hidden layer.
"""

from __future__ import annotations

import time

import numpy as np

from study.bench import bench
from study.config import NetworkConfig, ProbeConfig
from study.networks.taps import responses_model, unit_labels
from study.probe import grating_responses, tuning_arrays
from study.stimuli import gratings
from study.train import initialize


def main() -> None:
    """Print the processor's seconds of each part."""
    made, config = bench(NetworkConfig(), (32, 32, 3), 10), ProbeConfig()
    initialize(made.model, root_seed=0, network="benchmark")
    shown, mean = gratings(32, contrast=config.contrast), np.full((32, 32, 3), 0.5, np.float32)
    peer = responses_model(made.model, made.layers)
    inputs = np.repeat(shown.images.reshape(-1, 32, 32, 1), 3, axis=-1) - mean
    seconds: dict[str, list[float]] = {"responses": [], "predict": [], "tuning and shuffle control": []}
    for _ in range(4):
        started = time.process_time()
        responses = grating_responses(made.responses, shown, training_mean=mean, readout=config.readout)
        seconds["responses"].append(time.process_time() - started)
        started = time.process_time()
        predicted = peer.predict(inputs, batch_size=108, verbose=0)
        seconds["predict"].append(time.process_time() - started)
        started = time.process_time()
        tuning_arrays(responses, shown, unit_labels(made.layers)[0], config, rng=np.random.default_rng(0))
        seconds["tuning and shuffle control"].append(time.process_time() - started)
    for name, measured in seconds.items():
        print(
            f"{name:27} {np.median(measured[1:]):6.2f} s of processor time (the first call, which compiles: {measured[0]:.2f})"
        )
    ratio = np.median(seconds["predict"][1:]) / np.median(seconds["responses"][1:])
    expected = np.concatenate([maps.reshape(432, -1, maps.shape[-1]).mean(axis=1) for maps in predicted], axis=1)
    difference = np.abs(responses.reshape(len(responses), -1).T - expected).max()
    print(f"predict / responses: {ratio:.2f}; largest difference of a response {difference:.1e}")
    both = 2 * sum(np.median(seconds[name][1:]) for name in ("responses", "tuning and shuffle control"))
    print(f"a network, probed before and after training: {both:.1f} s")


if __name__ == "__main__":
    main()
