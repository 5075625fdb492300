"""Real photographs, all the way to the report."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.layers import layer_means
from study.config import ImagesConfig
from study.images import load_images
from study.images.image_set import ImageSet
from tests.opened_page import opened_page
from tests.pipeline.tiny_study import BRIEFLY_MEASURED, NAME, WHOLE_REGISTRATION, Finished, assigned, run

SETTINGS = (
    *BRIEFLY_MEASURED,
    "images.train_images=4000",
    "images.validation_images=500",
    "images.test_images=500",
    "training.epochs=5",
    "population.augmentations=none",
    "replication.maturation_seeds=0",
    "replication.memorization_seeds=0",
    "rearing.seeds=0",
)
OFFICIAL = {
    True: "the official files, checksums verified",
    False: "not the official files",
    None: "not verified as the official files",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photographs() -> ImageSet:
    """The images that the environment names."""
    directory = os.environ.get("STUDY_CIFAR10_DIR")
    if not directory:
        pytest.skip("STUDY_CIFAR10_DIR does not name a directory with CIFAR-10")
    return load_images(ImagesConfig(source="cifar10", data_dir=directory))


@pytest.fixture(scope="module")
def photographed(photographs: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One network, trained on 4,000 photographs for five epochs, by the command line."""
    place = tmp_path_factory.mktemp("cifar10")
    directory = str(Path(os.environ["STUDY_CIFAR10_DIR"]).absolute())
    command_line = [
        "--preregistration",
        str(WHOLE_REGISTRATION),
        "--profile",
        "cifar10-small",
        "--name",
        NAME,
        "--data-dir",
        directory,
    ]
    return run(place, *command_line, *assigned(SETTINGS), "--workers", "1")


@pytest.fixture(scope="module")
def study(photographed: Finished) -> xr.DataTree:
    """Its store, in memory."""
    return photographed.opened()


def test_photographs_go_all_the_way_to_the_report(photographed: Finished) -> None:
    """Exit code 0, nothing on standard error, a store and a report."""
    assert photographed.code == 0, photographed.err
    assert photographed.err == ""
    assert photographed.report.stat().st_size > 500_000


def test_provenance_of_the_files_is_told(photographs: ImageSet, photographed: Finished, study: xr.DataTree) -> None:
    """Console, store and report say whether the files are the official ones, with their fingerprint."""
    assert OFFICIAL[photographs.official] in photographs.description
    assert photographs.description in photographed.out
    page = opened_page(photographed.report.read_text(encoding="utf-8"))
    assert photographs.description in page
    assert photographs.fingerprint in page
    assert study["training"].attrs["image_fingerprint"] == photographs.fingerprint


def test_network_learns(study: xr.DataTree) -> None:
    """Five epochs bring the test accuracy well above the tenth that guessing gives, and the loss below its ln 10."""
    training = study["training"].to_dataset().isel(network=0)
    assert float(training["test_accuracy"]) > 0.2
    assert float(training["test_loss"]) < np.log(10)
    assert float(training["train_loss"][-1]) < float(training["train_loss"][0])
    assert float(study["ablation"]["baseline_loss"][0]) == float(training["test_loss"])


def test_training_makes_units_selective(study: xr.DataTree) -> None:
    """Layer-mean gOSI is defined in every layer, and higher after training than before in conv2 to conv5."""
    means = layer_means(study["tuning"].to_dataset()["gosi"]).isel(network=0)
    assert means.sizes["layer"] == 7
    assert np.isfinite(means.values).all()
    gain = means.sel(state="analysed", drop=True) - means.sel(state="initial", drop=True)
    for layer in ("conv2", "conv3", "conv4", "conv5"):
        assert float(gain.sel(layer=layer)) > 0, layer
