"""The split: disjoint, stratified, nested, deterministic; and the parts made ready for a network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.config import ImagesConfig
from study.images.image_set import ImageSet, fingerprint
from study.images.preparation.split import partition, preprocessed, split_images, stratified_order
from study.vocabulary.errors import ManyFaultsError, StudyError

PARTS = ("train", "validation", "test")


def image_set(train_counts, test_counts=None):
    """Return 1 x 1 px images with the given number of each class in either half."""
    halves = [train_counts] if test_counts is None else [train_counts, test_counts]
    labels = np.concatenate([np.repeat(np.arange(len(counts)), counts) for counts in halves])
    is_test = np.concatenate([np.full(sum(counts), half, bool) for half, counts in enumerate(halves)])
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 1, 1, 3), dtype=np.uint8)
    names = tuple(f"class{index}" for index in range(len(train_counts)))
    return ImageSet(images, labels, is_test, names, fingerprint(images, labels, is_test, names), "folder", "", None)


COUNTS = st.lists(st.integers(20, 80), min_size=2, max_size=6)


@given(counts=COUNTS, has_test=st.booleans(), split=st.sampled_from(("official", "pooled")), seed=st.integers(0, 9))
def test_parts_are_disjoint_cover_everything_and_are_stratified(counts, has_test, split, seed):
    """No image is in two parts, none is lost, and each class keeps its share in each part."""
    images = image_set(counts, counts if has_test else None)
    result = split_images(images, ImagesConfig(split=split, split_seed=seed))
    parts = [getattr(result, part) for part in PARTS]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(images.labels)))
    for part in parts:
        assert part.dtype == np.int64
        share = np.bincount(images.labels) / len(images.labels) * len(part)
        assert np.abs(np.bincount(images.labels[part], minlength=len(counts)) - share).max() <= 1 + len(counts)


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=200).map(np.array),
    prefix=st.integers(0, 200),
    seed=st.integers(0, 99),
)
def test_every_prefix_is_stratified(labels, prefix, seed):
    """A class with share s of the images has s of any prefix, up to 1/2 + s * classes / 2 images."""
    order = stratified_order(labels, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(order), np.arange(len(labels)))
    prefix = min(prefix, len(labels))
    classes, totals = np.unique(labels, return_counts=True)
    held = np.array([(labels[order[:prefix]] == label).sum() for label in classes])
    share = totals / len(labels)
    assert (np.abs(held - share * prefix) <= 0.5 + share * len(classes) / 2 + 1e-9).all()


def test_official_halves_stay_apart_in_the_published_proportions():
    """Of 50 + 10 images of each of ten classes, 40 train, 10 validate, and the official 10 test."""
    images = image_set([50] * 10, [10] * 10)
    result = split_images(images, ImagesConfig())
    assert images.is_test[result.test].all()
    assert not images.is_test[np.concatenate([result.train, result.validation])].any()
    for part, per_class in zip(PARTS, (40, 10, 10), strict=True):
        assert (np.bincount(images.labels[getattr(result, part)]) == per_class).all()


@pytest.mark.parametrize(
    ("test_counts", "split", "expected"),
    [(None, "official", (40, 10, 10)), (None, "pooled", (48, 6, 6)), ([10] * 10, "pooled", (48, 6, 6))],
)
def test_proportions_without_official_halves(test_counts, split, expected):
    """4/6, 1/6, 1/6 where there is no test half, 80/10/10 where everything is pooled; exact for equal classes."""
    images = image_set([60] * 10 if test_counts is None else [50] * 10, test_counts)
    result = split_images(images, ImagesConfig(split=split))
    for part, per_class in zip(PARTS, expected, strict=True):
        assert (np.bincount(images.labels[getattr(result, part)]) == per_class).all()


def test_sizes_keep_a_stratified_nested_subset():
    """A smaller part is a subset of a larger one, and the other parts do not change."""
    images = image_set([50] * 10, [20] * 10)
    whole = split_images(images, ImagesConfig())
    small, middle = (split_images(images, ImagesConfig(train_images=size)) for size in (50, 130))
    assert set(small.train) < set(middle.train) < set(whole.train)
    assert (np.bincount(images.labels[small.train]) == 5).all()
    np.testing.assert_array_equal(small.validation, whole.validation)
    np.testing.assert_array_equal(small.test, whole.test)


def test_the_split_seed_alone_decides():
    """The same seed gives the same split, another seed another."""
    images = image_set([50] * 10, [20] * 10)
    first, again, other = (split_images(images, ImagesConfig(split_seed=seed)) for seed in (3, 3, 4))
    for part in PARTS:
        np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
    assert set(first.train) != set(other.train)


@pytest.mark.parametrize(
    ("counts", "test_counts", "settings", "expected"),
    [
        ([50] * 10, [10] * 10, {"train_images": 401}, r"^images\.train_images = 401 is more than the 400 .*train"),
        ([50] * 10, [10] * 10, {"validation_images": 101}, r"^images\.validation_images = 101 is more than the 100 "),
        ([50] * 10, [10] * 10, {"test_images": 101}, r"^images\.test_images = 101 is more than the 100 .* 0 \(all\)"),
        ([50] * 10, [10] * 10, {"train_images": 9}, r"^images\.train_images = 9 is too few to hold one .* 10 classes"),
        ([60, 2], None, {}, r"^class 'class1' of source 'folder' has 2 images and none falls to the \w+ part"),
        ([60, 60], [10, 0], {}, r"^class 'class1' of source 'folder' has 60 images and none falls to the test part"),
    ],
)
def test_impossible_splits_are_refused_in_one_line(counts, test_counts, settings, expected):
    """More than there is, or a class too small for every part, names the numbers."""
    with pytest.raises(StudyError, match=expected) as caught:
        split_images(image_set(counts, test_counts), ImagesConfig(**settings))
    assert "\n" not in str(caught.value)


def test_every_part_that_is_too_small_is_refused_at_once():
    """A profile's sizes beside a small folder: one line a part, each with the setting that puts it right."""
    sizes = {"train_images": 2000, "validation_images": 500, "test_images": 600}
    with pytest.raises(ManyFaultsError) as caught:
        split_images(image_set([50] * 4, [10] * 4), ImagesConfig(**sizes))
    assert len(caught.value.lines) == 3
    for line, (key, size) in zip(caught.value.lines, sizes.items(), strict=True):
        assert line.startswith(f"images.{key} = {size} is more than the ")
        assert line.endswith(f"such as --set images.{key}=0")


def test_partition_holds_each_part_and_the_exact_training_mean():
    """Images and labels follow the indices; the mean is over the training images alone, each pixel by itself."""
    images = image_set([50] * 4, [10] * 4)
    split = split_images(images, ImagesConfig())
    parts = partition(images, split)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(parts, f"{part}_images"), images.images[getattr(split, part)])
        np.testing.assert_array_equal(getattr(parts, f"{part}_labels"), images.labels[getattr(split, part)])
    assert parts.training_mean.dtype == np.float32
    assert parts.training_mean.shape == (1, 1, 3)
    np.testing.assert_allclose(parts.training_mean, (images.images[split.train] / 255).mean(axis=0), rtol=1e-6)


def test_preprocessed_is_scaled_pixels_minus_the_mean():
    """float32, pixels / 255 minus the training mean; the training images come out with mean 0."""
    images = np.random.default_rng(0).integers(0, 256, (200, 4, 4, 3), dtype=np.uint8)
    mean = (images / 255).mean(axis=0).astype(np.float32)
    result = preprocessed(images, mean)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, images / 255 - mean, atol=1e-6)
    np.testing.assert_allclose(result.mean(axis=0), 0, atol=1e-6)
