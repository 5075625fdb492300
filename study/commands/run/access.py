"""How to cite a study, to repeat it, and to reach its data."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from study import __version__
from study.config import PROFILES, Config, as_record, load_profile, measured_settings, resolve
from study.report.content import Access
from study.store import StudyFolder
from study.vocabulary.errors import StudyError

TITLE = "study: a pre-registered test of whether orientation-selective units cause generalisation in image recognition"
AUTHORS = "The study authors"
PAPER = (
    "Ukita, Jumpei (2020). Causal importance of low-level feature selectivity for generalization in image recognition."
    " Neural Networks 125: 185-193"
)
_BIBTEX = """\
@software{{study,
  title = {{{title}}},
  author = {{{{The study authors}}}},
  version = {{{version}}},
  note = {{Study {name}, registration {digest}}}
}}
@article{{ukita2020,
  title = {{Causal importance of low-level feature selectivity for generalization in image recognition}},
  author = {{Ukita, Jumpei}},
  journal = {{Neural Networks}},
  volume = {{125}},
  pages = {{185--193}},
  year = {{2020}}
}}"""
_EXECUTION = "execution"


def access_of(config: Config, folder: StudyFolder, record: Mapping[str, Any]) -> Access:
    """Return how a study is cited, repeated and opened.

    Parameters
    ----------
    config
        Resolved.
    folder, record
        The study's.
    """
    digest = str(record["registration"]["digest"])
    store = folder.compacted.as_posix()
    return Access(
        citation=f"{TITLE}. Version {__version__}. Study {config.name}, registration {digest[:12]}.",
        bibtex=_BIBTEX.format(title=TITLE, version=__version__, name=config.name, digest=digest[:12]),
        command=repeating_command(config),
        store=store,
        load=f'import xarray\nstudy = xarray.open_datatree({store!r}, engine="zarr")',
        registration=(
            f"The registration has the digest {digest}; the record of the study, study.json, holds what the program reads in it."
            " Since when, and who says so, stands above, under Can this run be trusted. `python -m study register export`"
            " writes what a registry takes, `register record` notes where it lies. Nobody here looked there: compare the digest."
        ),
    )


def repeating_command(config: Config, *, here: bool = False) -> str:
    """Return the command line that makes a study of the same settings: its profile, and every setting that departs from it.

    A profile of one's own that is not in the working directory, or no longer can be read, is made of its settings. Where
    images lie on this machine alone, DIR stands for the folder, unless the command is to be given `here`.
    """
    profile = config.profile
    try:
        name, _ = load_profile(profile)
        plain = as_record(resolve(profile, flags=_needed(config)))
    except StudyError:
        profile = name = PROFILES[0]
        plain = as_record(resolve(profile, flags=_needed(config)))
    given = {flag: key for flag, (key, _) in _needed(config).items()}
    words = ["python", "-m", "study", "run", "--profile", profile]
    for flag, key in given.items():
        section, field = key.split(".")
        place = str(as_record(config)[section][field])
        words += [flag, place if here else _place(place)]
    if config.name != name.removesuffix(".toml"):
        words += ["--name", config.name]
    # How work is spread is the user's affair, but for what of it decides what is measured.
    settings = as_record(config) | {_EXECUTION: measured_settings(config).get(_EXECUTION, {})}
    for section, keys in settings.items():
        for key, value in keys.items():
            if (section, key) in (("study", "profile"), ("study", "name")) or plain[section][key] == value:
                continue
            words += ["--set", f"{section}.{key}={_toml(value)}"]
    return shlex.join(words)


def _place(path: str) -> str:
    """Return a path that others may have, too; an absolute one is somebody's own."""
    return "DIR" if Path(path).is_absolute() else path


def _needed(config: Config) -> dict[str, tuple[str, Any]]:
    """Return the flags without which a profile cannot be resolved: where its images lie."""
    return {"--data-dir": ("images.data_dir", config.images.data_dir)} if config.images.data_dir else {}


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
