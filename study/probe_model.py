"""Probe one network from elsewhere: show it the gratings, silence halves of its layers, and describe it in a report.

It imports the others inside its functions, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.commands.external_arguments import parser
from study.vocabulary.errors import StudyError, refuse_unless

if TYPE_CHECKING:
    import xarray as xr
    from rich.console import Console

    from study.experiment.external_network import Asked
    from study.images.labelled.folder import LabelledFolder
    from study.networks.graph.hidden_layers import HiddenLayer
    from study.networks.pretrained.loading import LoadedModel
    from study.store import StudyFolder

DATA, REPORTS = Path("data"), Path("reports")
_BYTES = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 2 refused, 130 interrupted."""
    given = parser().parse_args(arguments)
    try:
        return _run(given)
    except StudyError as error:
        print(f"study: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("study: interrupted; the same command goes on from there", file=sys.stderr)
        return 130


def _run(given: argparse.Namespace) -> int:
    _check(given)
    memory = memory_bytes(given.memory)
    from rich.console import Console

    from study.registration import read_registration
    from study.store import StudyFolder

    console = Console() if sys.stdout.isatty() else Console(width=120, soft_wrap=True)
    with _status(console, "loading the network"), _without_greetings():
        from study.commands.external_folder import alone, measured
        from study.experiment.external_network import Asked
        from study.networks.graph.hidden_layers import hidden_layers, selected_layers
        from study.networks.pretrained.loading import load

        network = load(
            given.model,
            weights=given.weights,
            preprocessing=given.preprocessing,
            seed=given.seed,
            input_size=given.input_size,
        )
        layers = selected_layers(hidden_layers(network.model), given.layers)
    registration = read_registration(given.preregistration) if network.name == "vgg16" else None
    for line in (f"network: {network.source}", f"weights: {network.weights}", *network.remarks):
        console.print(line, markup=False, highlight=False)
    files = None if given.images is None else _photographs(given, network)
    null_images = min(given.null_images, len(files.paths)) if files is not None and given.ablate else 0
    asked = Asked(given.permutations, given.seed, given.null_draws, null_images, memory)
    if given.dry_run:
        return _describe(network, layers, asked, files, console)
    folder = StudyFolder(DATA / _name(given, network))
    with alone(folder, REPORTS, network, layers, asked, console):
        tree = measured(folder, network, layers, asked, files, console)
        return _conclude(folder, tree, network, layers, asked, files, registration, given, console)


def _check(given: argparse.Namespace) -> None:
    for flag, value, low, high in (
        ("--permutations", given.permutations, 100, 1_000_000),
        ("--null-draws", given.null_draws, 20, 100_000),
        ("--null-images", given.null_images, 1, 1_000_000),
        ("--n-images", given.n_images, 1, 100_000_000),
        ("--seed", given.seed, 0, 2**32 - 1),
    ):
        if value is not None and not low <= value <= high:
            raise StudyError(f"{flag} {value} is not allowed: it must be a whole number from {low} to {high}")
    refuse_unless(
        given.images is not None or not given.ablate,
        "--ablate needs photographs to measure a loss on: give --images DIR",
    )
    for flag, value in (("--n-images", given.n_images), ("--class-names", given.class_names)):
        refuse_unless(
            given.images is not None or value is None,
            f"{flag} {value} is about photographs: give --images DIR, or leave it out",
        )


def memory_bytes(text: str) -> int:
    """Return a size in bytes.

    Raises
    ------
    StudyError
        When it is no number with a unit, or below 10 MB.
    """
    parts = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]B)", text.strip().upper())
    size = int(float(parts[1]) * _BYTES[parts[2]]) if parts else 0
    refuse_unless(
        size >= 10_000_000, f"--memory {text!r} is not allowed: write a number and MB or GB, such as 2GB; at least 10MB"
    )
    return size


