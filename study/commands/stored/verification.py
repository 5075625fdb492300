"""Is a report what its data say? Everything in it computed again from the store, and the store's digests."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console

from study import analysis
from study.analysis.core.results_dataset import results_dataset
from study.commands.arguments import default_registration
from study.commands.command import DONE, FAILED
from study.commands.console import print_plain, standard_console, status
from study.commands.run.completeness import completeness, failure_sentences
from study.commands.run.conclusion import study_report
from study.commands.run.described import DescribedStudy, recorded_study, stored_results
from study.commands.run.standing import REGISTERED, SIBLINGS, standing_of
from study.commands.run.trust import arms_trust, primary_power
from study.commands.study_folder import REPORTS
from study.report.numbers import page_differences
from study.report.page import render
from study.report.wording import counted
from study.store import RESULTS, compacted_damage, damage, network_state, open_study, read_journal, read_looks
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.measurement import measurements
from study.vocabulary.reading import read_text

RELATIVE, ABSOLUTE = 1e-6, 1e-9
MOST_REPORT_BYTES = 100_000_000
MOST_TOLD = 20
TOLERANCE = (
    f"stored results to a relative {RELATIVE:g} (absolute {ABSOLUTE:g}), numbers on the page to one unit of the last"
    " digit shown"
)
NOT_RECOMPUTED = (
    "the time at which the report was made",
    "seconds, images per second and memory of networks, which the journal holds and nothing else",
    "what networks themselves measured: that takes training them again, `python -m study run`",
    "pictures made of pixels: the images shown, and the gratings",
    "which other studies of these images lay beside this one when the report was made",
    "where the registration is deposited, which may be noted later, and when the first network was begun, by the journal",
)
_CHANGING = re.compile(rf"<div><dt>(?:{SIBLINGS}|{REGISTERED})</dt><dd>.*?</dd></div>\n")
_GENERATED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


def verify(arguments: argparse.Namespace) -> int:
    """Print what differs between a report and what its data say, and return the exit code: 1 where anything does.

    Raises
    ------
    StudyError
        When there is no such study or report, or it cannot be read.
    """
    console = standard_console()
    page_path, name = _named(arguments.name)
    study, record = recorded_study(name, preregistration=arguments.preregistration)
    problems = stored_damage(study)
    print_plain(
        console,
        f"{shown(study.folder.path)}: {len(study.networks)} networks and study.zarr compared with their digests",
    )
    if not problems:
        page = read_text(page_path, most_bytes=MOST_REPORT_BYTES, remedy=f"run `python -m study report {shown(name)}`")
        with status(console, "computing everything again"):
            problems += _recomputed(study, record, page, page_path, console, preregistration=arguments.preregistration)
    print_plain(console, *problems[:MOST_TOLD])
    if len(problems) > MOST_TOLD:
        print_plain(console, f"and {len(problems) - MOST_TOLD} more")
    print_plain(console, f"tolerance: {TOLERANCE}", *(f"not recomputed: {line}" for line in NOT_RECOMPUTED))
    print_plain(
        console, counted(len(problems), "difference", "differences") if problems else "verified: nothing differs"
    )
    return FAILED if problems else DONE


def _named(text: str) -> tuple[Path, str]:
    """Return the report and the study's name from the path of the one or from the other."""
    path = Path(text)
    return (path, path.stem) if path.suffix == ".html" else (REPORTS / f"{text}.html", text)


def stored_damage(study: DescribedStudy) -> list[str]:
    """Return a line for every network, and everything in the compacted store, that is not as it was written."""
    states = {network.key: network_state(study.folder, network.key) for network in study.networks}
    damaged = [damage(study.folder, key) for key, state in states.items() if state == "damaged"]
    return [f"damaged: {line}" for line in (*damaged, *compacted_damage(study.folder))]


