"""The data dictionary: every group, dimension and variable of a study's store, from the schema that writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import xarray as xr

from study.analysis.core.results_dataset import results_dataset
from study.store import RESULTS
from study.vocabulary.measurement import Measurement, measurements
from study.vocabulary.schema import COORDINATES, SCHEMA_VERSION

HEADING = f"""# Data dictionary

What `study.zarr` holds (schema version {SCHEMA_VERSION}). Open it with `study.open("NAME")`, or with
`xarray.open_datatree("data/NAME/study.zarr", engine="zarr")`; each group is a dataset, and all variables below have a leading
dimension `network`. This page is generated: `python -m study dictionary`.
"""


def dictionary_text() -> str:
    """Return the dictionary as Markdown."""
    groups = "\n".join(_group(measurement) for measurement in measurements().values())
    return f"{HEADING}\n{_coordinates()}\n{groups}\n{_results(results_dataset(()))}"


def _coordinates() -> str:
    rows = ((name, units, meaning) for name, (units, meaning) in COORDINATES.items())
    return f"## Coordinates\n\n{_table(('coordinate', 'unit', 'meaning'), rows)}"


def _group(measurement: Measurement) -> str:
    rows = (
        (
            name,
            ", ".join(variable.dims) or "-",
            variable.units,
            variable.long_name,
            "yes" if variable.nan_allowed else "after the last epoch trained" if variable.ends_early else "",
        )
        for name, variable in measurement.variables.items()
    )
    where = [*measurement.arms, *(f"{arm} where asked for" for arm in measurement.where_asked)]
    table = _table(("variable", "dimensions", "unit", "meaning", "may be NaN"), rows)
    return f"## {measurement.name}\n\n{measurement.title}. Networks: {', '.join(where)}.\n\n{table}"


def _results(results: xr.Dataset) -> str:
    variables: Mapping[str, xr.Variable] = {str(name): variable for name, variable in results.variables.items()}
    rows = (
        (name, ", ".join(map(str, one.dims)), one.attrs["units"], one.attrs["long_name"])
        for name, one in variables.items()
    )
    table = _table(("variable", "dimensions", "unit", "meaning"), rows)
    return f"## {RESULTS}\n\n{results.attrs['title']}. It has no dimension `network`.\n\n{table}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *((f"`{row[0]}`", *row[1:]) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
