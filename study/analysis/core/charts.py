"""The forms of chart that a figure may take, each named by what it draws."""

from __future__ import annotations

from enum import StrEnum


class Chart(StrEnum):
    """One form of chart; its value is the name of the function of `study.report.charts` that draws it."""

    ABLATION_ACCURACY = "ablation_accuracy"
    ABLATION_BARS = "ablation_bars"
    ABLATION_CLASSES = "ablation_classes"
    ABLATION_FOREST = "ablation_forest"
    ABLATION_NULL = "ablation_null"
    CORRELATION_BARS = "correlation_bars"
    CORRELATION_SCATTER = "correlation_scatter"
    CORRELATION_WAYS = "correlation_ways"
    CORRUPTION_ACCURACY = "corruption_accuracy"
    CORRUPTION_EXCESS = "corruption_excess"
    CORRUPTION_GOSI = "corruption_gosi"
    FRACTION_CURVES = "fraction_curves"
    GOSI_HISTOGRAM = "gosi_histogram"
    GROUP_SLOPES = "group_slopes"
    LAYER_MEANS = "layer_means"
    MATURATION_CORRELATIONS = "maturation_correlations"
    MATURATION_GOSI = "maturation_gosi"
    MATURATION_LOSS = "maturation_loss"
    MATURATION_POINTS = "maturation_points"
    MATURATION_SINGLE_NETWORKS = "maturation_single_networks"
    NETWORK_DOTS = "network_dots"
    POWER_CURVES = "power_curves"
    RANGE_HISTOGRAM = "range_histogram"
    RANKING_SIDES = "ranking_sides"
    REARED_CHECKS = "reared_checks"
    REARED_SCORES = "reared_scores"
    SHIFT_BARS = "shift_bars"
    SHIFT_CONSISTENCY = "shift_consistency"
    SHIFT_RATIOS = "shift_ratios"
    SPECIFICATION_CURVE = "specification_curve"
    TUNING_CURVES = "tuning_curves"
    TYPE_ONE_ERRORS = "type_one_errors"


# Of the table of a specification curve: what describes a result. Every other column is a factor.
SPECIFICATION_COLUMNS = (
    "layer",
    "place",
    "effect",
    "ci_low",
    "ci_high",
    "says",
    "registered",
    "estimate",
    "unit",
    "pvalue",
    "networks",
    "undefined",
    "note",
)
