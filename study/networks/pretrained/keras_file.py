"""What is in a .keras file from elsewhere: read in Keras' safe mode, or refused with the cause."""

from __future__ import annotations

from pathlib import Path

import keras

from study.networks import backend  # noqa: F401  registers the layers of cnn7, which .keras files may hold
from study.networks.graph.model_graph import flat_model
from study.vocabulary.errors import StudyError, one_line, refuse_unless


def network_in(path: Path) -> keras.Model:
    """Return the network in a .keras file.

    Raises
    ------
    StudyError
        When there is no such file, it does not load, or the network in it has no graph from one input to one output.
    """
    refuse_unless(
        path.is_file(),
        f"{path} {'is not a file' if path.exists() else 'does not exist'}: give a .keras file or"
        " the name of an application of Keras, such as vgg16",
    )
    try:
        made = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises errors of many types here, and all mean the same to the user
        raise StudyError(
            f"{path} cannot be loaded in Keras' safe mode ({one_line(error)}); it must be saved by Keras 3 with"
            " model.save and hold no Lambda layer and none of your own code"
        ) from error
    flat_model(made)  # refuses what cannot be probed before anything else is asked of it
    return made
