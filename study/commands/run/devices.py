"""What device a study's networks come from, and what becomes of a study that was begun on another kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import xarray as xr

from study.config import Config
from study.config.population import PlannedNetwork, planned_networks
from study.execution.devices import look
from study.store import StudyFolder, network_path
from study.vocabulary.device import CPU, DEVICE, GPU, GPU_TF32, KINDS, WORDS, counted_kinds, is_on_gpu
from study.vocabulary.errors import refuse_unless


def recorded_kind(record: Mapping[str, Any]) -> str:
    """Return the kind of device that a study was begun on; before 0.10 that was the processor."""
    execution = record["config"].get("execution", {})
    if execution.get("device") != "gpu":
        return CPU
    return GPU_TF32 if execution.get("tf32") == "on" else GPU


def on_its_device(config: Config, record: Mapping[str, Any] | None) -> Config:
    """Return a config that says which device networks are trained on and how many in a program, where it leaves that open.

    Parameters
    ----------
    config
        As the command line gives it.
    record
        The study's, None for a new one.

    Raises
    ------
    StudyError
        When a GPU is wanted and there is none, or the study was begun on another kind of device and that is not accepted.
    """
    execution, recorded = config.execution, recorded_kind(record) if record else ""
    on_gpu = is_on_gpu(execution.device, recorded=recorded, elsewhere=bool(execution.scheduler), look=look)
    goes_on = execution.device == "auto" and recorded == GPU_TF32
    execution = dataclasses.replace(
        execution, device="gpu" if on_gpu else "cpu", tf32="on" if goes_on else execution.tf32
    )
    kind = execution.computes_on.kind
    refuse_unless(
        recorded in ("", kind) or execution.other_devices == "accepted",
        f"data/{config.name} was begun on {WORDS.get(recorded)}, execution.device (--device) asks for {WORDS[kind]}: networks of"
        " one study come from one kind of device; leave --device out, use another --name, or accept both with --set"
        " execution.other_devices=accepted, which the report names as a deviation",
    )
    execution = dataclasses.replace(execution, networks_per_program=execution.together)
    return dataclasses.replace(config, execution=execution)


def networks_in(folder: StudyFolder, config: Config, fingerprint: str) -> tuple[PlannedNetwork, ...]:
    """Return the networks of a study by the keys that its folder has them under.

    A network that is there from another kind of device, which somebody accepted, has another key; one that is not there
    has the key of the device that it will be trained on.
    """
    planned = planned_networks(config, fingerprint=fingerprint)
    if not folder.networks.is_dir() or all(network_path(folder, network.key).exists() for network in planned):
        return planned
    others = [
        planned_networks(_on(kind, config), fingerprint=fingerprint)
        for kind in KINDS
        if kind != config.execution.computes_on.kind
    ]
    return tuple(
        next((network for network in same if network_path(folder, network.key).exists()), same[0])
        for same in zip(planned, *others, strict=True)
    )


def _on(kind: str, config: Config) -> Config:
    """Return a config whose networks are trained on a kind of device."""
    execution = dataclasses.replace(
        config.execution, device="cpu" if kind == CPU else "gpu", tf32="on" if kind == GPU_TF32 else "off"
    )
    return dataclasses.replace(config, execution=execution)


def kinds_of(study: xr.DataTree) -> list[str]:
    """Return the kind of device that each network of a compacted study comes from; before 0.10 that was the processor."""
    training = study["training"].to_dataset()
    if DEVICE not in training.coords:
        return [CPU] * training.sizes["network"]
    return [str(kind) for kind in training[DEVICE].values.tolist()]


def device_deviations(study: xr.DataTree) -> list[str]:
    """Return a line where networks come from more than one kind of device."""
    kinds = kinds_of(study)
    if len(set(kinds)) < 2:
        return []
    return [
        f"networks come from more than one kind of device ({counted_kinds(kinds)}): they agree to rounding alone, from which"
        " training goes on to other weights"
    ]
