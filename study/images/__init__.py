"""Images: sources behind one interface, their split, their augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from study.vocabulary.errors import StudyError, shown
from study.vocabulary.image_source import image_sources
from study.vocabulary.text import checked_name

if TYPE_CHECKING:
    from study.config import ImagesConfig
    from study.images.image_set import ImageSet

__all__ = ["load_images"]


def load_images(settings: ImagesConfig) -> ImageSet:
    """Return the images of the source that `settings` names.

    Raises
    ------
    StudyError
        When they cannot be found, downloaded or read; see the module of each source.
    """
    source = image_sources()[settings.source]
    if source.needs_data_dir and not settings.data_dir:
        raise StudyError(f"--images {source.name} needs --data-dir: a directory that holds {source.data_dir}")
    if settings.data_dir and not source.data_dir:
        takers = " or ".join(f"--images {name}" for name, other in image_sources().items() if other.data_dir)
        raise StudyError(
            f"--data-dir {shown(settings.data_dir)}: source {source.name!r} reads no directory; add {takers}, or leave it out"
        )
    checked_name(
        settings.data_dir or ".", what="--data-dir", remedy="rename the directory, or link to it", longest=4096
    )
    images: ImageSet = source.read(settings)
    return images
