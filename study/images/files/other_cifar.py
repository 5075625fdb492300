"""What lies where CIFAR-10's binary version was looked for: another version, another name, a part of a download."""

from __future__ import annotations

from pathlib import Path

from study.images.files.listing import entries
from study.vocabulary.errors import shown

_PICKLES = (
    "its Python version, whose files are pickles: reading those runs whatever code is in them, so this program does not"
)
_MATLAB = "its Matlab version"
_HUNDRED = "CIFAR-100, another data set"
_BINARY_BATCH = "data_batch_1.bin"
# The beginning of a name, without letter case, to what such a file or folder is; the first that fits.
_VERSIONS = (
    (("cifar-100", "cifar100", "fine_label_names", "coarse_label_names"), _HUNDRED),
    (("cifar-10-python", "cifar-10-batches-py"), _PICKLES),
    (("cifar-10-matlab", "cifar-10-batches-mat", "data_batch_1.mat"), _MATLAB),
)
_PARTIAL = (".part", ".partial", ".crdownload", ".download", ".tmp", ".aria2", ".incomplete")
_ARCHIVES = (".gz", ".tgz", ".tar", ".zip")


def found_instead(directory: Path, *, archive: str, folder: str) -> str:
    """Return what in a directory looks like CIFAR-10 but is not read, with what to do; empty where nothing does.

    Parameters
    ----------
    directory
        Where neither the archive, nor the folder, nor its files are.
    archive, folder
        Names of what is read.
    """
    here = entries(directory)
    paths = (*here.folders, *here.others)
    download = f"download {archive}, the binary version, instead"
    for path in paths:
        if version := version_of(path.name):
            return f"holds {shown(path.name)}, {version}; {download}"
    for path in here.folders:
        inside = {one.name for one in path.iterdir()} if _is_listable(path) else set()
        if {_BINARY_BATCH, archive, folder} & inside:
            return f"holds {shown(path.name)}/, and CIFAR-10 lies in that; give --data-dir {shown(path)}"
        if "data_batch_1" in inside or "data_batch_1.mat" in inside:
            return f"holds {shown(path.name)}/, {_PICKLES if 'data_batch_1' in inside else _MATLAB}; {download}"
    if any(path.name == "data_batch_1" for path in here.others):
        return f"holds data_batch_1, {_PICKLES}; {download}"
    for path in here.others:
        if path.suffix.lower() in _PARTIAL:
            return f"holds {shown(path.name)}, a download that has not ended; end it, or download {archive} again"
    for path in here.others:
        if path.suffix.lower() in _ARCHIVES:
            return (
                f"holds {shown(path.name)}, which is not looked into under that name; if it is CIFAR-10's binary version, rename"
                f" it to {archive}, or unpack it so that {folder}/ lies there"
            )
    return ""


def version_of(name: str) -> str:
    """Return which other version a file or folder of this name is, empty where the name says nothing."""
    lowered = name.casefold()
    return next((version for beginnings, version in _VERSIONS if lowered.startswith(beginnings)), "")


def _is_listable(path: Path) -> bool:
    try:
        next(path.iterdir(), None)
    except OSError:
        return False
    return True
