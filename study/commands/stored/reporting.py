"""A report again, from the networks that are stored."""

from __future__ import annotations

import argparse

from study.commands.console import Manner, print_plain
from study.commands.run.access import repeating_command
from study.commands.run.conclusion import conclude
from study.commands.run.described import recorded_study
from study.commands.run.registered import registration_file
from study.commands.study_folder import check_places, held
from study.store import damage, network_state, sweep_staging
from study.vocabulary.errors import StudyError, shown


def report(arguments: argparse.Namespace) -> int:
    """Analyse a study's networks and write its report, and return the exit code: 1 where planned networks are missing.

    Raises
    ------
    StudyError
        When there is no such study, somebody else is writing it, or none of its networks is there.
    """
    manner = Manner.of(arguments)
    console = manner.console
    study, record = recorded_study(
        arguments.name, preregistration=registration_file(arguments.name, arguments.preregistration)
    )
    check_places(study.folder)
    with held(study.folder, lambda: None, console):
        sweep_staging(study.folder)
        states = {network.key: network_state(study.folder, network.key) for network in study.networks}
        again = repeating_command(study.config, here=True)
        for key in (key for key, state in states.items() if state == "damaged"):
            print_plain(console, f"{damage(study.folder, key)}; left out: `{again}` trains it again")
        done = [key for key, state in states.items() if state == "done"]
        if not done:
            raise StudyError(f"{shown(study.folder.path)}: none of its networks is there; run `{again}`")
        return conclude(study, done, record, console, manner=manner)
