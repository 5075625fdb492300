"""From a file to pixels: formats by content, orientation, transparency, depth, and what is refused."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from study.images.files.decoding import BACKGROUND, DARK, DEEP, FRAMES, INKS, LAID, UPRIGHT, decoded
from study.vocabulary.errors import StudyError

NOISE = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
GREY = [BACKGROUND] * 3


def pixels(path: Path) -> np.ndarray:
    """Return what a file is read as."""
    return np.asarray(decoded(path).image)


def png(depth: int, kind: int, line: bytes, *, size: int = 4, more: bytes = b"") -> bytes:
    """Return a PNG of `size` equal lines, for kinds of pixel that Pillow does not write."""
    header = struct.pack(">IIBBBBB", size, size, depth, kind, 0, 0, 0)
    body = zlib.compress((b"\0" + line) * size)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize(
    ("suffix", "content"),
    [("png", "PNG"), ("bmp", "BMP"), ("tif", "TIFF"), ("jpg", "PNG"), ("jfif", "BMP"), ("gif", "TIFF")],
)
def test_content_decides_how_a_file_is_read(tmp_path: Path, suffix: str, content: str) -> None:
    """Lossless formats give every pixel back, whatever the suffix says."""
    Image.fromarray(NOISE).save(tmp_path / f"x.{suffix}", format=content)
    np.testing.assert_array_equal(pixels(tmp_path / f"x.{suffix}"), NOISE)
    assert decoded(tmp_path / f"x.{suffix}").changes == ()


@pytest.mark.parametrize("content", ["JPEG", "WEBP"])
def test_lossy_formats_are_read(tmp_path: Path, content: str) -> None:
    """A plain colour survives them."""
    Image.new("RGB", (16, 16), (200, 30, 60)).save(tmp_path / "x.webp", format=content, quality=95)
    assert np.abs(pixels(tmp_path / "x.webp").astype(int) - [200, 30, 60]).max() < 8


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (2, NOISE[:, ::-1]),
        (3, NOISE[::-1, ::-1]),
        (4, NOISE[::-1]),
        (5, NOISE.swapaxes(0, 1)),
        (6, NOISE.swapaxes(0, 1)[:, ::-1]),
        (7, NOISE[::-1, ::-1].swapaxes(0, 1)),
        (8, NOISE.swapaxes(0, 1)[::-1]),
    ],
)
@pytest.mark.parametrize("content", ["PNG", "TIFF"])
def test_the_orientation_of_exif_is_applied(
    tmp_path: Path, content: str, orientation: int, upright: np.ndarray
) -> None:
    """Once, also where Pillow turns the image by itself: what is studied is orientation."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(NOISE).save(tmp_path / "x.png", format=content, exif=exif)
    np.testing.assert_array_equal(pixels(tmp_path / "x.png"), upright)
    assert decoded(tmp_path / "x.png").changes == (UPRIGHT,)


