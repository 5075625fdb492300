"""Whatever bytes an image file or a file of class names holds, it is read or refused in one line."""

from __future__ import annotations

import functools
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from study.images.files.decoding import FORMATS, decoded
from study.images.labelled.class_names import names_of_outputs
from study.vocabulary.errors import StudyError

MODES = {"PNG": "P", "JPEG": "CMYK", "WEBP": "RGBA", "BMP": "RGB", "TIFF": "I;16", "GIF": "P"}
FUZZED = settings(max_examples=60, deadline=None)


@functools.cache
def whole(content: str) -> bytes:
    """Return a valid file of a format, in a kind of pixel that takes converting."""
    rng, file = np.random.default_rng(0), io.BytesIO()
    if MODES[content] == "I;16":
        made = Image.fromarray(rng.integers(0, 2**16, (16, 12), dtype=np.uint16))
    else:
        made = Image.fromarray(rng.integers(0, 256, (16, 12, 3), dtype=np.uint8)).convert(MODES[content])
    made.save(file, format=content)
    return file.getvalue()


def outcome(read: Callable[[], Any]) -> Any:
    """Return what a reader returns, or the one printable line with which it refuses."""
    try:
        return read()
    except StudyError as refused:
        return str(refused)


def read_or_refused(path: Path, content: bytes) -> None:
    """Assert that bytes become an image of eight bits a channel, or one printable line."""
    path.write_bytes(content)
    one = outcome(lambda: np.asarray(decoded(path).image))
    if isinstance(one, str):
        assert one.isprintable()
        assert len(one) < 1000
    else:
        assert one.dtype == np.uint8
        assert one.shape[2:] == (3,)


@FUZZED
@given(content=st.binary(max_size=200))
def test_any_bytes_are_no_image_or_are_read(content: bytes) -> None:
    """Nothing but `StudyError` comes out."""
    with tempfile.TemporaryDirectory() as place:
        read_or_refused(Path(place) / "x.png", content)


@pytest.mark.parametrize("content", FORMATS)
def test_any_damage_to_an_image_is_refused_or_read(content: str) -> None:
    """Bytes changed, in the header above all, and files cut short."""

    @FUZZED
    @given(
        changes=st.lists(st.tuples(st.integers(0, 79) | st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
        kept=st.just(1.0) | st.floats(0, 1),
    )
    def damaged(changes: list[tuple[int, int]], kept: float) -> None:
        file = bytearray(whole(content))
        for place, value in changes:
            file[place % len(file)] = value
        with tempfile.TemporaryDirectory() as folder:
            read_or_refused(Path(folder) / "x.png", bytes(file[: int(kept * len(file))]))

    damaged()


@FUZZED
@given(content=st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_file_of_class_names_is_read_or_refused(content: bytes) -> None:
    """As many names as outputs, each of them once and fit for a page, or one line."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "names.txt"
        path.write_bytes(content)
        names = outcome(lambda: names_of_outputs([], 2, file=str(path), origin="--images d"))
    if isinstance(names, str):
        assert names.isprintable()
    else:
        assert len(set(names)) == 2
        assert all(name.strip() for name in names)
