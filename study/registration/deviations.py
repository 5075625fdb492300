"""Deviations: how what is done differs from what was registered when the first network started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from study.registration.hypotheses import ALL_LAYERS, Registration
from study.registration.profiles import profile_images, unregistered_defaults
from study.vocabulary.digests import digest


def differences(stored: Mapping[str, Any], current: Registration) -> list[str]:
    """Return one line for every difference between the registration stored with the data and the present one.

    Records of version 0.5 and before name no network: every hypothesis was about cnn7 and listed its layers, all of which
    they registered to be ablated. Where nothing else differs, the line says that the form alone changed.

    Parameters
    ----------
    stored
        `Registration.as_record` of the moment the first network started.
    current
        What preregistration.md says now.
    """
    now = current.as_record()
    if stored["digest"] == now["digest"]:
        same_text = stored["text_digest"] == now["text_digest"]
        return [] if same_text else ["The prose of preregistration.md changed; no machine-readable block did."]
    lines = []
    for name in sorted(set(stored["hypotheses"]) | set(now["hypotheses"])):
        before, after = stored["hypotheses"].get(name), now["hypotheses"].get(name)
        if before is None:
            lines.append(f"{name}: registered after the first network started")
        elif after is None:
            lines.append(f"{name}: registered when the first network started, removed since")
        else:
            lines += _changed_fields(name, before, _in_the_form_of(before, after, stored))
    for part in ("settings", "profile_settings"):
        if stored[part] != now[part]:
            lines.append(f"registered {part.replace('_', ' ')}: were {stored[part]}, are now {now[part]}")
    for part, called in (("learning", "learning checks"), ("manipulation", "manipulation checks")):
        if stored.get(part, {}) != now[part]:
            lines.append(f"registered {called}: were {stored.get(part, {})}, are now {now[part]}")
    if stored.get("calibration", {}) != now["calibration"]:
        lines.append("registered ceilings of error rates: are others now; they change no verdict")
    lines += _multiverse_differences(stored.get("multiverse", {}), now["multiverse"])
    return lines or [
        "The form of preregistration.md changed: it names the network of each hypothesis, which the stored registration does"
        " not; every hypothesis, setting and choice of the multiverse is the same."
    ]


def _changed_fields(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return one line for every field of a hypothesis that changed."""
    return [
        f"{name}: {key} was {before.get(key)!r}, is now {after.get(key)!r}"
        for key in after
        if before.get(key) != after.get(key)
    ]


def _in_the_form_of(
    before: Mapping[str, Any], after: Mapping[str, Any], stored: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return a hypothesis as it would have been stored beside another that may be of version 0.5 or before."""
    if "network" in before:
        return after
    all_layers = stored["settings"].get("ablation.layers", after["layers"])
    layers = all_layers if after["layers"] == [ALL_LAYERS] else after["layers"]
    return {key: value for key, value in after.items() if key != "network"} | {"layers": layers}


def _multiverse_differences(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return one line for every factor of the multiverse whose levels changed, appeared or went."""
    before, after = (
        {(question, factor): levels for question, factors in record.items() for factor, levels in factors.items()}
        for record in (stored, now)
    )
    lines = []
    for question, factor in sorted(set(before) | set(after)):
        was, is_now = (levels.get((question, factor), "not registered") for levels in (before, after))
        if was != is_now:
            lines.append(f"multiverse of {question}: {factor} was {was}, is now {is_now}")
    return lines


def is_as_stored(stored: Mapping[str, Any]) -> bool:
    """Return whether a stored registration still has the content that its digest was taken of.

    Parameters
    ----------
    stored
        `Registration.as_record`, as it was read back.
    """
    content = {part: value for part, value in stored.items() if part not in ("digest", "text_digest")}
    try:
        return bool(digest(content) == stored.get("digest"))
    except ValueError:  # NaN, which no registration holds
        return False


def network_deviations(trained_under: Sequence[str], *, recorded: str, present: str) -> list[str]:
    """Return one line for every registration but the recorded one that networks were trained under, with how many.

    Parameters
    ----------
    trained_under
        Digest of the registration that each network was trained under, '' where it does not say.
    recorded
        Digest of the registration in the study's record.
    present
        Digest of the present one.
    """
    lines = []
    for other, count in Counter(trained_under).items():
        of_all = f"{count} of {len(trained_under)} networks"
        if not other:
            lines.append(f"{of_all} do not say under which registration they were trained")
        elif other != recorded:
            which = ", which is the present one" if other == present else ""
            lines.append(
                f"{of_all} were trained under another registration (digest {other[:12]}{which}) than the study's record"
                f" holds ({recorded[:12]})"
            )
    return lines


def setting_deviations(registration: Registration, record: Mapping[str, Any]) -> list[str]:
    """Return one line for every setting in which a resolved config departs from what is registered.

    Registered are the settings of the registration, then the sizes of the profile, then what the program does where
    neither says anything. A profile that is not a registered one is a line; its sizes are then registered nowhere.

    Parameters
    ----------
    registration
        What is registered.
    record
        The resolved config by section, as `study.config.as_record` gives it.
    """
    profile = record["study"]["profile"]
    registered = registration.settings | registration.profile_settings.get(profile, {})
    defaults = unregistered_defaults(registration.profile_settings, profile)
    is_registered = profile in registration.profile_settings
    lines = _other_images(record) if is_registered else [_unregistered_profile(registration, profile)]
    for key, value in (defaults | registered).items():
        section, _, name = key.partition(".")
        used = record.get(section, {}).get(name)
        if used != value:
            meant = f"registered is {value!r}" if key in registered else f"{value!r} where nothing is registered"
            lines.append(f"{key} is {used!r}, {meant}")
    return lines


def _other_images(record: Mapping[str, Any]) -> list[str]:
    """Return the line of a study of other images than its profile's; a profile that no longer is there says nothing."""
    profile, used = record["study"]["profile"], record["images"]["source"]
    meant = profile_images(profile)
    return [f"images.source is {used!r}, profile {profile} has {meant!r}"] if meant not in ("", used) else []


def _unregistered_profile(registration: Registration, profile: str) -> str:
    names = ", ".join(registration.profile_settings)
    return f"profile {profile} is not a registered one, so that its sizes are not registered; registered are {names}"
