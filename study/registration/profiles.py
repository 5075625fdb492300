"""The sizes of a study, by profile: they stand in the files of `study/config/profiles`, which are part of what is registered."""

from __future__ import annotations

from typing import Any, Final

from study.config import PROFILES, load_profile

# Where images come from and how the work is done: neither is a size of the study.
UNREGISTERED_SECTIONS: Final = ("study", "execution")
UNREGISTERED_SETTINGS: Final = ("images.source",)


def registered_profiles() -> dict[str, dict[str, Any]]:
    """Return the registered settings of every profile: profile to `section.key` to value."""
    return {profile: _sizes(load_profile(profile)[1]) for profile in PROFILES}


def _sizes(sections: dict[str, dict[str, Any]]) -> dict[str, Any]:
    flat = {
        f"{section}.{key}": value
        for section, settings in sections.items()
        if section not in UNREGISTERED_SECTIONS
        for key, value in settings.items()
    }
    return {key: value for key, value in flat.items() if key not in UNREGISTERED_SETTINGS}
