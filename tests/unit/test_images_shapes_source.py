"""The embedded images: deterministic, balanced, independent of how many are asked for."""

import subprocess
import sys
import time

import numpy as np
import pytest

from study.config import ImagesConfig
from study.images import load_images
from study.images.figures import CLASS_NAMES, generated
from study.images.image_set import fingerprint
from study.images.preparation.split import split_images
from study.vocabulary.errors import StudyError


def test_default_sizes_and_balance():
    """6,000 images, 600 of each class, the last 1,000 to test; fingerprint and description fit them."""
    images = load_images(ImagesConfig())
    assert images.images.shape == (6_000, 32, 32, 3)
    assert images.images.dtype == np.uint8
    assert images.labels.dtype == np.int64
    assert images.class_names == CLASS_NAMES
    assert (np.bincount(images.labels) == 600).all()
    assert images.is_test.tolist() == [False] * 5_000 + [True] * 1_000
    assert images.official is None
    assert images.fingerprint == fingerprint(images.images, images.labels, images.is_test, CLASS_NAMES)
    assert images.fingerprint[:12] in images.description


def test_generation_is_deterministic_and_prefixes_agree():
    """Image i is the same in every call and whatever the number of images."""
    images, labels = generated(600)
    again, labels_again = generated(600)
    np.testing.assert_array_equal(images, again)
    for count in (1, 250, 251, 599):
        fewer, fewer_labels = generated(count)
        np.testing.assert_array_equal(fewer, images[:count])
        np.testing.assert_array_equal(fewer_labels, labels[:count])
    np.testing.assert_array_equal(labels, labels_again)


def test_no_image_comes_twice():
    """Blocks have streams of their own: no image is repeated."""
    images, _ = generated(1_000)
    assert len(np.unique(images.reshape(1_000, -1), axis=0)) == 1_000


def test_six_thousand_images_take_seconds():
    """Generation needs no cache: about 2 s of processor time; the bound leaves room for slow machines."""
    start = time.process_time()
    generated(6_000)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (4_000, 1_000, 1_000)),
        ({"train_images": 500, "validation_images": 250, "test_images": 200}, (500, 250, 200)),
        ({"train_images": 6_001, "validation_images": 100, "test_images": 1_500}, (6_001, 100, 1_500)),
        ({"split": "pooled"}, (4_800, 600, 600)),
        ({"split": "pooled", "train_images": 333, "validation_images": 900, "test_images": 10}, (333, 900, 10)),
    ],
)
def test_every_size_that_is_asked_for_is_generated(settings, expected):
    """The data set grows with what the split must hold."""
    config = ImagesConfig(**settings)
    split = split_images(load_images(config), config)
    assert (len(split.train), len(split.validation), len(split.test)) == expected


def test_too_few_images_for_every_class_are_refused():
    """Nine images cannot hold ten classes."""
    config = ImagesConfig(train_images=9)
    with pytest.raises(StudyError, match=r"images\.train_images = 9 is too few"):
        split_images(load_images(config), config)


def test_images_need_no_tensorflow():
    """The process that plans a study loads images without importing TensorFlow, Keras or Pillow."""
    program = (
        "import sys; from study.config import ImagesConfig; from study.images import load_images;"
        " load_images(ImagesConfig(train_images=10, validation_images=10, test_images=10));"
        " sys.exit(', '.join({'tensorflow', 'keras', 'PIL'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
