"""What the command lines' help says of image files; light, so that help answers at once."""

from __future__ import annotations

import textwrap

from study.images.files.listing import SUFFIXES_IN_WORDS

_READ = (
    f"{SUFFIXES_IN_WORDS}: the suffix says what is an image, the content how it is read. Each is turned upright as its EXIF"
    " says; transparency is laid over grey (128 of 255); of 16 bits a channel the upper 8 are kept; palettes, grey, CMYK and"
    " YCbCr become RGB, or grey for a network that takes one channel, without colour profiles; of several frames or pages the"
    " first is read. Floating point, 32-bit integers and damaged files are refused before anything else is begun. What is left"
    " out (other suffixes, archives, images in no class folder or in folders below one) is counted and named in console,"
    " record and report; hidden files, __MACOSX, Thumbs.db and desktop.ini are passed over."
)
_WRAPPED = textwrap.fill(_READ, 118, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
HELP = f"image files:\n{_WRAPPED}\n"
