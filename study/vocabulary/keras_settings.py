"""Keras' own settings, which decide bits: fixed by this program, whatever the user's environment and keras.json say.

Keras reads them once, as it is imported. So the rooms that import it call `prepare` first, in every process; what only
keras.json holds is set in `study.networks.backend`, after the import.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from study.vocabulary.errors import StudyError
from study.vocabulary.reading import read_json, refusal, user_path

BACKEND: Final = "tensorflow"
FLOATX: Final = "float32"
IMAGE_DATA_FORMAT: Final = "channels_last"
EPSILON: Final = 1e-7
_ALLOWED: Final = {
    "floatx": ("float16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
}
_REMEDY: Final = "remove the file, of which this program needs nothing"


def prepare() -> None:
    """Set the environment variables that Keras reads, for this process and those that it starts; before Keras is imported.

    Raises
    ------
    StudyError
        When keras.json holds what Keras cannot start with.
    """
    os.environ["KERAS_BACKEND"] = BACKEND
    os.environ["KERAS_NNX_ENABLED"] = "0"
    for limit in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        os.environ.pop(limit, None)
    if "keras" not in sys.modules:
        check_keras_json()


def keras_json() -> Path:
    """Return where Keras looks for its settings."""
    home = user_path("~")
    usual = str((home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras")  # noqa: S108  as Keras has it
    return user_path(os.environ.get("KERAS_HOME", usual)) / "keras.json"


def check_keras_json() -> None:
    """Refuse settings that Keras cannot start with; those that it can are changed where that matters.

    Raises
    ------
    StudyError
        With the file, the setting and what is allowed.
    """
    path = keras_json()
    if not path.exists():
        return
    settings = read_json(path, origin="Keras' settings", remedy=_REMEDY)
    if not isinstance(settings, dict):
        raise _refused(path, "holds no table of settings")
    for name, allowed in _ALLOWED.items():
        if settings.get(name, allowed[0]) not in allowed:
            raise _refused(path, f"{name} must be {', '.join(allowed)}")
    if not isinstance(settings.get("epsilon", EPSILON), float):
        raise _refused(path, "epsilon must be a number such as 1e-07")


def _refused(path: Path, reason: str) -> StudyError:
    return refusal(path, reason, origin="Keras' settings", remedy=_REMEDY)
