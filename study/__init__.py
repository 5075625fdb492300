"""Do orientation-selective units cause generalisation in image recognition? A pre-registered study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

__version__ = "0.12.0"


def open(name: str | Path) -> xr.DataTree:
    """Open everything that a study measured: `study.open("quick")["tuning"]`.

    Parameters
    ----------
    name
        Of a study in `data/` of the working directory, or the path of a study's store, a `.zarr` folder or a published
        `.zarr.zip`. Of a study that is named, the published file is opened where there is no other.

    Returns
    -------
    xarray.DataTree
        A group a measurement; values are read when they are asked for, and units are selected by their layer:
        `.sel(layer="conv2")`. Closed by `.close()` or at the end of `with`.

    Raises
    ------
    StudyError
        When there is no such study, it is damaged, or of another version's form.
    """
    from study.commands.study_folder import DATA
    from study.store import StudyFolder, open_published, open_study

    path, folder = Path(name), StudyFolder(DATA / name)
    if path.suffix == ".zip":
        tree = open_published(path)
    elif path.suffix != ".zarr" and folder.published.is_file() and not folder.compacted.exists():
        tree = open_published(folder.published)
    else:
        tree = open_study(path if path.suffix == ".zarr" else folder.compacted)
    for group in tree.children.values():
        if "unit" in group.dims:
            group.dataset = group.to_dataset(inherit=False).set_xindex("layer")
    return tree
