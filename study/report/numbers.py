"""The numbers of a page against those of the same page made again: what verifies a report."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from study.report.folds import unpacked

# What a page holds that nobody reads as a number: style, program, pictures of pixels, and the chart library.
_ASIDE = re.compile(
    r'<style>.*?</style>|<script>.*?</script>|<script type="application/gzip" id="chart-library">.*?</script>'
    r'|<meta http-equiv="Content-Security-Policy"[^>]*>|data:image/[a-z]+;base64,[A-Za-z0-9+/=]+',
    re.DOTALL,
)
_PACKED = re.compile(r'<script type="application/gzip"[^>]*>([A-Za-z0-9+/=]+)</script>')
_ESCAPED = re.compile(r'<script type="application/json">("(?:[^"\\]|\\.)*")</script>')  # a script puts it in place
_NUMBER = re.compile(r"(?<![\w.])[-\u2212]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TABLE = re.compile(r"\bdata-[0-9a-f]{32}\b")
_PLACE = re.compile(r'\bid="([^"]+)"')
_WORDS = re.compile(r"<[^>]*>")
_SHOWN = 160  # characters of a difference that are told


@dataclass(frozen=True)
class Differences:
    """How two pages differ: how many numbers were compared, and a line for each that differs, or for other text."""

    compared: int
    lines: tuple[str, ...]


def page_differences(written: str, recomputed: str, *, tolerance: float = 0.0) -> Differences:
    """Return how a page differs from the same page made again.

    A number is the same when it differs by no more than one unit of the last digit that is written: what was rounded from
    values that differ in their last bits. `tolerance` is what more it may differ by, relative to itself or absolutely.
    """
    pages = [readable(text) for text in (written, recomputed)]
    compared, lines = 0, []
    for place, before, after in _aligned(*(_lines(page) for page in pages)):
        numbers = [_NUMBER.findall(text) for text in (before, after)]
        compared += len(numbers[0])
        if not _same(before, after, *numbers, tolerance=tolerance):
            lines.append(f"{place}: {_told(before)} is, recomputed, {_told(after)}")
    return Differences(compared, tuple(lines))


def readable(page: str) -> str:
    """Return the text and drawings of a page, what is folded included, without pixels, style and program."""
    text = _ASIDE.sub("", page)
    while _PACKED.search(text) or _ESCAPED.search(text):
        text = _PACKED.sub(lambda match: unpacked(match[1]), text)
        text = _ESCAPED.sub(lambda match: str(json.loads(match[1])), text)
    return text


def _lines(page: str) -> list[str]:
    """Return a page in short pieces, each with at most one element."""
    return [_chart(piece) for piece in re.split(r"(?=<)|\n", page) if piece.strip()]


def _chart(piece: str) -> str:
    """Return a chart's specification with its tables in the order of their use, which Altair names by their digests."""
    start = piece.find('{"$schema"')
    if start < 0:
        return piece
    chart, end = json.JSONDecoder().raw_decode(piece, start)
    tables = chart.pop("datasets", {})
    drawing = json.dumps(chart)
    names = list(dict.fromkeys(name for name in _TABLE.findall(drawing) if name in tables))
    for place, name in enumerate(names):
        drawing = drawing.replace(name, f"table {place}")
    return f"{piece[:start]}{drawing}{json.dumps([tables[name] for name in names])}{piece[end:]}"


def _aligned(first: list[str], second: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield where in the page, and the two texts there, for every piece; pieces that one page lacks stand beside ''."""
    skeletons = [[_NUMBER.sub("#", piece) for piece in pieces] for pieces in (first, second)]
    place = "the beginning"
    if skeletons[0] == skeletons[1]:
        for before, after in zip(first, second, strict=True):
            place = next(iter(_PLACE.findall(before)), place)
            yield place, before, after
        return
    for kind, start, stop, start_2, stop_2 in _opcodes(*skeletons):
        if kind == "equal":
            for before, after in zip(first[start:stop], second[start_2:stop_2], strict=True):
                place = next(iter(_PLACE.findall(before)), place)
                yield place, before, after
        else:
            before, after = "".join(first[start:stop]), "".join(second[start_2:stop_2])
            yield next(iter(_PLACE.findall(before)), place), before, after
            place = next(reversed(_PLACE.findall(before)), place)


def _opcodes(first: Sequence[str], second: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, first, second, autojunk=False).get_opcodes()


def _same(before: str, after: str, numbers: list[str], others: list[str], *, tolerance: float) -> bool:
    if _NUMBER.sub("#", before) != _NUMBER.sub("#", after) or len(numbers) != len(others):
        return False
    return all(_close(number, other, tolerance) for number, other in zip(numbers, others, strict=True))


def _close(number: str, other: str, tolerance: float) -> bool:
    if number == other:
        return True
    values = [float(text.replace("\u2212", "-")) for text in (number, other)]
    unit = 1.001 * max(_last_digit(number), _last_digit(other))
    more = tolerance * max(1.0, *map(abs, values)) if unit else 0.0  # a whole number is a count
    return abs(values[0] - values[1]) <= max(unit, more)


def _last_digit(number: str) -> float:
    """Return the size of one unit of the last digit; whole numbers are counts, of which none is rounded."""
    digits, _, exponent = number.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return 0.0 if not decimals and not exponent else 10.0 ** (int(exponent or 0) - decimals)


def _told(piece: str) -> str:
    text = " ".join(_WORDS.sub(" ", piece).split()) or " ".join(piece.split())
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...") if text else "nothing"
