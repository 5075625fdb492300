"""Gratings as small pictures in data URIs, in sixteen greys: a page needs no more of them."""

from __future__ import annotations

import base64
import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from study.report.content import Stimuli

LARGEST: Final = 48  # pixels of a picture's side; larger gratings are shown smaller
_GREYS: Final = 16


def picture_uri(image: NDArray[np.uint8]) -> str:
    """Return a grey picture (height, width) as a PNG in a data URI."""
    levels = np.round(image / 255 * (_GREYS - 1)).astype(np.uint8)
    picture = Image.frombytes("P", (image.shape[1], image.shape[0]), levels.tobytes())
    picture.putpalette([round(255 * level / (_GREYS - 1)) for level in range(_GREYS) for _ in range(3)])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True, bits=4)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of `LARGEST` pixels a side at most, as it is where it is no larger."""
    if max(image.shape) <= LARGEST:
        return image
    return np.asarray(Image.fromarray(image).resize((LARGEST, LARGEST), Image.Resampling.LANCZOS))


def nearest(values: tuple[float, ...], value: float) -> int:
    """Return the position of the value nearest to another."""
    return int(np.abs(np.asarray(values) - value).argmin())


def grating_uri(stimuli: Stimuli, orientation: float, frequency: float) -> str:
    """Return the grating that is nearest to an orientation (degree) and a frequency (cycle/pixel)."""
    row, column = nearest(stimuli.orientations, orientation), nearest(stimuli.frequencies, frequency)
    return picture_uri(small(stimuli.images[row, column]))


def sheet(stimuli: Stimuli) -> tuple[str, int]:
    """Return all gratings as one picture, a column an orientation and a row a frequency, and the side of one of them."""
    images = [[small(image) for image in row] for row in stimuli.images]
    columns = [np.concatenate(row, axis=0) for row in images]
    return picture_uri(np.concatenate(columns, axis=1)), images[0][0].shape[0]
