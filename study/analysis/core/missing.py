"""Networks that are lost for what they would have shown: every missing value set to the most adverse that was observed.

A network that failed after all retries, and one whose value is undefined in a layer, is missing there. Above `MOST_MISSING`
of a layer a finding must also hold when each missing value is the layer's most adverse observed one: of correlations, the
one that moves the ranks most against the finding.

Source: worst-case imputation, as in Permutt and Li (2017), Pharm. Stat. 16:20-28, with observed values for the worst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from study.analysis.core.evidence import Observations

MOST_MISSING: Final = 0.05  # of a layer's networks
LOW, HIGH = -1, 1  # the direction that missing values are moved in: the mean, or the correlation, down or up


def is_much(missing: int, present: int) -> bool:
    """Return whether so many missing networks ask for the adverse analysis."""
    return missing > MOST_MISSING * (missing + present)


def completed(
    everything: Observations,
    rows: Sequence[int],
    failed: Sequence[Mapping[str, object]],
    *,
    strata: str,
    direction: int,
) -> Observations:
    """Return rows with every network, the missing ones at the value that moves the estimate most in a direction.

    Parameters
    ----------
    everything
        All networks that have a row in the store, undefined values among them as NaN.
    rows
        Which rows; they are defined in the same networks.
    failed
        Labels of the networks without one; each is added, in its stratum.
    strata
        The coordinate that the strata are of, or "none".
    direction
        `LOW` or `HIGH`.
    """
    chosen = everything.kept(rows, np.ones(everything.n, dtype=bool))
    labels = np.array([_label(labels, strata) for labels in failed], dtype=object)
    values = np.hstack([chosen.values, np.full((len(chosen.values), len(failed)), np.nan)])
    grown = replace(chosen, values=values, strata=np.concatenate([chosen.strata, labels]), blocks=None, pairs=None)
    if everything.against is None:
        return replace(grown, values=_extreme(values, direction))
    lost = [float(labels.get(everything.outcome, np.nan)) for labels in failed]  # type: ignore[arg-type]
    against = np.concatenate([everything.against, lost])
    return _paired(replace(grown, against=against), direction)


def _label(labels: Mapping[str, object], strata: str) -> object:
    return "all" if strata == "none" else labels[strata]


def _extreme(values: NDArray[np.float64], direction: int) -> NDArray[np.float64]:
    """Return `values` (rows, n) with NaN and infinity replaced by the row's smallest or largest defined value."""
    defined = np.isfinite(values)
    worst = direction * np.max(np.where(defined, direction * values, -np.inf), axis=1, keepdims=True)
    return np.where(defined, values, worst)


def _paired(observations: Observations, direction: int) -> Observations:
    """Return pairs completed stratum by stratum, so that the rank correlation moves in a direction.

    Where one of a pair is known the other is put at the end of the stratum that lies on its side of the median (or on the
    other side, to lower the correlation); where neither is, pairs are put at both ends in turn.
    """
    values, against = observations.values.copy(), np.array(observations.against, dtype=np.float64)
    for stratum in dict.fromkeys(observations.strata.tolist()):
        members = np.flatnonzero(observations.strata == stratum)
        known = np.isfinite(against[members])
        lost = members[~known]
        if lost.size:
            ends = _ends(against[members][known], against)
            sides = _sides_of(values[0, lost], values[0, members], direction)
            against[lost] = [ends[int(side)] for side in sides]
        upper = _sides_of(against[members], against[members], direction)
        for row in values:
            low, high = _ends(row[members][np.isfinite(row[members])], row)
            undefined = ~np.isfinite(row[members])
            row[members[undefined]] = np.where(upper[undefined], high, low)
    return replace(observations, values=values, against=against)


def _sides_of(points: NDArray[np.float64], among: NDArray[np.float64], direction: int) -> NDArray[np.bool_]:
    """Return whether each point's partner belongs at the upper end; undefined points take turns."""
    middle = np.median(among[np.isfinite(among)]) if np.isfinite(among).any() else 0.0
    turns = np.arange(points.size) % 2 == 0
    sides = np.where(np.isfinite(points), points > middle, turns)
    return sides if direction == HIGH else ~sides


def _ends(defined: NDArray[np.float64], everywhere: NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest defined value of a stratum, of all of them where it has none."""
    values = defined if defined.size else everywhere[np.isfinite(everywhere)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
