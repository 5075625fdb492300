"""From responses to gratings to the tuning of every unit, with its shuffle null."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from study import tuning
from study.networks.graph.hidden_layers import unit_labels
from study.tuning.gratings import GratingAxes

if TYPE_CHECKING:
    from study.experiment.subjects import ExternalSubject

N_BINS = 40
BIN_STARTS = np.arange(N_BINS) / N_BINS


def tuning_arrays(
    responses: NDArray[np.float32],
    gratings: GratingAxes,
    *,
    n_permutations: int,
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """Return the `tuning` group's arrays of one state, named as in `study.vocabulary.schema`, without the `state` dimension.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase).
    gratings
        What the units were shown.
    n_permutations
        Of the shuffle control, per unit.
    rng
        Source of the shuffle control.
    """
    curve, frequency = tuning.tuning_curve(responses)
    selectivity = tuning.gosi(curve)
    silent = np.isnan(selectivity)
    null = tuning.shuffle_null(responses, n_permutations=n_permutations, n_bins=N_BINS, rng=rng)
    ranges = {
        threshold: tuning.spatial_frequency_range(responses, gratings.orientation, threshold=threshold)
        for threshold in tuning.RANGE_THRESHOLDS
    }
    arrays = {
        "gosi": selectivity,
        "osi": tuning.osi(curve),
        "preferred_orientation": np.where(silent, np.nan, gratings.orientation[curve.argmax(axis=-1)]),
        "preferred_spatial_frequency": np.where(silent, np.nan, gratings.spatial_frequency[frequency]),
        "spatial_frequency_range": ranges["half_peak"][0],
        "spatial_frequency_count": ranges["half_peak"][1].astype(np.int32),
        "spatial_frequency_range_midpoint": ranges["midpoint"][0],
        "spatial_frequency_count_midpoint": ranges["midpoint"][1].astype(np.int32),
        "silent": silent,
        "mean_response": responses.mean(axis=(1, 2, 3), dtype=np.float64),
        "tuning_curve": curve.astype(np.float32),
        "gosi_null_mean": null.mean,
        "gosi_null_sd": null.sd,
        "gosi_null_selective": null.selective,
        "gosi_pvalue": null.pvalue,
        "gosi_orientation_null_mean": null.orientation_mean,
        "gosi_orientation_pvalue": null.orientation_pvalue,
        "gosi_null_count": null.counts.astype(np.int32),
    }
    return arrays


def arrays_by_layer(subject: ExternalSubject) -> dict[str, NDArray[Any]]:
    """Return the `tuning` group's arrays of an external network, made and kept one layer after the other.

    Each has the dimension `state`, which has one label.
    """
    names = unit_labels(subject.layers)[0]
    parts = []
    with subject.watch("units shuffled", len(names)) as more:
        for layer in subject.layers:
            in_layer = names == layer.name
            shuffled = functools.partial(
                tuning_arrays,
                subject.responses[in_layer],
                subject.gratings,
                n_permutations=subject.settings.probe.permutations,
                rng=subject.streams(f"shuffle/{layer.name}"),
            )
            parts.append(subject.kept_with_gratings(f"shuffles-{layer.name}", shuffled))
            more(int(in_layer.sum()))
    return {name: np.concatenate([part[name] for part in parts])[None] for name in parts[0]}
