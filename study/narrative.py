"""The words and tables of a report that come from the config, the record and the journal rather than from a test."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.results import QuestionResult
from study.config import Config, as_record
from study.plan import PlannedNetwork
from study.report.content import Report, Stimuli
from study.stimuli import gratings

DEMONSTRATION_NETWORKS = 24  # fewer than this, or generated images, and the report says that it proves nothing


def report_of(
    questions: tuple[QuestionResult, ...],
    config: Config,
    study: xr.DataTree,
    *,
    record: Mapping[str, Any],
    journal: Sequence[Mapping[str, Any]],
    deviations: Sequence[str],
    failures: Sequence[str],
) -> Report:
    """Return everything the report shows.

    Parameters
    ----------
    questions
        What was concluded.
    config, record
        The resolved config, and what was stored when the study began.
    study
        The compacted study.
    journal
        Timings.
    deviations, failures
        One sentence each.
    """
    networks = _networks_table(study, journal)
    return Report(
        title="Do orientation-selective units cause generalisation in image recognition?",
        name=config.name,
        questions=questions,
        networks=networks,
        stimuli=_stimuli(study, config),
        generated=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        demonstration=config.images.source == "shapes" or len(networks) < DEMONSTRATION_NETWORKS,
        methods=_methods(config, study, record),
        settings=as_record(config),
        provenance=_provenance(study, record, journal),
        deviations=tuple(deviations),
        failures=tuple(failures),
        summary=f"{record['images']['description'].rstrip('.')}.",
    )


def _networks_table(study: xr.DataTree, journal: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    training = study["training"].to_dataset().drop_dims("epoch")
    seconds = {entry["key"]: entry.get("seconds") for entry in journal}
    columns = {
        "key": training["network"].values.tolist(),
        "augmentation": training["augmentation"].values.tolist(),
        "seed": training["seed"].values,
        "test accuracy": training["test_accuracy"].values,
        "test loss": training["test_loss"].values,
        "train loss": training["final_train_loss"].values,
        "analysed epoch": training["analysed_epoch"].values,
    }
    return pd.DataFrame(columns).assign(seconds=[float(seconds.get(key) or np.nan) for key in columns["key"]])


def _stimuli(study: xr.DataTree, config: Config) -> Stimuli:
    shown = gratings(config_image_size(study), contrast=config.probe.contrast)
    return Stimuli(
        images=np.round(shown.images[:, :, 0] * 255).astype(np.uint8),
        orientations=tuple(shown.orientation.tolist()),
        frequencies=tuple(shown.spatial_frequency.tolist()),
    )


def config_image_size(study: xr.DataTree) -> int:
    """Return the image size in pixels, from the number of spatial frequencies shown (size / 4 + 1)."""
    return 4 * (study["responses"].sizes["spatial_frequency"] - 1)


def _methods(config: Config, study: xr.DataTree, record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    images, training, ablation = record["images"], config.training, config.ablation
    n_gratings = int(np.prod([study["responses"].sizes[dim] for dim in ("orientation", "spatial_frequency", "phase")]))
    n_units = study["tuning"].sizes["unit"]
    order = config.network.order.replace("_", ", then ").replace("bn", "batch normalisation").replace("relu", "ReLU")
    selection = {"validation_accuracy": "with the best validation accuracy", "validation_loss": "with the least"
                 " validation loss", "last": "of the last epoch"}[training.selection]  # fmt: skip
    return (
        ("Images", f"{images['description'].rstrip('.')}. {images['train']:,} images train, {images['validation']:,} choose the"
         f" epoch, {images['test']:,} test; stratified by class, split seed {config.images.split_seed}. Pixels are divided"
         " by 255 and the mean of the training images is subtracted, each pixel by itself."),
        ("Networks", "Six 3 x 3 convolutions (32, 32, 64, 64, 128, 128 maps; strides 1, 2, 1, 2, 1, 2;"
         f" '{config.network.padding}' padding) and a dense layer of 512 units; in each layer {order}; then a softmax"
         f" over the classes. Hidden units: {n_units}. Each of {len(config.population.augmentations)} augmentations"
         f" ({', '.join(config.population.augmentations)}) is given to {config.population.seeds} networks with"
         " independent initial weights; a shift is drawn uniformly from whole pixels up to 10 % of the image, edges"
         " repeated; a flip is horizontal, with probability one half."),
        ("Training", f"Adam, learning rate {training.learning_rate:g}, batches of {training.batch_size}, {training.epochs}"
         f" epochs; the weights {selection} are analysed. Every network is also probed with its initial weights."),
        ("Gratings", f"{n_gratings} sinusoidal gratings: 12 orientations, {n_gratings // 48} spatial frequencies, 4 phases"
         f" (contrast: {config.probe.contrast.replace('_', '-')}), grey, preprocessed as the photographs."),
        ("Orientation selectivity", f"A unit's response is the spatial {config.probe.readout} of its map after the ReLU. Of the"
         " response tensor the maximum over phases is taken, then the spatial frequency with the largest peak; gOSI is the"
         " length of the vector sum of the twelve responses at doubled angles over their sum. A unit silent to every"
         f" grating has no gOSI. Each unit's own responses are shuffled {config.probe.permutations:,} times for its null."),
        ("Ablation", "Units of a layer are ranked by gOSI, ties broken at random, silent units set aside; the top and the"
         " bottom floor(n / 2) are clamped in turn and the loss on all test images is measured. Clamps:"
         f" {', '.join(ablation.clamps)} (output_zero: the next layer receives 0; relu_zero: the response before batch"
         f" normalisation is 0). Null: {ablation.null_draws} random splits into equal halves, on the same"
         f" {ablation.null_images} test images as the difference they are compared with."),
        ("Inference", "The experimental unit is the network. Tests, families, rules and exclusions are those of"
         " preregistration.md; random resampling gives p = (k + 1) / (n + 1)."),
    )  # fmt: skip


def _provenance(study: xr.DataTree, record: Mapping[str, Any], journal: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    done = [entry for entry in journal if not entry.get("failure")]
    environment, git = record["environment"], record["git"]
    shown = {
        "images": record["images"]["description"],
        "image fingerprint": record["images"]["fingerprint"],
        "registration digest": record["registration"]["digest"],
        "config digest": record["config_digest"],
        "root seed": str(record["config"]["study"]["seed"]),
        "commit": "unknown" if git is None else git["commit"] + (" with uncommitted changes" if git["dirty"] else ""),
        "python": environment["python"],
        "machine": f"{environment['cpu']}, {environment['cores']} cores, {environment['platform']}",
        "packages": ", ".join(f"{name} {version}" for name, version in environment["packages"].items()),
        "networks": str(study["training"].sizes["network"]),
    }
    if done:
        # One whose training an earlier run had finished trained no image in this one.
        speeds = [entry["images_per_second"] for entry in done if entry["images_per_second"]]
        shown |= {
            "computing time of the networks, all workers": f"{sum(entry['seconds'] for entry in done) / 60:.1f} minutes",
            "training speed, per worker": f"{np.median(speeds or [0]):.0f} images per second (median)",
            "peak memory of a worker": f"{max(entry['peak_memory_bytes'] for entry in done) / 2**30:.2f} GiB",
        }
    return shown


def failure_sentences(
    networks: Sequence[PlannedNetwork], journal: Sequence[Mapping[str, Any]], missing: set[str]
) -> list[str]:
    """Return one sentence for every planned network that is not in the store, with its last known reason."""
    reasons = {entry["key"]: entry["failure"] for entry in journal if entry.get("failure")}
    return [
        f"Network {network.key} ({network.augmentation}, seed {network.seed}) is missing:"
        f" {reasons.get(network.key, 'not run')}."
        for network in networks
        if network.key in missing
    ]
