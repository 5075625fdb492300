"""Is a report what its data say? Everything in it computed again from the store, and the store's digests."""

from __future__ import annotations

import argparse
import contextlib
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
from study.commands.run.access import access_of
from study.commands.run.completeness import completeness, failure_sentences
from study.commands.run.conclusion import study_report
from study.commands.run.described import DescribedStudy, is_published_alone, recorded_study, stored_results
from study.commands.run.registered import FROZEN
from study.commands.run.standing import REGISTERED, SIBLINGS, standing_of
from study.commands.run.trust import arms_trust, primary_power
from study.commands.study_folder import DATA, REPORTS
from study.registration import text_digest
from study.registration.deposit import DEPOSIT_FILE, read_deposit
from study.report.numbers import page_differences
from study.report.page import render
from study.report.wording import counted
from study.store import (
    LEFT_OUT,
    RESULTS,
    StudyFolder,
    compacted_damage,
    damage,
    network_state,
    open_study,
    read_journal,
    read_looks,
    unpacked,
)
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.measurement import measurements
from study.vocabulary.reading import read_text

MOST_REPORT_BYTES = 100_000_000
MOST_TOLD = 20


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """By how much numbers may differ: stored results, and beside that what a page shows to its last digit.

    `relative` and `absolute` hold for stored results; `page` is what a page's numbers may differ by, relative to
    themselves and absolutely, where that is more than one unit of their last digit.
    """

    relative: float
    absolute: float
    page: float

    def __str__(self) -> str:
        """Return it in words."""
        page = f", or {self.page:g}" if self.page else ""
        return (
            f"stored results to a relative {self.relative:g} (absolute {self.absolute:g}), numbers on the page to one unit of"
            f" the last digit shown{page}"
        )


EXACT = Tolerance(relative=1e-6, absolute=1e-9, page=0.0)
# What is published has numbers of units in single precision. Of 16 networks on photographs results differed by 4e-7 of
# themselves, and no p-value; numbers of a page by 3e-6.
PUBLISHED = Tolerance(relative=1e-5, absolute=1e-6, page=1e-5)
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
    page_path, name, published = _named(arguments.name)
    with unpacked(published) if published else contextlib.nullcontext() as place:
        study, record = recorded_study(name, preregistration=arguments.preregistration, folder=place)
        problems = stored_damage(study)
        tolerance, left_out = EXACT, []
        if published:
            tolerance, left_out = PUBLISHED, [] if problems else left_out_of(study)
            problems += frozen_differences(study, StudyFolder(DATA / name))
        compared = shown(published) if published else f"{len(study.networks)} networks and study.zarr"
        print_plain(console, f"{shown(DATA / name)}: {compared} compared with their digests")
        if not problems:
            page = read_text(
                page_path, most_bytes=MOST_REPORT_BYTES, remedy=f"run `python -m study report {shown(name)}`"
            )
            with status(console, "computing everything again"):
                problems += _recomputed(
                    study, record, page, page_path, console, tolerance, preregistration=arguments.preregistration
                )
    print_plain(console, *problems[:MOST_TOLD])
    if len(problems) > MOST_TOLD:
        print_plain(console, f"and {len(problems) - MOST_TOLD} more")
    not_recomputed = (*NOT_RECOMPUTED, *(f"from what is not published: {line}" for line in left_out))
    print_plain(console, f"tolerance: {tolerance}", *(f"not recomputed: {line}" for line in not_recomputed))
    print_plain(
        console, counted(len(problems), "difference", "differences") if problems else "verified: nothing differs"
    )
    return FAILED if problems else DONE


def _named(text: str) -> tuple[Path, str, Path | None]:
    """Return the report, the study's name, and the published file that stands for its data, if one does.

    `text` is the name, or the path of the report or of the published file; a name is that of the study's own folder, and
    of the published file where there is nothing else.
    """
    path = Path(text)
    if path.suffix == ".zip":
        name = path.absolute().parent.name
        return REPORTS / f"{name}.html", name, path
    page, name = (path, path.stem) if path.suffix == ".html" else (REPORTS / f"{text}.html", text)
    folder = StudyFolder(DATA / name)
    return page, name, folder.published if is_published_alone(folder) else None


def left_out_of(study: DescribedStudy) -> list[str]:
    """Return a line for every variable that a published study lacks, in part or whole, as it says itself."""
    with open_study(study.folder.compacted) as tree:
        return str(tree.attrs.get(LEFT_OUT, "")).splitlines()


def frozen_differences(study: DescribedStudy, beside: StudyFolder) -> list[str]:
    """Return a line for everything that vouches for the registration and is not the one of a published study's record.

    Parameters
    ----------
    study
        Unpacked, with the text that was frozen.
    beside
        The folder of the published file, where that text lies too, and what was noted of it.
    """
    registered = recorded_study(study.folder.path.name, folder=study.folder)[0].registration
    texts = [path for path in (study.folder.path / FROZEN, beside.path / FROZEN) if path.exists()]
    lines = [
        f"{shown(path)}: digest {digest[:12]}, registered was the text {registered.text_digest[:12]}"
        for path in texts
        if (digest := text_digest(path)) != registered.text_digest
    ]
    deposit = read_deposit(beside.path)
    if deposit is not None and deposit.digest != registered.digest:
        lines.append(
            f"{shown(beside.path / DEPOSIT_FILE)}: digest {deposit.digest[:12]}, registered was {registered.digest[:12]}"
        )
    return lines


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
    other, _ = recorded_study(study.config.name, preregistration=default_registration(), folder=study.folder)
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
    tolerance: Tolerance,
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
        problems = results_differences(stored, results_dataset(questions), tolerance)
        done = measured["training"].to_dataset()["network"].values.tolist()
        missing = completeness(study.networks, done, read_journal(study.folder), registered=study.registered)
        failures = failure_sentences(missing, read_journal(study.folder))
        standing = standing_of(study, measured, questions, missing, record=record, look=look)
        power = primary_power(study, keep=False)
        trust = arms_trust(study, measured, questions, missing, failures=failures, power=power)
        report = study_report(study, measured, questions, record, standing=standing, missing=missing, trust=trust)
        generated = next(iter(_GENERATED.findall(page)), report.generated)
        access = access_of(study.config, StudyFolder(DATA / page_path.stem), record)
        again = render(dataclasses.replace(report, generated=generated, access=access))
        differences = page_differences(*(_CHANGING.sub("", text) for text in (page, again)), tolerance=tolerance.page)
    rows = stored.sizes["result"]
    print_plain(console, f"{rows} results and {differences.compared:,} numbers of {shown(page_path)} computed again")
    return [*problems, *(f"{shown(page_path)}, {line}" for line in differences.lines)]


def results_differences(stored: xr.Dataset, recomputed: xr.Dataset, tolerance: Tolerance = EXACT) -> list[str]:
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
            same = np.isclose(before, after, rtol=tolerance.relative, atol=tolerance.absolute, equal_nan=True)
        else:
            same = np.array([str(one) == str(other) for one, other in zip(before.ravel(), after.ravel(), strict=True)])
        for index in np.unique(np.argwhere(~same.reshape(before.shape))[:, 0]):
            (hypothesis, layer), values = keys[0][index], (before[index], after[index])
            lines.append(f"stored results, {hypothesis}, {layer}: {name} is {values[0]}, recomputed {values[1]}")
    return lines
