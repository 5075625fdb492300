"""One ablated network, for every file of tests here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from study.networks.interventions.clamped import ClampedNetwork
from tests import ablated_network
from tests.ablated_network import Ablated


@pytest.fixture(scope="session")
def network() -> ClampedNetwork:
    """Return a scrambled tiny network, compiled once."""
    return ablated_network.network()


@pytest.fixture(scope="session")
def gosi() -> np.ndarray:
    """Return the selectivity of its units."""
    return ablated_network.gosi()


@pytest.fixture(scope="session")
def activity() -> dict[str, Any]:
    """Return what its units do on photographs."""
    return ablated_network.activity()


@pytest.fixture(scope="session")
def measured() -> dict[str, Any]:
    """Return the ablation of the network."""
    return ablated_network.measured()


@pytest.fixture(scope="session")
def ablated() -> Ablated:
    """Return what scores the network where weights make units send on 0."""
    return ablated_network.ablated()
