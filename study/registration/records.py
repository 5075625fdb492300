"""A registration as it was frozen: back from the record that is stored with the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from study.registration.ceilings import DEFAULT_CEILINGS, parsed_ceilings
from study.registration.fields import checked_hypothesis
from study.registration.hypotheses import Registration
from study.registration.learning import parsed_learning, parsed_manipulation
from study.registration.multiverse import parsed_factors
from study.vocabulary.errors import StudyError


def recorded_registration(record: Mapping[str, Any], *, source: str) -> Registration:
    """Return the registration of which `Registration.as_record` is stored.

    Parameters
    ----------
    record
        As stored when the first network started, by this version of the registration's form.
    source
        Where it is stored, for messages.

    Raises
    ------
    StudyError
        When it is not what its digest was taken of, or of a form that an earlier version wrote.
    """
    if not all(isinstance(record.get(part), dict) for part in ("hypotheses", "settings", "profile_settings")):
        raise StudyError(f"{source}: holds no registration; restore it")
    hypotheses = {
        name: checked_hypothesis(fields, f"{source}, hypothesis {name}")
        for name, fields in record["hypotheses"].items()
    }
    ceilings = [{key: _ceiling_fields(one) for key, one in record.get("calibration", {}).items()}]
    registration = Registration(
        hypotheses,
        dict(record["settings"]),
        {profile: dict(values) for profile, values in record["profile_settings"].items()},
        str(record.get("digest")),
        str(record.get("text_digest")),
        parsed_factors([record.get("multiverse", {})], f"{source}, multiverse"),
        parsed_learning([record.get("learning", {})], f"{source}, learning"),
        parsed_ceilings(ceilings, f"{source}, calibration") if ceilings[0] else DEFAULT_CEILINGS,
        parsed_manipulation([record.get("manipulation", {})], f"{source}, manipulation"),
    )
    if registration.as_record() != dict(record):
        raise StudyError(
            f"{source}: the registration stored there has another form than this program's; use the version that wrote it"
        )
    return registration


def _ceiling_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in the block of calibration for one departure."""
    ceilings = {name: _flat(one) for name, one in record["exceptions"].items()}
    names = {key: record[key] for key in ("tests", "measures")}
    return {**names, **_flat(record["ceiling"]), "exceptions": ceilings}


def _flat(ceiling: Mapping[str, Any]) -> dict[str, Any]:
    return {"ceiling": ceiling["share"], "networks": ceiling["networks"], "reason": ceiling["reason"]}
