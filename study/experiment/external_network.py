"""One external network, measured: every unit's tuning; with photographs its activity, and what ablating it costs."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import xarray as xr

from study.config.population import ALGORITHM_VERSION
from study.experiment.labelled_tree import network_tree
from study.experiment.subjects import CLAMPS, CONTRAST, READOUT, ExternalSettings, ExternalSubject, Watch
from study.experiment.training import CheckpointStore
from study.images.labelled.folder import LabelledFolder
from study.networks.backend import memory_told
from study.networks.graph.hidden_layers import HiddenLayer
from study.networks.graph.reading import pictures_at_once, unit_reader
from study.networks.pretrained.loading import LoadedModel
from study.vocabulary.device import CPU, DEVICE
from study.vocabulary.digests import digest
from study.vocabulary.measurement import Arrays, taken_on
from study.vocabulary.schema import EXTERNAL, groups_of
from study.vocabulary.seeding import stream

IMAGE_REMARKS = (
    "image_remarks"  # the attribute that says what of the photographs was left out, or changed as it was read
)


def gratings_key(network: LoadedModel, layers: tuple[HiddenLayer, ...], settings: ExternalSettings) -> str:
    """Return the digest of all that determines the tuning of a network's units."""
    return digest(
        {
            "weights": network.weights_digest,
            "preprocessing": network.preprocessing,
            "size": network.layout.size,
            "layers": [dataclasses.asdict(layer) for layer in layers],
            "permutations": settings.permutations,
            "seed": settings.seed,
            "contrast": CONTRAST,
            "readout": READOUT,
            "algorithm": ALGORITHM_VERSION,
            "measured": groups_of(EXTERNAL),
            **({} if settings.device == CPU else {DEVICE: settings.device}),
        }
    )[:20]


def network_key(tuning_key: str, files: LabelledFolder | None, settings: ExternalSettings) -> str:
    """Return the digest of all that determines what is measured."""
    if files is None:
        return tuning_key
    ablation = (settings.null_draws, settings.null_images, CLAMPS) if settings.null_images else ()
    return digest({"probe": tuning_key, "images": files.fingerprint, "ablation": ablation})[:20]


@memory_told("lower --memory")
def measure_external_network(
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    settings: ExternalSettings,
    files: LabelledFolder | None,
    *,
    earlier: xr.DataTree | None,
    kept: Callable[[str], CheckpointStore],
    watch: Watch,
) -> xr.DataTree:
    """Return one network, measured, as `study.vocabulary.schema` describes it.

    Parameters
    ----------
    network
        The network.
    layers
        Those of its hidden layers that are read.
    settings
        What is measured.
    files
        The photographs; None for none.
    earlier
        A network of the same gratings key that was measured before, whose tuning is taken over; None for none.
    kept
        A piece's name to where it is kept.
    watch
        Given what is counted and how many there are, a block that gives what to call with how many more are done.
    """
    tuning_key = gratings_key(network, layers, settings)
    subject = ExternalSubject(
        network=network,
        layers=layers,
        settings=settings,
        files=files,
        read=unit_reader(network.model, layers, layout=network.layout, preprocessing=network.preprocessing),
        at_once=pictures_at_once(network.model, settings.memory_bytes),
        streams=functools.partial(stream, settings.seed, network.weights_digest),
        kept=kept,
        gratings_key=tuning_key,
        key=network_key(tuning_key, files, settings),
        watch=watch,
    )
    attributes = {
        "key": subject.key,
        "arm": EXTERNAL,
        "seed": settings.seed,
        "gratings_key": tuning_key,
        "weights_digest": network.weights_digest,
        DEVICE: settings.device,
        **({} if files is None else {IMAGE_REMARKS: list(files.remarks)}),
    }
    return network_tree(subject, _groups(subject, earlier), attributes)


def _groups(subject: ExternalSubject, earlier: xr.DataTree | None) -> dict[str, Arrays]:
    """Return the arrays of every measurement; those that gratings alone decide are taken over where they were made."""
    groups: dict[str, Arrays] = {}
    if earlier is not None:
        for name in groups_of(EXTERNAL):
            groups[name] = {str(variable): array.values for variable, array in earlier[name].data_vars.items()}
    for measurement in taken_on(EXTERNAL, subject):
        if measurement.name not in groups and measurement.on_external is not None:
            groups[measurement.name] = measurement.on_external(subject, groups)
    return groups
