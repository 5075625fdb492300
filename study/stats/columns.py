"""From a function of several variables to that of one, and to outcomes for those variables that have one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from study.stats.outcomes import vector

Options = ParamSpec("Options")
Outcome = TypeVar("Outcome")


def of_one(
    of_each: Callable[Concatenate[ArrayLike, Options], tuple[Outcome, ...]],
) -> Callable[Concatenate[ArrayLike, Options], Outcome]:
    """Return the function of one variable, (n,), for a function that gives an outcome for each of several, (k, n)."""

    def of_values(values: ArrayLike, /, *arguments: Options.args, **options: Options.kwargs) -> Outcome:
        return of_each(vector("values", values)[np.newaxis], *arguments, **options)[0]

    of_values.__doc__ = f"Return what `{of_each.__name__}` returns for one variable, `values` (n,)."
    return of_values


def where_defined(
    reasons: Sequence[str],
    undefined: Callable[[str], Outcome],
    defined: Callable[[list[int]], Sequence[Outcome]],
) -> tuple[Outcome, ...]:
    """Return an outcome for each variable: by `undefined` for a reason, by `defined` for those where that is empty.

    `defined` is called once, with the positions of all of these, and not at all if there are none.
    """
    outcomes = [undefined(reason) for reason in reasons]
    rows = [i for i, reason in enumerate(reasons) if not reason]
    for i, outcome in zip(rows, defined(rows) if rows else (), strict=True):
        outcomes[i] = outcome
    return tuple(outcomes)
