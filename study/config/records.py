"""A config as plain JSON types, and the digest of what decides what is measured."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

from study.config.sections import STUDY_KEYS, Config, MultiverseConfig
from study.vocabulary.digests import digest
from study.vocabulary.errors import quoted


def as_record(config: Config) -> dict[str, Any]:
    """Return the resolved config as plain JSON types, sections as in a profile."""
    record: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    study = {key: record.pop(key) for key in ("profile", *STUDY_KEYS)}
    return {"study": study, **record}


def measured_settings(config: Config) -> dict[str, Any]:
    """Return the part of the record that decides what is measured: no names, paths or ways of spreading the work.

    Where no other reading of the gratings is asked for, how many permutations it would have decides nothing. A patience of
    none is left out, as of versions that had none; so are networks that are to learn on, where there are none, and how many
    networks a program trains, where that is one.
    """
    record = as_record(config)
    del record["execution"]
    if (together := config.execution.together) > 1:
        record["execution"] = {"networks_per_program": together}
    del record["study"]["name"], record["study"]["profile"], record["images"]["data_dir"]
    if not config.multiverse.readouts:  # then its other keys decide nothing
        record["multiverse"] = json.loads(json.dumps(dataclasses.asdict(MultiverseConfig())))
    if not config.training.patience:
        del record["training"]["patience"]
    if not config.need.retrained_networks:
        del record["need"]
    return record


def changed_settings(recorded: typing.Mapping[str, Any], config: Config) -> list[str]:
    """Return one phrase for every measured setting that is not what was recorded.

    A setting the record does not know came into the program after it was made, with a default that changes nothing: the
    study was made with that default.

    Parameters
    ----------
    recorded
        `measured_settings` of the config a study was made with, by whichever version of the program.
    config
        The present one.
    """
    now, default = measured_settings(config), as_record(Config())
    now["training"] |= {"patience": config.training.patience}
    now["need"] = dataclasses.asdict(config.need)
    now["execution"] = {"networks_per_program": config.execution.together}
    before = {section: default[section] | recorded.get(section, {}) for section in now}
    return [
        f"{section}.{key} = {quoted(before[section][key])} there, {quoted(value)} here"
        for section, keys in now.items()
        for key, value in keys.items()
        if before[section][key] != value
    ]


def config_digest(config: Config) -> str:
    """Return the digest of everything that decides what is measured."""
    return digest(measured_settings(config))
