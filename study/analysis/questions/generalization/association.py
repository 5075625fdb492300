"""Association of a layer's gOSI with test loss over networks, asked for in several ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study import stats
from study.vocabulary.seeding import stream

POOLED, WITHIN = "pooled, as published", "within augmentation, registered"
PARTIAL, COMBINED, MIXED = "the same given training loss", "mean of the augmentations' own", "mixed model"
CORRELATION, SLOPE = "rank correlation", "nat per standard deviation of gOSI"
PUBLISHED, REGISTERED, BESIDE = "as published", "registered", "beside"
COMMON = "common slope within augmentation"


@dataclass(frozen=True)
class Sample:
    """One layer's gOSI, the losses and the augmentation of the networks where that gOSI is defined, all (n,)."""

    layer: str
    gosi: NDArray[np.float64]
    test_loss: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    augmentation: NDArray[np.str_]

    @property
    def pooled(self) -> NDArray[np.str_]:
        """One label for all networks, (n,)."""
        return np.full(len(self.gosi), "all")

    def by_augmentation(self) -> Iterator[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
        """Yield each augmentation with the gOSI and the test loss of its networks."""
        for name in dict.fromkeys(self.augmentation.tolist()):
            members = self.augmentation == name
            yield name, self.gosi[members], self.test_loss[members]


def rank_correlation(sample: Sample, kind: str, *, root_seed: int) -> tuple[float, stats.Interval]:
    """Return rho, pooled or within augmentation, with its 95 % bootstrap interval over networks."""
    strata = sample.pooled if kind == POOLED else sample.augmentation
    interval = stats.correlation_interval(
        sample.gosi,
        sample.test_loss,
        strata=strata,
        confidence_level=0.95,
        n_resamples=2000,
        method="BCa",
        rng=stream(root_seed, "figure", f"{sample.layer}/{kind}"),
    )
    return stats.stratified_spearman(sample.gosi, sample.test_loss, strata).statistic, interval


_Way = tuple[str, str, str, float, stats.Interval, float, int, str]  # way, role, scale, estimate, ..., p, n, note


def _registered_ways(sample: Sample, root_seed: int) -> Iterator[_Way]:
    """Yield the pooled rho and the one within augmentation, with two-sided p: asymptotic as published, and permuted."""
    n, rng = len(sample.gosi), stream(root_seed, "figure", f"ways/{sample.layer}")
    rho, interval = rank_correlation(sample, POOLED, root_seed=root_seed)
    pvalue = stats.textbook_spearman(sample.gosi, sample.test_loss, alternative="two-sided").pvalue
    yield POOLED, PUBLISHED, CORRELATION, rho, interval, pvalue, n, interval.note
    rho, interval = rank_correlation(sample, WITHIN, root_seed=root_seed)
    outcome = stats.stratified_permutation_test(
        sample.gosi,
        sample.test_loss,
        strata=sample.augmentation,
        n_resamples=4999,
        alternative="two-sided",
        rng=rng,
    )
    yield WITHIN, REGISTERED, CORRELATION, rho, interval, outcome.pvalue, n, outcome.note or interval.note


def _partial_way(sample: Sample, root_seed: int) -> _Way:
    """Return the rank correlation within augmentation given training loss, and its permutation test."""
    data = (sample.gosi, sample.test_loss, sample.train_loss)
    rng = stream(root_seed, "figure", f"partial/{sample.layer}")
    outcome = stats.partial_permutation_test(
        *data, strata=sample.augmentation, n_resamples=4999, alternative="two-sided", rng=rng
    )
    interval = stats.partial_interval(
        *data, strata=sample.augmentation, confidence_level=0.95, n_resamples=2000, rng=rng
    )
    note = outcome.note or interval.note
    return PARTIAL, BESIDE, CORRELATION, outcome.statistic, interval, outcome.pvalue, len(sample.gosi), note


def _combined_ways(sample: Sample) -> Iterator[_Way]:
    """Yield the random-effects mean of the augmentations' own rhos, then each of these."""
    augmentations = [(name, stats.spearman(gosi, loss), gosi, loss) for name, gosi, loss in sample.by_augmentation()]
    mean = stats.random_effects_mean(
        [rho.statistic for _, rho, _, _ in augmentations],
        [rho.n for _, rho, _, _ in augmentations],
        confidence_level=0.95,
    )
    yield COMBINED, BESIDE, CORRELATION, mean.mean, mean.interval, np.nan, len(sample.gosi), mean.note
    for name, rho, gosi, loss in augmentations:
        interval = stats.fisher_interval(gosi, loss, strata=np.zeros(rho.n), confidence_level=0.95)
        yield f"augmentation {name} alone", BESIDE, CORRELATION, rho.statistic, interval, np.nan, rho.n, interval.note


def _mixed(sample: Sample) -> stats.MixedSlope:
    """Return the slope of test loss, in nats, over gOSI in standard deviations, augmentation a random intercept."""
    deviation = np.std(sample.gosi, ddof=1) if len(sample.gosi) > 1 else 0.0
    standardised = (sample.gosi - sample.gosi.mean()) / deviation if deviation > 0 else np.zeros(len(sample.gosi))
    return stats.random_intercept_slope(standardised, sample.test_loss, sample.augmentation, confidence_level=0.95)


def ways_table(samples: Sequence[Sample], *, root_seed: int) -> pd.DataFrame:
    """Return the association of gOSI with test loss in each layer, asked for in every way.

    Columns `layer`, `way`, `role` (as published, registered or beside), `scale`, `estimate` (NaN where undefined, `note`
    then says why), `ci_low`, `ci_high` and `interval` (95 %, its kind), `pvalue` (two-sided; NaN where none is computed),
    `networks`, `note`.
    """
    rows = []
    for sample in samples:
        fit = _mixed(sample)
        status = "; ".join(filter(None, ["converged" if fit.converged else "", fit.note]))
        mixed = (MIXED, BESIDE, SLOPE, fit.slope, fit.interval, fit.pvalue, fit.n, status)
        for way, role, scale, estimate, interval, pvalue, n, note in (
            *_registered_ways(sample, root_seed),
            _partial_way(sample, root_seed),
            *_combined_ways(sample),
            mixed,
        ):
            rows.append(
                (sample.layer, way, role, scale, estimate, interval.low, interval.high, interval.kind, pvalue, n, note)
            )
    columns = (
        "layer",
        "way",
        "role",
        "scale",
        "estimate",
        "ci_low",
        "ci_high",
        "interval",
        "pvalue",
        "networks",
        "note",
    )
    return pd.DataFrame(rows, columns=list(columns))


def _slope(gosi: NDArray[np.float64], loss: NDArray[np.float64]) -> float:
    """Return the least-squares slope of test loss over gOSI; NaN with fewer than three networks or equal gOSI."""
    if gosi.size < 3 or np.ptp(gosi) == 0:
        return np.nan
    centred = gosi - gosi.mean()
    return float(centred @ loss / (centred @ centred)) if np.ptp(loss) > 0 else 0.0


def _common_slope(sample: Sample) -> float:
    """Return the slope of parallel lines, one through each augmentation's networks."""
    centred = [(gosi - gosi.mean(), loss - loss.mean()) for _, gosi, loss in sample.by_augmentation()]
    gosi, loss = (np.concatenate(values) for values in zip(*centred, strict=True)) if centred else (np.empty(0),) * 2
    return _slope(gosi, loss) if np.abs(gosi).max(initial=0) > 1e-12 else np.nan


def slopes_table(samples: Sequence[Sample]) -> pd.DataFrame:
    """Return both ends of the least-squares lines: pooled, the common slope within, and each augmentation's own.

    Columns `layer`, `line`, `slope` (nat per unit of gOSI; NaN with fewer than three networks or equal gOSI),
    `opposite_to_pooled`, `layer_flips` (whether pooled and common slope have opposite signs), `gosi`, `test_loss`.
    """
    rows = []
    for sample in samples:
        every = (sample.gosi, sample.test_loss)
        pooled, common = _slope(*every), _common_slope(sample)
        lines = [("pooled", pooled, *every), (COMMON, common, *every)]
        lines += [(name, _slope(gosi, loss), gosi, loss) for name, gosi, loss in sample.by_augmentation()]
        for line, slope, gosi, loss in lines:
            for end in (gosi.min(), gosi.max()) if gosi.size else (np.nan, np.nan):
                at = loss.mean() + slope * (end - gosi.mean()) if np.isfinite(slope) else np.nan
                rows.append((sample.layer, line, slope, slope * pooled < 0, common * pooled < 0, end, at))
    columns = ["layer", "line", "slope", "opposite_to_pooled", "layer_flips", "gosi", "test_loss"]
    return pd.DataFrame(rows, columns=columns)


def slope_note(samples: Sequence[Sample]) -> str:
    """Return where the pooled slope has the sign of no, or not of every, augmentation's own."""
    layers = []
    for sample in samples:
        pooled = _slope(sample.gosi, sample.test_loss)
        slopes = [_slope(gosi, loss) for _, gosi, loss in sample.by_augmentation()]
        if opposite := sum(slope * pooled < 0 for slope in slopes):
            layers.append(f"{sample.layer} ({opposite} of {len(slopes)})")
    return (
        "Least-squares slopes of single augmentations whose sign is opposite to the pooled slope's:"
        f" {', '.join(layers) or 'none in any layer'}."
    )


def partial_note(samples: Sequence[Sample]) -> str:
    """Return how far adjusting for training loss can be trusted."""
    sizes = [len(gosi) for sample in samples for _, gosi, _ in sample.by_augmentation()]
    return (
        "Given training loss: ranks within an augmentation hold a covariate's values only roughly, so a common cause is"
        f" adjusted for in part only, the less the fewer networks there are; the smallest group has {min(sizes, default=0)}."
        " In simulated groups of 6 a common cause that alone gave a correlation of 0.58 left 0.12, in groups of 50 0.03."
    )


def mixed_note(samples: Sequence[Sample]) -> str:
    """Return in which layers the mixed model did not converge, is singular or undefined."""
    fits = {sample.layer: _mixed(sample) for sample in samples}
    said = {
        "did not converge in": [layer for layer, fit in fits.items() if np.isfinite(fit.slope) and not fit.converged],
        "finds no variance between augmentations (its slope is then the pooled one) in": [
            layer for layer, fit in fits.items() if fit.singular
        ],
        "is undefined in": [layer for layer, fit in fits.items() if np.isnan(fit.slope)],
    }
    told = "; it ".join(f"{what} {', '.join(layers)}" for what, layers in said.items() if layers)
    return (
        "Four augmentations are few for a random effect: the variance between them is hardly known, and where augmentation"
        " moves gOSI and loss along one line the mixed model takes their difference for a slope. The mixed model"
        f" {told or 'converged in every layer'}."
    )
