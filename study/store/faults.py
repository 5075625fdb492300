"""Named moments of every change to a study's folder, at which a test can kill the process or let the disk refuse.

Nothing happens at them unless a test has put a function into `hook` of this module; no flag, setting or variable of
the environment does that.
"""

from __future__ import annotations

from collections.abc import Callable

PUBLISHING = (
    "network staged",
    "network group written",
    "network read back",
    "network synced",
    "manifest written",
    "network sealed",
    "network renamed",
)
COMPACTING = (
    "study staged",
    "study group written",
    "study consolidated",
    "study sealed",
    "old study moved",
    "study renamed",
    "old study removed",
)
RESULTS = (
    "results staged",
    "results written",
    "old results hidden",
    "old results removed",
    "results sealed",
    "results renamed",
    "results listed",
)
DROPPING = ("damaged results hidden", "damaged results removed")
REPLACING = ("file staged", "file renamed", "file synced")  # the record, and the metadata that hides old results
JOURNAL = ("journal opened", "journal written", "journal synced")
SETTING_ASIDE = ("damaged folder made", "set aside")
SWEEPING = ("entry swept",)
LOCKING = ("lock taken", "lock signed")
STEPS = PUBLISHING + COMPACTING + RESULTS + DROPPING + REPLACING + JOURNAL + SETTING_ASIDE + SWEEPING + LOCKING

hook: Callable[[str], None] | None = None


def reached(step: str) -> None:
    """Do nothing, or what a test has asked for at this step, one of `STEPS`."""
    if hook is not None:
        hook(step)
