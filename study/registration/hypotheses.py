"""What a registration holds: hypotheses, the settings they were registered for, and the multiverse of their analyses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from study.registration.ceilings import DEFAULT_CEILINGS, Ceilings
from study.registration.learning import LearningRule, ManipulationRule
from study.registration.multiverse import Factors, plain_factors
from study.registration.test_kinds import TEST_KINDS, StatisticalTest

Alternative = Literal["two-sided", "less", "greater"]
Adjustment = Literal["holm", "none"]
ALTERNATIVES, ADJUSTMENTS = get_args(Alternative), get_args(Adjustment)
COMBINATIONS = ("every", "most", "any")
PRIMARY, CONFIRMATORY, EXPLORATORY = STATUSES = ("primary", "confirmatory", "exploratory")
STRATA = ("augmentation", "label_corruption", "seed", "none")
SMALLEST_EFFECT, NULL_VALUE, NOTHING = BOUNDS = ("smallest_effect", "null_value", "nothing")
MOST_PRIMARY = 4
ALL_LAYERS, ANY_NETWORK = "all", "any"


@dataclass(frozen=True)
class Hypothesis:
    """One registered hypothesis. The experimental unit is the network throughout.

    `measure` names the estimand of the question's analysis, one value per network and layer. `network` is the
    architecture whose layers are named, "any" where the claim is about all layers of whatever network; `layers` is then
    ("all",) until `Registration.for_network` names them. `null_value` is the estimand under the null, `smallest_effect`
    the registered smallest effect of interest: a value of the estimand beyond `null_value`, or the half-width of an
    equivalence margin around it. `expected_sd` is the standard deviation over networks of the estimand that power
    calculations assume; 0 for correlations over networks.

    Every finding is a one-sided test at a bound, adjusted within the family: support at `null_value`, with an estimate
    that reaches `estimate_reaches`; *opposite* at `opposite_beyond`, *ruled out* at `ruled_out_at`, both in the other
    direction. Each of the three names `null_value`, `smallest_effect` or `nothing`. A claim of absence names nothing: it is
    supported within the margins, and an effect is present beyond one. `exchangeable` says why the sides of the comparison
    are exchangeable where the null value is true, so that sign flips alone test it; empty where they need not be.
    """

    id: str
    question: str
    paper_section: str
    claim: str
    estimand: str
    measure: str
    experimental_unit: str
    network: str
    layers: tuple[str, ...]
    layers_required: str
    test: str
    alternative: Alternative
    n_resamples: int
    strata: str
    confidence_level: float
    alpha: float
    family: str
    adjustment: Adjustment
    null_value: float
    smallest_effect: float
    expected_sd: float
    estimate_reaches: str
    opposite_beyond: str
    ruled_out_at: str
    exchangeable: str
    exclusions: str
    minimum_networks: int
    minimum_per_stratum: int
    status: str

    @property
    def kind(self) -> StatisticalTest:
        """Return what holds for tests of this kind."""
        return TEST_KINDS[self.test]

    @property
    def is_primary(self) -> bool:
        """Return whether its p-value is adjusted across the few hypotheses that the study stands for."""
        return self.status == PRIMARY

    @property
    def is_confirmatory(self) -> bool:
        """Return whether its verdict counts: all but the exploratory ones."""
        return self.status != EXPLORATORY

    def bound(self, name: str) -> float | None:
        """Return the value that `estimate_reaches`, `opposite_beyond` or `ruled_out_at` names; None for nothing."""
        return {SMALLEST_EFFECT: self.smallest_effect, NULL_VALUE: self.null_value}.get(name)

    @property
    def is_about_all_layers(self) -> bool:
        """Return whether the layers are those of the network and have not been named yet."""
        return self.layers == (ALL_LAYERS,)

    def is_registered_for(self, architecture: str) -> bool:
        """Return whether the claim is about networks of this architecture."""
        return self.network in (ANY_NETWORK, architecture)

    def as_record(self) -> dict[str, Any]:
        """Return the fields as plain JSON types."""
        return dataclasses.asdict(self) | {"layers": list(self.layers)}


@dataclass(frozen=True)
class Registration:
    """Everything registered: hypotheses by id, and the settings they were registered for.

    `settings` holds `section.key` of the config to the registered value for every profile, `profile_settings` the same
    by profile. `multiverse` holds, by question, the levels of each factor of its analysis, the registered one first;
    `learning` the learning check of every arm, `manipulation` what each condition of rearing must change, `ceilings` how
    often tests may err where their assumptions do not hold.
    `digest` covers the machine-readable part, `text_digest` the whole file.
    """

    hypotheses: dict[str, Hypothesis]
    settings: dict[str, Any]
    profile_settings: dict[str, dict[str, Any]]
    digest: str
    text_digest: str
    multiverse: Factors = dataclasses.field(default_factory=dict)
    learning: dict[str, LearningRule] = dataclasses.field(default_factory=dict)
    ceilings: Ceilings = DEFAULT_CEILINGS
    manipulation: dict[str, ManipulationRule] = dataclasses.field(default_factory=dict)

    def for_network(self, architecture: str, layers: Sequence[str]) -> Registration:
        """Return the registration with the layers of a network named wherever a claim is about all of them.

        Parameters
        ----------
        architecture
            The network's; hypotheses that name another one stay as they are.
        layers
            Names of all its hidden layers, in order.
        """
        named = {
            name: dataclasses.replace(hypothesis, layers=tuple(layers))
            if hypothesis.is_about_all_layers and hypothesis.is_registered_for(architecture)
            else hypothesis
            for name, hypothesis in self.hypotheses.items()
        }
        return dataclasses.replace(self, hypotheses=named)

    def as_record(self) -> dict[str, Any]:
        """Return what is stored with the data when the first network starts."""
        return {
            "digest": self.digest,
            "text_digest": self.text_digest,
            "hypotheses": {name: hypothesis.as_record() for name, hypothesis in self.hypotheses.items()},
            "settings": self.settings,
            "profile_settings": self.profile_settings,
            "multiverse": plain_factors(self.multiverse),
            "learning": {arm: dataclasses.asdict(rule) for arm, rule in self.learning.items()},
            "manipulation": {condition: dataclasses.asdict(rule) for condition, rule in self.manipulation.items()},
            "calibration": {one.name: one.as_record() for one in self.ceilings},
        }
