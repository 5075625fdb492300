"""Which GPUs this machine has, and which of them a worker takes.

TensorFlow is asked in a process of its own, since the parent of workers never imports it, and only where a driver is.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

from study.vocabulary.device import HIDING, VisibleGpus, gpu_of, visible_gpus
from study.vocabulary.errors import one_line

WORKERS_OF_A_GPU = 4  # that share one unless execution.workers says how many; not measured
_DRIVERS = (
    "/dev/nvidiactl",
    "/dev/dxg",
)  # what a driver for NVIDIA's GPUs puts there, on Linux and on Linux in Windows
_SECONDS = 50
_QUESTION = """
import json, tensorflow as tf
print(json.dumps([tf.test.is_built_with_cuda(), [gpu.name for gpu in tf.config.list_physical_devices("GPU")]]))
"""


@functools.cache
def look() -> VisibleGpus:
    """Return the GPUs that TensorFlow can use on this machine; seconds where there is a driver, at once where none is."""
    if not any(Path(driver).exists() for driver in _DRIVERS):
        return VisibleGpus(problem="no driver of an NVIDIA GPU is on this machine")
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _QUESTION], capture_output=True, text=True, timeout=_SECONDS, check=True
        )
        built, physical = json.loads(answer.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return VisibleGpus(problem=f"TensorFlow could not be asked ({one_line(error, longest=200)})")
    return visible_gpus(physical=physical, built=built, environment=os.environ.get(HIDING))


def take_gpu(worker: object) -> None:
    """Let this process see one of the GPUs that it was started with, by the number that its worker has; before TensorFlow.

    A process that already sees one alone keeps it.
    """
    visible = os.environ.get(HIDING, "")
    os.environ[HIDING] = gpu_of(worker if isinstance(worker, int) else 0, visible)
