"""What is found by its place: one module (or folder) a question, measurement, architecture or image source.

Adding one adds a file and edits none: the folder is the registry.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from typing import Any


@functools.cache
def names_in(package: str) -> tuple[str, ...]:
    """Return the names of the modules and folders in a package, sorted, without importing them; private ones left out.

    Parameters
    ----------
    package
        Its full name, such as `study.analysis.questions`; it is imported itself.
    """
    places = importlib.import_module(package).__path__
    return tuple(sorted(module.name for module in pkgutil.iter_modules(places) if not module.name.startswith("_")))


@functools.cache
def declared_in(package: str, attribute: str) -> dict[str, Any]:
    """Return what each module of a package declares under a name: module name to value, sorted by module name.

    Parameters
    ----------
    package
        Its full name.
    attribute
        What each of its modules must define, such as `QUESTION`.

    Raises
    ------
    AttributeError
        When a module declares no such thing: a programming error, not a user's.
    """
    return {name: getattr(importlib.import_module(f"{package}.{name}"), attribute) for name in names_in(package)}


@functools.cache
def declared_where_present(package: str, module: str, attribute: str) -> dict[str, Any]:
    """Return what a module of one name declares in those folders of a package that hold it: folder name to value, sorted.

    Parameters
    ----------
    package
        The full name of the package that the folders are in.
    module
        Name of the module, such as `simulator`; a folder without it is left out.
    attribute
        What each of these modules must define.

    Raises
    ------
    AttributeError
        When a module declares no such thing: a programming error, not a user's.
    """
    paths = {name: f"{package}.{name}.{module}" for name in names_in(package)}
    return {
        name: getattr(importlib.import_module(path), attribute)
        for name, path in paths.items()
        if _is_folder(f"{package}.{name}") and importlib.util.find_spec(path) is not None
    }


def _is_folder(package: str) -> bool:
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.submodule_search_locations is not None
