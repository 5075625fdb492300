"""Networks of every condition of rearing, measured for real on few images."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from study.config import resolve
from study.config.population import planned_networks
from study.experiment.compiled_network import CompiledNetworks
from study.experiment.one_network import measure_network
from study.images import load_images
from study.images.preparation.split import partition, split_images
from study.vocabulary.rearing import CONDITIONS, FREE, KERNELS, PENALTIES
from study.vocabulary.schema import REARING, validate

SETTINGS = (
    "images.train_images=192",
    "images.validation_images=30",
    "images.test_images=60",
    "training.epochs=4",
    "training.selection=last",
    "rearing.seeds=1",
    f"rearing.conditions={','.join(CONDITIONS)}",
    "rearing.strength=5",
    "probe.permutations=100",
)


@pytest.fixture(scope="module")
def reared() -> dict[str, xr.DataTree]:
    """Return one network of each condition, all of one seed."""
    config = resolve("quick", assignments=SETTINGS)
    image_set = load_images(config.images)
    images, compiled = partition(image_set, split_images(image_set, config.images)), CompiledNetworks()
    planned = [network for network in planned_networks(config, fingerprint="f") if network.arm == REARING]
    return {
        network.rearing: measure_network(
            network, config, images, 10, compiled_networks=compiled, progress=lambda *told: None
        ).tree
        for network in planned
    }


def mean_gosi(network: xr.DataTree, state: str, layers: tuple[str, ...] = ("conv2", "conv3")) -> float:
    """Return the mean gOSI of the units of some layers."""
    gosi = network["tuning"]["gosi"].sel(state=state)
    return float(gosi.where(gosi["layer"].isin(layers)).mean())


@pytest.mark.slow
def test_every_condition_is_trained_and_measured(reared: dict[str, xr.DataTree]) -> None:
    """As the schema says; paired with the free network as far as the condition allows; and each does what it is for."""
    assert list(reared) == list(CONDITIONS)
    for condition, network in reared.items():
        validate(network, source=condition)
        assert {"training", "tuning", "kernels", "slices", "rearing_checks"} == set(network.children)
        assert np.isfinite(network["training"]["train_loss"]).all()
        assert network.attrs["reared_layers"] == (
            "none" if condition == FREE else "conv1-conv3" if condition in KERNELS else "conv2-conv3"
        )
    initial = {
        condition: network["tuning"]["gosi"].sel(state="initial").values for condition, network in reared.items()
    }
    for condition in PENALTIES:
        np.testing.assert_array_equal(initial[condition], initial[FREE])
    analysed = {condition: mean_gosi(network, "analysed") for condition, network in reared.items()}
    assert len({round(value, 9) for value in analysed.values()}) == len(CONDITIONS)
    assert analysed["isotropic"] < 0.1 < analysed["parted"]
    assert analysed["discouraged"] < analysed[FREE] - 0.1 < analysed["discouraged_sham"]
    assert analysed["encouraged"] > analysed[FREE] + 0.03
    assert analysed["encouraged"] > analysed["encouraged_sham"]
    decoded = {
        condition: network["rearing_checks"]["orientation_decoding"].values for condition, network in reared.items()
    }
    assert decoded["isotropic"][0] < 0.1 < 0.5 < decoded[FREE][0]
