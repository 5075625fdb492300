"""What a statistical procedure returns, and the reasons for which it may have to return nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Alternative = Literal["two-sided", "less", "greater"]
IntervalKind = Literal[
    "BCa", "percentile", "Fisher z", "Hartung-Knapp", "Clopper-Pearson", "Wald", "Student t", "undefined"
]

FEWEST_OBSERVATIONS: Final = 3


@dataclass(frozen=True)
class Correlation:
    """A rank correlation.

    `statistic` is in [-1, 1], or NaN when undefined; `n` is the number of pairs given. `note` is empty, or the reason
    for a NaN, or a caution about a defined value.
    """

    statistic: float
    n: int
    note: str


@dataclass(frozen=True)
class TestOutcome:
    """The outcome of one test.

    `pvalue` is NaN when the test is undefined, and never 0. `n` is the number of experimental units given.
    `n_resamples` is the number of rearrangements the p-value rests on (0 when undefined, or when a known distribution
    gives the p-value): all there are when `exact`, the identity among them; otherwise random ones, to which the
    observed arrangement is added. `note` is empty, or the
    reason for a NaN, or a caution about a defined value.
    """

    __test__: ClassVar[bool] = False  # the name would otherwise make pytest collect this class

    statistic: float
    pvalue: float
    n: int
    alternative: Alternative
    n_resamples: int
    exact: bool
    note: str


@dataclass(frozen=True)
class Interval:
    """A confidence interval that says how it was made.

    `low` and `high` are NaN exactly when `kind` is "undefined". `note` is empty, or the reason for an undefined
    interval or for a `kind` other than the one asked for, or the number of resamples left out.
    """

    low: float
    high: float
    confidence_level: float
    kind: IntervalKind
    note: str


def undefined_outcome(n: int, alternative: Alternative, note: str, *, statistic: float = float("nan")) -> TestOutcome:
    """Return the outcome of a test that has no p-value, for the reason in `note`."""
    return TestOutcome(statistic, float("nan"), n, alternative, 0, False, note)


def undefined_interval(confidence_level: float, note: str) -> Interval:
    """Return the interval that does not exist, for the reason in `note`."""
    return Interval(float("nan"), float("nan"), confidence_level, "undefined", note)


def undefined_reason(*columns: NDArray[np.float64]) -> str:
    """Return why nothing can be concluded from `columns`, or "" when something can.

    Each column is (n,). NaN and infinity are undefined values: they are counted by row, never dropped.
    """
    return undefined_reasons(columns[0][np.newaxis], *columns[1:])[0]


def undefined_reasons(variables: NDArray[np.float64], *others: NDArray[np.float64]) -> list[str]:
    """Return for each of `variables` (k, n) why nothing can be concluded from it with `others`, each (n,), or ""."""
    n = variables.shape[1]
    defined = np.isfinite(variables)
    for other in others:
        defined = defined & np.isfinite(other)
    few = f"fewer than {FEWEST_OBSERVATIONS} observations" if n < FEWEST_OBSERVATIONS else ""
    missing = (n - np.count_nonzero(defined, axis=1)).tolist()
    return [f"undefined values: {count} of {n}" if count else few for count in missing]


def is_constant(column: NDArray[np.float64]) -> bool:
    """Return whether all entries of `column` (n,), n >= 1, are equal."""
    return bool(np.all(column == column[0]))


def vector(name: str, values: object) -> NDArray[np.float64]:
    """Return `values` as floats, shape (n,).

    Raises
    ------
    ValueError
        If `values` is not 1-dimensional.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}: it must be 1-dimensional")
    return array


def matrix(name: str, values: object) -> NDArray[np.float64]:
    """Return `values` as floats, shape (k, n), each row contiguous: sums along rows add in the same order for any k.

    Raises
    ------
    ValueError
        If `values` is not 2-dimensional.
    """
    array = np.asarray(values, dtype=np.float64, order="C")
    if array.ndim != 2:
        raise ValueError(f"{name} has shape {array.shape}: it must be (variables, observations)")
    return array


def require_same_length(**columns: NDArray[Any]) -> None:
    """Raise ValueError, naming every length, unless all columns have the same number of rows."""
    lengths = {name: column.shape[0] for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"lengths differ: {lengths}; every column must have one entry per observation")


def require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise ValueError, naming the value and the allowed set, unless `value` is one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} = {value!r} is not allowed: it must be one of {allowed}")


def require_alternative(alternative: str) -> None:
    """Raise ValueError unless `alternative` is "two-sided", "less" or "greater"."""
    require_choice("alternative", alternative, get_args(Alternative))


def require_resamples(n_resamples: int, *, name: str = "n_resamples") -> None:
    """Raise ValueError unless `n_resamples` is at least 1."""
    if n_resamples < 1:
        raise ValueError(f"{name} = {n_resamples!r} is not allowed: it must be at least 1")


def require_confidence_level(confidence_level: float) -> None:
    """Raise ValueError unless `confidence_level` lies strictly between 0 and 1."""
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level = {confidence_level!r} is not allowed: it must lie between 0 and 1")
