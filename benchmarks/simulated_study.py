"""A study of networks that were never trained, of the paper's size: the schema complete, published as a worker does.

Each network has one hidden quality. It lowers the test loss and sharpens the tuning of the lower layers, so the
registered tests have something to find; responses are noisy tuned gratings, everything else follows from them.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import math
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.simulated_reasons import group_arrays, labels_of
from study import tuning
from study.commands.run.record import record_content
from study.commands.study_folder import kept_record
from study.config import Config, config_digest, resolve
from study.config.population import PlannedNetwork, planned_networks
from study.experiment.measurements.tuning.arrays import BIN_STARTS, N_BINS
from study.images.image_set import ImageSet
from study.images.preparation.split import Split
from study.registration import Registration, read_registration
from study.store import StudyFolder, publish_network
from study.tuning.gratings import Gratings, gratings
from study.vocabulary.architecture import architectures
from study.vocabulary.measurement import measurements
from study.vocabulary.schema import (
    CONTROLS,
    FRACTIONS,
    HALVES,
    ORDERS,
    SCHEMA_VERSION,
    SHIFTS,
    STATES,
    TARGETS,
    TUNED_STATES,
    conditions,
    described,
)
from study.vocabulary.seeding import stream

LAYERS = architectures()["cnn7"].unit_counts
INITIAL_SHARPNESS = (0.4, 0.5, 0.5, 0.6, 0.6, 0.7, 0.8)
SHARPNESS = {
    "initial": INITIAL_SHARPNESS,
    "initial_normalised": INITIAL_SHARPNESS,
    "analysed": (0.6, 1.6, 2.4, 2.6, 2.8, 1.8, 1.4),
}
GAIN = (0.0, 0.3, 0.3, 0.2, 0.1, 0.0, 0.0)  # by how much quality sharpens the tuning of each layer
LOG_RATIO = (0.1, 0.9, 1.0, 0.3, 0.1, 0.0, -0.1)  # of the losses with the top and with the bottom half ablated
AUGMENTATION_LOSS = {"none": 0.4, "shift": 0.1, "flip": 0.2, "shift_flip": 0.0}
N_SHUFFLES = 20
STATES_OF = {"tuning": {"state": list(TUNED_STATES)}}  # where they are not those of the weights
IMAGE_SIZE, N_CLASSES = 32, 10
BLOCKS = 20  # of test images
REGISTRATION = Path(__file__).parents[1] / "preregistration.md"
_REPEATED = ("", "maturation_", "memorization_")


def simulated_config(n_networks: int, *, epochs: int, draws: int, seed: int) -> Config:
    """Return the paper's settings for at least so many networks."""
    seeds = math.ceil(n_networks / len(AUGMENTATION_LOSS))
    sizes = (f"population.seeds={seeds}", f"training.epochs={epochs}", f"ablation.null_draws={draws}")
    alone = (
        "maturation.seeds=0",
        "memorization.seeds=0",
        "rearing.seeds=0",
        *(f"replication.{arm}seeds=0" for arm in _REPEATED),
    )
    return resolve("paper", assignments=(*sizes, *alone, f"study.seed={seed}", "study.name=simulated"))


def simulated_networks(config: Config) -> tuple[PlannedNetwork, ...]:
    """Return the networks of the config, planned as those of a real study are."""
    return planned_networks(config, fingerprint=_images().fingerprint)


def simulated_record(folder: StudyFolder, config: Config, registration: Registration) -> dict[str, Any]:
    """Return the study's record, written when there is none yet."""
    parts = (np.arange(size) for size in (40_000, 10_000, 10_000))
    return kept_record(folder, lambda: record_content(config, registration, _images(), Split(*parts)))


def _images() -> ImageSet:
    labels = np.zeros(0, dtype=np.int64)
    return ImageSet(
        images=np.zeros((0, IMAGE_SIZE, IMAGE_SIZE, 3), dtype=np.uint8),
        labels=labels,
        is_test=labels.astype(bool),
        class_names=tuple(f"class {index}" for index in range(N_CLASSES)),
        fingerprint="0" * 64,
        source="cifar10",
        description="No images: networks are simulated.",
        official=False,
    )


