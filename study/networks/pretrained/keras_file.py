"""What is in a .keras file from elsewhere: read in Keras' safe mode, or refused with the cause first."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from study.networks import backend  # noqa: F401  registers the layers of cnn7, which .keras files may hold
from study.networks.graph.model_graph import flat_model
from study.networks.pretrained.layer_names import readable_names
from study.vocabulary.errors import StudyError, one_line, refuse_unless, shown
from study.vocabulary.reading import parse_json, refusal

MOST_UNPACKED_BYTES = 1 << 30  # of a file that unpacks to more than
MOST_EXPANSION = 20  # times its size; Keras packs nothing
MOST_TEXT_BYTES = 1 << 26  # of the architecture in JSON, which takes about a thousand a layer
MOST_MEMBERS = 10_000
_CONFIG, _METADATA = "config.json", "metadata.json"
_RESAVE = "save the network anew with model.save('NAME.keras') in Keras 3"
_FOREIGN_CODE = re.compile(
    r"lambda|safe_mode|unsafe|custom_objects|register_keras_serializable|could not locate", re.IGNORECASE
)


def network_in(path: Path) -> tuple[keras.Model, list[str]]:
    """Return the network in a .keras file, and sentences on what was changed to make it readable.

    A network of grey pictures without an axis for channels, (28, 28), is given one. Names that TensorFlow can compute no
    layer under are changed; see `study.networks.pretrained.layer_names.readable_names`.

    Raises
    ------
    StudyError
        When there is no such file, it is damaged or does not load, a weight is no finite number, or the network has no
        graph from one input to one output.
    """
    version = _checked_archive(path)
    try:
        made = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises errors of many types here, and all mean the same to the user
        raise StudyError(_why_not_loaded(path, error, version)) from error
    refuse_unless(isinstance(made, keras.Model), f"{shown(path)} holds a {type(made).__name__}, no network; {_RESAVE}")
    refuse_damaged_weights(made, origin=shown(path), remedy="give a file from before training went wrong")
    remarks = readable_names(made)
    shape = tuple(flat_model(made).inputs[0].shape[1:])  # refuses what cannot be probed before anything else is asked
    if len(shape) == 2 and shape[0] == shape[1] is not None:
        images = keras.Input((*shape, 1), name="images")
        grey = keras.layers.Reshape(shape, name="without_channels")(images)
        made = keras.Model(images, made(grey), name=made.name)
        remarks.append(f"its input {shape} has no axis for channels: it was given grey pictures of {shape[0]} px")
    refuse_unless(
        len(shape) == 3 or len(made.inputs[0].shape) == 4,
        f"{shown(path)} takes an input of shape {shape}: must be a square picture, (size, size, 3), (size, size, 1) or"
        " (size, size); give a network of pictures",
    )
    return made, remarks


def _checked_archive(path: Path) -> str:
    """Return the version of Keras that saved a file, '' where it does not say, once the file is known to be whole.

    Nothing is unpacked before the sizes that the members declare are checked, and no more than those is read.
    """
    try:
        is_file, exists = path.is_file(), path.exists()
    except OSError as error:
        raise refusal(path, f"cannot be read ({error.strerror})", remedy="give a .keras file") from error
    kind = "is a directory" if path.is_dir() else "is no regular file" if exists else "does not exist"
    remedy = "give a .keras file or the name of an application of Keras, such as vgg16"
    refuse_unless(is_file, f"{shown(path)} {kind}: {remedy}")
    refuse_unless(
        path.suffix == ".keras",
        f"{shown(path)}: Keras opens .keras files by that suffix, in lower case; rename the file",
    )
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive)
            damaged = archive.testzip()
            refuse_unless(
                damaged is None, f"{shown(path)}: its part {shown(damaged)} is damaged; give a whole copy of the file"
            )
            config, metadata = (
                parse_json(archive.read(name), what=f"{name} in {shown(path)}", remedy=_RESAVE)
                for name in (_CONFIG, _METADATA)
            )
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        raise StudyError(f"{shown(path)}: {_what_lies_there(path, error)}") from error
    is_network = isinstance(config, dict) and isinstance(config.get("class_name"), str)
    refuse_unless(is_network, f"{shown(path)}: its {_CONFIG} describes no network; {_RESAVE}")
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else ""


def _check_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    members, packed = archive.infolist(), path.stat().st_size
    names = {member.filename for member in members}
    refuse_unless(
        len(members) <= MOST_MEMBERS,
        f"{shown(path)} holds {len(members):,} parts, a network at most {MOST_MEMBERS:,}; {_RESAVE}",
    )
    missing = next((name for name in (_CONFIG, _METADATA) if name not in names), None)
    refuse_unless(
        missing is None,
        f"{shown(path)} is a zip archive without {missing}, no file that Keras saved; {_RESAVE}",
    )
    unpacked = sum(member.file_size for member in members)
    refuse_unless(
        unpacked <= max(MOST_UNPACKED_BYTES, MOST_EXPANSION * packed),
        f"{shown(path)} unpacks from {packed / 1e6:.3g} MB to {unpacked / 1e9:.3g} GB, which no network does; {_RESAVE}",
    )
    for member in members:
        refuse_unless(
            member.filename not in (_CONFIG, _METADATA) or member.file_size <= MOST_TEXT_BYTES,
            f"{shown(path)}: {member.filename} has {member.file_size / 1e6:,.0f} MB, at most {MOST_TEXT_BYTES / 1e6:.0f}"
            f" are read; {_RESAVE}",
        )


def _what_lies_there(path: Path, error: Exception) -> str:
    """Return what is wrong with a file that is no whole zip archive, and what to do."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError:
        start = b""
    if isinstance(error, OSError) and not start:
        return f"cannot be read ({error.strerror or one_line(error)}); give a .keras file"
    if start == b"\x89HDF\r\n\x1a\n":
        return (
            "is an HDF5 file under another name, no .keras file; load it where it was made and save it with"
            " model.save('NAME.keras') in Keras 3"
        )
    if not start:
        return "is empty; give a whole copy of the file"
    if isinstance(error, (NotImplementedError, RuntimeError)):
        return f"is packed as Keras packs no file ({one_line(error)}); {_RESAVE}"
    if start.startswith(b"PK"):
        return f"is cut off or damaged ({one_line(error)}); give a whole copy of the file"
    return f"is no zip archive, as .keras files are; {_RESAVE}"


