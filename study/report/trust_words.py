"""Can a run be trusted? The light of each arm, in a glyph and words, and the curves of its networks' training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from study.report.content import ArmTrust
from study.report.wording import counted, number_text

_FULL, _HALF, _EMPTY = "\N{BLACK CIRCLE}", "\N{CIRCLE WITH LEFT HALF BLACK}", "\N{WHITE CIRCLE}"
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 300, 132, 38, 10, 30  # pixels; the frame of the curves stands inside these


@dataclass(frozen=True)
class Light:
    """One arm as the page shows it: a glyph and a word, and rows of (what was asked, the answer)."""

    glyph: str
    word: str
    heading: str
    rows: tuple[tuple[str, str], ...]
    curves: str


def light(trust: ArmTrust) -> Light:
    """Return the light of an arm: full where it learnt and can answer, half where it can answer in part, empty where it cannot."""
    if trust.learnt is False:
        glyph, word = _EMPTY, "did not learn"
    elif trust.missing:
        glyph, word = _HALF, "networks are missing"
    elif not all(finds for _, finds in trust.power):
        glyph, word = _HALF, "learnt, few networks"
    else:
        glyph, word = _FULL, "learnt" if trust.learnt else "trained"
    networks = counted(trust.trained, "network", "networks") + (
        "" if trust.trained == trust.planned else f" of {trust.planned} planned"
    )
    rows = (
        ("Learnt", trust.learning or "No check is registered."),
        *([("Rearing", trust.manipulation)] if trust.manipulation else []),
        ("Networks", f"{networks}; {least_pvalue(trust.trained)}"),
        *([("Power", " ".join(words for words, _ in trust.power))] if trust.power else []),
        ("Failures", _first(trust.missing, " ", 2) or "None."),
        ("Exclusions", f"{left_out}." if (left_out := _first(trust.excluded, "; ", 3)) else "None."),
    )
    return Light(glyph, word, _name(trust), rows, training_curves(trust))


def _first(texts: Sequence[str], between: str, shown: int) -> str:
    """Return the first texts in one, and how many more there are; '' without any."""
    more = [f"{len(texts) - shown} more"] if len(texts) > shown else []
    return between.join([*texts[:shown], *more])


def trust_line(trusts: Sequence[ArmTrust]) -> str:
    """Return in a line how many networks there are, whether they learnt, and what their tests can find."""
    numbers = ", ".join(f"{trust.trained} {_name(trust)}" for trust in trusts)
    checked = [trust for trust in trusts if trust.learnt is not None]
    failed = [_name(trust) for trust in checked if not trust.learnt]
    learnt = f"not learnt: {', '.join(failed)}" if failed else "all arms learnt" if checked else "no learning check"
    finds = [enough for trust in trusts for _, enough in trust.power]
    power = f"power is enough for {sum(finds)} of {len(finds)} primary tests" if finds else ""
    return "; ".join(filter(None, (f"Networks: {numbers}", learnt, power))) + "."


def _name(trust: ArmTrust) -> str:
    return f"{trust.arm}{', second set' if trust.initialization_set != 1 else ''}"


def least_pvalue(networks: int) -> str:
    """Return the least one-sided p-value that sign flips of so many networks can give, in words."""
    if networks < 1:
        return "no test is possible"
    least = 2.0**-networks
    text = number_text(least) if least >= 1e-4 else "below 0.0001"
    return f"the least p that {networks} can give by sign flips: {text}"


def training_curves(trust: ArmTrust) -> str:
    """Return the validation accuracy of every network over its epochs as SVG, with the line of guessing; '' without any."""
    values = trust.accuracy
    epochs = int(np.isfinite(values).any(axis=0).sum()) if values.size else 0
    if epochs < 1:
        return ""
    right, bottom = _WIDTH - 8, _HEIGHT - _BOTTOM
    across = lambda epoch: _LEFT + (right - _LEFT) * (epoch / max(epochs - 1, 1))  # noqa: E731
    down = lambda value: bottom - (bottom - _TOP) * value  # noqa: E731
    lines = "".join(
        "M"
        + "L".join(
            f"{across(place):.1f},{down(value):.1f}" for place, value in enumerate(row[:epochs]) if math.isfinite(value)
        )
        for row in values
        if np.isfinite(row[:epochs]).any()
    )
    guess = ""
    if math.isfinite(trust.chance):
        level = down(trust.chance)
        guess = (
            f'<path d="M{_LEFT},{level:.1f}H{right}" stroke="currentColor" stroke-dasharray="4 3" fill="none"/>'
            f'<text x="{right}" y="{level - 5:.1f}" text-anchor="end">guessing</text>'
        )
    label = f"Validation accuracy of {trust.trained} networks over {epochs} epochs, with the line of guessing"
    return (
        f'<svg class="curves" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{label}">'
        f'<path d="M{_LEFT},{_TOP}V{bottom}H{right}" fill="none" stroke="currentColor" opacity=".5"/>'
        f'<path class="networks" d="{lines}" fill="none" stroke="currentColor" opacity=".55"/>{guess}'
        f'<text x="{_LEFT - 6}" y="{_TOP + 10}" text-anchor="end">1</text>'
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}">epoch 1</text>'
        f'<text x="{right}" y="{_HEIGHT - 10}" text-anchor="end">{epochs}</text></svg>'
    )