def simulated_network(planned: PlannedNetwork, config: Config) -> xr.DataTree:
    """Return one network as `study.experiment.one_network` delivers it: the same config and network give the same bits."""
    rng = stream(config.seed, planned.identity, "simulation")
    quality = rng.standard_normal()
    test_loss = 0.8 + AUGMENTATION_LOSS[planned.augmentation] - 0.05 * quality + 0.03 * rng.standard_normal()
    responses = _responses(rng, quality)
    tuned = _tuning(rng, responses)
    parts = np.split(tuned["gosi"][-1], np.cumsum(list(LAYERS.values()))[:-1])
    half = np.concatenate([_halves(part) for part in parts])
    arrays = {
        "training": _training(rng, config.training.epochs, test_loss),
        "tuning": tuned,
        "responses": {"response": responses[[0, -1]]},
        "activity": _activity(rng, tuned["mean_response"][-1]),
        "kernels": {"kernel": rng.standard_normal((next(iter(LAYERS.values())), 3, 3, 3))},
        "halves": {"ablated": half},
        "ablation": _ablation(rng, config, half, tuned["gosi"][-1], test_loss),
        "shift_invariance": _shift_invariance(rng, config),
    }
    arrays |= group_arrays(rng, LAYERS, tuned["gosi"][-1], config, blocks=BLOCKS)
    of_units = {"layer": ("unit", np.repeat(np.array(list(LAYERS), dtype=object), list(LAYERS.values())))}
    groups = {}
    for group, part in arrays.items():
        coords = _coordinates(config) | STATES_OF.get(group, {}) | labels_of(group, config.shift_invariance.layers)
        groups[f"/{group}"] = described(group, part, coords | (of_units if measurements()[group].is_by_unit else {}))
    tree = xr.DataTree.from_dict(groups)
    architecture = config.network.architecture
    tree.attrs = {"schema_version": SCHEMA_VERSION, **planned.attributes, "architecture": architecture}
    return tree


def _coordinates(config: Config) -> dict[str, Any]:
    sizes = np.array(list(LAYERS.values()))
    return {
        "state": list(STATES),
        "layer": list(LAYERS),
        "clamp": list(config.ablation.clamps),
        "target": list(TARGETS),
        "half": list(HALVES),
        "draw": np.arange(config.ablation.null_draws),
        "unit": np.arange(sizes.sum()),
        "first_layer_unit": np.arange(sizes[0]),
        "channel": ("unit", np.concatenate([np.arange(size) for size in sizes])),
        "epoch": np.arange(1, config.training.epochs + 1),
        "class": np.arange(N_CLASSES),
        "control": list(CONTROLS),
        "order": list(ORDERS),
        "fraction": np.array(FRACTIONS),
        "shift": list(SHIFTS),
        "condition": list(conditions(config.shift_invariance.layers)),
        "orientation": _gratings().orientation,
        "spatial_frequency": _gratings().spatial_frequency,
        "phase": _gratings().phase,
        "gosi_bin": BIN_STARTS,
    }


@functools.cache
def _gratings() -> Gratings:
    return gratings(IMAGE_SIZE, contrast="min_max")


