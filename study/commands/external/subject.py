"""The external network that a command line names: loaded, its layers chosen, its photographs listed."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from study.commands.console import print_plain
from study.commands.external.arguments import check_name, memory_bytes
from study.commands.study_folder import software_attributes
from study.execution.devices import look
from study.execution.progress import counted
from study.experiment.photographs import scoring_half
from study.experiment.subjects import ExternalSettings
from study.images.labelled.folder import LabelledFolder, balanced_subset, checked, labelled_folder
from study.networks.backend import use_device
from study.networks.graph.hidden_layers import HiddenLayer, hidden_layers, selected_layers
from study.networks.graph.left_out import left_out, left_out_sentences
from study.networks.graph.logits import logits_model
from study.networks.pretrained.loading import LoadedModel, load
from study.vocabulary.device import CPU, GPU, Device, is_on_gpu
from study.vocabulary.errors import refuse_unless
from study.vocabulary.seeding import stream


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One network and what is measured on it; `photographs` is None where it is shown gratings alone."""

    network: LoadedModel
    layers: tuple[HiddenLayer, ...]
    settings: ExternalSettings
    photographs: LabelledFolder | None

    @property
    def n_units(self) -> int:
        """Units of all layers measured."""
        return sum(layer.n_units for layer in self.layers)

    @property
    def left_out(self) -> dict[str, str]:
        """Return why each other layer with units is not read."""
        return left_out(self.network.model, [layer.name for layer in self.layers])

    @property
    def n_photographs(self) -> int:
        """Photographs shown."""
        return 0 if self.photographs is None else len(self.photographs.paths)


def chosen_device(setting: str) -> str:
    """Return the kind of device that `--device` comes to; this process computes on it from now on.

    Raises
    ------
    StudyError
        When a GPU is asked for and there is none.
    """
    device = Device(GPU if is_on_gpu(setting, recorded="", elsewhere=False, look=look) else CPU)
    use_device(device)
    return device.kind


def loaded(arguments: argparse.Namespace) -> tuple[LoadedModel, tuple[HiddenLayer, ...]]:
    """Return the network that a command line names, and the layers it chooses.

    Raises
    ------
    StudyError
        When there is no such network, its weights are missing, or a pattern fits none of its layers.
    """
    chosen_device(arguments.device)  # before the first tensor
    network = load(
        arguments.model,
        weights=arguments.weights,
        preprocessing=arguments.preprocessing,
        seed=arguments.seed,
        input_size=arguments.input_size,
    )
    hidden = hidden_layers(network.model)
    nowhere = left_out(network.model, ())
    refuse_unless(
        bool(hidden),
        f"{network.name} has no hidden layer that can be read: {'; '.join(left_out_sentences(nowhere)) or 'it has one layer'};"
        " give a network with convolutions, poolings or dense layers before its last layer",
    )
    layers = selected_layers(hidden, arguments.layers)
    said = left_out_sentences(left_out(network.model, [layer.name for layer in layers]))
    return dataclasses.replace(network, remarks=(*network.remarks, *said)), layers


def subject_of(network: LoadedModel, layers: tuple[HiddenLayer, ...], arguments: argparse.Namespace) -> Subject:
    """Return the network with what a command line wants measured on it.

    Raises
    ------
    StudyError
        When the photographs do not fit the network, or none of them is left to score what is ablated.
    """
    photographs = None if arguments.images is None else _photographs(arguments, network)
    is_ablated = photographs is not None and arguments.ablate
    null_images = min(arguments.null_images, _scored(photographs)) if photographs is not None and is_ablated else 0
    settings = ExternalSettings(
        arguments.permutations,
        arguments.seed,
        arguments.null_draws,
        null_images,
        memory_bytes(arguments.memory),
        chosen_device(arguments.device),
    )
    return Subject(network=network, layers=layers, settings=settings, photographs=photographs)


def with_checked_photographs(subject: Subject, console: Console) -> Subject:
    """Return the same once every photograph has been decoded, so that none ends the run after the gratings.

    Raises
    ------
    StudyError
        Naming the first that cannot be read.
    """
    if subject.photographs is None:
        return subject
    with counted(console, "photographs checked", subject.n_photographs) as more:
        photographs = checked(subject.photographs, channels=subject.network.layout.channels, more=more)
    print_plain(console, *photographs.remarks[len(subject.photographs.remarks) :])
    return dataclasses.replace(subject, photographs=photographs)


def _scored(photographs: LabelledFolder) -> int:
    """Return how many photographs sets of units may be scored on: every second one of each class."""
    count = int(scoring_half(photographs.labels).sum())
    refuse_unless(
        count > 0,
        f"--ablate: of {len(photographs.paths)} photographs no class has two; every second one of a class scores what is"
        " ablated, so give a class two or more, by --images or a larger --n-images",
    )
    return count


def _photographs(arguments: argparse.Namespace, network: LoadedModel) -> LabelledFolder:
    n_classes = _n_classes(network, is_scored=arguments.ablate)
    photographs = labelled_folder(arguments.images, n_classes=n_classes, class_names=arguments.class_names)
    if arguments.n_images is not None:
        rng = stream(arguments.seed, "photographs", "subset")
        photographs = balanced_subset(photographs, arguments.n_images, rng)
    return photographs


def _n_classes(network: LoadedModel, *, is_scored: bool) -> int:
    """Return the number of a network's outputs, one a class; where it is scored they must be a softmax's or logits."""
    shape = tuple(network.model.output_shape)
    n_classes = int(shape[-1] or 0)
    refuse_unless(
        n_classes > 1,
        f"--images: {network.name} has {n_classes} output, which is no classifier of two or more classes that photographs can"
        " be told apart by; leave --images out, or give a network with an output a class",
    )
    refuse_unless(
        len(shape) == 2,
        f"--images: {network.name} gives an output of shape {shape[1:]}, must be one number a class; leave --images out, or"
        " give a classifier with its top",
    )
    return int(logits_model(network.model).output_shape[-1]) if is_scored else n_classes


def name_of(network: LoadedModel, chosen: str | None) -> str:
    """Return the name of the network's folder and report: the one chosen, or one made of the model's.

    Raises
    ------
    StudyError
        When it could be no folder's.
    """
    name: str = re.sub(r"[^A-Za-z0-9._-]+", "-", network.name[:100]).strip("-._") if chosen is None else chosen
    check_name(name := name or "network")
    return name


def tuning_settings(subject: Subject) -> dict[str, Any]:
    """Return what decides the tuning that is measured, as the folder's record holds it."""
    network = subject.network
    return {
        "model": network.name,
        "weights_digest": network.weights_digest,
        "preprocessing": network.preprocessing,
        "input_size": network.layout.size,
        "layers": [layer.name for layer in subject.layers],
        "permutations": subject.settings.permutations,
        "seed": subject.settings.seed,
        "device": subject.settings.device,
    }


def compaction_attributes(subject: Subject, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every group of the compacted store says of itself."""
    network, photographs = subject.network, subject.photographs
    shown = (
        {}
        if photographs is None
        else {
            "image_fingerprint": photographs.fingerprint,
            "image_remarks": list(photographs.remarks),
            "class_names": [photographs.class_names[i] for i in np.unique(photographs.labels)],
        }
    )
    return {
        "model": network.name,
        "source": network.source,
        "weights": network.weights,
        "weights_digest": network.weights_digest,
        "preprocessing": network.preprocessing,
        "remarks": list(network.remarks),
        **shown,
        **software_attributes(record),
    }
