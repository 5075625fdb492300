"""Random streams depend on their names alone."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from study.vocabulary.seeding import STREAMS, seed_sequence, stable_integer, stream

PRINT_DRAWS = """
from study.vocabulary.seeding import stable_integer, stream
print(stable_integer("a"), stream(7, "net", "order").integers(0, 2**62, 3).tolist())
"""


def test_a_stable_integer_is_sha_256() -> None:
    """The first eight bytes of the digest of "abc", as published in FIPS 180-2."""
    assert stable_integer("abc") == 0xBA7816BF8F01CFEA


def test_streams_are_the_same_in_every_process() -> None:
    """Python salts `hash()` anew in each process; nothing here may depend on it."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DRAWS],
            env=os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    here = f"{stable_integer('a')} {stream(7, 'net', 'order').integers(0, 2**62, 3).tolist()}"
    assert outputs.pop().strip() == here


def test_the_same_names_give_the_same_draws_whatever_was_drawn_before() -> None:
    """No stream remembers that another was asked for."""
    first = stream(3, "network", "order").random(5)
    stream(3, "other", "order").random(1000)
    seed_sequence(3, "network", "order").spawn(4)
    np.testing.assert_array_equal(stream(3, "network", "order").random(5), first)


@pytest.mark.parametrize(
    "other", [(4, "network", "order"), (3, "network2", "order"), (3, "network", "ties"), (3, "order", "network")]
)
def test_every_name_counts(other: tuple[int, str, str]) -> None:
    """Another root, thing or purpose gives other draws; so does exchanging the two names."""
    assert not np.any(stream(3, "network", "order").random(50) == stream(*other).random(50))


def test_names_are_not_glued_together() -> None:
    """("ab", "c") is not ("a", "bc")."""
    assert stream(0, "ab", "c").random() != stream(0, "a", "bc").random()


def test_no_two_of_many_streams_coincide_or_correlate() -> None:
    """1,200 streams of 200 networks start with different draws, and neighbours are uncorrelated."""
    draws = np.array([stream(0, f"network {i}", purpose).random(100) for i in range(200) for purpose in STREAMS])
    assert len(np.unique(draws[:, 0])) == len(draws)
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in itertools.pairwise(draws)]
    assert abs(np.mean(correlations)) < 4 / np.sqrt(100 * len(correlations))
    assert np.abs(correlations).max() < 0.5


def test_a_large_root_seed_is_used_whole() -> None:
    """Seeds that agree in their lower 32 bits give other draws."""
    assert stream(5, "a", "b").random() != stream(5 + 2**32, "a", "b").random()
