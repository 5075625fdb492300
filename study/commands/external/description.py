"""From a command line to the report on one external network."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from study.commands.command import DONE
from study.commands.console import Manner, print_plain, status
from study.commands.study_folder import DATA, REPORTS, Places, check_places, compacted, held
from study.execution.progress import Steps, time_text
from study.registration import Registration, read_registration
from study.store import StudyFolder, read_journal, read_record, remade_sentences
from study.vocabulary.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr

    from study.commands.external.subject import Subject
    from study.report.external import ExternalPage

REGISTERED_MODEL = "vgg16"  # the one external network that hypotheses are registered for


def run(arguments: argparse.Namespace) -> int:
    """Measure and describe one network, or go on with it, and return the exit code.

    Raises
    ------
    StudyError
        When it cannot be done.
    """
    manner = Manner.of(arguments)
    console = manner.console
    with status(console, "loading the network"), _without_greetings():
        # Not at the top: TensorFlow greets as it is imported.
        from study.commands.external.measuring import check_record, measured, ready_to_measure
        from study.commands.external.subject import loaded, name_of, subject_of

        network, layers = loaded(arguments)
    registration = read_registration(arguments.preregistration) if network.name == REGISTERED_MODEL else None
    print_plain(console, f"network: {network.source}", f"weights: {network.weights}", *network.remarks)
    subject = subject_of(network, layers, arguments)
    if subject.photographs is not None:
        print_plain(console, f"photographs: {subject.photographs.description}", *subject.photographs.remarks)
    if arguments.dry_run:
        _preview(subject, console)
        return DONE
    folder = StudyFolder(DATA / name_of(network, arguments.name))
    check_places(folder)
    check_record(folder, subject)
    subject = ready_to_measure(folder, subject, console)
    with held(folder, lambda: check_record(folder, subject), console):
        tree, subject = measured(folder, subject, console)
        page, places = _concluded(folder, tree, subject, registration, arguments.memory, console)
    print_plain(console, *page.summary, *places.lines)
    manner.give(lambda: _plain(page, places))
    return DONE


def _preview(subject: Subject, console: Console) -> None:
    """Print what would be measured and how long it takes, from a few gratings shown for real; write nothing."""
    from study.commands.external.duration import estimated_minutes
    from study.commands.external.subject import with_checked_photographs
    from study.experiment.subjects import n_gratings

    subject = with_checked_photographs(subject, console)
    table = Table("layer", "kind", "units", "activation", "ablated")
    for layer in subject.layers:
        table.add_row(
            layer.name, layer.kind, str(layer.n_units), layer.activation, "what follows" if layer.cuts else "in place"
        )
    console.print(table)
    with status(console, "timing a few gratings"):
        minutes = estimated_minutes(subject)
    size = subject.network.layout.size
    photographs = "no photographs" if subject.photographs is None else subject.photographs.description
    print_plain(
        console,
        f"{len(subject.layers)} layers, {subject.n_units:,} units; {n_gratings(size):,} gratings of {size} px;"
        f" {photographs}",
        f"about {time_text(60 * minutes)} on this machine; nothing was written",
    )


def _concluded(
    folder: StudyFolder,
    tree: xr.DataTree,
    subject: Subject,
    registration: Registration | None,
    memory: str,
    console: Console,
) -> tuple[ExternalPage, Places]:
    """Compact, describe and write the report; return what it says, and where it lies."""
    from study.analysis.external.network import described
    from study.commands.all_reports import INDEX, write_index
    from study.commands.external.page import page_of
    from study.commands.external.subject import compaction_attributes
    from study.report.external import render_external
    from study.report.page import publish

    report_path = REPORTS / f"{folder.path.name}.html"
    record = read_record(folder) or {}
    steps = Steps(console, 3)
    with steps.step(f"gathering {subject.n_units:,} units into {folder.compacted}"):
        study = compacted(folder, [tree.attrs["key"]], compaction_attributes(subject, record), console)
    with steps.step("describing layers and units"):
        questions = described(study, registration, root_seed=subject.settings.seed)
    with steps.step(f"writing {report_path}"):
        page = page_of(
            folder.path.name, study, questions, subject, record=record, journal=read_journal(folder), memory=memory
        )
        page = dataclasses.replace(page, remarks=(*page.remarks, *remade_sentences(folder)))
        publish(render_external(page), report_path, remedy="use another --name")
        unlisted = write_index()
    return page, Places(data=folder.compacted, report=report_path, index=REPORTS / INDEX, problem=unlisted)


def _plain(page: ExternalPage, places: Places) -> Mapping[str, Any]:
    """Return what the page says as plain JSON types; what is undefined is null."""
    return {
        "network": page.name,
        "summary": list(page.summary),
        "remarks": list(page.remarks),
        "layers": json.loads(page.layers.to_json(orient="records")),
        "paths": places.plain,
    }


@contextlib.contextmanager
def _without_greetings() -> Iterator[None]:
    """Keep what TensorFlow's libraries say on standard error as they start, and say it only if something goes wrong.

    They say that there is no GPU before they read the setting that quietens them, so the file itself is replaced.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it takes a function for each layer for careless retracing
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as greetings:
        os.dup2(greetings.fileno(), 2)
        try:
            yield
        except (StudyError, KeyboardInterrupt):
            raise
        except BaseException:
            greetings.seek(0)
            os.write(standard_error, greetings.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
