"""How many halves are designed, how strongly each prefers selective units, and of how many random ones members are kept."""

from __future__ import annotations

import numpy as np

DOSES = tuple(np.linspace(-1.5, 1.5, 8).tolist())  # by which designed halves prefer selective units, for either index
DESIGNED = 2 * len(DOSES)
MOST_DRAWS = 100  # random splits whose members are kept


def kept_draws(null_draws: int) -> int:
    """Return of how many random splits the members are kept: the first ones."""
    return min(null_draws, MOST_DRAWS)
