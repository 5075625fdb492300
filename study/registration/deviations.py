"""Deviations: how what is done differs from what was registered when the first network started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from study.registration.hypotheses import ALL_LAYERS, Registration


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


def setting_deviations(registration: Registration, record: Mapping[str, Any]) -> list[str]:
    """Return one line for every registered setting from which a resolved config departs.

    Parameters
    ----------
    registration
        What is registered.
    record
        The resolved config by section, as `study.config.as_record` gives it.
    """
    registered = registration.settings | registration.profile_settings.get(record["study"]["profile"], {})
    lines = []
    for key, value in registered.items():
        section, _, name = key.partition(".")
        used = record.get(section, {}).get(name)
        if used != value:
            lines.append(f"{key} is {used!r}, registered is {value!r}")
    return lines
