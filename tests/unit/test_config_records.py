"""A config as a record: plain, whole, and its digest covers what decides the measurement and nothing else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from study.config import (
    AUGMENTATIONS,
    CLAMPS,
    SECTIONS,
    Config,
    MemorizationConfig,
    as_record,
    config_digest,
    measured_settings,
    resolve,
)
from study.vocabulary.architecture import architectures
from study.vocabulary.digests import digest

CNN7 = architectures()["cnn7"]


def test_the_record_is_plain_json_and_whole() -> None:
    """Every section, every key, lists for tuples; it survives a round trip through text."""
    record = as_record(resolve("quick"))
    assert json.loads(json.dumps(record)) == record
    assert set(record) == {"study", *SECTIONS}
    assert record["study"] == {"profile": "quick", "name": "quick", "seed": 0}
    assert record["population"]["augmentations"] == list(AUGMENTATIONS)
    for section in SECTIONS:
        assert set(record[section]) == {field.name for field in dataclasses.fields(getattr(Config(), section))}


def test_a_record_is_a_profile_that_gives_the_same_study(tmp_path: Path) -> None:
    """What is stored can be run again: written as TOML, it resolves to the same settings."""
    config = resolve("cifar10-small", assignments=["study.seed=3", "ablation.layers=conv2,conv3"])
    record = as_record(config)
    del record["study"]["profile"]
    text = "".join(
        f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        for section, keys in record.items()
    )
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    again = resolve(str(path))
    assert dataclasses.replace(again, profile=config.profile) == config


def changed(value: object) -> object:
    """Return another value of the same type that the setting's range allows."""
    choices: dict[object, object] = {
        "shapes": "folder",
        "": "/d",
        "official": "pooled",
        "valid": "same",
        "conv_relu_bn": "conv_bn_relu",
        "validation_accuracy": "last",
        "mean": "max",
        "min_max": "fixed",
        "quick": "other",
        "shift_flip": "none",
        ("free", "isotropic", "parted"): ("free",),
        CNN7.reared_spans: ("conv1",),
        "none": "analysed",
        "auto": "cpu",
        "off": "on",
        "refused": "accepted",
        AUGMENTATIONS: ("none",),
        CNN7.layers: ("conv1",),
        CLAMPS: ("output_zero",),
        1e-3: 1e-2,
        1e-4: 1e-3,
        ("mean", "max"): ("max",),
        ("fixed",): ("min_max",),
        MemorizationConfig().label_corruptions: (0.0, 1.0),
        CNN7.shifted_layers: ("fc1",),
        "float32": "bfloat16",
    }
    return choices[value] if value in choices else value + 1  # type: ignore[operator]


SETTINGS = [("study", "name"), ("study", "profile"), ("study", "seed")] + [
    (section, field.name)
    for section in SECTIONS
    for field in dataclasses.fields(getattr(Config(), section))
    if field.name != "architecture"
]
UNMEASURED = {
    ("study", "name"),
    ("study", "profile"),
    ("images", "data_dir"),
    ("execution", "workers"),
    ("execution", "retries"),
    ("execution", "checkpoint_epochs"),
    ("execution", "scheduler"),
    ("execution", "scheduler_timeout"),
    ("execution", "keep_weights"),
    ("execution", "device"),
    ("execution", "tf32"),
    ("execution", "gpu_memory"),
    ("execution", "other_devices"),
}


@pytest.mark.parametrize(("section", "key"), SETTINGS)
def test_the_digest_covers_what_decides_the_measurement_and_nothing_else(section: str, key: str) -> None:
    """Changing one setting changes the digest, save for names, paths and the way the work is spread."""
    config = resolve("quick")
    if section == "study":
        other = dataclasses.replace(config, **{key: changed(getattr(config, key))})  # type: ignore[arg-type]
    else:
        part = getattr(config, section)
        other = dataclasses.replace(
            config, **{section: dataclasses.replace(part, **{key: changed(getattr(part, key))})}
        )
    assert (config_digest(config) == config_digest(other)) == ((section, key) in UNMEASURED)
    assert (measured_settings(config) == measured_settings(other)) == ((section, key) in UNMEASURED)


def test_taking_the_measured_settings_leaves_the_config_alone() -> None:
    """What is cut out is cut from a copy."""
    config = resolve("quick", assignments=["images.data_dir=/d"])
    measured_settings(config)
    assert as_record(config)["images"]["data_dir"] == "/d"


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    """Canonical JSON; what JSON has no word for is refused."""
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 1.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"a": float("nan")})


def test_settings_cannot_be_changed_once_made() -> None:
    """A config is frozen, its parts too."""
    config = resolve("quick")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 3  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.training.epochs = 3  # type: ignore[misc]
