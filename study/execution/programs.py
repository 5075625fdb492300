"""Several networks as one task of a worker: trained together, then measured and published one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from study.config import Config
from study.config.population import PlannedNetwork
from study.config.programs import Program
from study.execution.worker import kept_networks, reporter, worker_images
from study.store import Checkpoint, StudyFolder, network_path
from study.vocabulary.errors import StudyError, one_line

Entry = dict[str, Any]
Publish = Callable[[PlannedNetwork, Callable[[], Any]], Entry]  # (network, what measures it)


def program_entries(
    program: Program, config: Config, folder: StudyFolder, fingerprint: str, publish: Publish
) -> dict[str, Entry]:
    """Train the networks of a program that are not published yet, and measure and publish each. Runs in a worker.

    A network that cannot be measured leaves the others alone, and is tried again by the next run; of one that was
    published by an earlier try, there is nothing to say but its arm.

    Returns
    -------
    dict
        By key what goes into the journal.

    Raises
    ------
    StudyError
        What only the user can put right.
    """
    for network in program.networks:
        reporter(network.key)("start", 0.0, "starting TensorFlow")
    from study.experiment.several_networks import train_together

    entries = {network.key: {"arm": network.arm} for network in program.networks}
    places = {place: network for place, network in program.places if not network_path(folder, network.key).exists()}
    if not places:
        return entries
    images, n_classes = worker_images(config, fingerprint)
    conclusions = train_together(
        places,
        config,
        images,
        n_classes,
        together=program.together,
        compiled_networks=kept_networks(),
        progress=reporter,
        checkpoint=lambda key: Checkpoint(folder, key),
    )
    for network in places.values():
        try:
            entries[network.key] = publish(network, conclusions[network.key])
        except StudyError:
            raise
        except Exception as error:
            entries[network.key] = {"failure": f"{type(error).__name__}: {one_line(error)}"}
    return entries
