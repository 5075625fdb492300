"""One epoch of training on one thread: our step against Keras' `fit` on the same batches, without augmentation."""

from __future__ import annotations

import time

import keras
import numpy as np

from study.config import NetworkConfig
from study.measure import bench
from study.networks import backend
from study.networks.cnn7 import cnn7
from study.train import initialize

N_IMAGES, BATCH = 6400, 32


def keras_network(weights: list[np.ndarray]) -> keras.Model:
    """Return the same network with Keras' own batch normalisation and the same weights."""
    original = cnn7(NetworkConfig(), image_shape=(32, 32, 3), n_classes=10)

    def plain(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, backend.FusedBatchNormalization):
            return keras.layers.BatchNormalization(name=layer.name)
        return type(layer).from_config(layer.get_config())

    network = keras.models.clone_model(original, clone_function=plain)
    network.set_weights(weights)
    return network


def main() -> None:
    """Train both for an epoch from the same weights on the same batches; print speeds, ratio and losses."""
    ours = bench(NetworkConfig(), (32, 32, 3), 10)
    initialize(ours.model, root_seed=0, network="benchmark")
    start = ours.model.get_weights()
    rng = np.random.default_rng(0)
    images = rng.normal(0, 0.25, (N_IMAGES, 32, 32, 3)).astype(np.float32)
    labels = rng.integers(0, 10, N_IMAGES)
    peer = keras_network(start)
    peer.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    peer.fit(images[:BATCH], labels[:BATCH], batch_size=BATCH, verbose=0)  # compiles
    ours.step(images[:BATCH], labels[:BATCH])

    peer.set_weights(start)
    for variable in peer.optimizer.variables:
        if "learning_rate" not in variable.path:
            variable.assign(np.zeros(variable.shape, variable.dtype))
    started = time.perf_counter()
    history = peer.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
    peer_speed = N_IMAGES / (time.perf_counter() - started)

    ours.model.set_weights(start)
    ours.reset(1e-3)
    losses = []
    started = time.perf_counter()
    for first in range(0, N_IMAGES, BATCH):
        losses.append(float(ours.step(images[first : first + BATCH], labels[first : first + BATCH])[0]))
    our_speed = N_IMAGES / (time.perf_counter() - started)
    print(
        f"ours {our_speed:.0f}, Keras fit {peer_speed:.0f} images per second on one thread: ratio {our_speed / peer_speed:.2f}"
    )
    print(f"mean loss of the epoch: ours {np.mean(losses):.6f}, Keras {history.history['loss'][0]:.6f}")


if __name__ == "__main__":
    main()
