"""The generated tables of `preregistration.md`: one row a hypothesis, and the sizes of every profile.

`python -m study.registration` writes them between the lines that mark their places; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from study.config import PROFILES, as_record, resolve
from study.registration.hypotheses import Hypothesis, Registration
from study.registration.parsing import parsed_registration
from study.registration.profiles import registered_profiles
from study.vocabulary.errors import StudyError, shown
from study.vocabulary.reading import read_text

COMMAND: Final = "python -m study.registration"
FEW_LAYERS: Final = 5  # are named one by one
_PLACE = "<!-- table of {name}, written by " + COMMAND + " -->\n"
_END: Final = "<!-- end of table -->\n"
_SIDES: Final = {"greater": "above", "less": "below", "two-sided": "other than"}


def with_tables(text: str, *, source: str) -> str:
    """Return the text of a registration with its tables as they should be.

    Parameters
    ----------
    text
        The whole file; what stands between the marks of a table is replaced.
    source
        The file's name, for messages.

    Raises
    ------
    StudyError
        When the text registers something malformed, or a table has no place in it.
    """
    tables = {
        "hypotheses": hypotheses_table(parsed_registration(text, source=source)),
        "profile sizes": profiles_table(),
    }
    for name, table in tables.items():
        place = _PLACE.format(name=name)
        before, found_place, rest = text.partition(place)
        _, found_end, after = rest.partition(_END)
        if not (found_place and found_end):
            raise StudyError(
                f"{source}: the table of {name} has no place; write {place.strip()} and {_END.strip()}, each on a line"
            )
        text = f"{before}{place}{table}{_END}{after}"
    return text


def write_tables(path: Path) -> bool:
    """Write the tables of a file where they are not as they should be, and return whether they were not.

    Raises
    ------
    StudyError
        As `with_tables`, and when the file cannot be read.
    """
    before = read_text(path, remedy="name the registration's file")
    after = with_tables(before, source=shown(path))
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before


def hypotheses_table(registration: Registration) -> str:
    """Return a row for every hypothesis: its claim, where in the paper, in which layers, and what decides."""
    header = ("hypothesis", "claim", "section", "network", "layers", "needed", "test", "smallest effect", "status")
    return _markdown(header, (_row(hypothesis) for hypothesis in registration.hypotheses.values()))


def _row(hypothesis: Hypothesis) -> tuple[str, ...]:
    test, effect = hypothesis.test, f"within ±{hypothesis.smallest_effect:g}"
    if not hypothesis.kind.absence:
        test += f", {_SIDES[hypothesis.alternative]} {hypothesis.null_value:g}"
        effect = f"{hypothesis.smallest_effect:g}"
    few = hypothesis.is_about_all_layers or len(hypothesis.layers) <= FEW_LAYERS
    return (
        hypothesis.id,
        hypothesis.claim,
        hypothesis.paper_section,
        hypothesis.network,
        ", ".join(hypothesis.layers) if few else f"{len(hypothesis.layers)} layers",
        hypothesis.layers_required,
        test,
        effect,
        hypothesis.status,
    )


def profiles_table() -> str:
    """Return a row for every setting that some profile sets, with its value in each profile, defaults included."""
    sizes = registered_profiles()
    keys = dict.fromkeys(key for settings in sizes.values() for key in settings)
    records = {profile: as_record(resolve(profile)) for profile in PROFILES}
    rows = (
        (key, *(_value(records[profile], *key.split(".")) for profile in PROFILES))
        for key in sorted(keys, key=lambda key: key.split(".")[0])
    )
    return _markdown(("setting", *PROFILES), rows)


def _value(record: dict[str, Any], section: str, setting: str) -> str:
    value = record[section][setting]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n" for cells in lines)
