"""Blocks of a registration: those that are read, with what they leave to defaults, and those that are refused."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

from study.registration import TEST_KINDS, read_registration
from study.vocabulary.errors import StudyError
from tests.example_registration import LEFT_OUT, block, refusal, register, table


def test_a_block_becomes_a_frozen_record() -> None:
    """Every field in its type; whole numbers pass for real ones."""
    hypothesis = register(block(null_value=0, layers=["fc1"])).hypotheses["made-up"]
    assert hypothesis.layers == ("fc1",)
    assert hypothesis.null_value == 0.0
    assert isinstance(hypothesis.null_value, float)
    with pytest.raises(dataclasses.FrozenInstanceError):
        hypothesis.alpha = 0.5  # type: ignore[misc]


def test_hypotheses_keep_their_order() -> None:
    """As they stand in the file."""
    assert list(register(block("b"), block("a"), block("c")).hypotheses) == ["b", "a", "c"]


def test_other_fenced_blocks_are_prose() -> None:
    """A shell example or a plain TOML block registers nothing."""
    text = "```\nid = 3\n```\n\n```toml\nid = 3\n```\n\n" + block()
    assert list(register(text).hypotheses) == ["made-up"]


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    """A file written on another system registers the same."""
    path = tmp_path / "pre.md"
    path.write_bytes(("Prose\n\n" + block()).replace("\n", "\r\n").encode())
    assert read_registration(path).digest == register(block()).digest


def test_settings_are_read() -> None:
    """`section.key` of the config to the value that is registered for every profile."""
    assert register("```toml settings\n[training]\nbatch_size = 32\n```\n", block()).settings == {
        "training.batch_size": 32
    }


DEFAULTS = """```toml defaults
network = "cnn7"
alpha = 0.01
strata = "none"
layers = ["conv1"]
confidence_level = 0.95
[decision.within]
test = "mean_equivalence"
alternative = "two-sided"
confidence_level = 0.9
estimate_reaches = "nothing"
opposite_beyond = "nothing"
ruled_out_at = "nothing"
```
"""
OF_A_DECISION = dict.fromkeys(
    (
        *("network", "alpha", "strata", "layers", "confidence_level", "test", "alternative", "question", "family"),
        *("estimate_reaches", "opposite_beyond", "ruled_out_at"),
    ),
    LEFT_OUT,
)


def short(identifier: str, **changes: Any) -> str:
    """Return a table that leaves to the defaults and to the decision what they say."""
    return table(identifier, **(OF_A_DECISION | {"decision": "within"} | changes))


def test_what_a_table_leaves_out_comes_from_its_block_its_decision_and_the_defaults() -> None:
    """In that order; the question is the id's first part, the family the id, a margin the hypothesis' own."""
    text = (
        f'```toml hypotheses\nlayers = ["conv2"]\nalpha = 0.02\n\n{short("untrained-a")}{short("b", alpha=0.03)}```\n'
    )
    first, second = register(DEFAULTS, text).hypotheses.values()
    assert (first.id, first.question, first.family) == ("untrained-a", "untrained", "untrained-a")
    assert (first.layers, first.alpha, second.alpha) == (("conv2",), 0.02, 0.03)
    assert (first.test, first.confidence_level, first.network, first.strata) == (
        "mean_equivalence",
        0.9,
        "cnn7",
        "none",
    )
    assert (first.estimate_reaches, first.opposite_beyond, first.ruled_out_at) == ("nothing",) * 3


def test_all_layers_are_those_of_the_network() -> None:
    """Of any network where none is named; of the named one otherwise; until then the layers are "all"."""
    registration = register(
        DEFAULTS,
        f"```toml hypotheses\n{short('a', layers='all')}{short('b', layers='all', network='big')}{short('c')}```\n",
    )
    assert [(one.network, one.layers) for one in registration.hypotheses.values()] == [
        ("any", ("all",)),
        ("big", ("all",)),
        ("cnn7", ("conv1",)),
    ]
    for network, layers in (
        ("small", [("x", "y"), ("all",), ("conv1",)]),
        ("big", [("x", "y"), ("x", "y"), ("conv1",)]),
    ):
        named = registration.for_network(network, ("x", "y"))
        assert [one.layers for one in named.hypotheses.values()] == layers
        assert named.digest == registration.digest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("```toml defaults\nalfa = 1\n```\n", "defaults block: field 'alfa' is unknown"),
        ("```toml defaults\n[decision.x]\nalfa = 1\n```\n", "defaults block, [decision.x]: field 'alfa' is unknown"),
        ("```toml defaults\ndecision = 1\n```\n", "decision = 1 must be tables such as [decision.effect_above]"),
        (DEFAULTS + "\n" + DEFAULTS, "there are 2 such blocks"),
        (
            block("a").replace("hypotheses", "hypothesis"),
            "opens with ```toml hypothesis; kinds are defaults, hypotheses",
        ),
        ("```toml hypotheses\nalpha = 0.05\n```\n", "hypotheses block 1: names no hypothesis"),
        (
            DEFAULTS + f"\n```toml hypotheses\n{table(decision='withn')}```\n",
            "'withn' is unknown; decisions are within",
        ),
        (DEFAULTS + f"\n```toml hypotheses\n{table(decision=['within'])}```\n", "['within'] is unknown; decisions are"),
    ],
)
def test_malformed_blocks_and_decisions_are_refused(text: str, reason: str) -> None:
    """One line with the block, the field or decision, and what is allowed."""
    assert reason in refusal(text, block())


MALFORMED: list[tuple[dict[str, Any], str, str]] = [
    ({"claim": LEFT_OUT}, "claim", "missing"),
    ({"ruled_out_at": LEFT_OUT}, "ruled_out_at", "missing"),
    ({"smallest_efect": 0.1}, "smallest_efect", "unknown"),
    ({"claim": ""}, "claim", "empty"),
    ({"exclusions": "  "}, "exclusions", "empty"),
    ({"claim": 3}, "claim", "type str"),
    ({"alpha": "0.05"}, "alpha", "type float"),
    ({"n_resamples": 9999.5}, "n_resamples", "type int"),
    ({"minimum_networks": True}, "minimum_networks", "type int"),
    ({"alpha": True}, "alpha", "type float"),
    ({"layers": "conv1"}, "layers", "non-empty list"),
    ({"layers": []}, "layers", "non-empty list"),
    ({"layers": [1]}, "layers", "non-empty list"),
    ({"layers": ["all", "conv1"]}, "layers", "names layers beside all of them"),
    ({"network": "any"}, "network", "must be the name of an architecture"),
    ({"network": LEFT_OUT}, "network", "missing"),
    ({"id": "third"}, "id", "'third' has no place here; the id is the name in brackets"),
    ({"decision": "effect_abov"}, "decision", "'effect_abov' is unknown; decisions are none"),
    ({"test": "t_test"}, "test", "mean, rank_correlation, pairing, mean_equivalence, correlation_equivalence"),
    ({"alternative": "both"}, "alternative", "two-sided, less, greater"),
    ({"layers_required": "all"}, "layers_required", "every, most, any"),
    ({"status": "sure"}, "status", "primary, confirmatory, exploratory"),
    ({"experimental_unit": "unit"}, "experimental_unit", "network"),
    ({"adjustment": "bonferroni"}, "adjustment", "holm, none"),
    ({"strata": "class"}, "strata", "augmentation, label_corruption, seed, none"),
    ({"alpha": 0.0}, "alpha", "between 0.0 and 0.5"),
    ({"alpha": 0.6}, "alpha", "between 0.0 and 0.5"),
    ({"confidence_level": 95}, "confidence_level", "between"),
    ({"n_resamples": 100}, "n_resamples", "between 999"),
    ({"minimum_networks": 1}, "minimum_networks", "between 2"),
    ({"minimum_per_stratum": 0}, "minimum_per_stratum", "between 1"),
    ({"smallest_effect": 1e7}, "smallest_effect", "between"),
    ({"smallest_effect": math.nan}, "smallest_effect", "between"),
    ({"smallest_effect": 0.0}, "smallest_effect", "0.0 must be above null_value, 0.0, for alternative 'greater'"),
    ({"smallest_effect": -0.1}, "smallest_effect", "-0.1 must be above null_value, 0.0, for alternative 'greater'"),
    ({"smallest_effect": 0.1, "alternative": "less"}, "smallest_effect", "0.1 must be below null_value, 0.0"),
    ({"null_value": 0.5, "smallest_effect": 0.5, "alternative": "less"}, "smallest_effect", "must be below null_value"),
    ({"alternative": "two-sided", "smallest_effect": -0.1}, "alternative", "must be less or greater for test 'mean'"),
    (
        {"smallest_effect": 1.0, "expected_sd": 0.0, "test": "correlation_equivalence"},
        "smallest_effect",
        "leaves -1 to 1",
    ),
    ({"expected_sd": LEFT_OUT}, "expected_sd", "missing"),
    ({"expected_sd": 0.0}, "expected_sd", "0.0 must be above 0, for test 'mean'"),
    ({"expected_sd": -0.1}, "expected_sd", "between 0.0"),
    ({"expected_sd": math.nan}, "expected_sd", "between 0.0"),
    ({"expected_sd": 0.0, "test": "mean_equivalence"}, "expected_sd", "above 0"),
    ({"expected_sd": 0.2, "test": "rank_correlation"}, "expected_sd", "0.2 must be 0, as in every correlation"),
    ({"expected_sd": 0.2, "test": "correlation_equivalence"}, "expected_sd", "0.2 must be 0, as in every correlation"),
    ({"test": "mean_equivalence"}, "alternative", "'greater' must be two-sided for test 'mean_equivalence'"),
    (
        {"test": "mean_equivalence", "alternative": "two-sided"},
        "estimate_reaches",
        "'null_value' must be 'nothing' for test 'mean_equivalence'",
    ),
    ({"estimate_reaches": "zero"}, "estimate_reaches", "smallest_effect, null_value, nothing"),
    ({"opposite_beyond": "smallest_effect"}, "opposite_beyond", "null_value, nothing"),
    ({"ruled_out_at": 0.1}, "ruled_out_at", "type str"),
    (
        {"exchangeable": "halves", "test": "rank_correlation", "expected_sd": 0.0},
        "exchangeable",
        "a reason has no place here",
    ),
]


@pytest.mark.parametrize(("changes", "field", "reason"), MALFORMED, ids=[f"{f}-{r[:12]}" for _, f, r in MALFORMED])
def test_a_malformed_block_is_refused_with_file_block_and_field(
    changes: dict[str, Any], field: str, reason: str
) -> None:
    """The line names the file, the second block and its id, the field, and what is allowed."""
    message = refusal(block("first"), block("second", **changes))
    assert message.startswith("pre.md, hypotheses block 2, [second]")
    assert f"field {field!r}" in message
    assert reason in message


@pytest.mark.parametrize("bad", [1.0, 0.4])
def test_a_confidence_level_no_interval_can_have_is_refused(bad: float) -> None:
    """An interval of level 1 does not exist; the analysis could only fail on it."""
    message = refusal(block(confidence_level=bad))
    assert "field 'confidence_level'" in message


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_null_value_that_is_no_number_is_refused(bad: float) -> None:
    """TOML can write nan and inf; no test can be made against them."""
    assert "field 'null_value'" in refusal(block(null_value=bad))


def test_equivalence_within_nothing_is_refused() -> None:
    """Two margins that coincide leave no room to be equivalent in; the analysis could only fail on them."""
    for test in (kind.name for kind in TEST_KINDS.values() if kind.absence):
        for bad in (0.0, -0.1):
            message = refusal(block(test=test, smallest_effect=bad))
            assert "field 'smallest_effect'" in message
            assert "above 0, the half-width of an equivalence margin" in message


@pytest.mark.parametrize(
    ("null_value", "effect", "alternative"),
    [(0.0, 0.1, "greater"), (0.5, 0.4, "less")],
)
def test_a_smallest_effect_on_the_side_of_the_alternative_is_read(
    null_value: float, effect: float, alternative: str
) -> None:
    """Above or below the null value."""
    text = block(null_value=null_value, smallest_effect=effect, alternative=alternative)
    assert register(text).hypotheses["made-up"].smallest_effect == effect


def test_a_layer_named_twice_is_refused() -> None:
    """It would count twice in its family."""
    assert "field 'layers'" in refusal(block(layers=["conv2", "conv2"]))


def test_a_family_has_one_adjustment() -> None:
    """Hypotheses that share a family and disagree about its adjustment cannot both be right."""
    message = refusal(block("a", family="both"), block("b", family="both", adjustment="none"))
    assert "field 'adjustment'" in message
    assert "block 2, [b]" in message


def test_an_id_that_is_taken_is_refused() -> None:
    """The second block of that name is named."""
    assert refusal(block(), block()) == "pre.md, hypotheses block 2: id 'made-up' is taken by an earlier block"


def test_a_block_that_is_no_toml_is_refused() -> None:
    """The line says which block and where in it."""
    message = refusal(block(), "```toml hypotheses\n[a]\nid = \n```\n")
    assert message.startswith("pre.md, hypotheses block 2: is not valid TOML")


def test_a_block_that_is_not_closed_is_refused() -> None:
    """Otherwise the last hypothesis of a truncated file would go unregistered without a word."""
    message = refusal(block("first"), block("second").removesuffix("```\n"))
    assert "block 2" in message


@pytest.mark.parametrize(
    "text",
    ["batch_size = 32\n", "profile = 3\n", "[profile.quick.training]\nepochs = 3\n", "[images]\na = 2020-01-01\n"],
)
def test_settings_that_are_none_are_refused(text: str) -> None:
    """A settings block holds `[section]` tables of text, numbers and lists; sizes stand in the profiles' own files."""
    message = refusal(f"```toml settings\n{text}```\n", block())
    assert "settings block" in message


