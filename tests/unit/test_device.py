"""The processor or a GPU: how that is chosen, which of several, and what a network's key and a study's folder say of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import xarray as xr

from study.commands.run import devices
from study.config import Config, as_record, config_digest, resolve
from study.config.population import planned_networks
from study.execution import own_workers
from study.experiment.external_network import gratings_key
from study.experiment.subjects import ExternalSettings
from study.networks import backend
from study.networks.backend import FusedBatchNormalization
from study.run import main
from study.store import StudyFolder
from study.vocabulary.device import (
    CPU,
    DEVICE,
    GPU,
    GPU_TF32,
    Device,
    VisibleGpus,
    counted_kinds,
    gpu_of,
    is_on_gpu,
    visible_gpus,
)
from study.vocabulary.errors import StudyError

TWO = VisibleGpus(("0", "1"))
NONE = VisibleGpus(problem="no driver")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


# Which GPUs there are


@pytest.mark.parametrize(
    ("physical", "environment", "names"),
    [
        (["/physical_device:GPU:0"], None, ("0",)),
        (["GPU:0", "GPU:1"], None, ("0", "1")),
        (["GPU:0", "GPU:1"], "3,5", ("3", "5")),
        (["GPU:0"], "GPU-8f2a, GPU-11c0", ("GPU-8f2a",)),
        (["GPU:0", "GPU:1"], "", ("0", "1")),
    ],
)
def test_gpus_have_the_names_by_which_workers_are_given_them(
    physical: list[str], environment: str | None, names: tuple[str, ...]
) -> None:
    """Numbers, or what the user's own variable names, in its order; not more than TensorFlow finds."""
    assert visible_gpus(physical=physical, built=True, environment=environment) == VisibleGpus(names)


@pytest.mark.parametrize(
    ("built", "environment", "why"),
    [(False, None, "not built for GPUs"), (True, None, "CUDA libraries"), (True, "-1", "CUDA_VISIBLE_DEVICES is '-1'")],
)
def test_without_gpus_it_is_said_why(built: bool, environment: str | None, why: str) -> None:
    """A TensorFlow for the processor, missing libraries, or GPUs that the user has hidden."""
    found = visible_gpus(physical=["GPU:0"] if not built else [], built=built, environment=environment)
    assert not found.names
    assert why in found.problem


def test_workers_take_gpus_in_turn() -> None:
    """Round robin over what is visible; a process that sees one keeps it."""
    assert [gpu_of(worker, "3,5, 7") for worker in range(5)] == ["3", "5", "7", "3", "5"]
    assert [gpu_of(worker, "5") for worker in range(3)] == ["5", "5", "5"]
    assert gpu_of(4, "") == ""


# What the setting comes to


def never() -> VisibleGpus:
    """Fail: looking takes seconds."""
    raise AssertionError("nobody need look")


@pytest.mark.parametrize(
    ("setting", "recorded", "elsewhere", "look", "on_gpu"),
    [
        ("cpu", "", False, never, False),
        ("cpu", GPU, False, never, False),
        ("auto", "", False, lambda: TWO, True),
        ("auto", "", False, lambda: NONE, False),
        ("auto", CPU, False, never, False),
        ("auto", GPU, False, lambda: TWO, True),
        ("gpu", "", False, lambda: TWO, True),
        ("gpu", CPU, False, lambda: TWO, True),
        ("auto", "", True, never, False),
        ("auto", GPU_TF32, True, never, True),
        ("gpu", "", True, never, True),
    ],
)
def test_the_setting_comes_to_a_device(
    setting: str, recorded: str, elsewhere: bool, look: Callable[[], VisibleGpus], on_gpu: bool
) -> None:
    """`auto` goes on with what was begun; of a scheduler's workers it is the processor, and they are asked later."""
    assert is_on_gpu(setting, recorded=recorded, elsewhere=elsewhere, look=look) is on_gpu


@pytest.mark.parametrize(("setting", "recorded"), [("gpu", ""), ("gpu", CPU), ("auto", GPU)])
def test_a_gpu_that_is_not_there_is_refused_in_a_line(setting: str, recorded: str) -> None:
    """With the setting, its value, why there is none, and what to do."""
    with pytest.raises(StudyError) as caught:
        is_on_gpu(setting, recorded=recorded, elsewhere=False, look=lambda: NONE)
    line = str(caught.value)
    assert "\n" not in line
    for part in (f"execution.device (--device) = {setting}", "no driver", "auto, cpu or gpu", "--device cpu"):
        assert part in line


def test_the_command_line_ends_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line, nothing written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices, "look", lambda: NONE)
    assert main(["--device", "gpu", "--images", "cifar10", "--data-dir", "nowhere"]) == 2
    assert "execution.device (--device) = gpu: gpu is not possible here, no driver" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# Keys


def on(device: str, *assignments: str) -> Config:
    """Return the quick profile on a device."""
    return resolve("quick", assignments=[f"execution.device={device}", *assignments])


def keys(config: Config) -> list[str]:
    """Return the keys of a study's networks."""
    return [network.key for network in planned_networks(config, fingerprint="f")]


def test_the_kind_of_device_enters_keys_where_it_is_not_the_processor() -> None:
    """What shares a GPU and how does not; neither does anything of it on the processor."""
    usual = keys(resolve("quick"))
    assert usual == keys(
        on("cpu", "execution.tf32=on", "execution.gpu_memory=4096", "execution.other_devices=accepted")
    )
    on_gpu, rounded = keys(on("gpu")), keys(on("gpu", "execution.tf32=on"))
    assert on_gpu == keys(on("gpu", "execution.gpu_memory=4096", "execution.workers=9"))
    assert len({*usual, *on_gpu, *rounded}) == 3 * len(usual)
    assert config_digest(resolve("quick")) == config_digest(on("gpu"))