def _why_not_loaded(path: Path, error: Exception, version: str) -> str:
    """Return why Keras does not load a file: its innermost cause first, then the versions, then what to do."""
    *_, innermost = _causes(error)
    reason = one_line(innermost).rpartition("Exception encountered: ")[2]
    saved = f"saved by Keras {shown(version)}, installed is {keras.__version__}" if version else "of unknown version"
    if _FOREIGN_CODE.search(reason):
        reason = reason.partition(". ")[0]  # what follows is advice to give up safe mode
        remedy = (
            "a file may bring no code of its own, in Lambda layers or layers and functions that Keras does not have"
        )
    elif _is_newer(version):
        remedy = (
            f"install Keras {shown(version)} or newer here, or save the network anew with Keras {keras.__version__}"
        )
    else:
        remedy = f"save the network anew with Keras {keras.__version__}, or give a whole copy of the file"
    return f"{shown(path)} cannot be loaded in Keras' safe mode: {reason} ({saved}); {remedy}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from, the first of them last."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _is_newer(version: str) -> bool:
    return _numbers(version) > _numbers(keras.__version__)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]{1,6}", version)[:3])


def refuse_damaged_weights(model: keras.Model, *, origin: str, remedy: str) -> None:
    """Refuse a network with a weight that is no finite number.

    Raises
    ------
    StudyError
        With the layer, the weight, and how many of its numbers are NaN or infinite.
    """
    for weight in model.weights:
        n_damaged = _n_not_finite(weight)
        layer = f"/{weight.path}".split("/")[-2]
        refuse_unless(
            n_damaged == 0,
            f"{origin}: layer {shown(layer)}: {n_damaged:,} of the {np.size(weight):,} numbers of its {shown(weight.name)} are"
            f" NaN or infinite, so nothing behind them can be read; {remedy}",
        )


def _n_not_finite(weight: Any) -> int:
    values = np.asarray(weight)
    if values.dtype.kind in "biuSU":
        return 0
    return int(values.size - np.isfinite(values.astype(np.float64, copy=False)).sum())
