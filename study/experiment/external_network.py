"""One network from elsewhere, measured: every unit's tuning; with photographs its activity, and what silencing it costs.

Work is cut into pieces that are kept as they are finished: the gratings of an orientation, the shuffles of a layer, the
photographs, the ablation of a layer. Random streams are a piece's own, so a piece depends on no other's having been made.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from study.config import ProbeConfig
from study.config.population import ALGORITHM_VERSION
from study.experiment.halves import by_layer, layer_halves
from study.experiment.measurements.ablation import ablation_arrays
from study.experiment.measurements.activity import class_counts
from study.experiment.measurements.tuning import coordinates, orientation_responses, rectified, tuning_arrays
from study.experiment.photographs import Photographs, Watch, photograph_activity
from study.experiment.training import CheckpointStore
from study.images.labelled.folder import LabelledFolder
from study.networks.graph.hidden_layers import HiddenLayer, unit_labels
from study.networks.graph.reading import UnitReader, pictures_at_once, unit_reader
from study.networks.interventions.clamped import ClampedNetwork
from study.networks.pretrained.loading import LoadedModel
from study.tuning.gratings import ORIENTATIONS, PHASES, grating_axes, spatial_frequencies
from study.vocabulary.digests import digest
from study.vocabulary.schema import (
    CONTROLS,
    FRACTIONS,
    GROUPS,
    HALVES,
    ORDERS,
    PROBED,
    SCHEMA_VERSION,
    TARGETS,
    described,
)
from study.vocabulary.seeding import stream

READOUT, CONTRAST, STATE = "mean", "min_max", "analysed"
CLAMPS = ("output_zero", "relu_zero")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Asked:
    """What is measured, beside the network and the photographs.

    `permutations` a unit and `null_draws` a layer; `null_images` photographs for the random halves, 0 where nothing is
    silenced; `seed` of all random numbers; `memory_bytes` for activations, which decides no result but its last digits.
    """

    permutations: int
    seed: int
    null_draws: int
    null_images: int
    memory_bytes: int


@dataclass(frozen=True)
class Silenced:
    """Which layers are silenced, how, and against how many random splits; as `study.experiment.measurements.ablation.Settings`."""

    layers: tuple[str, ...]
    null_draws: int
    clamps: tuple[str, ...] = CLAMPS


def probe_key(network: LoadedModel, layers: tuple[HiddenLayer, ...], asked: Asked) -> str:
    """Return the digest of all that determines the tuning of a network's units."""
    return digest(
        {
            "weights": network.weights_digest,
            "preprocessing": network.preprocessing,
            "size": network.layout.size,
            "layers": [dataclasses.asdict(layer) for layer in layers],
            "permutations": asked.permutations,
            "seed": asked.seed,
            "contrast": CONTRAST,
            "readout": READOUT,
            "algorithm": ALGORITHM_VERSION,
        }
    )[:20]


def network_key(own_probe_key: str, files: LabelledFolder | None, asked: Asked) -> str:
    """Return the digest of all that determines what is measured."""
    if files is None:
        return own_probe_key
    ablation = (asked.null_draws, asked.null_images, CLAMPS) if asked.null_images else ()
    return digest({"probe": own_probe_key, "images": files.fingerprint, "ablation": ablation})[:20]


def n_gratings(size: int) -> int:
    """Return how many gratings there are at an image size."""
    return len(ORIENTATIONS) * len(spatial_frequencies(size)) * len(PHASES)


