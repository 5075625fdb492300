"""Keras' settings are this program's: what stands in the environment and in keras.json changes no bit, or is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from study.networks import backend
from study.vocabulary.errors import StudyError
from study.vocabulary.keras_settings import check_keras_json, keras_json, prepare

ROOT = Path(__file__).parents[2]
OTHER = {"floatx": "float16", "epsilon": 0.01, "backend": "jax", "image_data_format": "channels_first"}
BITS = """
import study.networks.backend
from tests.unit.test_keras_settings import bits
print("bits", bits())
"""


def bits() -> str:
    """Return the digest of a network's weights and batch-normalised output after two steps of training."""
    import hashlib

    import numpy as np

    from study.networks import backend
    from tests.tiny_network import scramble

    backend.configure_process()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            backend.FusedBatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
    rng = np.random.default_rng(0)
    scramble(model, rng)
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)
    train = backend.compiled_training(model, optimizer)
    images = rng.normal(size=(2, 8, 6, 6, 3)).astype("f4")
    train(images, np.arange(16).reshape(2, 8) % 3)
    parts = [*model.get_weights(), np.asarray(model(images[0]))]
    assert {part.dtype.name for part in parts} == {"float32"}
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def test_no_setting_of_keras_changes_a_bit(tmp_path: Path) -> None:
    """Another backend, format, precision and epsilon, in keras.json and the environment: the same network to the last bit."""
    (tmp_path / "keras.json").write_text(json.dumps(OTHER))
    others = {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "jax", "KERAS_MAX_EPOCHS": "many", "KERAS_NNX_ENABLED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", BITS], cwd=ROOT, env=os.environ | others, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ["bits", bits()]


def test_what_is_set_is_set_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, and in the environment of those that it starts."""
    for name in ("KERAS_BACKEND", "KERAS_MAX_EPOCHS", "KERAS_NNX_ENABLED"):
        monkeypatch.setenv(name, "7")
    prepare()
    assert (os.environ["KERAS_BACKEND"], os.environ["KERAS_NNX_ENABLED"]) == ("tensorflow", "0")
    assert "KERAS_MAX_EPOCHS" not in os.environ
    assert backend.keras.config.backend() == "tensorflow"
    config = keras.config
    assert (config.floatx(), config.image_data_format(), config.epsilon()) == ("float32", "channels_last", 1e-7)
    assert config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"floatx": "float8"}', "floatx must be float16, float32, float64"),
        ('{"image_data_format": "last"}', "image_data_format must be channels_last, channels_first"),
        ('{"image_data_format": []}', "image_data_format must be"),
        ('{"epsilon": 1}', "epsilon must be a number such as 1e-07"),
        ("[1]", "holds no table of settings"),
        ('{"floatx": ', "is not valid JSON"),
        ("[" * 100_000, "nested deeper"),
    ],
)
def test_settings_that_keras_cannot_start_with_are_refused(
    text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file and what to do, before Keras is imported."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    keras_json().write_text(text)
    with pytest.raises(StudyError, match=f"keras.json.*{says}.*remove the file"):
        check_keras_json()


def test_a_pipe_in_place_of_the_settings_does_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras itself would wait for ever; where there are no settings nothing is said."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    check_keras_json()
    os.mkfifo(keras_json())
    with pytest.raises(StudyError, match=r"keras\.json: is a pipe"):
        check_keras_json()
