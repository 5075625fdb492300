"""How a study stands to its registration: what of it is interim, what departs, who looked before, what is beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import xarray as xr

from study.analysis.core.results import QuestionResult
from study.commands.run.completeness import Completeness
from study.commands.run.deposited import registered_sentence
from study.commands.run.described import DescribedStudy
from study.commands.run.devices import device_deviations
from study.commands.run.false_supports import false_supports_sentence, primary_sentence
from study.commands.run.looks import look_sentences
from study.commands.run.siblings import sibling_sentences
from study.config import as_record
from study.registration.deviations import differences, network_deviations, setting_deviations
from study.store import read_journal, remade_sentences
from study.vocabulary.schema import REGISTRATION_DIGEST

REGISTERED: Final = "Registered first"  # heading of who says so, which may change after the report
SIBLINGS: Final = "Other studies of these images"  # heading of what lies beside a study rather than in it


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a study stands to its registration, in sentences.

    Attributes
    ----------
    interim
        Why verdicts are interim and not confirmatory; empty where every planned network was tried.
    deviations
        Departures from the registration.
    looks
        Every time that results of this study were computed.
    siblings
        Other studies of the same images that lie beside this one.
    primary
        Which hypotheses are primary, and their verdicts; empty where none is.
    false_supports
        How many claims would be supported if none were so.
    remade
        Every time that the compacted study or its results were found changed by somebody else.
    registered
        Who says that what is registered was written before the first network.
    """

    interim: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    primary: str = ""
    false_supports: str = ""
    remade: tuple[str, ...] = ()
    registered: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return what a report says above its verdicts: (heading, words), what is interim first."""
        interim = ("No verdict here is confirmatory.", *self.interim) if self.interim else ()
        parts = {
            "Interim": " ".join(interim),
            REGISTERED: self.registered,
            "Primary hypotheses": self.primary,
            "False supports to expect": self.false_supports,
            "Looks": " ".join(self.looks),
            SIBLINGS: " ".join(self.siblings),
            "Stored data found changed": " ".join(self.remade),
        }
        return tuple((heading, words) for heading, words in parts.items() if words)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what the console says above its verdicts, what is interim first."""
        interim = (f"INTERIM, no verdict here is confirmatory: {' '.join(self.interim)}",) if self.interim else ()
        return (
            *interim,
            *(f"deviation: {line}" for line in self.deviations),
            *self.looks,
            *(f"another study of these images: {line}" for line in self.siblings),
        )

    @property
    def weight(self) -> tuple[str, ...]:
        """Return what the console says below its verdicts: what stands for the study, and what chance alone gives."""
        return (*([f"primary hypotheses: {self.primary}"] if self.primary else []), self.false_supports)


def standing_of(
    plan: DescribedStudy,
    study: xr.DataTree,
    questions: Sequence[QuestionResult],
    missing: Completeness,
    *,
    record: Mapping[str, Any],
    look: int,
) -> Standing:
    """Return how a study stands to its registration.

    Parameters
    ----------
    plan
        The study, and its folder, whose siblings are looked for.
    study
        Compacted: each of its networks says under which registration it was trained.
    questions
        What was concluded.
    missing
        What is not there.
    record
        The study's.
    look
        Number of the look whose results are shown.
    """
    registration, recorded = plan.registration, record["registration"]
    training = study["training"].to_dataset()
    trained_under = training[REGISTRATION_DIGEST].values.tolist()
    deviations = differences(recorded, registration)
    deviations += network_deviations(trained_under, recorded=recorded["digest"], present=registration.digest)
    deviations += device_deviations(study)
    deviations += setting_deviations(registration, as_record(plan.config))
    keys = {network.key for network in plan.networks}
    return Standing(
        interim=missing.interim,
        deviations=tuple(deviations),
        looks=tuple(look_sentences(plan.folder, training["network"].values.tolist(), shown=look)),
        siblings=tuple(sibling_sentences(plan.folder, fingerprint=plan.fingerprint, keys=keys)),
        primary=primary_sentence(questions),
        false_supports=false_supports_sentence(questions),
        remade=tuple(remade_sentences(plan.folder)),
        registered=registered_sentence(plan.folder.path, recorded["digest"], read_journal(plan.folder)),
    )