def test_an_external_network_on_a_gpu_is_another() -> None:
    """Its key on the processor is as of versions that knew no other device."""
    network: Any = SimpleNamespace(weights_digest="w", preprocessing="unit", layout=SimpleNamespace(size=32))
    settings = ExternalSettings(100, 0, 20, 0, 10**9)
    on_gpu = dataclasses.replace(settings, device=GPU)
    assert settings.device == CPU
    assert gratings_key(network, (), settings) != gratings_key(network, (), on_gpu)


# A study's folder


def record_of(config: Config) -> dict[str, object]:
    """Return as much of a record as says on what a study was begun."""
    return {"config": as_record(config)}


def test_another_kind_of_device_is_refused_unless_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways, with the remedy; `auto` goes on with what was begun."""
    monkeypatch.setattr(devices, "look", lambda: TWO)
    for there, here in ((on("cpu"), on("gpu")), (on("gpu"), on("cpu")), (on("gpu"), on("gpu", "execution.tf32=on"))):
        with pytest.raises(StudyError, match="one kind of device") as caught:
            devices.on_its_device(here, record_of(there))
        assert "execution.other_devices=accepted" in str(caught.value)
        accepted = dataclasses.replace(here.execution, other_devices="accepted")
        config = devices.on_its_device(dataclasses.replace(here, execution=accepted), record_of(there))
        assert config.execution.computes_on == here.execution.computes_on
        goes_on = devices.on_its_device(resolve("quick"), record_of(there))
        assert goes_on.execution.computes_on.kind == there.execution.computes_on.kind
    before_it_was_recorded = {"config": {"execution": {"workers": 2}}}
    assert devices.on_its_device(resolve("quick"), before_it_was_recorded).execution.device == "cpu"


def test_a_network_of_an_accepted_device_is_found_by_its_own_key(tmp_path: Path) -> None:
    """Those that are not there have the key of the device in force."""
    folder, config = StudyFolder(tmp_path), resolve("quick")
    usual, on_gpu = keys(config), keys(on("gpu"))
    (folder.networks / f"{usual[0]}.zarr").mkdir(parents=True)
    (folder.networks / f"{on_gpu[1]}.zarr").mkdir()
    found = [network.key for network in devices.networks_in(folder, config, "f")]
    assert found == [usual[0], on_gpu[1], *usual[2:]]


def test_a_mixture_is_a_deviation() -> None:
    """Named with how many come from which; a store of a version without the coordinate is of the processor."""

    def study(*kinds: str) -> xr.DataTree:
        training = xr.Dataset({"test_loss": ("network", np.zeros(len(kinds)))}, {DEVICE: ("network", list(kinds))})
        return xr.DataTree.from_dict({"training": training})

    (line,) = devices.device_deviations(study(CPU, GPU, CPU))
    assert "a GPU: 1" in line
    assert "the processor: 2" in line
    assert devices.device_deviations(study(GPU, GPU)) == []
    old = xr.DataTree.from_dict({"training": study(CPU, CPU)["training"].to_dataset().drop_vars(DEVICE)})
    assert devices.device_deviations(old) == []
    assert counted_kinds(devices.kinds_of(old)) == "the processor: 2"


# Workers


def test_so_many_workers_share_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most one per core; as many as are asked for."""
    monkeypatch.setattr(own_workers, "look", lambda: TWO)
    monkeypatch.setattr(own_workers, "usable_cores", lambda: 64)
    assert own_workers.worker_count(on("gpu"), 1000) == 2 * own_workers.WORKERS_OF_A_GPU
    assert own_workers.worker_count(on("gpu", "execution.workers=3"), 1000) == 3
    assert own_workers.worker_count(on("cpu"), 1000) == 64


def test_a_process_keeps_its_device() -> None:
    """Its first tensor decided: a worker that served a study on the processor is not taken for a GPU's."""
    with pytest.raises(StudyError, match="computes on the processor, for good"):
        backend.use_device(Device(GPU))
    backend.use_device(Device())


def test_normalisation_on_a_gpu_is_keras_own_at_inference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs and gradients are those of the fused kernel, which has no deterministic gradient there."""
    images = tf.constant(np.random.default_rng(0).normal(2, 3, (16, 5, 4, 6)).astype("f4"))
    layer, results = FusedBatchNormalization(), []
    layer.build(images.shape)
    layer.set_weights([np.full(6, value, "f4") for value in (1.5, 0.3, 2.0, 4.0)])
    for kind in (CPU, GPU):
        monkeypatch.setattr(backend, "_devices", [Device(kind)])
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = layer(images, training=False)
            loss = tf.reduce_sum(tf.nn.softplus(outputs))
        results.append((outputs, tape.gradient(loss, images)))
    for fused, plain in zip(*results, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("error", "is_told"),
    [
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[1]\nHint"), True),
        (tf.errors.InternalError(None, None, "Failed call to cuBLAS: CUDA_ERROR_OUT_OF_MEMORY"), True),
        (tf.errors.InternalError(None, None, "something else"), False),
    ],
)
def test_used_up_memory_is_one_line_with_what_to_lower(error: Exception, is_told: bool) -> None:
    """Of TensorFlow itself or of CUDA's libraries; other errors stay what they are."""
    with pytest.raises(StudyError if is_told else tf.errors.InternalError) as caught, backend.memory_told("lower it"):
        raise error
    if is_told:
        assert "\n" not in str(caught.value)
        assert "memory of the processor is used up" in str(caught.value)
        assert "lower it" in str(caught.value)
