"""What a test rested on, network by network, and the words of the axis that it is drawn on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """How the values of an estimand are named.

    Attributes
    ----------
    label
        The words of the axis, without the unit: "mean gOSI beyond that of shuffled responses".
    unit
        What 1 is: "nat", "rank correlation", "share of units".
    higher, lower
        What a value above the null value means, and one below it: "more selective after training".
    of, against
        Of a correlation over networks, the words of its two variables, with their units.
    sides
        Where every value compares measurements of one network, what these are, in the order they are drawn in.
    sides_label
        The words of their axis, with their unit.
    published_alike
        Whether the analysis as published gives its estimate in this unit, so that it can stand on the same axis.
    """

    label: str
    unit: str
    higher: str
    lower: str
    of: str = ""
    against: str = ""
    sides: tuple[str, ...] = ()
    sides_label: str = ""
    published_alike: bool = False

    @property
    def axis(self) -> str:
        """Return the words of the axis with the unit, which is left out where the words say it."""
        return self.label if not self.unit or self.unit in self.label else f"{self.label} ({self.unit})"


@dataclass(frozen=True, slots=True)
class NetworkPoint:
    """One network in one layer, as the test saw it; NaN where it has no value there.

    `network` is a name for readers ("shift · seed 0"), `condition` that of an estimand with several ('' of one without),
    `stratum` the network's registered stratum ('' where there are none), `against` the other variable of a correlation
    over networks, `sides` what `Quantity.sides` names.
    """

    network: str
    layer: str
    value: float
    condition: str = ""
    stratum: str = ""
    against: float = float("nan")
    sides: tuple[float, ...] = ()
