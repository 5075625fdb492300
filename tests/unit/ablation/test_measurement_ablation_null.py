"""Blocks of images, other images, random halves, controls and curves of an ablated network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

from study.config import CLAMPS
from study.experiment.measurements.ablation.arrays import other_images
from study.experiment.measurements.ablation.blocks import block_means, block_members
from study.experiment.unit_sets import control_halves, cumulative_sets
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.schema import CONTROLS, FRACTIONS, ORDERS
from tests.ablated_network import (
    NULL_IMAGES,
    STARTS,
    Ablated,
    arrays,
    half,
    rng,
    streams,
)
from tests.tiny_network import N_CLASSES, UNITS, tiny_partition

# Blocks of images


@pytest.mark.parametrize(
    ("images", "blocks"), [(96, 24), (256, 32), (600, 20), (10_000, 20), (37, 37), (97, 20), (1000, 20), (7, 7), (1, 1)]
)
def test_images_are_cut_into_at_least_twenty_blocks(images: int, blocks: int) -> None:
    """Contiguous, in order, each image in one of them, alike where a number of blocks up to 40 allows it."""
    members = block_members(images)
    assert members.shape == (images, blocks)
    np.testing.assert_array_equal(members.sum(axis=1), 1)
    assert (np.diff(members.argmax(axis=1)) >= 0).all()
    assert np.ptp(members.sum(axis=0)) <= (images == 97)


def test_the_mean_over_blocks_is_that_over_images() -> None:
    """Of blocks that are alike and of those that are not; a block's own mean where they are."""
    for images in (96, 97):
        values, members = rng(images).random((3, images)), block_members(images)
        np.testing.assert_allclose(block_means(values @ members, images).mean(axis=1), values.mean(axis=1), rtol=1e-12)
    alike = rng(1).random((3, 96))
    np.testing.assert_allclose(block_means(alike @ block_members(96), 96)[:, 1], alike[:, 4:8].mean(axis=1))


def test_losses_are_kept_by_block(
    network: ClampedNetwork, ablated: Ablated, measured: dict[str, Any], gosi: np.ndarray
) -> None:
    """Each block's is that of its images alone, whole test set and the null's; the mean over blocks is what is stored."""
    np.testing.assert_allclose(measured["loss_by_block"].mean(axis=-1), measured["loss"], rtol=1e-9)
    whole = measured["baseline_class_loss"] @ np.bincount(tiny_partition().test_labels) / 37
    assert measured["baseline_loss_by_block"].mean() == pytest.approx(whole, rel=1e-9)
    np.testing.assert_allclose(
        measured["null_target_loss_by_block"].mean(axis=-1), measured["null_target_loss"], rtol=1e-9
    )
    assert measured["loss_by_block"].shape == (4, 3, 2, 37)
    assert measured["null_target_loss_by_block"].shape == (3, 2, 32)
    for row, name in enumerate(UNITS):
        top = half(measured, name, 0)
        for block in (0, 19, 31):
            whole_block, null_block = ablated(name, top, np.array([block])), ablated(name, top, NULL_IMAGES[[block]])
            assert measured["loss_by_block"][0, row, 0, block] == pytest.approx(whole_block[0], rel=1e-4)
            assert measured["null_target_loss_by_block"][row, 0, block] == pytest.approx(null_block[0], rel=1e-4)


# Other images


def test_every_image_serves_once_as_another() -> None:
    """A permutation without a fixed point, for any number of images."""
    for n in (2, 3, 10, 1000):
        permutation = other_images(n, rng=rng(n))
        np.testing.assert_array_equal(np.sort(permutation), np.arange(n))
        assert (permutation != np.arange(n)).all()


def test_other_images_are_uniform() -> None:
    """Each of the nine derangements of four occurs as often as any other."""
    generator = rng(5)
    drawn = [tuple(other_images(4, rng=generator)) for _ in range(3000)]
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 9
    assert scipy.stats.chisquare(counts).pvalue > 0.001


def test_a_single_image_has_no_other() -> None:
    """The message says what needs one."""
    with pytest.raises(ValueError, match="'resample' needs another"):
        other_images(1, rng=rng())


