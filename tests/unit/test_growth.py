"""The simulated study of the benchmarks: what a real one is made of, and concluded the same way."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from benchmarks import growth
from benchmarks.simulated_study import (
    LAYERS,
    REGISTRATION,
    publish_simulated,
    simulated_config,
    simulated_network,
    simulated_networks,
    simulated_record,
)
from study import tuning
from study.config import Config
from study.config.population import PlannedNetwork
from study.registration import read_registration
from study.store import StudyFolder, open_study
from tests.opened_page import opened_page

EPOCHS, DRAWS = 3, 20


@pytest.fixture(scope="module")
def config() -> Config:
    """Return the settings of a small simulated study."""
    return simulated_config(3, epochs=EPOCHS, draws=DRAWS, seed=0)


@pytest.fixture(scope="module")
def planned(config: Config) -> tuple[PlannedNetwork, ...]:
    """Return its first networks, of three augmentations."""
    return simulated_networks(config)[:3]


@pytest.mark.slow
def test_a_simulated_study_is_published_compacted_analysed_and_reported(
    config: Config, planned: tuple[PlannedNetwork, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three networks pass the schema and give a store, results and a page; every cost is measured, then drawn."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    folder = StudyFolder(tmp_path)
    simulated_record(folder, config, read_registration(REGISTRATION))
    for network in planned:
        publish_simulated(network, config, folder)
    cost = growth.concluded(tmp_path, 3, epochs=EPOCHS, draws=DRAWS)
    assert cost["networks"] == 3
    assert all(cost[f"{stage}{clock}"] > 0 for stage in growth.STAGES for clock in ("", "_cpu"))
    with open_study(folder.compacted) as study:
        assert study["training"]["network"].values.tolist() == [network.key for network in planned]
        assert study["responses"].to_dataset()["response"].shape == (3, 2, 960, 12, 9, 4)
        assert study["results"].sizes["result"] > 0
    page = opened_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert all(network.key in page for network in planned)
    table = pd.DataFrame([cost, {**cost, "networks": 6}])
    assert growth.as_markdown(table).count("\n") == 3
    stages = {"plan": 0.1, "state": 0.1, "journal": 1.0, "schedule": 20.0}
    scheduling = pd.DataFrame([{"networks": size, **stages} for size in (10, 100)])
    assert growth.drawn(table, scheduling).startswith("<svg")


def test_the_parts_of_a_simulated_network_agree(config: Config, planned: tuple[PlannedNetwork, ...]) -> None:
    """Same name, same bits; tuning follows from the responses, and the halves from the tuning."""
    tree = simulated_network(planned[0], config)
    xr.testing.assert_identical(tree, simulated_network(planned[0], config))
    responses = tree["responses/response"].values
    gosi = tree["tuning/gosi"].sel(state=tree["responses"]["state"].values).values
    np.testing.assert_array_equal(gosi, tuning.gosi(tuning.tuning_curve(responses)[0]))
    half, start = tree["halves/ablated"].values, 0
    for size in LAYERS.values():
        sides, ranked = half[start : start + size], gosi[-1, start : start + size]
        assert (sides == 1).sum() == (sides == -1).sum() == np.isfinite(ranked).sum() // 2
        assert ranked[sides == -1].max() <= ranked[sides == 1].min()
        start += size