def _as_judged(study: DescribedStudy, look: int, preregistration: Path | None) -> DescribedStudy:
    """Return a study with the registration that its results were judged by: what a look's digest says.

    Raises
    ------
    StudyError
        When that is neither in the study's record, nor where registrations lie.
    """
    looks = read_looks(study.folder)
    if preregistration is not None or not 0 < look <= len(looks):
        return study
    digest = str(looks[look - 1].get("registration_digest"))
    if digest == study.registration.digest:
        return study
    other, _ = recorded_study(study.folder.path.name, preregistration=default_registration())
    if other.registration.digest != digest:
        raise StudyError(
            f"{shown(study.folder.path)}: its results were judged by the registration {shown(digest[:12])}, which is neither"
            f" in its record nor {shown(default_registration())}; name its file by --preregistration"
        )
    return other


def _measured(tree: xr.DataTree) -> xr.DataTree:
    """Return what was measured, without results; what an analysis reads is in memory."""
    groups = {f"/{name}": group.to_dataset() for name, group in tree.children.items() if name != RESULTS}
    declared = measurements()
    loaded = {
        place: group.load() if place[1:] in declared and declared[place[1:]].analysed else group
        for place, group in groups.items()
    }
    return xr.DataTree.from_dict({"/": tree.to_dataset(), **loaded})


def _recomputed(
    study: DescribedStudy,
    record: Mapping[str, Any],
    page: str,
    page_path: Path,
    console: Console,
    *,
    preregistration: Path | None,
) -> list[str]:
    """Return what differs when everything is computed again from the compacted store."""
    with open_study(study.folder.compacted) as tree:
        stored = stored_results(study, tree)
        look = int(stored.attrs.get("look", 0))
        study = _as_judged(study, look, preregistration)
        measured = _measured(tree)
        questions = analysis.analyse(measured, study.registration, root_seed=study.config.seed)
        problems = results_differences(stored, results_dataset(questions))
        done = measured["training"].to_dataset()["network"].values.tolist()
        missing = completeness(study.networks, done, read_journal(study.folder), registered=study.registered)
        failures = failure_sentences(missing, read_journal(study.folder))
        standing = standing_of(study, measured, questions, missing, record=record, look=look)
        power = primary_power(study, keep=False)
        trust = arms_trust(study, measured, questions, missing, failures=failures, power=power)
        report = study_report(study, measured, questions, record, standing=standing, missing=missing, trust=trust)
        generated = next(iter(_GENERATED.findall(page)), report.generated)
        again = render(dataclasses.replace(report, generated=generated))
        differences = page_differences(*(_CHANGING.sub("", text) for text in (page, again)))
    rows = stored.sizes["result"]
    print_plain(console, f"{rows} results and {differences.compared:,} numbers of {shown(page_path)} computed again")
    return [*problems, *(f"{shown(page_path)}, {line}" for line in differences.lines)]


def results_differences(stored: xr.Dataset, recomputed: xr.Dataset) -> list[str]:
    """Return a line for every stored result that is not, to the tolerance, what is computed now."""
    keys = [
        list(zip(one["hypothesis"].values.tolist(), one["layer"].values.tolist(), strict=True))
        for one in (stored, recomputed)
    ]
    if keys[0] != keys[1]:
        missing = [key for key in keys[1] if key not in keys[0]] or [key for key in keys[0] if key not in keys[1]]
        return [f"stored results: other hypotheses or layers than those computed now, such as {missing[:1]}"]
    lines = [
        f"stored results: variable {name!r} is not stored"
        for name in recomputed.data_vars
        if name not in stored.data_vars
    ]
    for name in (name for name in recomputed.data_vars if name in stored.data_vars):
        before, after = stored[name].values, recomputed[name].values
        if after.dtype.kind == "f":
            same = np.isclose(before, after, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        else:
            same = np.array([str(one) == str(other) for one, other in zip(before.ravel(), after.ravel(), strict=True)])
        for index in np.unique(np.argwhere(~same.reshape(before.shape))[:, 0]):
            (hypothesis, layer), values = keys[0][index], (before[index], after[index])
            lines.append(f"stored results, {hypothesis}, {layer}: {name} is {values[0]}, recomputed {values[1]}")
    return lines
