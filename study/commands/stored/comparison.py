"""Two studies side by side: what each concluded, with effects and intervals, and in which settings they differ."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console
from rich.table import Table

from study.commands.command import DONE
from study.commands.console import print_plain, standard_console
from study.commands.run.described import DescribedStudy, no_results, recorded_study, stored_results
from study.config import changed_settings, measured_settings
from study.registration.deviations import differences
from study.store import open_study
from study.vocabulary.errors import console_line, shown

ABSENT = "not there"


@dataclass(frozen=True)
class Effect:
    """What one study says of one hypothesis in one layer; `n` networks, NaN where a value is undefined."""

    verdict: str
    estimate: float
    low: float
    high: float
    n: int

    @property
    def words(self) -> str:
        """Return estimate, interval and n."""
        if not np.isfinite(self.estimate):
            return f"- (n {self.n})"
        return f"{self.estimate:+.3f} [{self.low:+.3f}, {self.high:+.3f}] (n {self.n})"


@dataclass(frozen=True)
class Concluded:
    """What one study says: the verdict of each hypothesis, and the effect in each of its layers."""

    verdicts: dict[str, str]
    effects: dict[tuple[str, str], Effect]


def compare(arguments: argparse.Namespace) -> int:
    """Print two studies side by side, and return the exit code.

    Raises
    ------
    StudyError
        When one is not there or has not been analysed.
    """
    names = (arguments.first, arguments.second)
    studies = [recorded_study(name)[0] for name in names]
    first, second = (concluded(study) for study in studies)
    settings = setting_differences(*studies)
    if arguments.json:
        print(json.dumps(_plain(names, (first, second), settings), indent=2))
        return DONE
    console = standard_console()
    _print_verdicts(names, first, second, console)
    _print_effects(names, first, second, console, everything=arguments.all)
    same = ["no setting that decides what is measured, and nothing that is registered"]
    print_plain(console, "what differs between the two:", *(f"  {line}" for line in settings or same))
    return DONE


def concluded(study: DescribedStudy) -> Concluded:
    """Return what the last analysis of a study concluded, as its store holds it.

    Raises
    ------
    StudyError
        When there is no store, or it holds no results yet.
    """
    if not study.folder.compacted.exists():
        raise no_results(study)
    with open_study(study.folder.compacted) as tree:
        return _concluded(stored_results(study, tree))


def _concluded(results: xr.Dataset) -> Concluded:
    hypotheses, layers = (results[name].values.tolist() for name in ("hypothesis", "layer"))
    verdicts = dict(zip(hypotheses, results["hypothesis_verdict"].values.tolist(), strict=True))
    effects = {
        (hypothesis, layer): Effect(
            verdict=str(row["verdict"].values),
            estimate=float(row["estimate"]),
            low=float(row["ci"].sel(ci_bound="low")),
            high=float(row["ci"].sel(ci_bound="high")),
            n=int(row["n"]),
        )
        for index, (hypothesis, layer) in enumerate(zip(hypotheses, layers, strict=True))
        for row in (results.isel(result=index),)
    }
    return Concluded(verdicts, effects)


def setting_differences(first: DescribedStudy, second: DescribedStudy) -> list[str]:
    """Return a line for every measured setting, image set and registered field in which two studies differ."""
    lines = changed_settings(measured_settings(first.config), second.config)
    lines = [line.replace(" there, ", " in the first, ").replace(" here", " in the second") for line in lines]
    if first.fingerprint != second.fingerprint:
        lines.append(
            f"images: fingerprint {first.fingerprint[:12]} in the first, {second.fingerprint[:12]} in the second"
        )
    registered = differences(first.registration.as_record(), second.registration)
    return lines + [f"registration: {line}" for line in registered]


def _print_verdicts(names: tuple[str, str], first: Concluded, second: Concluded, console: Console) -> None:
    table = Table("hypothesis", *map(shown, names), "")
    for name in dict.fromkeys((*first.verdicts, *second.verdicts)):
        verdicts = [one.verdicts.get(name, ABSENT) for one in (first, second)]
        table.add_row(name, *verdicts, "" if len(set(verdicts)) == 1 else "differs")
    console.print(table)


def _print_effects(
    names: tuple[str, str], first: Concluded, second: Concluded, console: Console, *, everything: bool
) -> None:
    """Print effects in every layer with a verdict in either study, or in every layer."""
    table = Table("hypothesis", "layer", *(f"{shown(name)}: estimate, interval (n)" for name in names))
    for key in dict.fromkeys((*first.effects, *second.effects)):
        effects = [one.effects.get(key) for one in (first, second)]
        if everything or any(effect is not None and np.isfinite(effect.estimate) for effect in effects):
            table.add_row(*map(console_line, key), *(ABSENT if effect is None else effect.words for effect in effects))
    console.print(table)


def _plain(names: tuple[str, str], both: tuple[Concluded, Concluded], settings: list[str]) -> Mapping[str, Any]:
    """Return the comparison as plain JSON types; what is undefined is null."""
    studies = [
        {
            "name": name,
            "verdicts": one.verdicts,
            "effects": [
                {
                    "hypothesis": hypothesis,
                    "layer": layer,
                    **{key: _number(value) for key, value in asdict(effect).items()},
                }
                for (hypothesis, layer), effect in one.effects.items()
            ],
        }
        for name, one in zip(names, both, strict=True)
    ]
    return {"studies": studies, "differences": settings}


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
