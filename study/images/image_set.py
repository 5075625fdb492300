"""What every source of images delivers: pixels, labels, the official halves, and who they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageSet:
    """Labelled images of one size.

    Attributes
    ----------
    images
        uint8, (n, height, width, 3), RGB, 0 to 255.
    labels
        int64, (n,), index into `class_names`.
    is_test
        bool, (n,): the official test half; all False when there is none.
    class_names
        One name per class, in the order of the labels.
    fingerprint
        SHA-256 (hex) over shapes, pixels, labels, halves and class names: what the images *are*, wherever they lie.
    source
        The name of the source in `study.config.ImagesConfig`.
    description
        One sentence for console, store and report.
    official
        Whether these are the official files of a published data set; None when that is unknown or has no meaning.
    remarks
        A line each on what was left out, and on images that were changed as they were read.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    is_test: NDArray[np.bool_]
    class_names: tuple[str, ...]
    fingerprint: str
    source: str
    description: str
    official: bool | None
    remarks: tuple[str, ...] = ()


def fingerprint(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    is_test: NDArray[np.bool_],
    class_names: tuple[str, ...],
) -> str:
    """Return the SHA-256 (hex) of everything a network could learn from.

    Parameters
    ----------
    images, labels, is_test, class_names
        As in `ImageSet`; byte order and memory layout do not matter.
    """
    digest = hashlib.sha256()
    arrays = (np.ascontiguousarray(images), np.ascontiguousarray(labels, "<i8"), np.ascontiguousarray(is_test))
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(array.data)
    # repr keeps ("ab", "c") apart from ("a", "bc").
    digest.update(repr(class_names).encode())
    return digest.hexdigest()


def short_fingerprint(digest: str) -> str:
    """Return the first twelve digits of a fingerprint, enough for people to compare."""
    return digest[:12]