def _name(given: argparse.Namespace, network: LoadedModel) -> str:
    name: str = given.name or re.sub(r"[^A-Za-z0-9._-]+", "-", network.name).strip("-._") or "network"
    refuse_unless(
        re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) is not None,
        f"--name {name!r} is not allowed: it must"
        " be letters, digits, dots, dashes and underscores, starting with a letter or digit",
    )
    return name


def _photographs(given: argparse.Namespace, network: LoadedModel) -> LabelledFolder:
    from study.images.labelled.folder import balanced_subset, labelled_folder
    from study.vocabulary.seeding import stream

    n_classes = int(network.model.output_shape[-1])
    files = labelled_folder(given.images, n_classes=n_classes, class_names=given.class_names)
    if given.n_images is not None:
        files = balanced_subset(files, given.n_images, stream(given.seed, "photographs", "subset"))
    return files


def _describe(
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
    files: LabelledFolder | None,
    console: Console,
) -> int:
    """Print what would be measured and how long it takes, from a few gratings shown for real; write nothing."""
    from rich.table import Table

    from study.commands.external_texts import estimated_minutes
    from study.experiment.external_network import n_gratings

    table = Table("layer", "kind", "units", "activation", "silenced by")
    for layer in layers:
        table.add_row(layer.name, layer.kind, str(layer.n_units), layer.activation, "suffix" if layer.cuts else "mask")
    console.print(table)
    with _status(console, "timing a few gratings"):
        minutes = estimated_minutes(network, layers, asked, 0 if files is None else len(files.paths))
    size = network.layout.size
    photographs = "no photographs" if files is None else files.description
    console.print(
        f"{len(layers)} layers, {sum(layer.n_units for layer in layers):,} units; {n_gratings(size):,} gratings of {size} px;"
        f" {photographs}\nabout {minutes:.0f} minutes on this machine; nothing was written",
        markup=False,
        highlight=False,
    )
    return 0


def _conclude(
    folder: StudyFolder,
    tree: xr.DataTree,
    network: LoadedModel,
    layers: tuple[HiddenLayer, ...],
    asked: Asked,
    files: LabelledFolder | None,
    registration: Any,
    given: argparse.Namespace,
    console: Console,
) -> int:
    """Compact, describe and write the report."""
    from study.analysis.external.network import described
    from study.commands.external_texts import compaction_attributes, probe_page
    from study.report.external import render_probe
    from study.report.page import publish
    from study.store import compact, open_study, read_journal, read_record

    report_path = REPORTS / f"{folder.path.name}.html"
    record = read_record(folder) or {}
    with _status(console, "analysing and writing the report"):
        compact(folder, [tree.attrs["key"]], compaction_attributes(network, files, record))
        study = open_study(folder.compacted)
        for group in set(study.children) - {"responses"}:
            study[group].load()
        questions = described(study, registration, root_seed=asked.seed)
        page = probe_page(
            folder.path.name,
            study,
            questions,
            network,
            layers,
            asked,
            files,
            record,
            read_journal(folder),
            given.memory,
        )
        publish(render_probe(page), report_path, remedy="use another --name")
    for sentence in page.summary:
        console.print(sentence, markup=False, highlight=False)
    console.print(f"data:   {folder.compacted}\nreport: {report_path}", markup=False, highlight=False)
    return 0


@contextlib.contextmanager
def _without_greetings() -> Iterator[None]:
    """Keep what TensorFlow's libraries say on standard error as they start, and say it only if something goes wrong.

    They say that there is no GPU before they read the setting that silences them, so the file itself is replaced.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it takes a function for each layer for careless retracing
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except StudyError:
            raise
        except BaseException:
            said.seek(0)
            os.write(saved, said.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _status(console: Console, text: str) -> contextlib.AbstractContextManager[Any]:
    return console.status(text) if console.is_terminal else contextlib.nullcontext()


if __name__ == "__main__":
    sys.exit(main())
