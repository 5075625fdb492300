"""Random streams: one root seed, one independent stream per network and purpose.

A stream depends on its names alone, never on the order in which streams are asked for, so the same plan gives the same
bits whatever the number of workers or interruptions.
"""

from __future__ import annotations

import hashlib

import numpy as np

STREAMS = ("initialization", "order", "augmentation", "shuffle", "ties", "ablation")


def stable_integer(text: str) -> int:
    """Return a 64-bit integer that depends on `text` alone (SHA-256; `hash()` differs between processes)."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def seed_sequence(root: int, name: str, purpose: str) -> np.random.SeedSequence:
    """Return the seed sequence of one purpose of one named thing.

    Parameters
    ----------
    root
        The study's root seed.
    name
        What the stream belongs to, such as a network's identity.
    purpose
        What it is for; any text, by convention one of `STREAMS` with an optional suffix.
    """
    return np.random.SeedSequence(root, spawn_key=(stable_integer(name), stable_integer(purpose)))


def stream(root: int, name: str, purpose: str) -> np.random.Generator:
    """Return a generator for one purpose of one named thing; see `seed_sequence`."""
    return np.random.Generator(np.random.PCG64DXSM(seed_sequence(root, name, purpose)))
