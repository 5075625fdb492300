"""What was found changed in `study.zarr`, and made again: lines of the journal, each of which every later report tells."""

from __future__ import annotations

import time
from collections.abc import Sequence

from study.store.folder import REMADE, StudyFolder, append_journal, journal_lines
from study.vocabulary.errors import console_line

_NAMED = 3  # problems; the rest is counted


def note_remade(folder: StudyFolder, damage: Sequence[str], *, done: str) -> str:
    """Write down what was wrong with the compacted study and what was done, and return the sentence that says it.

    Parameters
    ----------
    folder
        Locked.
    damage
        One line each, not empty.
    done
        What is done about it.

    Raises
    ------
    StudyError
        When the disk refuses.
    """
    named = "; ".join(damage[:_NAMED])
    more = f"; and {len(damage) - _NAMED} more" if len(damage) > _NAMED else ""
    said = f"{named}{more}: {done}"
    append_journal(folder, {REMADE: {"time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "said": said}})
    return said


def remade_sentences(folder: StudyFolder) -> list[str]:
    """Return one sentence for every time that the compacted study was found changed, in their order."""
    noted = [entry[REMADE] for entry in journal_lines(folder) if isinstance(entry.get(REMADE), dict)]
    return list(dict.fromkeys(console_line(f"{note.get('time')}: {note.get('said')}.") for note in noted))