def test_resampling_the_same_image_changes_nothing(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Where all test images are one image the intact scores remain; labels are still the images' own."""
    partition = tiny_partition()
    partition.test_images[:] = partition.test_images[0]
    ablation = arrays(network, gosi, activity, partition=partition)
    everywhere = np.broadcast_to(ablation["baseline_class_loss"], (3, 2, N_CLASSES))
    np.testing.assert_allclose(ablation["class_loss"][CLAMPS.index("resample")], everywhere, rtol=1e-5)


# The null, its controls and the curves


def test_the_null_is_measured_on_its_own_images(ablated: Ablated, measured: dict[str, Any]) -> None:
    """The intact network and both halves on images 2 to 33 only, clamped to output zero."""
    nobody = np.zeros(6, dtype=bool)
    intact = ablated("conv1", nobody)
    assert (measured["null_baseline_loss"], measured["null_baseline_accuracy"]) == pytest.approx(intact, rel=1e-5)
    for row, name in enumerate(UNITS):
        for target in range(2):
            expected = ablated(name, half(measured, name, target))
            scores = [measured[f"null_target_{score}"][row, target] for score in ("loss", "accuracy")]
            np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_on_all_images_the_nulls_target_is_the_test_loss(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """One definition of the effect, whichever images it is measured on."""
    ablation = arrays(network, gosi, activity, null_images=np.arange(37))
    np.testing.assert_allclose(ablation["null_target_loss"], ablation["loss"][0], rtol=1e-6)
    np.testing.assert_allclose(ablation["null_target_accuracy"], ablation["accuracy"][0], rtol=1e-12)


def test_the_null_effect_is_the_difference_of_two_halves(measured: dict[str, Any]) -> None:
    """loss(first) - loss(second), 20 draws a layer, not all alike, of either sign."""
    loss, effect = measured["null_loss"], measured["null_effect"]
    assert loss.shape == measured["null_accuracy"].shape == (3, 20, 2)
    np.testing.assert_array_equal(effect, loss[..., 0] - loss[..., 1])
    assert (effect.min(axis=1) < 0).all()
    assert (effect.max(axis=1) > 0).all()


def test_random_halves_ablate_real_units(ablated: Ablated, measured: dict[str, Any], gosi: np.ndarray) -> None:
    """With four tuned units in conv1 every drawn loss and accuracy is that of one of the six pairs of them."""
    tuned = np.flatnonzero(~np.isnan(gosi[:6]))
    pairs = np.array(
        [ablated("conv1", np.isin(np.arange(6), (a, b))) for i, a in enumerate(tuned) for b in tuned[i + 1 :]]
    )
    drawn = np.stack([measured["null_loss"][0].ravel(), measured["null_accuracy"][0].ravel()], axis=1)
    assert np.abs(drawn[:, None] - pairs).max(axis=-1).min(axis=1).max() < 1e-5
    assert len(np.unique(drawn[:, 0].round(6))) == 6


def test_controls_are_scored_on_the_nulls_images(
    ablated: Ablated, measured: dict[str, Any], gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Every control and target against a network whose weights ablate that set, and their sizes."""
    generator = streams(8)("controls")
    for row, (name, start) in enumerate(STARTS.items()):
        members = slice(start, start + UNITS[name])
        sets = control_halves(gosi[members], {key: values[members] for key, values in activity.items()}, rng=generator)
        np.testing.assert_array_equal(measured["control_size"][row], sets.sum(axis=-1)[:, 0])
        for c in range(len(CONTROLS)):
            for target in range(2):
                expected = ablated(name, sets[c, target])
                scores = [measured[f"control_{score}"][row, c, target] for score in ("loss", "accuracy")]
                np.testing.assert_allclose(scores, expected, rtol=1e-5)
        cumulative_sets(gosi[members], rng=generator)
    np.testing.assert_array_equal(measured["control_size"][:, 1:], np.repeat([[2], [4], [5]], 4, axis=1))


def test_curves_grow_along_gosi(ablated: Ablated, measured: dict[str, Any]) -> None:
    """In fc1 unit 0 is the most selective: the first k units descending, the last k ascending, k random ones."""
    np.testing.assert_array_equal(measured["curve_size"][2], [round(fraction * 10) for fraction in FRACTIONS])
    np.testing.assert_array_equal(measured["curve_size"][0], [round(fraction * 4) for fraction in FRACTIONS])
    for f, size in enumerate(measured["curve_size"][2]):
        for order, mask in (("ascending", np.arange(10) >= 10 - size), ("descending", np.arange(10) < size)):
            expected = ablated("fc1", mask)
            at = 2, ORDERS.index(order), f
            np.testing.assert_allclose(
                [measured["curve_loss"][at], measured["curve_accuracy"][at]], expected, rtol=1e-5
            )
    np.testing.assert_allclose(measured["curve_loss"][2, :2, 9], measured["null_target_loss"][2, ::-1], rtol=1e-6)
    assert np.abs(measured["curve_loss"][2, 2] - measured["curve_loss"][2, 0]).max() > 1e-3
