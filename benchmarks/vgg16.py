"""All gratings through VGG16 with random weights, every unit of its 20 hidden layers read: ours beside the plain way.

The peer is Keras' `predict` on the model with an output for every hidden layer, in chunks whose maps fit in memory, each
averaged over positions by NumPy. Each runs in a process of its own, which tells its time and its peak memory.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from study.tuning.gratings import ORIENTATIONS, PHASES, grating_batches, spatial_frequencies

SIZE = 224
GRATINGS = len(ORIENTATIONS) * len(spatial_frequencies(SIZE)) * len(PHASES)

Read = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def main() -> None:
    """Print the time and peak memory of both, their ratio, and how far the responses are apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gratings", type=int, default=GRATINGS, metavar="N", help=f"the first N of {GRATINGS}")
    parser.add_argument("--memory", type=float, default=2.0, metavar="GB", help="what a batch of ours may take")
    parser.add_argument("--chunk", type=int, default=8, metavar="N", help="gratings in a call of predict")
    parser.add_argument("--only", choices=("ours", "predict"), help="run this one and print what it took as JSON")
    parser.add_argument("--save", type=Path, help="with --only: where responses go, as .npy")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(_measured(options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        measured = {name: _in_its_own_process(name, Path(folder), options) for name in ("ours", "predict")}
        ours, plain = (np.load(Path(folder) / f"{name}.npy") for name in measured)
    for name, one in measured.items():
        print(
            f"{name:8} {one['seconds']:8.1f} s by the clock {one['processor']:8.1f} s of processor time"
            f" {one['peak'] / 1e9:6.2f} GB at most, {one['at_once']} at once"
        )
    for what in ("seconds", "processor", "peak"):
        print(f"predict / ours, {what}: {measured['predict'][what] / measured['ours'][what]:.2f}")
    apart = np.abs(ours - plain).max(axis=0) / np.maximum(plain.max(axis=0), 1e-30)
    print(
        f"{ours.shape[0]} gratings, {ours.shape[1]} units; largest difference of a unit's responses, as a part of its"
        f" largest response: {np.median(apart):.1e} in the median unit, {apart.max():.1e} at most"
    )


def _in_its_own_process(name: str, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.vgg16", "--only", name, "--save", str(folder / f"{name}.npy")]
    command += [f"--gratings={options.gratings}", f"--memory={options.memory}", f"--chunk={options.chunk}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measured(options: argparse.Namespace) -> dict[str, float]:
    """Return seconds, processor seconds and peak memory in bytes of one way, compiling included."""
    read, at_once = (_ours if options.only == "ours" else _plain)(options)
    clock, processor = time.perf_counter(), time.process_time()
    responses = np.concatenate([read(batch) for batch in _shown(at_once, options.gratings)])
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    if options.save:
        np.save(options.save, responses)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": clock, "processor": processor, "peak": peak, "at_once": at_once}


def _shown(at_once: int, n_gratings: int) -> Iterator[NDArray[np.float32]]:
    every = itertools.chain.from_iterable(
        grating_batches(SIZE, orientation=orientation, contrast="min_max", at_once=at_once)
        for orientation in ORIENTATIONS
    )
    while n_gratings > 0:
        batch = next(every)[:n_gratings]
        n_gratings -= len(batch)
        yield batch


def _ours(options: argparse.Namespace) -> tuple[Read, int]:
    from study.networks.graph.hidden_layers import hidden_layers, selected_layers
    from study.networks.graph.reading import pictures_at_once, unit_reader
    from study.networks.pretrained.loading import load

    loaded = load("vgg16", weights="none", preprocessing=None, seed=0)
    layers = selected_layers(hidden_layers(loaded.model), ())
    reader = unit_reader(loaded.model, layers, layout=loaded.layout, preprocessing=loaded.preprocessing)
    return reader.gratings, pictures_at_once(loaded.model, int(options.memory * 1e9))


def _plain(options: argparse.Namespace) -> tuple[Read, int]:
    import keras

    keras.utils.set_random_seed(0)
    vgg16 = keras.applications.VGG16(weights=None)
    hidden = [layer.output for layer in vgg16.layers if layer.name.startswith(("block", "fc"))]
    model = keras.Model(vgg16.input, hidden)

    def read(grey: NDArray[np.float32]) -> NDArray[np.float32]:
        pictures = np.repeat(grey[..., None] * np.float32(255), 3, axis=-1)
        maps = model.predict(keras.applications.vgg16.preprocess_input(pictures), batch_size=len(pictures), verbose=0)
        return np.concatenate(
            [layer_maps.reshape(len(layer_maps), -1, layer_maps.shape[-1]).mean(axis=1) for layer_maps in maps], axis=1
        )

    return read, options.chunk


if __name__ == "__main__":
    main()