def measured_network(
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
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
    asked
        What is measured.
    files
        The photographs; None for none.
    earlier
        A network of the same probe key that was measured before, whose tuning is taken over; None for none.
    kept
        A piece's name to where it is kept.
    watch
        Given what is counted and how many there are, a block that gives what to call with how many more are done.
    """
    read = unit_reader(network.model, layers, layout=network.layout, preprocessing=network.preprocessing)
    at_once = pictures_at_once(network.model, asked.memory_bytes)
    streams = functools.partial(stream, asked.seed, network.weights_digest)
    own_probe_key = probe_key(network, layers, asked)
    key = network_key(own_probe_key, files, asked)
    groups: dict[str, Mapping[str, NDArray[Any]]]
    if earlier is None:
        groups = _probed(network, layers, asked, read, at_once, streams, _within(kept, own_probe_key), watch)
    else:
        names = ("tuning", "responses", "rectification")
        groups = {name: {str(each): array.values for each, array in earlier[name].data_vars.items()} for name in names}
    classes = np.zeros(0, np.int64)
    if files is not None:
        own, photographs, classes = _within(kept, key), Photographs(files, network), np.unique(files.labels)
        activity = _piece(own("photographs"), lambda: photograph_activity(layers, read, photographs, at_once, watch))
        groups["activity"] = activity
        if asked.null_images:
            gosi = groups["tuning"]["gosi"][0]
            groups["ablation"] = _ablated(network, layers, asked, photographs, gosi, activity, streams, own, watch)
    coords = _coordinates(layers, network.layout.size, asked, classes)
    tree = xr.DataTree.from_dict(
        {f"/{name}": described(name, dict(groups[name]), coords) for name in GROUPS if name in groups}
    )
    tree.attrs = {
        "schema_version": SCHEMA_VERSION,
        "key": key,
        "arm": PROBED,
        "seed": asked.seed,
        "probe_key": own_probe_key,
        "weights_digest": network.weights_digest,
    }
    return tree


def _within(kept: Callable[[str], CheckpointStore], key: str) -> Callable[[str], CheckpointStore]:
    """Return where the pieces of what a key names are kept, by the piece's name."""
    return lambda piece: kept(f"{key}.{piece}")


def _piece(place: CheckpointStore, compute: Callable[[], Arrays]) -> Arrays:
    """Return a piece of the work: as it was kept, or made now and kept."""
    found = place.load()
    if found is not None:
        return dict(found)
    made = compute()
    place.save(made)
    return made


def _probed(
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
    read: UnitReader,
    at_once: int,
    streams: Callable[[str], np.random.Generator],
    kept: Callable[[str], CheckpointStore],
    watch: Watch,
) -> dict[str, Mapping[str, NDArray[Any]]]:
    """Return the groups that gratings give, each array with its dimension `state`."""
    size, axes = network.layout.size, grating_axes(network.layout.size)
    blocks = []
    with watch("gratings shown", n_gratings(size)) as more:
        for orientation in ORIENTATIONS:
            shown = functools.partial(_responses, read, size, orientation, at_once)
            blocks.append(_piece(kept(f"gratings-{orientation:03.0f}"), shown)["response"])
            more(blocks[-1][0].size)
    responses, share = rectified(np.stack(blocks, axis=1))
    names = unit_labels(layers)[0]
    config, parts = ProbeConfig(readout="mean", contrast="min_max", permutations=asked.permutations), []
    with watch("units shuffled", len(names)) as more:
        for layer in layers:
            own = names == layer.name
            shuffled = functools.partial(
                tuning_arrays, responses[own], axes, names[own], config, rng=streams(f"shuffle/{layer.name}")
            )
            parts.append(_piece(kept(f"shuffles-{layer.name}"), shuffled))
            more(int(own.sum()))
    return {
        "tuning": {name: np.concatenate([part[name] for part in parts])[None] for name in parts[0]},
        "responses": {"response": responses[None]},
        "rectification": {"rectified": share},
    }


def _responses(read: UnitReader, size: int, orientation: float, at_once: int) -> Arrays:
    """Return the responses to the gratings of one orientation, (unit, spatial_frequency, phase)."""
    return {
        "response": orientation_responses(
            read.gratings, size, orientation=orientation, contrast=CONTRAST, at_once=at_once
        )
    }


def _ablated(
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
    photographs: Photographs,
    gosi: NDArray[np.float64],
    activity: Mapping[str, NDArray[Any]],
    streams: Callable[[str], np.random.Generator],
    kept: Callable[[str], CheckpointStore],
    watch: Watch,
) -> Arrays:
    """Return the `ablation` group's arrays, one layer after the other."""
    labels, classes = photographs.test_labels, np.unique(photographs.test_labels)
    chosen = np.sort(streams("null images").permutation(len(labels))[: asked.null_images])
    own_gosi = by_layer(gosi, layers)
    own_activity = {name: by_layer(values, layers) for name, values in activity.items()}
    parts = []
    with watch("silenced, in hundredths of a layer", 100 * len(layers)) as more:
        for layer in layers:
            draw, tell = functools.partial(_of_layer, streams, layer), _in_percent(more)
            gosi_here, activity_here = (
                own_gosi[layer.name],
                {name: own[layer.name] for name, own in own_activity.items()},
            )
            silence = functools.partial(
                _silenced, network, layer, asked, photographs, gosi_here, activity_here, chosen, draw, tell
            )
            parts.append(_piece(kept(f"ablation-{layer.name}"), silence))
            tell(1.0)
    joined = {name: _joined([part[name] for part in parts], GROUPS["ablation"][name].dims) for name in parts[0]}
    share = class_counts(labels, classes) / len(labels)
    for score in ("loss", "accuracy"):
        joined[f"baseline_{score}"] = np.asarray(joined[f"baseline_class_{score}"] @ share)
    return joined


def _silenced(
    network: LoadedModel,
    layer: HiddenLayer,
    asked: Asked,
    photographs: Photographs,
    gosi: NDArray[np.float64],
    activity: Mapping[str, NDArray[Any]],
    null_images: NDArray[np.int64],
    streams: Callable[[str], np.random.Generator],
    on_progress: Callable[[float], None],
) -> Arrays:
    """Return the `ablation` group's arrays of one layer; the baseline is filled in where all layers are joined."""
    return ablation_arrays(
        ClampedNetwork.of(network.model, (layer,), budget_bytes=asked.memory_bytes),
        photographs,
        gosi,
        layer_halves(gosi, (layer,), rng=streams("ties")),
        activity,
        Silenced((layer.name,), asked.null_draws),
        baseline=(0.0, 0.0),
        null_images=null_images,
        streams=streams,
        classes=np.unique(photographs.test_labels),
        on_progress=on_progress,
    )


def _in_percent(more: Callable[[int], None]) -> Callable[[float], None]:
    """Return what to call with the share that is done; `more` is told how many more hundredths that are."""
    done = 0

    def tell(share: float) -> None:
        nonlocal done
        more(int(100 * share) - done)
        done = int(100 * share)

    return tell


def _of_layer(streams: Callable[[str], np.random.Generator], layer: HiddenLayer, purpose: str) -> np.random.Generator:
    return streams(f"{purpose}/{layer.name}")


def _joined(parts: list[NDArray[Any]], dims: tuple[str, ...]) -> NDArray[Any]:
    """Return the layers' arrays as one along `layer` or `unit`; what has neither is the same in all."""
    along = [axis for axis, dim in enumerate(dims) if dim in ("layer", "unit")]
    return np.concatenate(parts, axis=along[0]) if along else parts[0]


def _coordinates(
    layers: tuple[HiddenLayer, ...], size: int, asked: Asked, classes: NDArray[np.int64]
) -> dict[str, object]:
    """Return the labels of every dimension."""
    unit_layer, channel = unit_labels(layers)
    return {
        "state": [STATE],
        "unit": np.arange(len(channel)),
        "unit_layer": ("unit", unit_layer),
        "channel": ("unit", channel),
        "layer": [layer.name for layer in layers],
        **coordinates(grating_axes(size)),
        "clamp": list(CLAMPS),
        "target": list(TARGETS),
        "half": list(HALVES),
        "draw": np.arange(asked.null_draws),
        "class": classes,
        "control": list(CONTROLS),
        "order": list(ORDERS),
        "fraction": np.array(FRACTIONS),
    }
