"""The looks at a study's data: what was computed, when, from which networks, and by which version of the analysis."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import study
from study.store import StudyFolder, networks_digest, read_journal, read_looks, taken_look, unreadable_lines
from study.vocabulary.errors import console_line

# The rooms that decide a verdict. The commit would not do: it is unknown to an installed copy, the same for changes that
# were not committed, and another one after changes of mere prose; the version changes with releases alone.
DECIDING_ROOMS: Final = ("analysis", "registration", "stats", "tuning")
_SHOWN = 12  # digits of a digest


@functools.cache
def analysis_version() -> str:
    """Return the program's version, and a digest of the sources that decide what data say."""
    root = Path(study.__file__).parent
    content = hashlib.sha256()
    for room in DECIDING_ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            content.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{study.__version__}+{content.hexdigest()[:_SHOWN]}"


def look_now(folder: StudyFolder, keys: Sequence[str], *, registration_digest: str, interim: bool) -> int:
    """Write down that results of some networks have been computed, before anybody sees them; return the look's number.

    Parameters
    ----------
    folder
        Locked.
    keys
        The networks.
    registration_digest
        Of the registration by which they were judged.
    interim
        Whether more networks are planned or registered than have been tried.
    """
    look = {
        "networks": len(keys),
        "networks_digest": networks_digest(folder, keys),
        "registration_digest": registration_digest,
        "analysis_version": analysis_version(),
        "interim": interim,
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }
    return taken_look(folder, look)


def look_sentences(folder: StudyFolder, keys: Sequence[str], *, shown: int) -> list[str]:
    """Return one sentence for every look at a study's data, and one where the journal may have lost some.

    Parameters
    ----------
    folder
        The study's.
    keys
        Of its networks. One that the journal does not know was published while no run was there to write it down, or
        stood in a journal that was deleted or cut.
    shown
        Number of the look whose results are shown.
    """
    looks = [_sentence(number, look, shown=number == shown) for number, look in enumerate(read_looks(folder), 1)]
    if unreadable := unreadable_lines(folder):
        lines = "line of the journal is" if unreadable == 1 else "lines of the journal are"
        looks.append(f"{unreadable} {lines} not what this program writes, or torn by a kill, and left out.")
    unknown = len(set(keys) - {entry.get("key") for entry in read_journal(folder)})
    if not unknown:
        return looks
    lost = f"The journal has no entry on {unknown} of {len(keys)} networks: where it was cut, earlier looks are not listed."
    return [*looks, lost]


def _sentence(number: int, look: dict[str, Any], *, shown: bool) -> str:
    said = {name: console_line(str(value), longest=60) for name, value in look.items()}
    return (
        f"Look {number} of these data{' (this one)' if shown else ''}: {said.get('time')}, {said.get('networks')} networks"
        f"{', interim' if look.get('interim') else ''}, registration {str(said.get('registration_digest'))[:_SHOWN]},"
        f" analysis {said.get('analysis_version')}."
    )
