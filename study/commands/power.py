"""Power before data: what each confirmatory test can find with the networks that a study is about to train."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from study.analysis.core.results import SUPPORTED
from study.analysis.questions import questions
from study.analysis.simulation import Case, Size, Tally, effect_case, is_simulated
from study.analysis.simulation.processes import Request, simulated
from study.commands.console import print_plain
from study.config import Config
from study.registration import Hypothesis, Registration
from study.stats import proportion_interval
from study.vocabulary.architecture import architectures
from study.vocabulary.rearing import FREE, NO_LAYERS
from study.vocabulary.schema import MATURATION

if TYPE_CHECKING:
    from rich.console import Console

STUDIES: Final = 200  # simulated for each hypothesis: power to within seven points
FEWEST_EPOCHS: Final = 3  # of a rank correlation
ENOUGH: Final = 0.5
CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class PowerLine:
    """What one test can find; `tally` is None where it cannot be done, for the reason in `remark`."""

    hypothesis: Hypothesis
    networks: int
    tally: Tally | None
    remark: str

    @property
    def answers(self) -> bool:
        """Return whether the test finds the smallest effect of interest at least as often as not."""
        return self.tally is not None and self.tally.significant.hypothesis >= ENOUGH * self.tally.studies


def networks_planned(hypothesis: Hypothesis, config: Config) -> int:
    """Return how many networks a study trains of those that a hypothesis is about: seeds, where it pairs conditions of rearing."""
    question = questions()[hypothesis.question]
    compared = question.estimands[hypothesis.measure].compared
    if compared is None:
        return _planned(config)[question.arm, question.initialization_set]
    reared = {(one, NO_LAYERS if one == FREE else span) for one in compared for span in hypothesis.layers}
    return config.rearing.seeds if reared <= set(config.reared) else 0


@functools.lru_cache(maxsize=16)  # asked of every hypothesis, and there may be tens of thousands of networks
def _planned(config: Config) -> Counter[tuple[str, int]]:
    from study.config.population import planned_networks

    return Counter((network.arm, network.initialization_set) for network in planned_networks(config, fingerprint=""))


def size_of(networks: int, config: Config) -> Size:
    """Return the size of a study of so many networks with a config's groups, epochs and architecture."""
    return Size(
        networks,
        config.population.augmentations,
        config.memorization.label_corruptions,
        config.maturation.epochs,
        config.ablation.null_draws,
        architectures()[config.network.architecture].unit_counts,
        config.reared,
    )


def impossible(hypothesis: Hypothesis, size: Size, *, architecture: str) -> str:
    """Return why a hypothesis cannot be tested with a study of this size and architecture, '' where it can."""
    question = questions()[hypothesis.question]
    if not hypothesis.is_registered_for(architecture):
        return f"not tested: registered for {hypothesis.network}"
    if not is_simulated(hypothesis):
        return f"not simulated: question {hypothesis.question} has no simulation of its measure {hypothesis.measure}"
    if size.networks == 0:
        return f"not tested: this study trains no such networks (arm {question.arm}, set {question.initialization_set})"
    if size.networks < hypothesis.minimum_networks:
        return f"cannot answer: the registered test needs at least {hypothesis.minimum_networks} networks"
    if hypothesis.strata == "augmentation" and (
        size.networks // len(size.augmentations) < hypothesis.minimum_per_stratum
    ):
        return (
            f"cannot answer: the registered test needs {hypothesis.minimum_per_stratum} networks for each augmentation"
        )
    if question.arm == MATURATION and size.epochs < FEWEST_EPOCHS:
        return f"cannot answer: a correlation over epochs needs at least {FEWEST_EPOCHS}"
    return ""


