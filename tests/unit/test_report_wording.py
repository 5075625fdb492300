"""Numbers and verdicts as a reader sees them."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from study.analysis.core.results import (
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
)
from study.analysis.core.testing import second_set
from study.report import wording
from tests.example_results import NAN, hypothesis, layer_result


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.6349, "1.63"),
        (-0.0412, "\N{MINUS SIGN}0.041"),
        (0.5, "0.500"),
        (12.345, "12.3"),
        (1234.5, "1234"),
        (0.00123, "0.0012"),
        (NAN, "\N{EN DASH}"),
        (float("inf"), "∞"),
        (float("-inf"), "\N{MINUS SIGN}∞"),
        (-3.12e-17, "0"),
        (4e-5, "0"),
        (2.5e9, "2.50 \N{MULTIPLICATION SIGN} 10⁹"),
    ],
)
def test_number(value: float, text: str) -> None:
    """Numbers keep about three digits, take a real minus sign, and name what they are not."""
    assert wording.number_text(value) == text


@pytest.mark.parametrize(
    ("pvalue", "text"),
    [
        (0.0, "< 0.001"),
        (1e-9, "< 0.001"),
        (0.0032, "0.003"),
        (0.0499, "0.050"),
        (0.314, "0.31"),
        (1.0, "1.00"),
        (NAN, "\N{EN DASH}"),
    ],
)
def test_pvalue_is_never_zero(pvalue: float, text: str) -> None:
    """A p-value is printed with three decimals while it matters, and never as 0."""
    assert wording.pvalue_text(pvalue) == text


def test_interval_with_an_open_end_is_shown_and_with_an_undefined_end_is_not() -> None:
    """Infinity is an end, NaN is none."""
    assert wording.interval_text(-0.5, float("inf")) == "[\N{MINUS SIGN}0.500, ∞]"
    assert wording.interval_text(-0.5, NAN) == "\N{EN DASH}"


def test_setting_is_shown_as_written() -> None:
    """A chosen number gets no decimals that nobody chose."""
    assert [wording.setting_text(value) for value in (0.05, 1.0, -0.3, NAN)] == [
        "0.05",
        "1",
        "\N{MINUS SIGN}0.3",
        "\N{EN DASH}",
    ]


def test_table_column_has_the_same_decimals_throughout() -> None:
    """Fractions align, what rounding leaves of a zero is 0, a p-value is none; what is undefined is a dash."""
    table = pd.DataFrame(
        {
            "a": [0.7, 0.69014, NAN],
            "b": [15.0, 30.0, 45.0],
            "c": [True, False, True],
            "d": ["x", "<y>", "z"],
            "e": [1, -2, 3],
            "f": [0.5, -3.12e-17, 0.25],
            "pvalue": [1e-9, 0.5, NAN],
        }
    )
    assert wording.table_texts(table) == [
        ("0.7000", "15", "yes", "x", "1", "0.5000", "< 0.001"),
        ("0.6901", "30", "no", "<y>", "\N{MINUS SIGN}2", "0", "0.50"),
        ("\N{EN DASH}", "45", "yes", "z", "3", "0.2500", "\N{EN DASH}"),
    ]


def test_anchor_holds_nothing_but_letters_digits_and_dashes() -> None:
    """Whatever an id contains, its anchor cannot break out of an attribute."""
    assert wording.anchor_text("q1", '"><script>É_x') == "q1-script-x"


def test_settings_are_flattened_and_empty_values_said_to_be_empty() -> None:
    """Nested sections become dotted keys."""
    rows = list(wording.settings_rows({"a": {"b": {"c": 1}, "d": ""}, "e": ("x", "y"), "f": None}))
    assert rows == [("a.b.c", "1"), ("a.d", "(empty)"), ("e", "x, y"), ("f", "(empty)")]


def test_networks_are_given_as_a_range_where_layers_differ() -> None:
    """Layers may lose networks; a hypothesis without layers has none."""
    full = layer_result("conv1", 1.0, 0.1, 0.2, SUPPORTED)
    result = HypothesisResult(
        hypothesis("h", "existence", "c"), (full, dataclasses.replace(full, n=20)), SUPPORTED, "", SUPPORTED
    )
    assert wording.networks_text(result) == "20 to 24"
    assert wording.networks_text(dataclasses.replace(result, layers=())) == "0"


def of_both_sets(first: tuple[str, ...], second: tuple[str, ...]) -> HypothesisResult:
    """Return a hypothesis whose layers, and whose own verdict, are as given in either set."""
    names = ("conv1", "conv2", "conv3")
    layers, again = (
        tuple(layer_result(name, 1.0, 0.1, 0.2, verdict) for name, verdict in zip(names, verdicts, strict=False))
        for verdicts in (first, second)
    )
    one = HypothesisResult(hypothesis("h", "existence", "c"), layers, first[0], "", SUPPORTED)
    return dataclasses.replace(one, second=second_set(one, dataclasses.replace(one, layers=again, verdict=second[0])))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (SUPPORTED, SUPPORTED, "Both sets of initialisations say supported: "),
        (OPPOSITE, OPPOSITE, "Both sets of initialisations say opposite: "),
        (OPPOSITE, RULED_OUT, "Both sets of initialisations say opposite and ruled out, both against the claim: "),
        (SUPPORTED, RULED_OUT, "The first set says supported, the second ruled out: the answer depends on which"),
        (SUPPORTED, INCONCLUSIVE, "The first set says supported, the second inconclusive. At least one"),
        (INCONCLUSIVE, INCONCLUSIVE, "The first set says inconclusive, the second inconclusive. At least one"),
        (NOT_TESTED, OPPOSITE, "The first set says not tested, the second opposite. At least one"),
        (NOT_INFORMATIVE, SUPPORTED, "The first set says not informative, the second supported. At least one"),
    ],
)
def test_second_set_is_said_in_words(first: str, second: str, said: str) -> None:
    """Both verdicts, what they mean together, and never that a test failed in one set shows a difference."""
    sentence = wording.second_sentence(of_both_sets((first,), (second,)))
    assert sentence.startswith(said)
    assert ("does not show that the sets differ" in sentence) == ("At least one" in said)


def test_nothing_is_said_of_a_second_set_that_is_not_there() -> None:
    """No sentence, no layer compared."""
    alone = dataclasses.replace(of_both_sets((SUPPORTED,), (SUPPORTED,)), second=None)
    assert wording.second_sentence(alone) == ""
    assert wording.same_layers(alone) == (0, 0)


def test_layers_are_compared_where_both_sets_were_tested() -> None:
    """By name; a layer that one set lacks, or did not test, counts for nothing."""
    result = of_both_sets((SUPPORTED, RULED_OUT, SUPPORTED), (SUPPORTED, SUPPORTED, NOT_TESTED))
    assert wording.same_layers(result) == (1, 2)
    assert wording.second_sentence(result).endswith(
        "Layers with a verdict in both sets: 2, with the same verdict in 1."
    )
    assert wording.same_layers(of_both_sets((SUPPORTED, SUPPORTED), (SUPPORTED,))) == (1, 1)
    assert "Layers with a verdict" not in wording.second_sentence(of_both_sets((NOT_TESTED,), (SUPPORTED,)))


def test_networks_that_entered_are_put_together_by_number() -> None:
    """One number where every layer has it; else each number with its layers; those without a value beside."""
    layers = [layer_result(name, 1.0, 0.1, 0.2, SUPPORTED) for name in ("conv1", "conv2", "fc1")]
    assert wording.networks_sentence(layers) == "24 in every layer"
    layers[1] = dataclasses.replace(layers[1], n=20, n_missing=4)
    assert wording.networks_sentence(layers) == "24 in conv1, fc1; 20 (4 missing) in conv2"


def test_kinds_of_interval_are_those_that_occur_in_either_set() -> None:
    """Once each; a layer without an interval has none."""
    result = of_both_sets((SUPPORTED, SUPPORTED), (SUPPORTED,))
    assert wording.interval_kinds(result) == ["BCa"]
    assert result.second is not None
    again = tuple(dataclasses.replace(layer, ci_kind="percentile") for layer in result.second.layers)
    undefined = (dataclasses.replace(result.layers[0], ci_kind="undefined"), *result.layers[1:])
    mixed = dataclasses.replace(result, layers=undefined, second=dataclasses.replace(result.second, layers=again))
    assert wording.interval_kinds(mixed) == ["BCa", "percentile"]
