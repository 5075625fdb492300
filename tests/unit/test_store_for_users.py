"""What people do with a store in other programs: it says what it holds, goes into netCDF, and results stand by themselves."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import study
from study.commands.arguments import REGISTRATION, shipped_registration
from study.store import StudyFolder, compact, write_results
from study.vocabulary.schema import STORE_ATTRIBUTES
from tests.unit.test_store_compacted import ATTRIBUTES, publish

CLASSES = [f"kind {number}" for number in range(10)]
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a store of two networks with the results of an analysis."""
    from study.analysis.core.results_dataset import results_dataset
    from tests.example_report import example_report

    folder = StudyFolder(tmp_path_factory.mktemp("study"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        keys = publish(folder, 2, arm="generalization")
        compact(folder, keys, {**ATTRIBUTES, "class_names": CLASSES, "failed_networks": [{"seed": 1}]})
        write_results(folder, results_dataset(example_report().questions))
        yield folder.compacted


@pytest.mark.parametrize("opened", ["study.open", "xarray"])
def test_every_group_goes_into_netcdf(store: Path, tmp_path: Path, opened: str) -> None:
    """By SciPy's engine, the plainest there is, and comes back with the same numbers."""
    tree = study.open(store) if opened == "study.open" else xr.open_datatree(store, engine="zarr")
    with tree:
        for name, group in tree.children.items():
            dataset = group.to_dataset().load()
            dataset.to_netcdf(tmp_path / f"{name}.nc", engine="scipy")
            with xr.open_dataset(tmp_path / f"{name}.nc", engine="scipy") as back:
                for variable in (one for one in dataset.data_vars if dataset[one].dtype.kind == "f"):
                    np.testing.assert_array_equal(back[variable], dataset[variable], err_msg=f"{name}/{variable}")


def test_everything_says_what_it_is(store: Path) -> None:
    """Units and meaning on every variable and coordinate; title, source, references and conventions on every group."""
    with xr.open_datatree(store, engine="zarr") as tree:
        assert STORE_ATTRIBUTES.items() <= tree.attrs.items()
        for name, group in tree.children.items():
            dataset = group.to_dataset()
            assert {"title", "source", "references", "Conventions"} <= set(dataset.attrs), name
            assert dataset.attrs["title"] != tree.attrs["title"], name
            for variable, array in dataset.variables.items():
                assert array.attrs.get("units"), f"{name}/{variable}"
                assert len(str(array.attrs.get("long_name", ""))) > 3, f"{name}/{variable}"
        classes = next(group for group in tree.children.values() if "class" in group.dims)
        assert classes["class_name"].values.tolist() == CLASSES


def test_a_forest_plot_needs_the_results_alone(store: Path) -> None:
    """Estimand, unit, null value, smallest effect, rule, interval, n, layer and verdict of every row that was tested."""
    with study.open(store) as tree:
        results = tree["results"].to_dataset().load()
    tested = results.isel(result=np.isfinite(results["estimate"].values))
    assert tested.sizes["result"] > 0
    for name in ("hypothesis", "layer", "estimand", "verdict", "hypothesis_verdict", "claim"):
        assert all(tested[name].values.tolist()), name
    for name in ("null_value", "smallest_effect", "confidence_level", "n"):
        assert np.isfinite(tested[name].values).all(), name
    assert {"estimate_unit", "axis", "rule", "ci_kind"} <= set(tested.data_vars)
    assert np.isfinite(tested["ci"].sel(ci_bound="low").values).any()


def test_the_registration_ships_with_the_package() -> None:
    """The wheel names it where an installed program looks for it; a checked-out one reads that beside it."""
    wheel = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {REGISTRATION: f"study/{REGISTRATION}"}
    assert shipped_registration().read_bytes() == (PYPROJECT.parent / REGISTRATION).read_bytes()
