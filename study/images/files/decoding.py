"""From an image file to upright, opaque pixels of eight bits, the same way for every command.

What is done to an image, in this order:

- of several frames or pages, the first is read;
- 16 bits a channel: the upper 8 are kept (floating point and 32-bit integers are refused: nobody knows their range);
- transparency is laid over grey (128 of 255), whether it is a channel, a palette's or one transparent colour;
- palettes, grey, CMYK and YCbCr become RGB, or grey for a network that takes one channel; colour profiles are not applied;
- the orientation that EXIF states is applied.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from study.vocabulary.errors import StudyError, one_line, shown

# Only the decoders we name: Pillow has dozens, for formats that nobody expects here.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
BACKGROUND = 128  # of 255: between black and white, so that neither a black nor a white figure vanishes

UPRIGHT = "turned upright as EXIF says"
LAID = f"transparency laid over grey ({BACKGROUND} of 255)"
DEEP = "16 bits a channel, of which the upper 8 are kept"
DARK = "16 bits a channel with no value above 4,095 (perhaps of a camera of 12 bits): nearly black as they are read"
INKS = "CMYK made RGB without a colour profile"
FRAMES = "several frames or pages, of which the first is read"

_EIGHT_BITS = frozenset(("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"))
_REFUSED = {"F": "floating point", "I": "32-bit integers", "LAB": "CIELAB"}
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

logging.getLogger("PIL").addHandler(logging.NullHandler())  # or Python prints what Pillow's decoders log


@dataclass(frozen=True)
class Decoded:
    """One image, RGB or grey, upright and opaque; `changes` says what was done to it beside a change of colour space."""

    image: Image.Image
    changes: tuple[str, ...]


def decoded(path: Path, *, mode: Literal["RGB", "L"] = "RGB") -> Decoded:
    """Return one image, every pixel of it decoded.

    Parameters
    ----------
    path
        Whatever its suffix says, the content decides how it is read: one of ImageNet's .JPEG files is a PNG.
    mode
        `RGB` for three channels, `L` for one.

    Raises
    ------
    StudyError
        When it is no regular file, empty, truncated, of no format or kind of pixel that is read, or unpacks to more
        pixels than Pillow thinks safe.
    """
    try:
        _check_file(path)
        with warnings.catch_warnings():
            # About damaged EXIF data, palettes and sizes: what matters of it is checked below.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image, _quiet_library(image):
                return _converted(image, mode)
    except UnidentifiedImageError as error:
        raise _unreadable(path, f"it is damaged, or none of {', '.join(FORMATS)}") from error
    # Decoders raise errors of many types on damaged files; all of them mean the same to the user.
    except Exception as error:
        raise _unreadable(path, one_line(error)) from error


@contextlib.contextmanager
def _quiet_library(image: Image.Image) -> Iterator[None]:
    """Keep libtiff, which says what is wrong with a file straight to standard error, from tearing the console."""
    try:
        standard_error = os.dup(2) if image.format == "TIFF" else None
    except OSError:  # it is closed
        standard_error = None
    if standard_error is None:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nowhere)


def _unreadable(path: Path, reason: str) -> StudyError:
    return StudyError(f"{shown(path)} cannot be read as an image ({reason}); repair, convert or remove it")


def _check_file(path: Path) -> None:
    """Refuse what would block, and what holds nothing."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no regular file")
    if not status.st_size:
        raise ValueError("it is empty")


def _converted(image: Image.Image, mode: Literal["RGB", "L"]) -> Decoded:
    _check_size(image)
    changes = []
    with contextlib.suppress(Exception):  # what follows the first frame may be damaged
        changes += [FRAMES] if getattr(image, "is_animated", False) else []
    changes += [DEEP] if _is_deep(image) else []
    turn = _orientation(image)
    image.load()
    # Pillow turns TIFF by itself as it is loaded, and takes the tag away.
    changes += [UPRIGHT] if turn in _TURNED else []
    left = _orientation(image)
    changes += [INKS] if image.mode == "CMYK" else []
    eight_bits = _of_eight_bits(image)
    changes += [DARK] if image.mode.startswith("I;16") and np.asarray(eight_bits).max() < 16 else []
    opaque, was_laid = _opaque(eight_bits)
    changes += [LAID] if was_laid else []
    flat = opaque.convert(mode)
    return Decoded(flat.transpose(_TURNED[left]) if left in _TURNED else flat, tuple(changes))


def _check_size(image: Image.Image) -> None:
    """Refuse a small file that unpacks to gigabytes, where Pillow only warns."""
    pixels, most = image.width * image.height, Image.MAX_IMAGE_PIXELS
    if most is not None and pixels > most:
        raise ValueError(
            f"it has {image.width:,} x {image.height:,} pixels, more than {most:,}: a decompression bomb, or too large"
        )


def _is_deep(image: Image.Image) -> bool:
    """Return whether its channels have 16 bits, of which Pillow keeps the upper 8 where there are several."""
    layouts = [str(args) for *_, args in getattr(image, "tile", [])]  # of a BMP, BGR;16 is 5, 6 and 5 bits
    return image.mode.startswith("I;16") or any(";16" in text and "BGR" not in text for text in layouts)


def _orientation(image: Image.Image) -> int:
    """Return the orientation that EXIF states, 1 (upright) where it states none or cannot be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # of many types, on damaged EXIF data, which a few of ImageNet's have
        return 1


def _of_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode in _EIGHT_BITS:
        return image
    if not image.mode.startswith("I;16"):
        kind = _REFUSED.get(image.mode, f"of mode {image.mode}")
        raise ValueError(f"its pixels are {kind}, must have 8 or 16 bits a channel")
    if "transparency" in image.info:
        raise ValueError("its pixels are 16-bit grey with a transparent level")
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))


def _opaque(image: Image.Image) -> tuple[Image.Image, bool]:
    """Return an image laid over `BACKGROUND`, and whether any of it shows; it is the same where nothing is transparent."""
    if not image.has_transparency_data:
        return image, False
    layered = image.convert("RGBA")
    if np.asarray(layered.getchannel("A")).min() == 255:
        return image, False
    ground = Image.new("RGBA", layered.size, (BACKGROUND, BACKGROUND, BACKGROUND, 255))
    return Image.alpha_composite(ground, layered), True
