"""Sources of images are found in their folder: one file adds one, to settings, help and reading alike."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from study.config import ImagesConfig
from study.images import load_images, sources
from study.vocabulary.discovery import declared_in, names_in
from study.vocabulary.errors import StudyError
from study.vocabulary.image_source import image_source_names, image_sources

NOISE = '''
"""Noise."""

from study.vocabulary.image_source import ImageSource


def noise(settings):
    import numpy as np

    from study.images.image_set import ImageSet, fingerprint

    rng = np.random.default_rng(settings.split_seed)
    images = rng.integers(256, size=(40, 8, 8, 3), dtype=np.uint8)
    labels, is_test = np.arange(40) % 2, np.arange(40) >= 30
    digest = fingerprint(images, labels, is_test, ("heads", "tails"))
    return ImageSet(images, labels, is_test, ("heads", "tails"), digest, "noise", "Noise.", None)


SOURCE = ImageSource(
    name="noise", help="no images at all", data_dir="nothing", needs_data_dir=True, photographs=False, read=noise
)
'''


@pytest.fixture
def noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put one more module into the folder of sources."""
    (tmp_path / "noise.py").write_text(NOISE, encoding="utf-8")
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "study.images.sources.noise", raising=False)
    for cached in (names_in, declared_in):
        cached.cache_clear()
    yield
    for cached in (names_in, declared_in):
        cached.cache_clear()


def test_a_source_is_called_as_its_module() -> None:
    """Its name is that of the setting; what it says of itself is there."""
    assert image_source_names() == ("cifar10", "folder", "shapes") == tuple(image_sources())
    for name, source in image_sources().items():
        assert source.name == name
        assert source.help and (source.data_dir or not source.needs_data_dir)


@pytest.mark.usefixtures("noise")
def test_a_module_in_the_folder_is_a_source() -> None:
    """Settings allow it, images are read by it, and nothing else was edited."""
    settings = ImagesConfig(source="noise", data_dir="anywhere", split_seed=3)
    images = load_images(settings)
    expected = np.random.default_rng(3).integers(256, size=(40, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(images.images, expected)
    assert images.source == "noise"
    with pytest.raises(StudyError, match=r"^--images noise needs --data-dir: a directory that holds nothing$"):
        load_images(ImagesConfig(source="noise"))
    with pytest.raises(StudyError, match=r"images\.source = 'mnist'.*one of cifar10, folder, noise, shapes"):
        ImagesConfig(source="mnist")


def test_declarations_are_light() -> None:
    """Help lists the sources: finding them imports the standard library alone."""
    script = (
        "import sys; from study.vocabulary.image_source import image_sources; image_sources();"
        " print(sorted({name.split('.')[0] for name in sys.modules} & {'numpy', 'PIL', 'keras', 'xarray'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
