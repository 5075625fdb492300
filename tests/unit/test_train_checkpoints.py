"""Training goes on from a checkpoint, and ends with the bits it would have ended with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.experiment.compiled_network import CompiledNetwork
from study.experiment.training import DivergedError
from study.networks import backend
from study.store import Checkpoint, StudyFolder
from tests.tiny_training import assert_same_bits, tiny_compiled, trained


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


@pytest.fixture(scope="module")
def compiled() -> CompiledNetwork:
    """Return a compiled tiny network, used by several tests one after the other."""
    return tiny_compiled()


class KilledError(Exception):
    """Ends a training in the midst of it."""


def killed_after(last: int) -> Any:
    """Return an `on_epoch` that ends training once epoch `last` is over."""

    def on_epoch(epoch: int, loss: float, accuracy: float) -> None:
        if epoch == last:
            raise KilledError

    return on_epoch


def scores_of(curve: list[tuple[float, float]]) -> Any:
    """Return scores that give (loss, accuracy) of one epoch after the other, for thirty validation images."""
    script = iter(curve)

    def scores(images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        loss, accuracy = next(script)
        return loss * len(labels), accuracy * len(labels)

    return scores


@pytest.fixture
def store(tmp_path: Path) -> Checkpoint:
    """Return the place of a checkpoint, empty."""
    return Checkpoint(StudyFolder(tmp_path), "a" * 20)


@pytest.mark.parametrize("last", [1, 2, 3])
def test_a_killed_training_continues_to_the_same_bits(compiled: CompiledNetwork, store: Checkpoint, last: int) -> None:
    """Killed after any epoch, the last included; another network is trained in between, as a worker might."""
    whole = trained(compiled, augmentation="shift_flip")
    with pytest.raises(KilledError):
        trained(compiled, augmentation="shift_flip", store=store, on_epoch=killed_after(last))
    trained(compiled, network="b", learning_rate=0.1)
    told: list[int] = []
    resumed = trained(compiled, augmentation="shift_flip", store=store, on_epoch=lambda epoch, *_: told.append(epoch))
    assert_same_bits(resumed, whole)
    for kept, expected in zip(compiled.model.get_weights(), whole.weights, strict=True):
        np.testing.assert_array_equal(kept, expected)
    assert (whole.resumed_epoch, resumed.resumed_epoch) == (0, last)
    assert told == list(range(last + 1, 4))


@pytest.mark.parametrize(
    ("selection", "curve", "best"),
    [
        ("validation_accuracy", [(1.0, 0.5), (0.9, 0.6), (0.8, 0.6), (0.7, 0.5)], 2),
        ("validation_accuracy", [(0.7, 0.5), (0.8, 0.6), (0.9, 0.5), (1.0, 0.7)], 4),
        ("validation_loss", [(0.5, 0.5), (0.9, 0.6), (0.5, 0.6), (0.7, 0.7)], 1),
        ("validation_loss", [(0.9, 0.7), (0.8, 0.6), (0.5, 0.5), (0.6, 0.7)], 3),
        ("last", [(0.5, 0.9), (0.8, 0.6), (0.9, 0.5), (1.0, 0.4)], 4),
    ],
)
def test_the_analysed_epoch_may_lie_before_or_after_the_checkpoint(
    compiled: CompiledNetwork, store: Checkpoint, selection: str, curve: list[tuple[float, float]], best: int
) -> None:
    """Under each rule, killed in the third of four epochs; a later epoch that only ties does not win."""
    options = {"epochs": 4, "selection": selection}
    whole = trained(compiled, scores=scores_of(curve), **options)
    with pytest.raises(StopIteration):
        trained(compiled, scores=scores_of(curve[:2]), store=store, **options)
    resumed = trained(compiled, scores=scores_of(curve[2:]), store=store, **options)
    assert (resumed.analysed_epoch, resumed.resumed_epoch) == (best, 2)
    assert_same_bits(resumed, whole)


def test_killed_again_and_again_it_still_ends_the_same(compiled: CompiledNetwork, store: Checkpoint) -> None:
    """One epoch at a time, each by what might be another process."""
    for last in (1, 2):
        with pytest.raises(KilledError):
            trained(compiled, store=store, on_epoch=killed_after(last))
    assert_same_bits(trained(compiled, store=store), trained(compiled))


def test_the_state_is_saved_every_few_epochs_and_after_the_last(compiled: CompiledNetwork, store: Checkpoint) -> None:
    """Two apart in five epochs; an interruption in between costs one epoch, one after the last costs none."""
    saved: list[int] = []

    def on_epoch(epoch: int, loss: float, accuracy: float) -> None:
        arrays = store.load()
        saved.append(0 if arrays is None else int(arrays["epoch"]))

    whole = trained(compiled, epochs=5, store=store, every=2, on_epoch=on_epoch)
    assert saved == [0, 2, 2, 4, 5]
    again = trained(compiled, epochs=5, store=store, every=2)
    assert again.resumed_epoch == 5
    assert_same_bits(again, whole)


def test_a_checkpoint_that_cannot_be_relied_on_changes_nothing(compiled: CompiledNetwork, store: Checkpoint) -> None:
    """A flipped bit, or the checkpoint of another network: trained from the start, and to the same bits."""
    whole = trained(compiled)
    other = Checkpoint(store.folder, "b" * 20)
    with pytest.raises(KilledError):
        trained(compiled, network="b", store=other, on_epoch=killed_after(2))
    content = other.path.read_bytes()
    for wrong in (content, content[:-1] + bytes([content[-1] ^ 1])):
        store.path.write_bytes(wrong)
        again = trained(compiled, store=store)
        assert again.resumed_epoch == 0
        assert_same_bits(again, whole)


def test_a_network_diverges_after_a_checkpoint_as_it_does_without(compiled: CompiledNetwork, store: Checkpoint) -> None:
    """In the same epoch, with the same words, however often it is tried: what diverged is never saved."""
    curve = [(1.0, 0.5), (0.9, 0.6), (float("nan"), 0.1)]
    with pytest.raises(DivergedError) as whole:
        trained(compiled, scores=scores_of(curve))
    with pytest.raises(DivergedError):
        trained(compiled, scores=scores_of(curve), store=store)
    for _ in range(2):
        with pytest.raises(DivergedError) as resumed:
            trained(compiled, scores=scores_of(curve[2:]), store=store)
        assert str(resumed.value) == str(whole.value) == "the loss or a weight is not a number in epoch 3"


def test_what_was_observed_outlives_the_process(compiled: CompiledNetwork, store: Checkpoint) -> None:
    """Before training and after each epoch, also of those epochs that a killed process trained."""

    def observe() -> dict[str, np.ndarray]:
        return {"kernel": np.array(compiled.model.get_weights()[0]), "bias": np.array(compiled.model.get_weights()[1])}

    whole = trained(compiled, observe=observe)
    with pytest.raises(KilledError):
        trained(compiled, observe=observe, store=store, on_epoch=killed_after(2))
    resumed = trained(compiled, observe=observe, store=store)
    assert (resumed.resumed_epoch, len(whole.observations)) == (2, 4)
    assert_same_bits(resumed, whole)
