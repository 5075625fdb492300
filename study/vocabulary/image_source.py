"""What a source of images declares: its name, what it says of itself, what --data-dir must hold, how it is read.

One module a source, in `study/images/sources/`; the folder is the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from study.vocabulary.discovery import declared_in, names_in

IMAGE_SOURCES = "study.images.sources"


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """One place that images come from.

    Attributes
    ----------
    name
        That of its module, and of `images.source`.
    help
        What it is, in a few words for the command line.
    data_dir
        What the directory that --data-dir names must hold; empty where the source takes none.
    needs_data_dir
        Whether it refuses to be read without --data-dir.
    photographs
        Whether its images are photographs; a study of others says of itself that it is a demonstration.
    read
        read(settings) -> `study.images.image_set.ImageSet`; `settings` are the study's `images` section. NumPy is
        imported inside, so that the declaration is light.
    """

    name: str
    help: str
    data_dir: str
    needs_data_dir: bool
    photographs: bool
    read: Callable[..., Any]


def image_source_names() -> tuple[str, ...]:
    """Return the names of all sources of images, sorted, without importing any."""
    return names_in(IMAGE_SOURCES)


def image_sources() -> Mapping[str, ImageSource]:
    """Return every source of images by its name."""
    return declared_in(IMAGE_SOURCES, "SOURCE")
