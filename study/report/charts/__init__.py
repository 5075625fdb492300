"""The charts: each a pure function of one small table, in a module of this folder, named as its member of `Chart`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import altair as alt

from study.analysis.core.charts import Chart
from study.vocabulary.discovery import names_in

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["charts", "drawing_functions"]

Drawn: TypeAlias = "Callable[[pd.DataFrame], alt.TopLevelMixin]"


@cache
def charts() -> Mapping[Chart, Drawn]:
    """Return the function that draws each form of chart: a new form is a member of `Chart` and one function.

    Raises
    ------
    KeyError
        When no module draws a form: a programming error, not a user's.
    """
    functions = drawing_functions()
    return {chart: functions[chart] for chart in Chart}


@cache
def drawing_functions() -> Mapping[str, Drawn]:
    """Return every function of this folder's modules that draws a table, by its name."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names_in(__name__)]
    return {name: function for module in modules for name, function in vars(module).items() if _draws(module, function)}


def _draws(module: ModuleType, value: object) -> bool:
    """Return whether a module defines a public function of one table that returns a chart."""
    if not inspect.isfunction(value) or value.__module__ != module.__name__ or value.__name__.startswith("_"):
        return False
    signature = inspect.signature(value)
    return list(signature.parameters) == ["table"] and signature.return_annotation == "alt.TopLevelMixin"
