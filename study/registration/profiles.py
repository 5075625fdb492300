"""The sizes of a study, by profile: they stand in the files of `study/config/profiles`, which are part of what is registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from study.config import PROFILES, Config, as_record, load_profile

# Where images come from, what the study is called and how the work is done: neither is a size of the study. Its seed is
# registered in the settings of preregistration.md, for all profiles alike but one that names its own; how many networks
# learn in a program changes their weights, and one at a time is what is meant.
UNREGISTERED_SECTIONS: Final = ("study", "execution")
UNREGISTERED_SETTINGS: Final = ("images.source", "images.data_dir")
SEED: Final = "study.seed"
TOGETHER: Final = "execution.networks_per_program"


def registered_profiles() -> dict[str, dict[str, Any]]:
    """Return the registered settings of every profile: profile to `section.key` to value."""
    return {profile: _sizes(load_profile(profile)[1]) for profile in PROFILES}


def unregistered_defaults(profiles: Mapping[str, Mapping[str, Any]], profile: str) -> dict[str, Any]:
    """Return what the program does where a registration says nothing, seed and networks in a program included.

    `section.key` to value.

    Parameters
    ----------
    profiles
        Registered settings by profile.
    profile
        The study's. Where it is not among them, nothing stands for the sizes that others register.
    """
    record = as_record(Config())
    defaults = _sizes(record)
    sizes = set().union(*profiles.values()) - {SEED} if profile not in profiles else set()
    return {key: value for key, value in defaults.items() if key not in sizes}


def profile_images(profile: str) -> str:
    """Return the source of images that a profile of the package names, '' for any other profile."""
    return str(load_profile(profile)[1]["images"]["source"]) if profile in PROFILES else ""


def _sizes(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    flat = {
        f"{section}.{key}": value
        for section, settings in sections.items()
        for key, value in settings.items()
        if section not in UNREGISTERED_SECTIONS or f"{section}.{key}" in (SEED, TOGETHER)
    }
    return {key: value for key, value in flat.items() if key not in UNREGISTERED_SETTINGS}
