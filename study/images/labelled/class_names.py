"""Which class each output of a network stands for: the folders' sorted names, or a text file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from study.images.files.listing import plain_name
from study.vocabulary.errors import StudyError, refuse_unless, shown
from study.vocabulary.reading import read_text, user_path
from study.vocabulary.text import checked_name


def names_of_outputs(folders: Sequence[str], n_classes: int, *, file: str | None, origin: str) -> tuple[str, ...]:
    """Return the class of each output of a network.

    Parameters
    ----------
    folders
        Names of the class folders, sorted.
    n_classes
        Outputs of the network.
    file
        A text file, one class a line in the order of the outputs; lines without text are passed over. None: the folders
        are in that order.
    origin
        What named the folders, for messages.

    Raises
    ------
    StudyError
        When there are more or fewer classes than outputs, one stands twice, or a folder is none of them.
    """
    if file is None:
        refuse_unless(
            len(folders) == n_classes,
            f"{origin}: holds {len(folders):,} class folders, the network has {n_classes:,} outputs; pass --class-names"
            " FILE, one class a line in the order of the outputs",
        )
        return tuple(folders)
    names = _lines(file)
    refuse_unless(
        len(names) == n_classes,
        f"--class-names {shown(file)}: lists {len(names):,} classes, must list {n_classes:,}, one for each output of the"
        " network",
    )
    for folder in folders:
        if folder not in names:
            near = next((name for name in names if plain_name(name) == plain_name(folder)), None)
            also = f" (it lists {shown(repr(near))})" if near else ""
            raise StudyError(
                f"{origin}: class folder {shown(repr(folder))} is not in --class-names {shown(file)}{also}; add it there or"
                " remove the folder"
            )
    return names


def _lines(file: str) -> tuple[str, ...]:
    """Return the lines of a file that hold text, each of them once."""
    origin, remedy = "--class-names", "give a text file, one class a line"
    text = read_text(user_path(file), origin=origin, remedy=remedy)
    numbered = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    for number, name in numbered:
        checked_name(name, what=f"{origin} {shown(file)} line {number}", remedy="write a name there")
    (most, times), *_ = Counter(name for _, name in numbered).most_common(1) or [("", 0)]
    refuse_unless(
        times <= 1,
        f"{origin} {shown(file)}: lists {shown(repr(most))} {times} times; list each class once",
    )
    return tuple(name for _, name in numbered)