def test_damaged_exif_data_are_no_orientation(tmp_path: Path) -> None:
    """The image is read as it lies, and no warning of Pillow's appears."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(NOISE).save(file, format="JPEG", exif=exif)
    damaged = bytearray(file.getvalue())
    place = damaged.index(b"Exif")
    damaged[place + 8 : place + 24] = b"\xff" * 16
    (tmp_path / "x.jpg").write_bytes(damaged)
    assert decoded(tmp_path / "x.jpg").image.size == (48, 32)
    assert decoded(tmp_path / "x.jpg").changes == ()


def figure(mode: str) -> Image.Image:
    """Return a black square on a transparent ground that is black too."""
    made = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    made.paste((0, 0, 0, 255), (2, 2, 6, 6))
    return made if mode == "RGBA" else made.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_over_grey(tmp_path: Path, mode: str) -> None:
    """A black figure on a transparent ground stays a figure."""
    figure(mode).save(tmp_path / "x.png" if mode != "PA" else tmp_path / "x.tif")
    one = decoded(tmp_path / ("x.png" if mode != "PA" else "x.tif"))
    assert one.changes == (LAID,)
    assert np.asarray(one.image)[0, 0].tolist() == GREY
    assert np.asarray(one.image)[3, 3].tolist() == [0, 0, 0]


@pytest.mark.parametrize("transparency", [0, bytes([0, 255])])
def test_transparency_of_a_palette_is_laid_over_grey(tmp_path: Path, transparency: int | bytes) -> None:
    """One entry, or a value for each; Pillow would warn of the second."""
    made = Image.new("P", (4, 4), 1)
    made.putpalette([255, 0, 0, 0, 0, 255])
    made.putpixel((0, 0), 0)
    made.save(tmp_path / "x.png", transparency=transparency)
    assert pixels(tmp_path / "x.png")[0, 0].tolist() == GREY
    assert pixels(tmp_path / "x.png")[3, 3].tolist() == [0, 0, 255]


def test_one_transparent_colour_is_laid_over_grey(tmp_path: Path) -> None:
    """As PNG without an alpha channel states it."""
    key = chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))
    (tmp_path / "x.png").write_bytes(png(8, 2, bytes([1, 2, 3] * 2 + [9, 9, 9] * 2), more=key))
    assert pixels(tmp_path / "x.png")[0].tolist() == [GREY, GREY, [9, 9, 9], [9, 9, 9]]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK"])
def test_what_is_opaque_is_read_as_pillow_converts_it(tmp_path: Path, mode: str) -> None:
    """So that images without transparency keep their fingerprint from version to version."""
    made = Image.fromarray(NOISE).convert(mode)
    place = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    made.save(place)
    np.testing.assert_array_equal(pixels(place), np.asarray(made.convert("RGB")))
    assert decoded(place).changes == ((INKS,) if mode == "CMYK" else ())


@pytest.mark.parametrize("content", ["PNG", "TIFF"])
def test_of_sixteen_bits_the_upper_eight_are_kept(tmp_path: Path, content: str) -> None:
    """Grey levels spread over the whole range, none of them white but the lightest."""
    levels = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "x.png", format=content)
    one = decoded(tmp_path / "x.png", mode="L")
    np.testing.assert_array_equal(np.asarray(one.image), np.arange(256).reshape(16, 16))
    assert one.changes == (DEEP,)


def test_sixteen_bits_of_which_twelve_are_used_are_said_to_be_dark(tmp_path: Path) -> None:
    """Nobody can tell them from a dark picture, but they are named."""
    Image.fromarray(np.full((4, 4), 4095, np.uint16)).save(tmp_path / "x.tif")
    assert decoded(tmp_path / "x.tif").changes == (DEEP, DARK)
    Image.fromarray(np.full((4, 4), 4096, np.uint16)).save(tmp_path / "x.tif")
    assert decoded(tmp_path / "x.tif").changes == (DEEP,)


@pytest.mark.parametrize(("kind", "channels"), [(2, (30_000, 200, 65_535)), (6, (30_000, 200, 65_535, 65_535))])
def test_of_forty_eight_bits_the_upper_eight_of_each_channel_are_kept(
    tmp_path: Path, kind: int, channels: tuple[int, ...]
) -> None:
    """Red, green and blue alike, with an opaque alpha channel or without."""
    (tmp_path / "x.png").write_bytes(png(16, kind, struct.pack(f">{len(channels)}H", *channels) * 4))
    assert pixels(tmp_path / "x.png")[0, 0].tolist() == [117, 0, 255]
    assert decoded(tmp_path / "x.png").changes == (DEEP,)


@pytest.mark.parametrize("content", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_of_several_frames_is_read(tmp_path: Path, content: str) -> None:
    """And that there are more is said."""
    first, second = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))
    first.save(tmp_path / "x.gif", format=content, save_all=True, append_images=[second])
    assert decoded(tmp_path / "x.gif").changes == (FRAMES,)
    assert np.abs(pixels(tmp_path / "x.gif")[0, 0].astype(int) - [255, 0, 0]).max() < 8


def test_an_image_of_one_pixel_is_read(tmp_path: Path) -> None:
    """It is an image."""
    Image.new("1", (1, 1), 1).save(tmp_path / "x.bmp")
    assert pixels(tmp_path / "x.bmp").tolist() == [[[255, 255, 255]]]


REFUSED = {
    "nothing": (lambda path: path.touch(), "it is empty"),
    "text": (lambda path: path.write_text("words"), "it is damaged, or none of PNG, JPEG"),
    "a pipe": (os.mkfifo, "it is no regular file"),
    "a directory": (Path.mkdir, "it is no regular file"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "No such file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is no regular file"),
    "fractions": (lambda path: Image.new("F", (8, 8)).save(path, format="TIFF"), "floating point, must have 8 or 16"),
    "32-bit integers": (lambda path: Image.new("I", (8, 8)).save(path, format="TIFF"), "32-bit integers"),
    "another colour space": (lambda path: Image.new("LAB", (8, 8)).save(path, format="TIFF"), "CIELAB"),
    "a format that is not read": (lambda path: Image.new("L", (8, 8)).save(path, format="PPM"), "none of PNG"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_named(tmp_path: Path, make, reason: str) -> None:
    """The file, the reason and the remedy in one line; nothing blocks."""
    make(tmp_path / "x.png")
    with pytest.raises(StudyError, match=rf"x\.png cannot be read as an image \(.*{reason}") as line:
        decoded(tmp_path / "x.png")
    assert str(line.value).endswith("repair, convert or remove it")
    assert "\n" not in str(line.value)


@pytest.mark.parametrize("content", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("kept", [0.1, 0.9])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, content: str, kept: float) -> None:
    """In every format, early and late."""
    file = io.BytesIO()
    Image.fromarray(NOISE).save(file, format=content)
    (tmp_path / "x.png").write_bytes(file.getvalue()[: int(kept * len(file.getvalue()))])
    with pytest.raises(StudyError, match=r"x\.png cannot be read as an image"):
        decoded(tmp_path / "x.png")


def test_libraries_say_nothing_of_their_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Libtiff writes straight to standard error, past Python's warnings; the one line is ours."""
    file = io.BytesIO()
    Image.fromarray(NOISE).save(file, format="TIFF", compression="tiff_lzw")
    damaged = bytearray(file.getvalue())
    damaged[100:140] = b"\xff" * 40
    (tmp_path / "x.tif").write_bytes(damaged)
    with pytest.raises(StudyError, match=r"x\.tif cannot be read"):
        decoded(tmp_path / "x.tif")
    assert capfd.readouterr().err == ""
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"
