"""Which images train, which choose the epoch, which test; and the parts made ready for a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from study.config import ImagesConfig
from study.images.image_set import ImageSet
from study.vocabulary.errors import Refusals, StudyError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Disjoint indices into an image set, int64, one array per part.

    Every prefix of a part is stratified: each class has its share of it, give or take an image or two. So the first m
    images are a fair sample, and a smaller part is a subset of a larger one.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]

    @property
    def sizes(self) -> dict[str, int]:
        """Return the number of images in each part, by its name."""
        return {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}


@dataclass(frozen=True)
class Partition:
    """The images of a split.

    Attributes
    ----------
    train_images, validation_images, test_images
        uint8, (n, height, width, 3).
    train_labels, validation_labels, test_labels
        int64, (n,).
    training_mean
        float32, (height, width, 3): the mean of the training images, each pixel by itself, in units of pixel / 255.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    validation_images: NDArray[np.uint8]
    validation_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    training_mean: NDArray[np.float32]

    def shown(self, images: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return some of the test images, by index, as a network is fed them."""
        return preprocessed(self.test_images[images], self.training_mean)


def split_images(image_set: ImageSet, config: ImagesConfig) -> Split:
    """Return the split that `config` asks for; it depends on the labels, the halves and `config` alone.

    Under ``official`` the official training half is cut 80/20 into training and validation, and the official test half
    tests; without an official test half all images are cut 4/6, 1/6, 1/6, the same proportions. Under ``pooled`` all
    images are cut 80/10/10. Sizes above 0 keep a stratified subset of each part.

    Raises
    ------
    StudyError
        When more images are asked for than a part holds, or a part would miss a class.

    Source
    ------
    Paper A.1 (80/10/10); 40,000/10,000/10,000 with the official halves as in its author's published scripts.
    """
    pools = _pools(image_set, config)
    for part, pool in zip(PARTS, pools, strict=True):
        _refuse_missing_class(image_set, pool, part)
    refusals, subsets = Refusals(), {}
    for part, pool in zip(PARTS, pools, strict=True):
        with refusals.kept():
            subsets[part] = _subset(image_set, pool, part, getattr(config, f"{part}_images"))
    refusals.check()
    return Split(**subsets)


def stratified_order(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a random permutation of the indices of `labels` of which every prefix is stratified.

    The j-th image of a class with n images, in random order, stands at (j + 1/2) / n of the way through; ties between
    classes are broken at random.
    """
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        place[rng.permutation(members)] = (np.arange(len(members)) + 0.5) / len(members)
    return np.lexsort((rng.random(len(labels)), place)).astype(np.int64)


def _pools(image_set: ImageSet, config: ImagesConfig) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    rng = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(config.split_seed)))
    labels, is_test = image_set.labels, image_set.is_test
    if config.split == "official" and is_test.any():
        rest, half = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        rest = rest[stratified_order(labels[rest], rng)]
        cut = len(rest) - len(rest) // 5
        return rest[:cut], rest[cut:], half[stratified_order(labels[half], rng)]
    order = stratified_order(labels, rng)
    size = len(order) // (10 if config.split == "pooled" else 6)
    cut = len(order) - 2 * size
    return order[:cut], order[cut : cut + size], order[cut + size :]


def _refuse_missing_class(image_set: ImageSet, pool: NDArray[np.int64], part: str) -> None:
    in_part = np.bincount(image_set.labels[pool], minlength=len(image_set.class_names))
    in_all = np.bincount(image_set.labels, minlength=len(image_set.class_names))
    for name, held, there in zip(image_set.class_names, in_part, in_all, strict=True):
        if held == 0:
            raise StudyError(
                f"class {name!r} of source {image_set.source!r} has {there} images and none falls to the {part} part:"
                " every part must hold at least one of each class; add images of it or remove the class"
            )


def _subset(image_set: ImageSet, pool: NDArray[np.int64], part: str, size: int) -> NDArray[np.int64]:
    if size == 0:
        return pool
    setting = f"images.{part}_images"
    key = f"{setting} = {size}"
    if size > len(pool):
        raise StudyError(
            f"{key} is more than the {len(pool)} images that the {part} part of source {image_set.source!r} holds;"
            f" ask for 0 (all) to {len(pool)}, such as --set {setting}=0"
        )
    subset = pool[:size]
    held = len(np.unique(image_set.labels[subset]))
    if held < len(image_set.class_names):
        raise StudyError(
            f"{key} is too few to hold one image of each of the {len(image_set.class_names)} classes of source"
            f" {image_set.source!r}; ask for more, up to {len(pool)}, or 0 (all)"
        )
    return subset


def partition(image_set: ImageSet, split: Split) -> Partition:
    """Return the images and labels of each part, and the mean of the training images."""
    images, labels = image_set.images, image_set.labels
    train_images = images[split.train]
    # Summed in float64: 40,000 float32 terms would cost digits. The sum of uint8 is exact, so order cannot matter.
    training_mean = train_images.sum(axis=0, dtype=np.float64) / (255.0 * len(train_images))
    return Partition(
        train_images=train_images,
        train_labels=labels[split.train],
        validation_images=images[split.validation],
        validation_labels=labels[split.validation],
        test_images=images[split.test],
        test_labels=labels[split.test],
        training_mean=training_mean.astype(np.float32),
    )


def preprocessed(images: NDArray[np.uint8], training_mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a network is fed: pixels / 255 minus the training mean.

    Parameters
    ----------
    images
        uint8, (..., height, width, 3).
    training_mean
        float32, (height, width, 3); see `Partition`.

    Returns
    -------
    float32, same shape as `images`.
    """
    scaled = images.astype(np.float32)
    scaled /= np.float32(255.0)
    scaled -= training_mean
    return scaled
