"""Numbers, verdicts and records as a reader sees them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from study.analysis.core.results import (
    AGREE,
    AGREEMENTS,
    CANNOT_TELL,
    DISAGREE,
    NO_VERDICT,
    NOT_TESTED,
    HypothesisResult,
    LayerResult,
    PublishedLayer,
)
from study.report.content import Report

if TYPE_CHECKING:
    import pandas as pd

UNDEFINED = "\N{EN DASH}"  # where there is no number
SHOWN_AS_ZERO = 5e-5  # what is less is 0 to the precision that is shown
_NOTHING = 1e-9  # what rounding leaves of a zero
_MINUS = "\N{MINUS SIGN}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")  # superscript digits


def number_text(value: float, digits: int = 3) -> str:
    """Return a number with about so many significant digits, a dash for NaN, an infinity sign for infinity, tiny ones as 0."""
    if math.isnan(value):
        return UNDEFINED
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else f"{_MINUS}\N{INFINITY}"
    if abs(value) < SHOWN_AS_ZERO:
        return "0"
    if abs(value) >= 1e7:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa} {_TIMES} 10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", _MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    # From 0.01 on, a column of estimates reads best with no more decimals than its largest entries have.
    return f"{value:.{min(decimals, digits) if abs(value) >= 0.01 else decimals - 1}f}".replace("-", _MINUS)


def setting_text(value: float) -> str:
    """Return a number somebody chose, as it was written: 0.05 and 1, not 0.050 and 1.000."""
    return f"{value:.6g}".replace("-", _MINUS) if math.isfinite(value) else number_text(value)


def pvalue_text(pvalue: float) -> str:
    """Return a p-value as printed: never 0, a dash for NaN."""
    if math.isnan(pvalue):
        return UNDEFINED
    if pvalue < 0.001:
        return "< 0.001"
    return f"{pvalue:.3f}" if pvalue < 0.0995 else f"{pvalue:.2f}"


def interval_text(low: float, high: float) -> str:
    """Return an interval in brackets, or a dash when either end is NaN."""
    if math.isnan(low) or math.isnan(high):
        return UNDEFINED
    return f"[{number_text(low)}, {number_text(high)}]"


def cell_text(value: object) -> str:
    """Return a table cell: flags as yes or no, whole numbers without a decimal point, other numbers to four digits."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if abs(value) < _NOTHING:
            return "0"
        whole = value.is_integer() and abs(value) < 1e7
        return str(int(value)).replace("-", _MINUS) if whole else setting_text(float(f"{value:.4g}"))
    if isinstance(value, list | tuple):
        return ", ".join(cell_text(item) for item in value)
    return str(value).replace("-", _MINUS) if isinstance(value, int) else str(value)


