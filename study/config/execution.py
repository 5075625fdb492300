"""How the work is spread, and on what: the settings of section `execution`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from study.config.checks import A_PATH, check, is_path
from study.vocabulary.device import CPU, GPU, GPU_TF32, Device
from study.vocabulary.errors import quoted

MOST_TOGETHER = 64
# Networks in a program that `python -m benchmarks.stacked` found fastest. On a GPU nothing has been measured: one, until it is.
FASTEST_TOGETHER: Final[Mapping[str, int]] = {CPU: 1, GPU: 1, GPU_TF32: 1}


def is_address(text: str) -> bool:
    """Return whether a text is the address of a dask scheduler: tcp://HOST:PORT or tls://HOST:PORT."""
    parts = re.fullmatch(r"(?:tcp|tls)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", text)
    return parts is not None and 0 < int(parts[1]) < 65_536


@dataclass(frozen=True)
class ExecutionConfig:
    """How the work is spread, and on what; the kind of device changes a result, and how many networks learn in a program.

    `device` is where networks are trained, `tf32` whether a GPU may round factors to ten bits, `gpu_memory` what a worker may
    take of one in megabytes, 0 for what it needs; `other_devices` are those that earlier networks of a study come from.
    So many networks of an arm as `networks_per_program` are trained together, as one model, which changes each step by
    rounding alone; 1 trains one at a time, as the rearing arm always does, `auto` as many as measured fastest on the device.
    """

    workers: int = 0
    device: Literal["auto", "cpu", "gpu"] = "auto"
    tf32: Literal["off", "on"] = "off"
    gpu_memory: int = 0
    other_devices: Literal["refused", "accepted"] = "refused"
    networks_per_program: Literal["auto"] | int = 1
    retries: int = 1
    checkpoint_epochs: int = 0
    scheduler: str = ""
    scheduler_timeout: int = 300
    keep_weights: Literal["none", "analysed"] = "none"

    def __post_init__(self) -> None:
        check("execution", "workers", self.workers, "0 (one per core) to 1024", 0 <= self.workers <= 1024)
        megabytes = self.gpu_memory
        check("execution", "gpu_memory", megabytes, "0 (as needed) to 10**7 megabytes", 0 <= megabytes <= 10**7)
        allowed = f"auto, or 1 (one at a time) to {MOST_TOGETHER}"
        check(
            "execution", "networks_per_program", self.networks_per_program, allowed, 1 <= self.together <= MOST_TOGETHER
        )
        check("execution", "retries", self.retries, "0 to 10", 0 <= self.retries <= 10)
        seconds = self.scheduler_timeout
        check("execution", "scheduler_timeout", seconds, "0 (none) to 1000000 seconds", 0 <= seconds <= 1_000_000)
        check(
            "execution",
            "checkpoint_epochs",
            self.checkpoint_epochs,
            "0 (no checkpoints) to 10000 (epochs between two)",
            0 <= self.checkpoint_epochs <= 10_000,
        )
        check(
            "execution",
            "scheduler",
            self.scheduler,
            "tcp://HOST:PORT, tls://HOST:PORT, or the path of a scheduler file",
            "://" not in self.scheduler or is_address(self.scheduler),
        )
        check("execution", "scheduler", self.scheduler, A_PATH, is_path(self.scheduler))
        check(
            "execution",
            "workers",
            self.workers,
            f"left out beside execution.scheduler = {quoted(self.scheduler)} (--scheduler),"
            " whose workers are as many as there are",
            not (self.scheduler and self.workers),
        )

    @property
    def computes_on(self) -> Device:
        """Return what a worker computes on; `auto` that nobody has looked into is the processor."""
        if self.device != "gpu":
            return Device()
        return Device(GPU_TF32 if self.tf32 == "on" else GPU, self.gpu_memory)

    @property
    def together(self) -> int:
        """Return how many networks of an arm a program trains."""
        asked = self.networks_per_program
        return FASTEST_TOGETHER[self.computes_on.kind] if asked == "auto" else asked
