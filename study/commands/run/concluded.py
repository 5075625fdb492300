"""What is said at the end of a study: effects with intervals, where everything lies and what to do next; or all as JSON."""

from __future__ import annotations

import collections
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Column, Table

from study.analysis.core.results import NO_VERDICT, REFUTED, SUPPORTED, HypothesisResult, LayerResult, QuestionResult
from study.commands.command import say
from study.commands.console import Manner, print_plain
from study.commands.run.standing import Standing
from study.commands.started import as_started
from study.commands.study_folder import Places
from study.report.answer import answer, shown_layer
from study.report.learning_words import learning_checks, unlearnt_sentences
from study.report.wording import interval_text, number_text
from study.vocabulary.errors import console_line, shown

DEMONSTRATION = "This study is small or uses generated images: it demonstrates the procedure and proves nothing."


@dataclass(frozen=True)
class Concluded:
    """A study that has been analysed: what it concluded, how it stands to its registration, and where it lies."""

    name: str
    questions: tuple[QuestionResult, ...]
    standing: Standing
    failures: tuple[str, ...]
    demonstration: bool
    places: Places

    @property
    def results(self) -> list[HypothesisResult]:
        """Return what became of every hypothesis."""
        return [result for question in self.questions for result in question.hypotheses]

    @property
    def answer(self) -> str:
        """Return the answer of the study in at most forty words."""
        return answer(self.questions).replace("\N{NO-BREAK SPACE}", " ")

    @property
    def following(self) -> tuple[str, ...]:
        """Return the commands that are useful next."""
        return (f"python -m study verify {shown(self.name)}", f"open {shown(self.places.report)}")


def say_conclusion(concluded: Concluded, console: Console, manner: Manner) -> None:
    """Print what was concluded, in the manner asked for."""
    manner.give(lambda: plain_conclusion(concluded))
    if manner.quiet:
        for line in concluded.failures:
            say(line)
    unlearnt = unlearnt_sentences(learning_checks(concluded.questions))
    print_plain(console, *unlearnt, *concluded.standing.lines)
    console.print(effects_table(concluded))
    print_plain(
        console,
        "* primary, in every layer; of others the layer whose number stands for all",
        *(f"{one.hypothesis.id}: {one.reason}" for one in concluded.results if _is_untested(one)),
        *rest_sentences(concluded),
        *([DEMONSTRATION] if concluded.demonstration else []),
        *concluded.standing.weight,
        *concluded.failures,
        concluded.answer,
        *concluded.places.lines,
        *(f"next:   {command}" for command in concluded.following),
    )


def effects_table(concluded: Concluded) -> Table:
    """Return the effects of primary hypotheses, marked by an asterisk, in each layer, and of others decided in one."""
    interim = ", interim" if concluded.standing.interim else ""
    names = ("hypothesis", "verdict", "layer", "effect [interval]")
    columns = [Column(name, no_wrap=True, overflow="fold") for name in names]
    table = Table(*columns, "n", "unit", box=box.SIMPLE_HEAD, show_edge=False)
    for result in filter(_is_listed, concluded.results):
        primary = "* " if result.hypothesis.is_primary else "  "
        name, verdict = f"{primary}{console_line(result.hypothesis.id)}", f"{result.verdict}{interim}"
        for layer, effect, n in _rows(result):
            table.add_row(
                name, verdict, layer, effect, n, console_line(result.quantity.unit if result.quantity else "")
            )
            name, verdict = "", ""
    return table


def _is_listed(result: HypothesisResult) -> bool:
    return result.hypothesis.is_primary or (
        result.hypothesis.is_confirmatory and result.verdict in (SUPPORTED, *REFUTED)
    )


def _is_untested(result: HypothesisResult) -> bool:
    return result.hypothesis.is_primary and result.verdict in NO_VERDICT


def _rows(result: HypothesisResult) -> Iterator[tuple[str, str, str]]:
    """Yield (layer, effect, n): every layer of a primary hypothesis, of another the one whose number stands for it."""
    one = shown_layer(result)
    if one is None:
        yield "-", "none", "0"
        return
    if not result.hypothesis.is_primary:
        others = f" (1 of {len(result.layers)})" if len(result.layers) > 1 else ""
        yield f"{console_line(one.layer)}{others}", _effect(one), str(one.n)
        return
    for layer in result.layers:
        yield console_line(layer.layer), _effect(layer), str(layer.n)


def _effect(layer: LayerResult) -> str:
    return f"{number_text(layer.estimate)} {interval_text(layer.ci_low, layer.ci_high)}"


def rest_sentences(concluded: Concluded) -> tuple[str, ...]:
    """Return how many hypotheses the table leaves out, by status and verdict."""
    counts: dict[str, collections.Counter[str]] = {}
    for result in concluded.results:
        if not _is_listed(result):
            counts.setdefault(result.hypothesis.status, collections.Counter())[result.verdict] += 1
    interim = ", interim" if concluded.standing.interim else ""
    return tuple(
        f"{status}{interim}, in the report alone: {', '.join(f'{number} {verdict}' for verdict, number in verdicts.items())}"
        for status, verdicts in counts.items()
    )


def plain_conclusion(concluded: Concluded) -> Mapping[str, Any]:
    """Return everything as plain JSON types; what is undefined is null."""
    standing = concluded.standing
    return {
        "study": concluded.name,
        "answer": concluded.answer,
        "demonstration": concluded.demonstration,
        "interim": list(standing.interim),
        "deviations": list(standing.deviations),
        "looks": list(standing.looks),
        "failures": list(concluded.failures),
        "hypotheses": [_plain_result(result) for result in concluded.results],
        "paths": concluded.places.plain,
        "next": [as_started(command) for command in concluded.following],
    }


def _plain_result(result: HypothesisResult) -> Mapping[str, Any]:
    return {
        "hypothesis": result.hypothesis.id,
        "status": result.hypothesis.status,
        "verdict": result.verdict,
        "reason": result.reason,
        "pvalue": _number(result.pvalue),
        "published_verdict": result.published_verdict,
        "unit": result.quantity.unit if result.quantity else None,
        "layers": [
            {
                "layer": layer.layer,
                "estimate": _number(layer.estimate),
                "interval": [_number(layer.ci_low), _number(layer.ci_high)],
                "interval_kind": layer.ci_kind,
                "pvalue_adjusted": _number(layer.pvalue_adjusted),
                "networks": layer.n,
                "missing": layer.n_missing,
                "verdict": layer.verdict,
                "note": layer.note,
            }
            for layer in result.layers
        ],
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
