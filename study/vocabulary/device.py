"""Where networks are trained and measured: the processor or a GPU, how that is chosen, and which of several GPUs.

Bits are promised on one kind of device, so the kind is part of what a network is: it enters the network's key where it is
not the processor, and every network says it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from study.vocabulary.errors import StudyError

CPU, GPU, GPU_TF32 = KINDS = ("cpu", "gpu", "gpu_tf32")
WORDS: Final = {CPU: "the processor", GPU: "a GPU", GPU_TF32: "a GPU with TF32"}
DEVICE: Final = (
    "device"  # the attribute of a network, coordinate of a study, that says the kind; the processor without it
)
RESOURCE: Final = "GPU"  # what a worker of a dask scheduler declares
HIDING: Final = "CUDA_VISIBLE_DEVICES"  # the environment variable that says which GPUs a process sees


@dataclass(frozen=True)
class Device:
    """What a process computes on: its kind, and the megabytes of a GPU's memory that it may take, 0 for what it needs."""

    kind: str = CPU
    megabytes: int = 0

    @property
    def is_gpu(self) -> bool:
        """Return whether it is a GPU."""
        return self.kind != CPU


@dataclass(frozen=True)
class VisibleGpus:
    """The GPUs that TensorFlow can use here, as `CUDA_VISIBLE_DEVICES` names them; without any, why."""

    names: tuple[str, ...] = ()
    problem: str = ""


def visible_gpus(*, physical: Sequence[str], built: bool, environment: str | None) -> VisibleGpus:
    """Return which GPUs can be used.

    Parameters
    ----------
    physical
        The GPUs that TensorFlow lists.
    built
        Whether TensorFlow was built for GPUs.
    environment
        `CUDA_VISIBLE_DEVICES`, None where it is not set: names in the order in which TensorFlow lists them.
    """
    if not built:
        return VisibleGpus(problem="the TensorFlow that is installed was not built for GPUs")
    if not physical:
        hidden = f", and {HIDING} is {environment!r}" if environment is not None else ""
        return VisibleGpus(problem=f"TensorFlow finds none: its CUDA libraries or the driver may be missing{hidden}")
    named = [name.strip() for name in (environment or "").split(",") if name.strip()]
    numbered = [str(number) for number in range(len(physical))]
    return VisibleGpus(tuple(named[: len(physical)] if len(named) >= len(physical) else numbered))


def is_on_gpu(setting: str, *, recorded: str, elsewhere: bool, look: Callable[[], VisibleGpus]) -> bool:
    """Return whether the setting `execution.device` comes to a GPU.

    Parameters
    ----------
    setting
        `auto`, `cpu` or `gpu`. With `auto` a study goes on where it was begun; a new one takes a GPU that is at hand.
    recorded
        The kind of device that a study was begun on, '' for a new one.
    elsewhere
        Whether the workers are those of a scheduler, who are asked for their GPUs; `auto` is then the processor.
    look
        Finds this machine's GPUs; called only where it matters, since it takes seconds.

    Raises
    ------
    StudyError
        When a GPU is asked for, by the setting or by what was begun, and there is none.
    """
    is_needed = setting == "gpu" or (setting == "auto" and recorded not in ("", CPU))
    if setting == "cpu" or (elsewhere and not is_needed) or (recorded == CPU and not is_needed):
        return False
    if elsewhere:
        return True
    found = look()
    if is_needed and not found.names:
        asked = "gpu is not possible here" if setting == "gpu" else "auto goes on with what was begun on a GPU"
        raise StudyError(
            f"execution.device (--device) = {setting}: {asked}, {found.problem}; choose auto, cpu or gpu: --device cpu, or"
            " install requirements-gpu.txt on a machine with an NVIDIA GPU"
        )
    return bool(found.names)


def gpu_of(worker: int, visible: str) -> str:
    """Return which of the GPUs in `CUDA_VISIBLE_DEVICES` the worker of a number takes: one after the other, round robin."""
    names = [name.strip() for name in visible.split(",") if name.strip()]
    return names[worker % len(names)] if names else visible


def counted_kinds(kinds: Sequence[str]) -> str:
    """Return how many networks come from which kind of device, in words."""
    return ", ".join(f"{WORDS.get(kind, kind)}: {count}" for kind, count in sorted(Counter(kinds).items()))
