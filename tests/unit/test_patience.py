"""Training that ends after so many epochs without a better validation score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from benchmarks.patience import ended as simulated_end
from study.analysis.core.learning import _validation_loss_fall
from study.config import as_record, changed_settings, measured_settings, resolve
from study.config.population import training_of
from study.experiment.compiled_network import CompiledNetwork
from study.experiment.measurements.training import VARIABLES
from study.networks import backend
from study.registration import read_registration
from study.registration.deviations import setting_deviations
from study.store import Checkpoint, StudyFolder
from study.vocabulary.errors import StudyError
from study.vocabulary.schema import _problem
from tests.tiny_training import assert_same_bits, tiny_compiled, trained
from tests.unit.test_train_checkpoints import KilledError, killed_after, scores_of

CURVE = [(0.9, 0.5), (0.8, 0.7), (0.7, 0.6), (0.6, 0.7), (0.5, 0.9), (0.4, 0.4)]  # best early, ties, better late


@pytest.fixture(scope="module")
def compiled() -> CompiledNetwork:
    """Return a compiled tiny network, used by several tests one after the other."""
    backend.configure_process()
    return tiny_compiled()


@pytest.mark.parametrize(("patience", "last", "best"), [(1, 3, 2), (2, 4, 2), (3, 6, 5), (9, 6, 5), (0, 6, 5)])
def test_it_ends_after_so_many_epochs_without_a_better_score(
    compiled: CompiledNetwork, patience: int, last: int, best: int
) -> None:
    """A tie is no better score; curves of the epochs that were not trained are NaN, all that was is as without."""
    whole = trained(compiled, epochs=6, scores=scores_of(CURVE))
    ended = trained(compiled, epochs=6, scores=scores_of(CURVE), patience=patience)
    assert (ended.epochs, ended.analysed_epoch) == (last, best)
    simulated = simulated_end(np.array([[accuracy for _, accuracy in CURVE]]), patience or 6)
    assert (simulated.last.item(), simulated.analysed.item()) == (
        last,
        best,
    )  # as the benchmark has it of stored curves
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        curve, full = getattr(ended, name), getattr(whole, name)
        np.testing.assert_array_equal(curve[:last], full[:last])
        assert len(curve) == 6
        assert np.isnan(curve[last:]).all()
    if best == whole.analysed_epoch:
        for kept, expected in zip(ended.weights, whole.weights, strict=True):
            np.testing.assert_array_equal(kept, expected)


@pytest.mark.parametrize("killed", [1, 3, 4])
def test_a_killed_training_ends_where_it_would_have_ended(
    compiled: CompiledNetwork, tmp_path: Path, killed: int
) -> None:
    """Resumed from the checkpoint of any epoch; from that of the last, nothing more is trained."""
    store = Checkpoint(StudyFolder(tmp_path), "a" * 20)
    whole = trained(compiled, epochs=6, scores=scores_of(CURVE), patience=2)
    with pytest.raises(KilledError):
        trained(compiled, epochs=6, scores=scores_of(CURVE), patience=2, store=store, on_epoch=killed_after(killed))
    told: list[int] = []
    resumed = trained(
        compiled,
        epochs=6,
        scores=scores_of(CURVE[killed:]),
        patience=2,
        store=store,
        on_epoch=lambda epoch, *_: told.append(epoch),
    )
    assert_same_bits(resumed, whole)
    assert told == list(range(killed + 1, 5))


def test_the_last_epoch_is_saved_where_patience_chose_it(compiled: CompiledNetwork, tmp_path: Path) -> None:
    """Checkpoints every fifth epoch: a network that ends after the fourth leaves its own."""
    store = Checkpoint(StudyFolder(tmp_path), "a" * 20)
    trained(compiled, epochs=6, scores=scores_of(CURVE), patience=2, store=store, every=5)
    arrays = store.load()
    assert arrays is not None
    assert int(arrays["epoch"]) == 4


def test_arms_that_need_every_epoch_are_trained_to_the_end() -> None:
    """What matures is measured after every epoch, what memorises is analysed with its last weights."""
    config = resolve("quick", assignments=["training.patience=3"])
    patience = {
        arm: training_of(config, arm).patience for arm in ("generalization", "rearing", "maturation", "memorization")
    }
    assert patience == {"generalization": 3, "rearing": 3, "maturation": 0, "memorization": 0}


def test_patience_beside_the_last_epochs_weights_is_refused() -> None:
    """Each epoch would be a better one: the setting would do nothing."""
    with pytest.raises(StudyError, match=r"training.patience = 2.*training.selection = 'last'"):
        resolve("quick", assignments=["training.patience=2", "training.selection=last"])


def test_a_study_does_not_go_on_with_another_patience() -> None:
    """Nor does one of a version that had none; without it the digest's content is as of that version."""
    none, three = resolve("quick"), resolve("quick", assignments=["training.patience=3"])
    assert "patience" not in measured_settings(none)["training"]
    assert changed_settings(measured_settings(none), none) == changed_settings(measured_settings(three), three) == []
    assert changed_settings(measured_settings(none), three) == ["training.patience = 0 there, 3 here"]
    assert changed_settings(measured_settings(three), none) == ["training.patience = 3 there, 0 here"]


def test_the_report_names_it_as_a_deviation() -> None:
    """Registered is training to the end."""
    registration = read_registration(Path("preregistration.md"))
    config = resolve("quick", assignments=["training.patience=3"])
    lines = setting_deviations(registration, as_record(config))
    assert [line for line in lines if "patience" in line] == ["training.patience is 3, 0 where nothing is registered"]


def test_learning_is_judged_by_the_epochs_that_were_trained() -> None:
    """One network ended before the other: the fall of its loss is to the lowest of its own epochs."""
    loss = xr.DataArray([[2.0, 1.0, np.nan], [2.0, 1.5, 0.5]], dims=("network", "epoch"))
    fall = _validation_loss_fall(xr.Dataset({"validation_loss": loss}))
    np.testing.assert_array_equal(fall, [1.0, 1.5])


@pytest.mark.parametrize(
    ("curve", "stands"),
    [([1.0, 2.0, 3.0], True), ([1.0, np.nan, np.nan], True), ([1.0, np.nan, 3.0], False), ([np.nan] * 3, False)],
)
def test_a_stored_curve_may_end_early_and_have_no_hole(curve: list[float], stands: bool) -> None:
    """What lies before the last epoch that was trained must be a number."""
    problem = _problem(xr.DataArray(np.array(curve), dims="epoch"), VARIABLES["validation_loss"])
    assert problem == ("" if stands else "holds NaN or infinity where none may be")
