"""How much a layer's units tell of orientation together, whether or not any of them is selective by itself.

The readout is linear, of the cosine and the sine of the doubled angle, and is tested on gratings of spatial frequencies and
phases that it was not fitted to: what it finds holds for orientation, not for the images it has seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from study.tuning.orientations import Floats

FREQUENCY_FOLDS, PHASE_FOLDS = 3, 2  # every third frequency with every second phase is tested at a time
RIDGES = tuple(10.0**power for power in range(-4, 3))  # shares of the layer's variance
CONSTANT = 1e-6  # a unit that varies by a smaller share of its mean varies by rounding


def orientation_decoding(responses: NDArray[np.floating]) -> float:
    """Return the share of the variance of (cos 2 theta, sin 2 theta) that a ridge regression on a layer's units explains.

    In each of six folds the gratings of every third spatial frequency with every second phase are predicted from those
    that have neither. Units are scaled to their standard deviation over the gratings that are fitted. The ridge is a share
    of the layer's whole variance, so that a direction with the share p of it is shrunk by p / (p + ridge); the one of
    `RIDGES` is taken that best predicts each spatial frequency among the fitted ones from the others. Predictions that
    are longer than the unit circle's radius are put back on it.

    Parameters
    ----------
    responses
        (unit, orientation, spatial_frequency, phase), orientations evenly spaced over 180 degrees.

    Returns
    -------
    float
        At most 1; near 0, or below, where nothing linear can be read. 0 for a layer whose units do not vary.

    Raises
    ------
    ValueError
        When there are fewer than three orientations or spatial frequencies, or fewer than two phases.
    """
    n_units, n_orientations, n_frequencies, n_phases = responses.shape
    if min(n_orientations, n_frequencies) < FREQUENCY_FOLDS or n_phases < PHASE_FOLDS:
        raise ValueError(
            f"responses of shape {responses.shape}: folds need 3 orientations, 3 spatial frequencies and 2 phases"
        )
    angles = 2 * np.pi * np.arange(n_orientations) / n_orientations  # doubled
    gratings = np.transpose(responses, (2, 1, 3, 0)).astype(np.float64)
    targets = np.broadcast_to(
        np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None, :, None], (*gratings.shape[:3], 2)
    )
    error = 0.0
    for frequency_fold in range(FREQUENCY_FOLDS):
        tested = np.arange(n_frequencies) % FREQUENCY_FOLDS == frequency_fold
        for phase_fold in range(PHASE_FOLDS):
            shown = np.arange(n_phases) % PHASE_FOLDS == phase_fold
            fitted, wanted = (array[~tested][:, :, ~shown] for array in (gratings, targets))
            blocks = fitted.reshape(len(fitted), -1, n_units)
            read = ridge_predictions(
                blocks, wanted.reshape(*blocks.shape[:2], 2), gratings[tested][:, :, shown].reshape(-1, n_units)
            )
            read /= np.maximum(np.linalg.norm(read, axis=1, keepdims=True), 1.0)
            error += float(((read - targets[tested][:, :, shown].reshape(-1, 2)) ** 2).sum())
    return float(1.0 - error / (n_orientations * n_frequencies * n_phases))


def ridge_predictions(blocks: Floats, targets: Floats, predictors: Floats) -> Floats:
    """Return the ridge regression's prediction at new predictors, (row, target); the ridge is chosen among the blocks.

    Parameters
    ----------
    blocks
        (block, row, unit): the predictors it is fitted to. A ridge is judged by how each block is predicted from the
        others, with the scales of all.
    targets
        (block, row, target), of mean 0 in every block.
    predictors
        (row, unit): those to predict at.
    """
    rows, wanted = blocks.reshape(-1, blocks.shape[-1]), targets.reshape(-1, targets.shape[-1])
    mean, sd = rows.mean(axis=0), rows.std(axis=0)
    varies = sd > CONSTANT * np.abs(mean)
    if not varies.any():
        return np.zeros((len(predictors), wanted.shape[1]))
    fitted, new = (((array - mean)[:, varies] / sd[varies]) for array in (rows, predictors))
    scale = len(rows) * np.count_nonzero(varies)  # then the shares of the variance add up to 1
    shares, directions = np.linalg.eigh(fitted @ fitted.T / scale)
    shares = np.maximum(shares, 0.0)
    along = directions.T @ wanted
    errors = [_error_between_blocks(shares / (shares + ridge), directions, targets) for ridge in RIDGES]
    ridge = RIDGES[int(np.argmin(errors))]
    return np.asarray(new @ (fitted.T @ (directions @ (along / (shares + ridge)[:, None]))) / scale)


def _error_between_blocks(kept: Floats, directions: Floats, targets: Floats) -> float:
    """Return the sum of squared errors of every block predicted from the others, by one fit to all.

    Parameters
    ----------
    kept
        (row,): the share that the fit keeps of each direction.
    directions
        (row, row): in columns.
    targets
        (block, row of the block, target).

    Source
    ------
    The residuals of a block that was left out are (I - H)^-1 times those of the whole fit, H being the block of its hat
    matrix; Allen (1974), Technometrics 16:125-127, for blocks of one.
    """
    n_blocks, n_rows, n_targets = targets.shape
    residuals = targets - (directions @ (kept[:, None] * (directions.T @ targets.reshape(-1, n_targets)))).reshape(
        targets.shape
    )
    of_blocks = directions.reshape(n_blocks, n_rows, -1)
    hats = (of_blocks * kept) @ np.swapaxes(of_blocks, 1, 2) + 1 / (n_blocks * n_rows)  # the intercept's part
    left_out = np.linalg.solve(np.eye(n_rows) - hats, residuals)
    return float((left_out**2).sum())
