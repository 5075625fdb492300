"""Which networks are trained together in one program: those of an arm, which differ in seed, images shown and labels alone.

A network's place in its program follows from the plan, whatever of it is done: so does what it is, to the last bit.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from study.config.population import PlannedNetwork, networks_together
from study.config.sections import Config


@dataclass(frozen=True)
class Program:
    """Networks that are trained together.

    Attributes
    ----------
    together
        How many places the program has: `execution.networks_per_program`.
    places
        The place of each of its networks that is still to do; the others are empty.
    """

    together: int
    places: tuple[tuple[int, PlannedNetwork], ...]

    @property
    def networks(self) -> tuple[PlannedNetwork, ...]:
        """Return its networks."""
        return tuple(network for _, network in self.places)


def programs(plan: Sequence[PlannedNetwork], config: Config, *, to_do: Collection[str]) -> tuple[Program, ...]:
    """Return the programs that hold networks still to do, in the order of the plan.

    Parameters
    ----------
    plan
        All networks of the study.
    config
        The study.
    to_do
        Keys of those to train.
    """
    made = []
    for (arm, _), networks in itertools.groupby(plan, lambda network: (network.arm, network.initialization_set)):
        members, together = tuple(networks), networks_together(config, arm)
        for start in range(0, len(members), together):
            places = tuple(
                (place, network)
                for place, network in enumerate(members[start : start + together])
                if network.key in to_do
            )
            made.append(Program(together, places))
    return tuple(program for program in made if program.places)
