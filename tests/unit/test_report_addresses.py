"""Where each number of a report lies: the printed expression, executed, gives the printed number."""

from __future__ import annotations

import dataclasses
import warnings

import pytest
import xarray as xr

from study.analysis.core.results_dataset import results_dataset
from study.report.addresses import Address, addresses, opening, report_addresses
from study.report.content import Access
from study.report.page import render
from tests.example_report import example_report
from tests.opened_page import opened_page

REPORT = example_report()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """Return the results as the store holds them, opened by the line that the page prints."""
    path = tmp_path_factory.mktemp("store") / "study.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of consolidated metadata, which zarr does not specify yet
        results_dataset(REPORT.questions).to_zarr(path, group="results", consolidated=False)
        xr.DataTree().to_zarr(path, mode="a", consolidated=True)
    namespace = {"xarray": xr}
    exec(opening(str(path)), namespace)  # the page's own line
    opened: xr.Dataset = namespace["results"]
    return opened


def every() -> list[Address]:
    """Return the address of every number of the example report."""
    return [address for result in REPORT.hypotheses for address in addresses(result)]


def test_every_expression_gives_the_number_that_stands_beside_it(results: xr.Dataset) -> None:
    """Estimates, both ends of intervals, adjusted p-values and numbers of networks, in every layer."""
    assert len(every()) > 100
    for address in every():
        assert eval(address.expression, {"results": results}) == pytest.approx(address.value, rel=1e-12)


def test_the_page_prints_them_and_holds_them_for_programs() -> None:
    """Each expression stands in its hypothesis' fold; a list of all of them lies in the page."""
    access = Access(citation="", bibtex="", command="", store="data/x/study.zarr", load="", registration="")
    page = opened_page(render(dataclasses.replace(REPORT, access=access)))
    listed = report_addresses(REPORT)
    assert [entry[4] for entry in listed] == [address.expression for address in every()]
    assert page.count("results.estimate[(") == sum(address.name == "estimate" for address in every())