def _responses(rng: np.random.Generator, quality: float) -> np.ndarray:
    """Return rectified responses, float32 (state, unit, orientation, spatial_frequency, phase); some units are silent."""
    stimuli = _gratings()
    sharpness = np.repeat([SHARPNESS[state] for state in TUNED_STATES], list(LAYERS.values()), axis=1)
    sharpness[-1] *= np.exp(np.repeat(GAIN, list(LAYERS.values())) * quality)
    shape = sharpness.shape
    sharpness *= rng.gamma(4.0, 0.25, shape)
    angle = 2 * np.deg2rad(stimuli.orientation - rng.uniform(0, 180, (*shape, 1)))
    orientation = np.exp(sharpness[..., None] * (np.cos(angle) - 1))
    position = np.arange(len(stimuli.spatial_frequency)) - rng.uniform(
        0, len(stimuli.spatial_frequency) - 1, (*shape, 1)
    )
    frequency = np.exp(-(position**2) / (2 * rng.uniform(0.5, 2.5, (*shape, 1)) ** 2))
    phase = 1 + rng.uniform(0, 1, (*shape, 1)) * np.cos(np.deg2rad(stimuli.phase) - rng.uniform(0, 7, (*shape, 1)))
    mean = (
        orientation[..., :, None, None].astype(np.float32)
        * frequency[..., None, :, None].astype(np.float32)
        * phase[..., None, None, :].astype(np.float32)
    )
    noise = rng.standard_normal(mean.shape, dtype=np.float32)
    responding = rng.random((*shape, 1, 1, 1)) > 0.02
    return np.maximum(mean + 0.1 * noise - np.float32(0.05), 0) * responding


def _tuning(rng: np.random.Generator, responses: np.ndarray) -> dict[str, np.ndarray]:
    """Return the tuning that the responses have, and a shuffle control of permutations that all units share."""
    stimuli = _gratings()
    curve, frequency = tuning.tuning_curve(responses)
    gosi = tuning.gosi(curve)
    silent = np.isnan(gosi)
    arcs = {
        threshold: [
            tuning.spatial_frequency_range(state, stimuli.orientation, threshold=threshold) for state in responses
        ]
        for threshold in tuning.RANGE_THRESHOLDS
    }
    flat = responses.reshape(*gosi.shape, -1)
    shuffled = np.stack(
        [
            tuning.gosi(tuning.tuning_curve(flat[..., rng.permutation(flat.shape[-1])].reshape(responses.shape))[0])
            for _ in range(N_SHUFFLES)
        ]
    )
    relabelled = np.stack([tuning.gosi(curve[..., rng.permutation(curve.shape[-1])]) for _ in range(N_SHUFFLES)])

    def where_tuned(values: np.ndarray) -> np.ndarray:
        return np.where(silent, np.nan, values)

    return {
        "gosi": gosi,
        "osi": tuning.osi(curve),
        "preferred_orientation": where_tuned(stimuli.orientation[curve.argmax(axis=-1)]),
        "preferred_spatial_frequency": where_tuned(stimuli.spatial_frequency[frequency]),
        "spatial_frequency_range": np.stack([arc for arc, _ in arcs["half_peak"]]),
        "spatial_frequency_count": np.stack([count for _, count in arcs["half_peak"]]).astype(np.int32),
        "spatial_frequency_range_midpoint": np.stack([arc for arc, _ in arcs["midpoint"]]),
        "spatial_frequency_count_midpoint": np.stack([count for _, count in arcs["midpoint"]]).astype(np.int32),
        "silent": silent,
        "mean_response": responses.mean(axis=(-3, -2, -1), dtype=np.float64),
        "tuning_curve": curve.astype(np.float32),
        "gosi_null_mean": where_tuned(shuffled.mean(axis=0)),
        "gosi_null_sd": where_tuned(shuffled.std(axis=0, ddof=1)),
        "gosi_null_selective": where_tuned((shuffled > tuning.SELECTIVE).mean(axis=0)),
        "gosi_pvalue": where_tuned((1 + (shuffled >= gosi).sum(axis=0)) / (1 + N_SHUFFLES)),
        "gosi_orientation_null_mean": where_tuned(relabelled.mean(axis=0)),
        "gosi_orientation_pvalue": where_tuned((1 + (relabelled >= gosi).sum(axis=0)) / (1 + N_SHUFFLES)),
        "gosi_null_count": _counts(shuffled),
    }


def _counts(shuffled: np.ndarray) -> np.ndarray:
    """Return the shuffled gOSI of each unit in bins, (state, unit, bin); of shape (shuffle, state, unit) before."""
    bins = np.minimum(np.floor(shuffled * N_BINS), N_BINS - 1)  # NaN is in none
    return (bins[..., None] == np.arange(N_BINS)).sum(axis=0)


