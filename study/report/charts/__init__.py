"""The charts: each a pure function of one small table, named where a result record asks for it by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import altair as alt

from study.report.charts.ablation import ablation_accuracy, ablation_bars, ablation_null, network_dots
from study.report.charts.ablation_details import ablation_classes, ablation_forest, fraction_curves
from study.report.charts.calibration import power_curves, type_one_errors
from study.report.charts.generalization import correlation_bars, correlation_scatter, correlation_ways, group_slopes
from study.report.charts.intervals import layer_intervals
from study.report.charts.maturation import (
    maturation_correlations,
    maturation_gosi,
    maturation_loss,
    maturation_points,
    maturation_single_networks,
)
from study.report.charts.memorization import corruption_accuracy, corruption_excess, corruption_gosi
from study.report.charts.multiverse import specification_curve
from study.report.charts.shift_invariance import shift_bars, shift_consistency, shift_ratios
from study.report.charts.tuning import gosi_histogram, layer_means, range_histogram, tuning_curves

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CHARTS",
    "ablation_accuracy",
    "ablation_bars",
    "ablation_classes",
    "ablation_forest",
    "ablation_null",
    "correlation_bars",
    "correlation_scatter",
    "correlation_ways",
    "corruption_accuracy",
    "corruption_excess",
    "corruption_gosi",
    "fraction_curves",
    "gosi_histogram",
    "group_slopes",
    "layer_intervals",
    "layer_means",
    "maturation_correlations",
    "maturation_gosi",
    "maturation_loss",
    "maturation_points",
    "maturation_single_networks",
    "network_dots",
    "power_curves",
    "range_histogram",
    "shift_bars",
    "shift_consistency",
    "shift_ratios",
    "specification_curve",
    "tuning_curves",
    "type_one_errors",
]

CHARTS: Mapping[str, Callable[[pd.DataFrame], alt.TopLevelMixin]] = {
    chart.__name__: chart
    for chart in (
        tuning_curves,
        gosi_histogram,
        range_histogram,
        layer_means,
        correlation_scatter,
        correlation_bars,
        ablation_bars,
        ablation_null,
        layer_intervals,
        correlation_ways,
        group_slopes,
        shift_bars,
        shift_ratios,
        shift_consistency,
        maturation_loss,
        maturation_gosi,
        maturation_points,
        maturation_correlations,
        maturation_single_networks,
        corruption_gosi,
        corruption_excess,
        corruption_accuracy,
        ablation_accuracy,
        network_dots,
        ablation_classes,
        fraction_curves,
        ablation_forest,
        specification_curve,
        type_one_errors,
        power_curves,
    )
}
