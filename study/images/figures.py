"""An embedded data set: ten classes of 32 x 32 RGB images that only spatial structure tells apart.

One figure lies on a noisy ground. Its position, size, colour, contrast, polarity (lighter or darker than the ground)
and the 1/f noise are drawn independently of the class, so the class is not readable from the values of single pixels: a
linear model finds it in less than 30 % of the images, a convolutional network after some hundred batches in most. The
figures: two that have no orientation (disc, ring), four outlines that are tilted a little (square, triangle, cross,
star), and four textures in a round window, which orientation defines (stripes, checks). Every class is closed under
horizontal mirroring and small shifts, so every augmentation keeps the labels true.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SIZE = 32
CLASS_NAMES = (
    "disc",
    "ring",
    "square",
    "triangle",
    "cross",
    "star",
    "horizontal_stripes",
    "vertical_stripes",
    "diagonal_stripes",
    "checks",
)

# Changing any number in this module changes the images, hence their fingerprint, hence every stored network's key.
_ENTROPY = 0x5A9E5
_PER_BLOCK = 25  # images of each class in a block
_BLOCK = _PER_BLOCK * len(CLASS_NAMES)
_RADIUS = (8.5, 11.0)  # px
_CONTRAST = (0.45, 0.75)  # of the full range of pixel values
_NOISE = (0.015, 0.045)  # standard deviation, of the full range of pixel values
_GROUND = (0.30, 0.70)  # mean of the ground, per colour channel
_PERIOD = (4.5, 7.0)  # px, of stripes and checks
_OUTLINE_TILT = np.deg2rad(10.0)  # how far outlines stray from upright, either way
_TEXTURE_TILT = np.deg2rad(8.0)  # how far stripes and checks stray from their nominal orientation, either way

Float = NDArray[np.float64]
Figure = Callable[[Float, Float, Float, np.random.Generator], Float]


def generated(count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the first `count` images, uint8 (count, 32, 32, 3), and their labels, int64 (count,).

    Images come in blocks of 250, each from its own stream and holding every class 25 times, so image i never depends on
    how many images are asked for.
    """
    blocks = [_block(index) for index in range(-(-count // _BLOCK))]
    images = np.concatenate([images for images, _ in blocks])[:count]
    labels = np.concatenate([labels for _, labels in blocks])[:count]
    return images, labels


def _block(index: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    rng = np.random.default_rng(np.random.SeedSequence(_ENTROPY, spawn_key=(index,)))
    # Everything but the figure is drawn before the class is known: that is what makes it independent of the class.
    radius = rng.uniform(*_RADIUS, _BLOCK)
    centre = rng.uniform(radius, SIZE - 1 - radius, (2, _BLOCK))
    ground = rng.uniform(*_GROUND, (_BLOCK, 1, 1, 3))
    colour = rng.uniform(0.5, 1.5, (_BLOCK, 3)) * rng.choice((-1.0, 1.0), (_BLOCK, 1))
    contrast = (colour * rng.uniform(*_CONTRAST, (_BLOCK, 1)))[:, None, None, :]
    noise = _pink_noise(rng, _BLOCK) * rng.uniform(*_NOISE, (_BLOCK, 1, 1, 1))
    labels = rng.permutation(np.repeat(np.arange(len(CLASS_NAMES)), _PER_BLOCK))

    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    coverage = np.empty((_BLOCK, SIZE, SIZE))
    for label, name in enumerate(CLASS_NAMES):
        chosen = np.flatnonzero(labels == label)
        dy = y - centre[0, chosen, None, None]
        dx = x - centre[1, chosen, None, None]
        coverage[chosen] = _FIGURES[name](dx, dy, radius[chosen, None, None], rng)
    images = ground + noise + contrast * coverage[..., None]
    return np.rint(np.clip(images, 0.0, 1.0) * 255.0).astype(np.uint8), labels.astype(np.int64)


def _pink_noise(rng: np.random.Generator, count: int) -> Float:
    """Return noise of unit variance, (count, 32, 32, 3), whose amplitude falls as 1/frequency; mostly grey."""
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None, :])
    frequency[0, 0] = np.inf  # no mean: the ground has its own
    white = rng.standard_normal((count, 4, SIZE, SIZE))
    pink = np.fft.irfft2(np.fft.rfft2(white) / frequency, s=(SIZE, SIZE))
    grey, colours = pink[:, :1], pink[:, 1:]
    mixed: Float = np.moveaxis(grey + 0.5 * colours, 1, -1)
    deviation: Float = mixed.std(axis=(1, 2, 3), keepdims=True)
    return mixed / deviation


def _inside(distance: Float) -> Float:
    """Return coverage, 1 inside and 0 outside, of a figure whose signed distance is negative inside; one pixel soft."""
    return np.clip(0.5 - distance, 0.0, 1.0)


def _rotated(dx: Float, dy: Float, angle: Float) -> tuple[Float, Float]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * dx + sine * dy, cosine * dy - sine * dx


def _tilted(dx: Float, dy: Float, rng: np.random.Generator) -> tuple[Float, Float]:
    return _rotated(dx, dy, rng.uniform(-_OUTLINE_TILT, _OUTLINE_TILT, (len(dx), 1, 1)))


def _disc(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    return _inside(np.hypot(dx, dy) - 0.85 * radius)


def _ring(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    width = radius * rng.uniform(0.28, 0.42, (len(dx), 1, 1))
    return _inside(np.abs(np.hypot(dx, dy) - radius + 0.5 * width) - 0.5 * width)


def _square(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    x, y = _tilted(dx, dy, rng)
    return _inside(np.maximum(np.abs(x), np.abs(y)) - 0.75 * radius)


def _triangle(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    x, y = _tilted(dx, dy, rng)
    sides = [np.cos(angle) * x + np.sin(angle) * y for angle in np.deg2rad((90.0, 210.0, 330.0))]
    return _inside(np.maximum.reduce(sides) - 0.52 * radius)


def _cross(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    x, y = _tilted(dx, dy, rng)
    long, short = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    return _inside(np.maximum(long - radius, short - 0.27 * radius))


def _star(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    x, y = _tilted(dx, dy, rng)
    sector = 2.0 * np.pi / 5.0
    # Fold the plane into half a point of the star, then measure from the edge that runs from its tip to its notch.
    # Measured from the vertical, so that the upright star is its own mirror image.
    angle = np.abs(np.mod(np.arctan2(x, y), sector) - 0.5 * sector)
    distance = np.hypot(x, y)
    notch_x = 0.42 * radius
    edge_x, edge_y = radius * np.cos(0.5 * sector) - notch_x, radius * np.sin(0.5 * sector)
    length = np.hypot(edge_x, edge_y)
    point_x, point_y = distance * np.cos(angle) - notch_x, distance * np.sin(angle)
    return _inside((point_x * edge_y - point_y * edge_x) / length)


def _window(dx: Float, dy: Float, radius: Float) -> Float:
    return _inside(np.hypot(dx, dy) - radius)


def _wave(along: Float, period: Float, phase: Float) -> Float:
    """Return a soft square wave between -1 and 1."""
    return np.clip(2.0 * np.sin(2.0 * np.pi * along / period + phase), -1.0, 1.0)


def _texture(dx: Float, dy: Float, radius: Float, rng: np.random.Generator, orientation: Float, checks: bool) -> Float:
    """Return a texture between 0 and 1 in a round window; `orientation` is that of the stripes, radians."""
    shape = (len(dx), 1, 1)
    along, across = _rotated(dx, dy, orientation + rng.uniform(-_TEXTURE_TILT, _TEXTURE_TILT, shape))
    period = rng.uniform(*_PERIOD, shape)
    phases = rng.uniform(0.0, 2.0 * np.pi, (2, *shape))
    wave = _wave(across, period, phases[0])
    if checks:
        wave = wave * _wave(along, period, phases[1])
    return _window(dx, dy, radius) * (0.5 + 0.5 * wave)


def _horizontal_stripes(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    return _texture(dx, dy, radius, rng, np.zeros((len(dx), 1, 1)), checks=False)


def _vertical_stripes(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    return _texture(dx, dy, radius, rng, np.full((len(dx), 1, 1), np.pi / 2.0), checks=False)


def _diagonal_stripes(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    # Both diagonals: a mirrored image must stay in its class.
    orientation = np.pi / 4.0 * rng.choice((-1.0, 1.0), (len(dx), 1, 1))
    return _texture(dx, dy, radius, rng, orientation, checks=False)


def _checks(dx: Float, dy: Float, radius: Float, rng: np.random.Generator) -> Float:
    return _texture(dx, dy, radius, rng, np.zeros((len(dx), 1, 1)), checks=True)


_FIGURES: dict[str, Figure] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
    "star": _star,
    "horizontal_stripes": _horizontal_stripes,
    "vertical_stripes": _vertical_stripes,
    "diagonal_stripes": _diagonal_stripes,
    "checks": _checks,
}