def _training(rng: np.random.Generator, epochs: int, test_loss: float) -> dict[str, np.ndarray]:
    epoch = np.arange(1, epochs + 1)
    train = 0.02 + 1.8 * np.exp(-epoch / 12) + 0.01 * rng.random(epochs)
    validation = test_loss + 1.2 * np.exp(-epoch / 8) + 0.002 * epoch + 0.02 * rng.standard_normal(epochs)
    return {
        "train_loss": train,
        "train_accuracy": np.exp(-train / 2.3),
        "validation_loss": validation,
        "validation_accuracy": np.exp(-validation / 2.3),
        "analysed_epoch": np.array(epoch[validation.argmin()]),
        "final_train_loss": np.array(train[-1]),
        "final_train_accuracy": np.exp(-train[-1:] / 2.3)[0],
        "test_loss": np.array(test_loss),
        "test_accuracy": np.exp(-np.array(test_loss) / 2.3),
    }


def _ablation(
    rng: np.random.Generator, config: Config, half: np.ndarray, gosi: np.ndarray, test_loss: float
) -> dict[str, np.ndarray]:
    """Return losses with halves ablated; `half` (unit,) says which units are in which, `gosi` is NaN in neither."""
    n_layers, clamps, draws = len(LAYERS), config.ablation.clamps, config.ablation.null_draws
    layer = np.repeat(np.arange(n_layers), list(LAYERS.values()))
    cost = rng.gamma(4.0, 0.1, n_layers)
    ratio = np.array(LOG_RATIO) / 2 + 0.1 * rng.standard_normal((len(clamps), n_layers))
    loss = test_loss + cost[:, None] * np.exp(np.stack([ratio, -ratio], axis=-1))
    null_loss = test_loss + cost[:, None, None] * np.exp(0.1 * rng.standard_normal((n_layers, draws, len(HALVES))))
    target_loss = loss[0] + 0.01 * rng.standard_normal(loss[0].shape)
    control_loss = loss[0][:, None] + 0.02 * rng.standard_normal((n_layers, len(CONTROLS), len(TARGETS)))
    curve_loss = test_loss + 2 * cost[:, None, None] * np.array(FRACTIONS) * np.exp(
        0.1 * rng.standard_normal((n_layers, len(ORDERS), 1))
    )
    class_loss = loss[..., None] + 0.1 * rng.standard_normal((*loss.shape, N_CLASSES))
    baseline_class_loss = test_loss + 0.1 * rng.standard_normal(N_CLASSES)
    sizes = np.array(list(LAYERS.values()))
    return {
        "baseline_loss": np.array(test_loss),
        "baseline_accuracy": _accuracy(np.array(test_loss)),
        "baseline_class_loss": baseline_class_loss,
        "baseline_class_accuracy": _accuracy(baseline_class_loss),
        "baseline_loss_by_block": np.full(BLOCKS, test_loss),
        "loss_by_block": loss[..., None] + np.zeros(BLOCKS),
        "null_target_loss_by_block": target_loss[..., None] + np.zeros(BLOCKS),
        "loss": loss,
        "accuracy": _accuracy(loss),
        "class_loss": class_loss,
        "class_accuracy": _accuracy(class_loss),
        "half_size": np.bincount(layer, half > 0).astype(np.int32),
        "silent_units": np.bincount(layer, np.isnan(gosi)).astype(np.int32),
        "null_baseline_loss": np.array(test_loss),
        "null_baseline_accuracy": _accuracy(np.array(test_loss)),
        "null_target_loss": target_loss,
        "null_target_accuracy": _accuracy(target_loss),
        "null_loss": null_loss,
        "null_accuracy": _accuracy(null_loss),
        "null_effect": null_loss[..., 0] - null_loss[..., 1],
        "control_loss": control_loss,
        "control_accuracy": _accuracy(control_loss),
        "control_size": np.repeat(sizes[:, None] // 2, len(CONTROLS), axis=1).astype(np.int32),
        "curve_loss": curve_loss,
        "curve_accuracy": _accuracy(curve_loss),
        "curve_size": np.rint(sizes[:, None] * np.array(FRACTIONS)).astype(np.int32),
    }


def _accuracy(loss: np.ndarray) -> np.ndarray:
    return np.exp(-loss / 2.3)


def _activity(rng: np.random.Generator, mean_response: np.ndarray) -> dict[str, np.ndarray]:
    """Return what units do on photographs: about what they do on gratings."""
    n_units = len(mean_response)
    activity = mean_response * np.exp(0.3 * rng.standard_normal(n_units))
    return {
        "mean_activity": activity,
        "activity_sd": 0.5 * activity,
        "mean_output": rng.standard_normal(n_units),
        "weight_norm": rng.gamma(4.0, 0.25, n_units),
        "class_selectivity": rng.beta(2, 4, n_units),
        "preferred_class": rng.integers(0, N_CLASSES, n_units).astype(np.int32),
    }


def _shift_invariance(rng: np.random.Generator, config: Config) -> dict[str, np.ndarray]:
    """Return a coefficient of variation that falls with depth, and rises behind what is ablated."""
    n_conditions, n_layers = len(conditions(config.shift_invariance.layers)), len(LAYERS)
    cv = np.exp(-0.15 * np.arange(n_layers) + 0.05 * rng.standard_normal((n_conditions, n_layers)))
    cv[1:, -1] *= 1.1
    components = np.tile([28800, 6272, 9216, 1600, 1152, 128, 512], (n_conditions, 1)).astype(np.int32)
    return {
        "cv_mean": cv,
        "cv_standard_error": 0.01 * cv,
        "n_components": components,
        "n_inactive": np.zeros_like(components),
        "prediction_consistency": rng.uniform(0.6, 0.9, (n_conditions, len(SHIFTS))),
    }


def _halves(gosi: np.ndarray) -> np.ndarray:
    """Return 1 for the top half of a layer's units, -1 for the bottom half, 0 for silent ones and the odd one out."""
    ranked = np.argsort(gosi, kind="stable")[: np.isfinite(gosi).sum()]  # NaN sorts last
    half = np.zeros(len(gosi), dtype=np.int8)
    half[ranked[: len(ranked) // 2]], half[ranked[len(ranked) - len(ranked) // 2 :]] = -1, 1
    return half


def publish_simulated(planned: PlannedNetwork, config: Config, folder: StudyFolder) -> None:
    """Publish one simulated network as a worker publishes a measured one."""
    publish_network(folder, planned.key, simulated_network(planned, config))


def make_study(folder: StudyFolder, config: Config, networks: Sequence[PlannedNetwork], *, processes: int) -> None:
    """Publish the networks that are not there yet; the record comes first, as a study of networks without one is refused."""
    simulated_record(folder, config, read_registration(REGISTRATION))
    missing = [network for network in networks if not (folder.networks / f"{network.key}.zarr").exists()]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, mp_context=context) as pool:
        done = [pool.submit(publish_simulated, network, config, folder) for network in missing]
        for future in concurrent.futures.as_completed(done):
            future.result()


def options() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where the study goes; a new temporary folder by default")
    parser.add_argument("--networks", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the study and say where it is."""
    parsed = options().parse_args(arguments)
    folder = StudyFolder(parsed.folder or Path(tempfile.mkdtemp(prefix="simulated-study-")))
    config = simulated_config(parsed.networks, epochs=parsed.epochs, draws=parsed.draws, seed=parsed.seed)
    started = time.perf_counter()
    make_study(folder, config, simulated_networks(config)[: parsed.networks], processes=parsed.processes)
    print(
        f"{folder.path}: {parsed.networks} networks, config {config_digest(config)[:12]},"
        f" {time.perf_counter() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
