"""The words and tables of a report that come from the study rather than from a test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from study.commands.run import report_content
from study.commands.run.report_content import config_image_size, examples, report_of
from study.commands.run.standing import Standing
from study.config import Config, resolve
from study.images.image_set import ImageSet
from study.report.content import Report
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import variables_by_group
from tests.example_networks import example_network
from tests.example_study import LAYERS, study_of

ARMS = ["Maturation", "Memorisation", "Second set of initialisations"]
SETTINGS = (
    "population.seeds=6",
    "maturation.seeds=3",
    "maturation.epochs=7",
    "maturation.learning_rate=0.0002",
    "memorization.seeds=2",
    "memorization.label_corruptions=[0.0, 0.5]",
    "memorization.epochs=9",
    "memorization.train_images=300",
    "replication.seeds=4",
    "replication.memorization_seeds=1",
    "shift_invariance.test_images=0",
)
RECORD: dict[str, Any] = {
    "images": {
        "description": "photographs.",
        "fingerprint": "f" * 8,
        "train": 12000,
        "validation": 2000,
        "test": 10000,
    },
    "registration": {"digest": "d"},
    "config_digest": "c",
    "config": {"study": {"seed": 0}},
    "git": None,
    "environment": {"python": "3.11", "cpu": "x", "cores": 2, "platform": "p", "packages": {"numpy": "2"}},
}


def network(place: int, **identity: Any) -> xr.DataTree:
    """Return one small network of an arm and set."""
    return example_network(np.random.default_rng(place), layers=LAYERS, epochs=2, draws=5, seed=place, **identity)


def study(*, arms: bool = True, generalizing: int = 24) -> xr.DataTree:
    """Return networks of the first set that generalise, and with `arms` some of every other kind."""
    networks = [network(place) for place in range(generalizing)]
    if arms:
        networks += [network(0, arm="maturation", augmentation="shift_flip")]
        networks += [network(0, arm="memorization", label_corruption=rate) for rate in (0.0, 0.5)]
        networks += [network(0, initialization_set=2)]
        networks += [network(0, arm="memorization", label_corruption=0.5, initialization_set=2)]
    return study_of(networks, groups=tuple(variables_by_group()))


def reported(measured: xr.DataTree, config: Config | None = None, **changes: Any) -> Report:
    """Return the report of a study, without results."""
    contents = {"journal": [], "standing": Standing(), "failures": []} | changes
    return report_of((), config or resolve("cifar10-small", assignments=SETTINGS), measured, record=RECORD, **contents)


@pytest.fixture(scope="module")
def whole() -> Report:
    """Return the report of a study with every arm and two sets."""
    return reported(study())


def test_every_network_has_a_row_that_says_what_it_is(whole: Report) -> None:
    """Arm, set, label corruption, accuracies of training and test."""
    table = whole.networks
    assert list(table.columns) == [
        "network",
        "key",
        "arm",
        "set",
        "augmentation",
        "label corruption",
        "seed",
        "test accuracy",
        "train accuracy",
        "test loss",
        "train loss",
        "analysed epoch",
        "seconds",
    ]
    assert table[["arm", "set"]].value_counts().to_dict() == {
        ("generalization", 1): 24,
        ("memorization", 1): 2,
        ("maturation", 1): 1,
        ("generalization", 2): 1,
        ("memorization", 2): 1,
    }
    last = table.iloc[-1]
    assert (last["arm"], last["set"], last["label corruption"]) == ("memorization", 2, 0.5)
    measured = study()["training"].to_dataset()
    np.testing.assert_array_equal(table["train accuracy"], measured["final_train_accuracy"])
    np.testing.assert_array_equal(table["test accuracy"], measured["test_accuracy"])


def test_methods_tell_of_the_arms_there_are_with_their_numbers(whole: Report) -> None:
    """Epochs, learning rate, corruption rates and images of each arm, as configured."""
    said = dict(whole.methods)
    assert [heading for heading in said if heading in ARMS] == ARMS
    for heading, words in (
        ("Maturation", ("3", "7 epochs", "0.0002")),
        ("Memorisation", ("2 for each", "(0, 0.5)", "9 epochs", "300 training images")),
        ("Second set of initialisations", ("4 for each augmentation", "1 for each of 2 label corruption rates")),
        ("Networks", ("6 networks",)),
        ("Ablation", ("output_zero", "relu_zero", "mean: ", "resample: ")),
        ("Shift invariance", ("conv2, conv3", "(all)")),
        ("Activity of units", ("class selectivity",)),
        ("Controls of the ablation", ("weight norm", "5 to 95 %")),
    ):
        for word in words:
            assert word in said[heading], heading
    assert "probed after every epoch" not in said["Second set of initialisations"]  # no such network is there


def test_methods_are_silent_about_arms_that_are_not_there() -> None:
    """Even where they were planned: what was not trained is a failure, not a method."""
    said = dict(reported(study(arms=False)).methods)
    assert not set(ARMS) & set(said)
    assert {"Images", "Networks", "Training", "Gratings", "Ablation", "Shift invariance", "Inference"} <= set(said)


def test_clamps_and_images_are_those_configured() -> None:
    """A clamp that was not used is not described; a number of images is contents."""
    config = resolve("quick", assignments=("ablation.clamps=output_zero", "shift_invariance.test_images=1200"))
    said = dict(reported(study(arms=False), config).methods)
    assert "relu_zero" not in said["Ablation"]
    assert "(1,200)" in said["Shift invariance"]


def test_only_the_first_set_that_generalises_makes_a_study_more_than_a_demonstration(whole: Report) -> None:
    """24 of them, real images: not 23 and others."""
    assert not whole.demonstration
    assert reported(study(generalizing=23)).demonstration
    assert reported(study(), resolve("quick")).demonstration
    assert report_content.DEMONSTRATION_NETWORKS == 24


def test_gratings_are_those_of_the_images_size(whole: Report) -> None:
    """Nine spatial frequencies belong to 32 pixels; without responses nobody knows, and one line says so."""
    assert config_image_size(study(arms=False)) == 32
    assert whole.stimuli.images.shape == (12, 9, 32, 32)
    without = study_of([network(0, arm="maturation")], groups=tuple(variables_by_group()))
    with pytest.raises(StudyError, match="no network of arm generalization"):
        config_image_size(without)


def test_seconds_come_from_the_journal_and_are_undefined_without() -> None:
    """By key; a network of an earlier run has none."""
    measured = study(arms=False)
    keys = measured["training"]["network"].values.tolist()
    entry = {"key": keys[1], "seconds": 12.5, "images_per_second": 0.0, "peak_memory_bytes": 2**30, "failure": ""}
    report = reported(measured, journal=[entry])
    assert report.networks["seconds"].tolist()[1] == 12.5
    assert report.networks["seconds"].isna().sum() == len(keys) - 1
    assert report.provenance["training speed, per worker"] == "0 images per second (median)"


def test_examples_are_of_every_class_in_turn() -> None:
    """Few classes that lie one behind the other, as those of a folder: none fills the strip, and none has an image twice."""
    labels = np.repeat([0, 1, 2], [30, 30, 2])
    pixels = np.arange(62, dtype=np.uint8)[:, None, None, None]
    images = ImageSet(pixels, labels, labels < 0, ("a", "b", "c"), "f", "folder", "", None)
    assert [(name, int(shown.squeeze())) for name, shown in examples(images)] == [
        *(("a", 0), ("b", 30), ("c", 60), ("a", 1), ("b", 31), ("c", 61)),
        *(("a", 2), ("b", 32), ("a", 3), ("b", 33)),
    ]
