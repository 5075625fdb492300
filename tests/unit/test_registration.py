"""The project's own registration: what it names exists, and its layers are those of the paper's claims."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from study.analysis import check_registration
from study.config import CLAMPS, PROFILES, as_record, resolve
from study.registration import Hypothesis, Registration, read_registration
from study.registration.deviations import differences, setting_deviations
from study.vocabulary.architecture import architectures
from study.vocabulary.discovery import names_in
from study.vocabulary.errors import StudyError
from tests.example_registration import FIELDS, block, register

PREREGISTRATION = Path(__file__).parents[2] / "preregistration.md"
CNN7 = architectures()["cnn7"].layers


@pytest.fixture(scope="module")
def registered() -> Registration:
    """Return what preregistration.md registers."""
    return read_registration(PREREGISTRATION)


def test_every_question_is_registered(registered: Registration) -> None:
    """Every question that there is has at least one hypothesis, named after its question."""
    questions = {hypothesis.question for hypothesis in registered.hypotheses.values()}
    assert questions == set(names_in("study.analysis.questions"))
    for name, hypothesis in registered.hypotheses.items():
        assert name == hypothesis.id
        assert name.startswith(hypothesis.question + "-")


def test_vgg16_is_registered_in_all_its_layers(registered: Registration) -> None:
    """Thirteen convolutions, five poolings, two dense layers; ablation where the paper puts its asterisks."""
    blocks = [f"block{number}" for number in range(1, 6)]
    for name in ("replication-vgg16-existence", "replication-vgg16-spatial-frequency"):
        layers = registered.hypotheses[name].layers
        assert len(layers) == 20
        assert [layer for layer in layers if layer.endswith("pool")] == [f"{one}_pool" for one in blocks]
        assert layers[-2:] == ("fc1", "fc2")
    assert registered.hypotheses["replication-vgg16-ablation"].layers == ("block1_conv2", "block1_pool", "block2_conv1")


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("maturation-correlation", ("conv1", "conv2", "conv3", "conv4", "conv5")),
        ("maturation-higher-layers-absence", ("conv6", "fc1")),
        ("generalization-conv1-absence", ("conv1",)),
        ("generalization-higher-layers-absence", ("conv5", "conv6", "fc1")),
        ("memorization-higher-layers-absence", ("conv5", "conv6", "fc1")),
        ("ablation-other-layers-absence", ("conv1", "conv4", "conv5", "conv6", "fc1")),
        ("memorization-trend", ("conv2", "conv3", "conv4")),
        ("ablation-effect", ("conv2", "conv3")),
        ("ablation-twofold", ("conv2", "conv3")),
        ("ablation-silence", ("conv2", "conv3")),
        ("existence-selective-units", CNN7),
    ],
)
def test_layers_are_those_of_the_papers_claims(registered: Registration, name: str, layers: tuple[str, ...]) -> None:
    """Where the paper says it holds."""
    assert registered.for_network("cnn7", CNN7).hypotheses[name].layers == layers


def test_every_measure_exists(registered: Registration) -> None:
    """What is registered can be computed, and each test fits its measure."""
    check_registration(registered, source="preregistration.md")


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_departs_from_the_registration(registered: Registration, profile: str) -> None:
    """Profiles and registered settings agree, so that a plain run has no deviation to report."""
    assert setting_deviations(registered, as_record(resolve(profile))) == []


def test_registered_settings_are_settings(registered: Registration) -> None:
    """Every registered key is one that a study has: none is registered under a wrong name."""
    record = as_record(resolve("quick"))
    keys = {f"{section}.{key}" for section, table in record.items() for key in table}
    assert set(registered.settings) <= keys
    assert set(registered.profile_settings) == set(PROFILES)
    assert all(set(settings) <= keys for settings in registered.profile_settings.values())
    assert registered.settings["ablation.layers"] == list(CNN7)
    assert registered.settings["ablation.clamps"] == list(CLAMPS)


def test_the_record_is_plain_json(registered: Registration) -> None:
    """What is stored with the data survives a round trip through text, and differs from itself in nothing."""
    record = registered.as_record()
    stored = json.loads(json.dumps(record, allow_nan=False))
    assert stored == record
    assert differences(stored, registered) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        (
            {"question": "colour"},
            "question",
            "'colour' has no folder in study/analysis/questions; questions are ablation, ",
        ),
        (
            {"network": "cnn7", "layers": ["conv9"]},
            "layers",
            "'conv9' is no layer of cnn7; its layers are conv1, conv2",
        ),
        ({"measure": "selectivity"}, "measure", "'selectivity' is unknown; existence has selective_excess"),
        ({"measure": "log2_ratio"}, "measure", "'log2_ratio' is unknown; existence has"),
        ({"test": "rank_correlation", "expected_sd": 0.0}, "test", "one value a network"),
        ({"test": "pairing"}, "test", "has no curves to pair"),
        ({"question": "generalization", "measure": "gosi_against_test_loss"}, "test", "correlates two variables"),
    ],
)
def test_a_measure_the_analysis_does_not_have_is_refused(changes: dict[str, Any], field: str, reason: str) -> None:
    """Before anything runs: the line names file, hypothesis, field and what there is."""
    with pytest.raises(StudyError) as caught:
        check_registration(register(block(**changes)), source="pre.md")
    message = str(caught.value)
    assert message.startswith(f"pre.md, hypothesis 'made-up', field {field!r}: ")
    assert reason in message


def test_fields_of_these_tests_are_those_of_a_hypothesis() -> None:
    """The block used here is whole."""
    assert set(FIELDS) | {"id"} == {field.name for field in dataclasses.fields(Hypothesis)}
