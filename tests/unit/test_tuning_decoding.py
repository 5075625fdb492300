"""Linear decoding of orientation: what planted layers give, against a library's regression, and on layers without any."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from study import tuning
from study.tuning.decoding import RIDGES, orientation_decoding, ridge_predictions

ANGLES = 2 * np.pi * np.arange(12) / 12  # twice the orientation


def planted(rng: np.random.Generator, modulation: float, *, units: int = 40, drives: int = 3) -> np.ndarray:
    """Return units that cos(2 theta - phi) modulates a little and that spatial frequency and phase drive far more.

    The drives are shared: each unit has its own weights of a few courses over frequencies and phases.
    """
    course = rng.uniform(0, 1, (drives, 9, 4))
    drive = np.einsum("ud,dfp->ufp", rng.uniform(0, 1, (units, drives)), course)
    preferred = rng.uniform(0, 2 * np.pi, units)
    tuned = modulation * np.cos(ANGLES - preferred[:, None])
    return np.asarray(1 + tuned[:, :, None, None] + drive[:, None])


def test_units_that_are_not_selective_tell_orientation_together() -> None:
    """Each has a gOSI below .01, far below what drives it; all of it is read from their combination."""
    responses = planted(np.random.default_rng(0), 0.02)
    assert tuning.gosi(tuning.tuning_curve(responses)[0]).max() < 0.01
    assert orientation_decoding(responses) > 0.95


@pytest.mark.parametrize("units", [3, 40, 300])
@pytest.mark.parametrize("kind", ["driven alike at all orientations", "noise", "lattice"])
def test_nothing_is_read_where_there_is_nothing(kind: str, units: int) -> None:
    """About 0 over many layers, above it in none by more than noise, few units or more than gratings.

    The lattice favours four orientations alike, as square kernels without a preferred one do: its cos 8 theta and cos 4
    theta are no part of the doubled angle.
    """
    rng = np.random.default_rng(1)
    found = []
    for _ in range(6):
        layer = planted(rng, 0.0, units=units)
        if kind == "noise":
            layer = rng.exponential(size=layer.shape)
        if kind == "lattice":
            layer = layer * (1 + rng.uniform(0, 0.3, (units, 1, 1, 1)) * np.cos(2 * ANGLES)[:, None, None])
        found.append(orientation_decoding(layer))
    assert max(found) < 0.05
    assert -0.15 < np.mean(found) < 0.02


def test_a_label_that_frequency_carries_is_no_leak() -> None:
    """Units that know each grating by heart, one a grating, tell nothing of gratings that were not fitted."""
    assert orientation_decoding(np.eye(432).reshape(432, 12, 9, 4)) == pytest.approx(0, abs=0.01)


def test_silent_and_constant_units_count_for_nothing() -> None:
    """A layer of them gives 0 exactly; beside others they change nothing."""
    rng = np.random.default_rng(2)
    assert orientation_decoding(np.zeros((5, 12, 9, 4))) == 0
    assert orientation_decoding(np.full((5, 12, 9, 4), 0.1)) == 0
    responses = planted(rng, 0.5)
    beside = np.concatenate([np.zeros((3, 12, 9, 4)), responses, np.full((2, 12, 9, 4), 0.3)])
    assert orientation_decoding(beside) == pytest.approx(orientation_decoding(responses), abs=1e-9)


def test_scale_and_offset_of_a_unit_do_not_matter() -> None:
    """It is what the readout scales away."""
    rng = np.random.default_rng(3)
    responses = planted(rng, 0.05)
    other = responses * rng.uniform(0.1, 10, (40, 1, 1, 1)) + rng.uniform(0, 3, (40, 1, 1, 1))
    assert orientation_decoding(other) == pytest.approx(orientation_decoding(responses), abs=1e-6)


def by_library(blocks: np.ndarray, targets: np.ndarray, predictors: np.ndarray) -> np.ndarray:
    """Return scikit-learn's predictions, its ridge chosen by leaving out each block with scikit-learn's folds."""
    rows, wanted = blocks.reshape(-1, blocks.shape[-1]), targets.reshape(-1, 2)
    mean, sd = rows.mean(axis=0), rows.std(axis=0)
    scaled, groups = (rows - mean) / sd, np.repeat(np.arange(len(blocks)), blocks.shape[1])
    penalties = [ridge * scaled.size for ridge in RIDGES]
    errors = [
        ((cross_val_predict(Ridge(penalty), scaled, wanted, groups=groups, cv=LeaveOneGroupOut()) - wanted) ** 2).sum()
        for penalty in penalties
    ]
    best = Ridge(penalties[int(np.argmin(errors))]).fit(scaled, wanted)
    return np.asarray(best.predict((predictors - mean) / sd))


@pytest.mark.parametrize(("units", "noise"), [(4, 0.1), (30, 1.0), (200, 0.3)])
def test_predictions_are_those_of_a_library(units: int, noise: float) -> None:
    """Ridge and its choice among blocks left out, fewer units than gratings or more."""
    rng = np.random.default_rng(units)
    wanted = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=-1)
    targets = np.tile(wanted, (6, 2, 1))
    weights = rng.normal(size=(2, units))
    blocks = targets @ weights + noise * rng.normal(size=(6, 24, units)) + rng.normal(size=(6, 1, units))
    predictors = rng.normal(size=(7, units))
    np.testing.assert_allclose(
        ridge_predictions(blocks, targets, predictors), by_library(blocks, targets, predictors), rtol=1e-6, atol=1e-8
    )


def test_every_grating_is_predicted_from_other_frequencies_and_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once; no fitted grating shares its spatial frequency or its phase."""
    names = np.arange(432).reshape(12, 9, 4)
    seen: list[int] = []

    def check(blocks: np.ndarray, targets: np.ndarray, predictors: np.ndarray) -> np.ndarray:
        fitted, tested = (np.unravel_index(array.ravel().astype(int), names.shape) for array in (blocks, predictors))
        assert not set(fitted[1]) & set(tested[1]) and not set(fitted[2]) & set(tested[2])
        assert set(fitted[0]) == set(tested[0]) == set(range(12))
        np.testing.assert_allclose(targets.reshape(-1, 2)[:, 0], np.cos(ANGLES[fitted[0]]))
        seen.extend(predictors.ravel().astype(int))
        return np.zeros((len(predictors), 2))

    monkeypatch.setattr("study.tuning.decoding.ridge_predictions", check)
    assert orientation_decoding(names[None].astype(float)) == pytest.approx(0)
    assert sorted(seen) == list(range(432))


def test_too_few_gratings_are_refused() -> None:
    """Folds need three spatial frequencies and two phases."""
    with pytest.raises(ValueError, match="folds need"):
        orientation_decoding(np.ones((2, 12, 2, 4)))