def test_a_file_without_blocks_is_refused() -> None:
    """Nothing would be registered."""
    assert "nothing is registered" in refusal("no block at all")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not text: one line with the path."""
    not_text = tmp_path / "binary.md"
    not_text.write_bytes(b"\xff\xfe\x00")
    for path, reason in (
        (tmp_path / "none.md", "does not exist"),
        (tmp_path, "is a directory"),
        (not_text, "is not UTF-8 text"),
    ):
        with pytest.raises(StudyError, match=reason) as caught:
            read_registration(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


LEARNING = """```toml learning
[generalization]
measure = "validation_accuracy_above_chance"
at_least = 0.1
strata = "augmentation"
```
"""


def test_learning_checks_are_read_and_covered_by_the_digest() -> None:
    """One rule an arm; another number is another registration."""
    registration = register(LEARNING, block())
    rule = registration.learning["generalization"]
    assert (rule.measure, rule.at_least, rule.strata) == ("validation_accuracy_above_chance", 0.1, "augmentation")
    assert rule.words == "validation accuracy minus chance"
    assert register(LEARNING.replace("0.1", "0.2"), block()).digest != registration.digest
    assert register(block()).learning == {}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('measure = "validation_accuracy_above_chance"', 'measure = "test_accuracy"', "'test_accuracy' must be one of"),
        ("at_least = 0.1", "at_least = 0", "0 must be a number above 0"),
        ("at_least = 0.1", 'at_least = "much"', "'much' must be a number above 0"),
        ("at_least = 0.1\n", "", "must be a table of measure, at_least, strata"),
        ('strata = "augmentation"', 'strata = "seed"', "'seed' must be one of augmentation, label_corruption, none"),
        ("```\n", "```\n" + LEARNING, "there are 2 such blocks"),
    ],
)
def test_a_malformed_learning_check_is_refused(before: str, after: str, reason: str) -> None:
    """By test images, without a bound, or twice."""
    index = LEARNING.rindex(before) if before == "```\n" else LEARNING.index(before)
    assert reason in refusal(LEARNING[:index] + after + LEARNING[index + len(before) :], block())


def test_at_most_four_hypotheses_are_primary() -> None:
    """A fifth would stand for nothing."""
    blocks = [block(name, status="primary") for name in "abcde"]
    assert sum(one.is_primary for one in register(*blocks[:4]).hypotheses.values()) == 4
    assert "5 hypotheses have status 'primary' (a, b, c, d, e); at most 4 may" in refusal(*blocks)


MANIPULATION = """```toml manipulation
[isotropic]
measure = "gosi_beyond_shuffles"
side = "lower"
at_least = 0.1
```
"""


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("[isotropic]", "[isotopic]", "'isotopic' must be one of isotropic, parted"),
        ("[isotropic]", "[free]", "'free' must be one of isotropic, parted"),
        ('"gosi_beyond_shuffles"', '"gosi"', "field 'measure': 'gosi' must be one of gosi_beyond_shuffles"),
        ('"lower"', '"less"', "field 'side': 'less' must be one of lower, higher"),
        ("0.1", "-0.1", "field 'at_least': -0.1 must be a number above 0"),
        ("at_least = 0.1\n", "", "must be a table of measure, at_least, side"),
    ],
)
def test_a_manipulation_check_that_is_none_is_refused(before: str, after: str, reason: str) -> None:
    """Condition, field, value and what is allowed; a second block, too."""
    assert register(MANIPULATION, block()).manipulation["isotropic"].at_least == 0.1
    assert reason in refusal(MANIPULATION.replace(before, after), block())
    assert "there are 2 such blocks" in refusal(MANIPULATION, MANIPULATION, block())


def test_the_networks_of_one_condition_may_be_asked_what_they_learnt() -> None:
    """Only conditions that there are."""
    asked = LEARNING.replace('strata = "augmentation"', 'strata = "none"\nreared = "free"')
    assert {rule.reared for rule in register(asked, block()).learning.values()} >= {"free"}
    assert "field 'reared': 'fre' must be one of free" in refusal(asked.replace('"free"', '"fre"'), block())
