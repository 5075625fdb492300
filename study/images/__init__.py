"""Images: three sources behind one interface, their split, their augmentation."""

from __future__ import annotations

from study.config import ImagesConfig
from study.images.image_set import ImageSet

__all__ = ["ImageSet", "load_images"]


def load_images(config: ImagesConfig) -> ImageSet:
    """Return the images that `config` names.

    Raises
    ------
    StudyError
        When they cannot be found, downloaded or read; see the module of each source.
    """
    if config.source == "cifar10":
        from study.images.sources.cifar10 import cifar10

        return cifar10(config.data_dir)
    if config.source == "folder":
        # Pillow is only needed here.
        from study.images.sources.folder import folder

        return folder(config.data_dir)
    from study.images.sources.shapes import shapes

    return shapes(config)
