"""How layers and their values are named in sentences, and what is said of several questions alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import xarray as xr

from study.analysis.core.results import HypothesisResult

_FOR_THESE = (
    "What is concluded here holds for these {} images: networks are taken as a sample, images are not. Other images of the"
    " same kind would give somewhat other values, by how much no interval here says."
)
FOR_THESE_IMAGES = _FOR_THESE.format("test")
FOR_THESE_VALIDATION_IMAGES = _FOR_THESE.format("validation")


def claimed_layers(results: Iterable[HypothesisResult], measure: str) -> tuple[str, ...]:
    """Return the layers that the first hypothesis with a measure is about; none where no hypothesis has it."""
    hypotheses = (result.hypothesis for result in results)
    return next((hypothesis.layers for hypothesis in hypotheses if hypothesis.measure == measure), ())


def listed(names: Sequence[str]) -> str:
    """Return names in a sentence: `conv2, conv3 and conv4`; without any, `the layers of the claim`."""
    if not names:
        return "the layers of the claim"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def values_by_layer(values: xr.DataArray, form: str) -> str:
    """Return `values` (layer,) in a sentence, each in a format such as `.1%`: `conv1 2.0%, conv2 3.1%`."""
    return ", ".join(f"{layer} {value:{form}}" for layer, value in pairs(values))


def pairs(values: xr.DataArray) -> list[tuple[str, float]]:
    """Return each layer with its value; `values` is (layer,)."""
    return list(zip(values["layer"].values.tolist(), values.values.tolist(), strict=True))
