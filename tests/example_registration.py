"""Registrations for tests: made-up hypotheses, and the project's own cut down to a few."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Collection
from typing import Any, Final

import pytest

from study.registration import Hypothesis, Registration, parsed_registration
from study.vocabulary.errors import StudyError

FIELDS: Final[dict[str, Any]] = {
    "question": "existence",
    "paper_section": "3.1",
    "claim": "It is so.",
    "estimand": "A mean.",
    "measure": "selective_excess",
    "experimental_unit": "network",
    "network": "cnn7",
    "layers": ["conv1", "conv2"],
    "layers_required": "every",
    "test": "mean",
    "alternative": "greater",
    "n_resamples": 9999,
    "strata": "none",
    "confidence_level": 0.95,
    "alpha": 0.05,
    "family": "made-up",
    "adjustment": "holm",
    "null_value": 0.0,
    "smallest_effect": 0.1,
    "expected_sd": 0.2,
    "estimate_reaches": "null_value",
    "opposite_beyond": "null_value",
    "ruled_out_at": "smallest_effect",
    "exchangeable": "",
    "exclusions": "none",
    "minimum_networks": 8,
    "minimum_per_stratum": 1,
    "status": "confirmatory",
}
LEFT_OUT: Final = object()
_BLOCK: Final = re.compile(r"^```toml hypotheses\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def table(identifier: str = "made-up", **changes: Any) -> str:
    """Return the table of a whole hypothesis with some fields changed, added, or left out (LEFT_OUT)."""
    fields = {key: value for key, value in (FIELDS | changes).items() if value is not LEFT_OUT}
    lines = [f"{key} = {value if isinstance(value, float) else json.dumps(value)}" for key, value in fields.items()]
    return "\n".join([f"[{identifier}]", *lines, ""])


def block(identifier: str = "made-up", **changes: Any) -> str:
    """Return a block that holds the table of one hypothesis."""
    return f"```toml hypotheses\n{table(identifier, **changes)}```\n"


def register(*texts: str) -> Registration:
    """Return what some blocks register, with prose between them."""
    return parsed_registration("# Prose\n\n" + "\nMore prose.\n\n".join(texts), source="pre.md")


def refusal(*texts: str) -> str:
    """Return the one line with which some blocks are refused."""
    with pytest.raises(StudyError) as caught:
        register(*texts)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("pre.md")
    return message


def made_up_hypothesis(identifier: str, **changes: Any) -> Hypothesis:
    """Return a hypothesis with some fields changed to values that the text of a registration might not be allowed."""
    (whole,) = register(block()).hypotheses.values()
    return dataclasses.replace(whole, id=identifier, **changes)


def cut_down(text: str, names: Collection[str]) -> str:
    """Return the text of a registration with the tables of some hypotheses alone, and no block without any."""
    return _BLOCK.sub(lambda match: _kept(match[1], names), text)


def _kept(content: str, names: Collection[str]) -> str:
    shared, *tables = re.split(r"(?m)^(?=\[)", content)
    kept = [one for one in tables if one[1:].split("]", 1)[0] in names]
    return f"```toml hypotheses\n{shared}{''.join(kept)}```" if kept else ""
