"""Corrupted labels: as many as asked for, of every class alike, and nothing else touched."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from study.config import resolve
from study.config.population import planned_networks
from study.images.preparation.corruption import corrupted, with_corrupted_labels
from study.vocabulary.schema import MEMORIZATION
from study.vocabulary.seeding import stream
from tests.tiny_network import N_CLASSES, tiny_partition

LABELS = np.tile(np.arange(10), 2000)


def changed(rate: float, seed: int = 0) -> NDArray[np.int64]:
    """Return the labels at a corruption rate."""
    return corrupted(LABELS, rate=rate, n_classes=10, rng=np.random.default_rng(seed))


def test_rate_zero_changes_nothing() -> None:
    """The same labels, and the originals are never written to."""
    np.testing.assert_array_equal(changed(0.0), LABELS)
    changed(1.0)
    np.testing.assert_array_equal(LABELS, np.tile(np.arange(10), 2000))


@pytest.mark.parametrize("rate", [0.2, 0.5, 1.0])
def test_a_tenth_of_the_replaced_labels_is_right_by_chance(rate: float) -> None:
    """Wrong labels: rate times nine tenths, within what 20,000 draws allow (p of an exact test above 1e-4)."""
    wrong = int(np.count_nonzero(changed(rate) != LABELS))
    assert stats.binomtest(wrong, LABELS.size, 0.9 * rate).pvalue > 1e-4


def test_random_labels_are_uniform_and_independent_of_the_true_ones() -> None:
    """All 100 pairs of true and random class are equally frequent (chi-squared test)."""
    table = np.histogram2d(LABELS, changed(1.0), bins=10)[0]
    assert stats.chi2_contingency(table).pvalue > 1e-4
    assert stats.chisquare(table.sum(axis=0)).pvalue > 1e-4


@given(
    rates=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    n=st.integers(0, 300),
    n_classes=st.integers(2, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_higher_rates_replace_the_same_labels_and_more(rates: list[float], n: int, n_classes: int, seed: int) -> None:
    """With the same generator, what is wrong at one rate is wrong in the same way at a higher one."""
    labels = np.random.default_rng(seed + 1).integers(0, n_classes, n)
    lower, higher = (
        corrupted(labels, rate=rate, n_classes=n_classes, rng=np.random.default_rng(seed)) for rate in rates
    )
    replaced = lower != labels
    np.testing.assert_array_equal(lower[replaced], higher[replaced])


def test_networks_of_a_seed_share_their_corrupted_labels() -> None:
    """By the streams' names in the plan: labels of a lower rate are in those of a higher one; other seeds have others."""
    config = resolve("quick", assignments=("memorization.seeds=2",))
    partition = tiny_partition()
    labels = {}
    for network in planned_networks(config, fingerprint="f"):
        if network.arm == MEMORIZATION:
            learned = with_corrupted_labels(
                partition,
                rate=network.label_corruption,
                n_classes=N_CLASSES,
                n_train=len(partition.train_labels),
                rng=stream(config.seed, network.training_identity, "labels"),
            )
            labels[network.seed, network.label_corruption] = np.concatenate(
                [learned.train_labels, learned.validation_labels]
            )
    true, rates = labels[0, 0.0], config.memorization.label_corruptions
    for seed in (0, 1):
        for low, high in itertools.pairwise(rates):
            replaced = labels[seed, low] != true
            np.testing.assert_array_equal(labels[seed, low][replaced], labels[seed, high][replaced])
            assert (labels[seed, low] != labels[seed, high]).any()
    assert (labels[0, 1.0] != labels[1, 1.0]).any()


def test_training_and_validation_labels_are_corrupted_and_test_labels_stay() -> None:
    """As registered; images and training mean stay, and fewer training images are the first ones."""
    whole = tiny_partition()
    altered = with_corrupted_labels(whole, rate=1.0, n_classes=N_CLASSES, n_train=20, rng=np.random.default_rng(1))
    assert len(altered.train_images) == len(altered.train_labels) == 20
    np.testing.assert_array_equal(altered.train_images, whole.train_images[:20])
    for name in ("test_images", "test_labels", "validation_images", "training_mean"):
        np.testing.assert_array_equal(getattr(altered, name), getattr(whole, name))
    assert (altered.train_labels != whole.train_labels[:20]).any()
    assert (altered.validation_labels != whole.validation_labels).any()


def test_fewer_images_have_the_labels_they_have_among_all() -> None:
    """How many images train does not change which of their labels are wrong, nor the validation labels."""
    whole = tiny_partition()
    few, all_of_them = (
        with_corrupted_labels(whole, rate=0.5, n_classes=N_CLASSES, n_train=n, rng=np.random.default_rng(2))
        for n in (10, len(whole.train_labels))
    )
    np.testing.assert_array_equal(few.train_labels, all_of_them.train_labels[:10])
    np.testing.assert_array_equal(few.validation_labels, all_of_them.validation_labels)


def test_no_corruption_is_the_partition_itself() -> None:
    """Every field, value by value."""
    whole = tiny_partition()
    unchanged = with_corrupted_labels(
        whole, rate=0.0, n_classes=N_CLASSES, n_train=len(whole.train_labels), rng=np.random.default_rng(3)
    )
    for field in dataclasses.fields(whole):
        np.testing.assert_array_equal(getattr(unchanged, field.name), getattr(whole, field.name))
