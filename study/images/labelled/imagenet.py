"""The labels of ImageNet's validation images, from the official files.

`ILSVRC2012_validation_ground_truth.txt` holds one number a line: line n is the class of `ILSVRC2012_val_<n>.JPEG`. The
number is the ILSVRC2012_ID of the development kit, not the index of an output of a trained network: networks number
classes by their WordNet ids, sorted. `meta.mat`, which lies beside it in the development kit, holds both.

Source: readme.txt of the development kit ILSVRC2012_devkit_t12.
"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from study.vocabulary.errors import StudyError, one_line, refuse_unless, shown
from study.vocabulary.reading import read_bytes, read_text

KIT = "ILSVRC2012_devkit_t12"
GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
META = "meta.mat"
NAME = re.compile(r"ILSVRC2012_val_(\d{8})\.jpe?g", re.IGNORECASE)


def validation_labels(directory: Path, paths: list[Path], n_classes: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the output index of each image, int64 (image,), and the WordNet id of each output.

    Parameters
    ----------
    directory
        Where the images lie; the two files are looked for there, in the directory above, and in `ILSVRC2012_devkit_t12`
        in either.
    paths
        The images, all or some; the number in a file's name is its line in the ground truth.
    n_classes
        Outputs of the network.

    Raises
    ------
    StudyError
        When a file is missing or not what it should be, an image has another name, or the classes are not as many as the
        outputs.
    """
    kit = _kit(directory)
    index_of, names = _outputs(kit / META)
    refuse_unless(
        len(names) == n_classes,
        f"{shown(kit / META)} has {len(names)} classes, the network has {n_classes} outputs:"
        " ImageNet's labels are for a network with an output for each of its classes",
    )
    truth = _ground_truth(kit / GROUND_TRUTH, set(index_of))
    labels = np.empty(len(paths), np.int64)
    for place, path in enumerate(paths):
        named = NAME.fullmatch(path.name)
        line = int(named[1]) if named else 0
        refuse_unless(
            1 <= line <= len(truth),
            f"{shown(path)}: has no line in {shown(kit / GROUND_TRUTH)}, whose {len(truth):,} lines are"
            " for ILSVRC2012_val_00000001.JPEG and on; restore its name, remove it, or sort images into class"
            " folders",
        )
        labels[place] = index_of[truth[line - 1]]
    return labels, names


def _kit(directory: Path) -> Path:
    """Return the directory that holds both files."""
    above = [directory, directory.resolve().parent]
    places = [place for root in above for place in (root, root / KIT, root / KIT / "data")]
    wanted = f"both are in ILSVRC2012_devkit_t12.tar.gz of image-net.org; unpack it into {shown(directory)} or beside it, or sort"
    held = next((place for place in places if (place / GROUND_TRUTH).is_file()), None)
    if held is None:
        raise StudyError(
            f"--images {shown(directory)}: holds images in no class folders, and {GROUND_TRUTH} is not with them; {GROUND_TRUTH}"
            f" and {META} say their classes: {wanted} the images into class folders"
        )
    refuse_unless(
        (held / META).is_file(),
        f"{shown(held / GROUND_TRUTH)} numbers classes as the development kit does, not as"
        f" networks do, and {META}, which says which is which, is not beside it; {wanted} the images into class"
        " folders",
    )
    return held


def _outputs(meta: Path) -> tuple[dict[int, int], tuple[str, ...]]:
    """Return the output index of each ILSVRC2012_ID, and the WordNet ids in the order of outputs."""
    from scipy.io import loadmat  # which takes time that other sources of images need not pay

    content = read_bytes(meta, remedy=f"unpack {KIT}.tar.gz again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            synsets = loadmat(cast("Any", io.BytesIO(content)), squeeze_me=True, variable_names=["synsets"])["synsets"]
        leaves = synsets[synsets["num_children"].astype(int) == 0]
        ids, names = leaves["ILSVRC2012_ID"].astype(int).tolist(), leaves["WNID"].astype(str).tolist()
    except Exception as error:  # of many types, on a file that is not what its name says
        raise StudyError(
            f"{shown(meta)} is not the development kit's ({one_line(error)}); unpack {KIT}.tar.gz again"
        ) from error
    order = sorted(names)
    return {number: order.index(name) for number, name in zip(ids, names, strict=True)}, tuple(order)


def _ground_truth(file: Path, known: set[int]) -> list[int]:
    """Return the ILSVRC2012_ID of each validation image."""
    text = read_text(file, remedy=f"unpack {KIT}.tar.gz again")
    try:
        numbers = [int(line) for line in text.split()]
    except ValueError as error:
        raise StudyError(
            f"{shown(file)} is not the development kit's ({one_line(error)}); unpack {KIT}.tar.gz again"
        ) from error
    for line, number in enumerate(numbers, 1):
        if number not in known:
            raise StudyError(
                f"{shown(file)} line {line}: {number} is no class of {META} beside it, which has {min(known)} to {max(known)};"
                f" unpack {KIT}.tar.gz again"
            )
    return numbers
