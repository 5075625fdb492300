"""The grating sheet, and images, as inline pictures."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from study.report.content import Stimuli

_GAP = 2  # pixels between gratings


def sheet_uri(stimuli: Stimuli) -> str:
    """Return the gratings as a PNG in a data URI: a column per orientation, a row per spatial frequency.

    Gaps are transparent, so that the sheet sits on a light page and on a dark one.
    """
    n_orientations, n_frequencies, height, width = stimuli.images.shape
    sheet = np.zeros((n_frequencies * (height + _GAP), n_orientations * (width + _GAP), 2), dtype=np.uint8)
    for column in range(n_orientations):
        for row in range(n_frequencies):
            y, x = row * (height + _GAP) + _GAP // 2, column * (width + _GAP) + _GAP // 2
            sheet[y : y + height, x : x + width, 0] = stimuli.images[column, row]
            sheet[y : y + height, x : x + width, 1] = 255
    return image_uri(sheet)


def image_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """Return pixels, (height, width) or (height, width, channel), as a PNG in a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