def table_texts(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a table's rows as printed; a column of fractions has the same number of decimals throughout."""
    columns = [
        [pvalue_text(value) for value in table[name]]
        if _holds_pvalues(table, name)
        else _column_texts(table[name].tolist())
        for name in table.columns
    ]
    return list(zip(*columns, strict=True))


def _holds_pvalues(table: pd.DataFrame, name: str) -> bool:
    return table[name].dtype.kind == "f" and name.replace(" ", "_").split("_")[0] in ("p", "pvalue")


def numeric_columns(table: pd.DataFrame) -> list[bool]:
    """Return for each column whether it holds numbers, which are set to the right."""
    return [table[name].dtype.kind in "iuf" for name in table.columns]


def _column_texts(values: Sequence[object]) -> list[str]:
    sizes = sorted(abs(value) for value in values if isinstance(value, float) and math.isfinite(value) and value)
    if not sizes or all(size.is_integer() for size in sizes):
        return [cell_text(value) for value in values]
    decimals = min(max(0, 3 - math.floor(math.log10(sizes[len(sizes) // 2]))), 6)
    return [_fixed_text(value, decimals) for value in values]


def _fixed_text(value: object, decimals: int) -> str:
    if not isinstance(value, float) or not math.isfinite(value):
        return cell_text(value)
    if abs(value) < 0.5 * 10**-decimals:
        return "0"
    return f"{value:.{decimals}f}".replace("-", _MINUS)


def anchor_text(*parts: str) -> str:
    """Return a name that is safe as an HTML id: lower-case letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def settings_rows(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted key, value) for every leaf of a nested config; an empty value is shown as such."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from settings_rows(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", cell_text(value) or "(empty)"


def layer_rows(
    result: HypothesisResult,
) -> list[tuple[str, LayerResult | None, LayerResult | None, PublishedLayer | None]]:
    """Return (layer, registered result, that of the second set, published result) for every layer that has one."""
    registered = {layer.layer: layer for layer in result.layers}
    second = {layer.layer: layer for layer in result.second.layers} if result.second else {}
    published = {layer.layer: layer for layer in result.published_layers}
    names = dict.fromkeys([*registered, *second, *published])
    return [(name, registered.get(name), second.get(name), published.get(name)) for name in names]


def _layers_of_both_sets(result: HypothesisResult) -> tuple[LayerResult, ...]:
    return result.layers + (result.second.layers if result.second else ())


def interval_kinds(result: HypothesisResult) -> list[str]:
    """Return the kinds of interval that occur in a hypothesis' layers, in either set, each once."""
    kinds = dict.fromkeys(layer.ci_kind for layer in _layers_of_both_sets(result))
    return [kind for kind in kinds if kind not in ("", "undefined")]


def entered_text(layer: LayerResult) -> str:
    """Return how many networks entered a layer's test, and how many have no value there, if any."""
    return f"{layer.n} ({layer.n_missing} missing)" if layer.n_missing else str(layer.n)


def networks_sentence(layers: Sequence[LayerResult]) -> str:
    """Return how many networks entered the tests, layers with as many put together: "24 in conv1, conv2; 20 in fc1"."""
    counts: dict[str, list[str]] = {}
    for layer in layers:
        counts.setdefault(entered_text(layer), []).append(layer.layer)
    if len(counts) == 1:
        return f"{next(iter(counts))} in every layer"
    return "; ".join(f"{count} in {', '.join(names)}" for count, names in counts.items())


def shared_note(layers: Sequence[LayerResult | PublishedLayer]) -> str:
    """Return the note that every one of several layers carries, which then stands once, or an empty text."""
    notes = {layer.note for layer in layers}
    return notes.pop() if len(layers) > 1 and len(notes) == 1 else ""


def networks_text(result: HypothesisResult) -> str:
    """Return how many networks entered the test: one number, or the range over layers; 0 when nothing was tested."""
    counts = [layer.n for layer in result.layers] or [0]
    return str(counts[0]) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def share_text(part: int, whole: int) -> str:
    """Return how many of how many, in percent and in numbers; "none" where there are none to count."""
    return f"{100 * part / whole:.0f} % ({part} of {whole})" if whole else "none"


def same_layers(result: HypothesisResult) -> tuple[int, int]:
    """Return in how many layers both sets reach the same verdict, and in how many both reach one."""
    second = {layer.layer: layer.verdict for layer in result.second.layers} if result.second else {}
    pairs = [(layer.verdict, second.get(layer.layer, NOT_TESTED)) for layer in result.layers]
    tested = [pair for pair in pairs if not set(NO_VERDICT) & set(pair)]
    return sum(one == other for one, other in tested), len(tested)


def second_sentence(result: HypothesisResult) -> str:
    """Return what the second set of initialisations says of a hypothesis, and what that means; '' without such a set."""
    if result.second is None:
        return ""
    first, again = result.verdict, result.second.verdict
    meaning = {
        AGREE: f"Both sets of initialisations say {first if first == again else f'{first} and {again}, both against the claim'}:"
        " networks that share nothing with the first ones but the recipe and the images give the same answer.",
        DISAGREE: f"The first set says {first}, the second {again}: the answer depends on which networks happened to be"
        " trained, and neither verdict should be relied on alone.",
        CANNOT_TELL: f"The first set says {first}, the second {again}. At least one of them decides neither way; that a"
        " claim passes its test in one set and not in the other does not show that the sets differ.",
    }[result.second.agreement]
    same, tested = same_layers(result)
    layers = f" Layers with a verdict in both sets: {tested}, with the same verdict in {same}." if tested else ""
    return meaning + layers


def agreement_counts(report: Report) -> list[tuple[str, int]]:
    """Return (agreement, number of hypotheses) of those that were tested again in a second set; empty without one."""
    repeated = [result.second.agreement for result in report.hypotheses if result.second is not None]
    return [(agreement, repeated.count(agreement)) for agreement in AGREEMENTS if agreement in repeated]


def counted(count: int, singular: str, plural: str) -> str:
    """Return the count with its noun in the right number."""
    return f"{count} {singular if count == 1 else plural}"
