"""The shuffle control of 960 units: ours against permuting every response of every unit."""

from __future__ import annotations

import time

import numpy as np
from scipy.stats import ks_2samp

from study import tuning
from study.tuning import shuffles

N_UNITS, N_PERMUTATIONS = 960, 1000
FEW = (20, 200)  # as of states and arms whose layers' means alone are read, and of profile quick


def main() -> None:
    """Time both on one core and compare their distributions on one unit."""
    rng = np.random.default_rng(0)
    responses = rng.gamma(0.5, size=(N_UNITS, 12, 9, 4)).astype(np.float32)
    seconds = {}
    for name, curves in (("ours", shuffles.shuffled_curves), ("full permutation", shuffles._fully_shuffled_curves)):
        started = time.process_time()
        for unit in responses:
            tuning.gosi(curves(unit, N_PERMUTATIONS, rng))
        seconds[name] = time.process_time() - started
        print(f"{name:17} {seconds[name]:6.1f} s of processor time for {N_UNITS} units x {N_PERMUTATIONS} permutations")
    for few in FEW:
        started = time.process_time()
        tuning.shuffle_null(responses, n_permutations=few, n_bins=40, rng=rng)
        print(f"both nulls, {few:4} permutations a unit: {time.process_time() - started:.2f} s")
    samples = [
        tuning.gosi(curves(responses[0], 20_000, rng))
        for curves in (shuffles.shuffled_curves, shuffles._fully_shuffled_curves)
    ]
    print(
        f"ratio {seconds['full permutation'] / seconds['ours']:.1f}; same distribution: Kolmogorov-Smirnov p ="
        f" {ks_2samp(*samples).pvalue:.2f} on 20,000 draws"
    )


if __name__ == "__main__":
    main()