def power_lines(
    registration: Registration,
    config: Config,
    *,
    workers: int,
    studies: int = STUDIES,
    watch: Callable[[int], None] = lambda done: None,
    only: Collection[str] | None = None,
) -> tuple[PowerLine, ...]:
    """Return the power of every confirmatory hypothesis with the networks that a study trains, in their order.

    Parameters
    ----------
    registration, config
        What is tested, and on what.
    workers
        Processes.
    studies
        Simulated for each hypothesis.
    watch
        Told how many more studies are done.
    only
        Ids of hypotheses; None for all confirmatory ones.
    """
    confirmatory = [one for one in _confirmatory(registration, config) if only is None or one.id in only]
    sizes = {one.id: size_of(networks_planned(one, config), config) for one in confirmatory}
    remarks = {one.id: impossible(one, sizes[one.id], architecture=config.network.architecture) for one in confirmatory}
    cases = {one.id: effect_case(one, sizes[one.id]) for one in confirmatory if not remarks[one.id]}
    requests = [Request(case, studies) for case in cases.values()]
    tallies: Mapping[str, Tally] = dict(
        zip(cases, simulated(requests, root_seed=config.seed, workers=workers, watch=watch), strict=True)
    )
    return tuple(
        PowerLine(one, sizes[one.id].networks, tally := tallies.get(one.id), remarks[one.id] or _remark(tally))
        for one in confirmatory
    )


def _confirmatory(registration: Registration, config: Config) -> list[Hypothesis]:
    """Return the confirmatory hypotheses with the layers of a study's networks."""
    architecture = architectures()[config.network.architecture]
    named = registration.for_network(architecture.name, architecture.layers)
    return [hypothesis for hypothesis in named.hypotheses.values() if hypothesis.is_confirmatory]


def to_simulate(
    registration: Registration, config: Config, *, studies: int = STUDIES, only: Collection[str] | None = None
) -> int:
    """Return how many studies `power_lines` simulates."""
    confirmatory = [one for one in _confirmatory(registration, config) if only is None or one.id in only]
    sizes = [size_of(networks_planned(one, config), config) for one in confirmatory]
    possible = [
        not impossible(one, size, architecture=config.network.architecture)
        for one, size in zip(confirmatory, sizes, strict=True)
    ]
    return studies * sum(possible)


def _remark(tally: Tally | None) -> str:
    if tally is None or tally.significant.hypothesis >= ENOUGH * tally.studies:
        return ""
    return f"cannot be relied on to answer: it misses what it looks for in {1 - tally.significant.hypothesis / tally.studies:.0%}"


def share_text(count: int, studies: int) -> str:
    """Return a share of simulated studies with the interval that their number leaves it, in per cent."""
    interval = proportion_interval(count, studies, confidence_level=CONFIDENCE)
    return f"{count / studies:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def planted_text(case: Case) -> str:
    """Return in words what is there to be found."""
    if case.hypothesis.kind.absence:
        return f"absence ({case.theta:g})"
    return f"{case.theta:g}"


def print_power(lines: Sequence[PowerLine], console: Console, *, studies: int = STUDIES) -> None:
    """Print the table and what it means."""
    from rich.table import Column, Table

    table = Table(Column("hypothesis", no_wrap=True), "networks", "smallest effect", "finds it", "says supported", "")
    for line in lines:
        one = line.hypothesis
        effect = planted_text(effect_case(one, Size(max(line.networks, 1))))
        tally = line.tally
        shares = (
            ("", "")
            if tally is None
            else (
                share_text(tally.significant.hypothesis, tally.studies),
                share_text(tally.findings[SUPPORTED].hypothesis, tally.studies),
            )
        )
        table.add_row(one.id, str(line.networks), effect, *shares, line.remark)
    print_plain(
        console,
        "",
        f"Power of each confirmatory test before any data: {studies} simulated studies each, in which the effect is the"
        " registered smallest one (for a claim of absence: none at all). `finds it`: adjusted p at most alpha in as many"
        " layers as the claim is about, with the 95 % interval of the simulation. `says supported`: the whole registered"
        " rule, which also asks the estimate to reach the smallest effect and so fails in about half of the layers where"
        " the truth is just that.",
    )
    console.print(table)
    weak = [line for line in lines if not line.answers and line.tally is not None]
    missing = [line for line in lines if line.tally is None]
    print_plain(console, _summary(lines, weak, missing))


def _summary(lines: Sequence[PowerLine], weak: Sequence[PowerLine], missing: Sequence[PowerLine]) -> str:
    able = len(lines) - len(weak) - len(missing)
    summary = f"{able} of {len(lines)} confirmatory tests find what they look for at least as often as not."
    if weak:
        summary += f" With these networks it would be missed more often than found by: {_ids(weak)}."
    if missing:
        summary += f" Not tested, or not with so few networks: {_ids(missing)}."
    return summary


def _ids(lines: Sequence[PowerLine]) -> str:
    return ", ".join(line.hypothesis.id for line in lines)
