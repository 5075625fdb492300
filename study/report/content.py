"""Everything one report shows, as frozen records. The caller measures, decides and words; the page only lays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from study.analysis.core.results import HypothesisResult, LedgerRow, QuestionResult
from study.analysis.core.tuned_units import RearedUnits, TunedUnits

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Stimuli:
    """The gratings a study shows, one phase of each.

    `images` has the shape (orientation, spatial frequency, height, width), `orientations` is in degrees and
    `frequencies` in cycles per pixel.
    """

    images: npt.NDArray[np.uint8]
    orientations: tuple[float, ...]
    frequencies: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse pictures that do not fit their labels."""
        expected = (len(self.orientations), len(self.frequencies))
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[:2] != expected:
            raise ValueError(
                f"stimuli must be uint8 of shape {(*expected, 'height', 'width')},"
                f" not {self.images.dtype} {self.images.shape}"
            )


@dataclass(frozen=True, kw_only=True)
class ArmTrust:
    """Whether the networks of an arm, in one set of initialisations, can be relied on.

    Attributes
    ----------
    arm, initialization_set
        Which networks.
    learnt
        Whether they pass the registered check; None where none is registered.
    learning
        The medians beside what is needed and what guessing gives, in words.
    manipulation
        What rearing changed, condition by condition, in words.
    accuracy
        Validation accuracy after each epoch, (network, epoch), NaN where a network has no such epoch.
    chance
        The accuracy of guessing.
    trained, planned
        Numbers of networks.
    missing
        A sentence for each planned network that is not there.
    excluded
        A phrase for each test that leaves out networks which are there, because they have no value in a layer.
    power
        What each test that stands for the study can find with these networks, in words as the dry run prints it, and
        whether it finds what it looks for at least as often as not.
    """

    arm: str
    initialization_set: int
    learnt: bool | None
    learning: str
    accuracy: npt.NDArray[np.float64]
    chance: float
    trained: int
    planned: int
    missing: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    power: tuple[tuple[str, bool], ...] = ()
    manipulation: str = ""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to cite a study, to repeat it, and to reach its data.

    `citation` is a line and `bibtex` the entries; `command` repeats the study; `store` is the path of its data, `load` the
    line of xarray that opens it; `registration` says which registration it has, and where one can look.
    """

    citation: str
    bibtex: str
    command: str
    store: str
    load: str
    registration: str


@dataclass(frozen=True, kw_only=True)
class KnownRow:
    """A fact that others published: what each source says, and where; what is so here; what no opened source says."""

    fact: str
    published: tuple[str, ...]
    here: str
    missing: str


@dataclass(frozen=True)
class Report:
    """One report.

    Attributes
    ----------
    title, name, generated
        Heading, the study's name (its folder), and when the report was made.
    questions
        What was concluded, in the order it is shown.
    demonstration
        Whether the study is too small to prove anything; the page then says so above the verdicts.
    methods
        (heading, paragraph) pairs, with the numbers of the resolved config filled in.
    settings
        The resolved config, sections nested.
    provenance
        Data fingerprint, versions, commit, seeds, registration digest, wall time, images per second: label to value.
    networks
        One row a network.
    deviations, failures
        One sentence each: departures from the registration; networks or steps that failed.
    ledger
        A row for every claim of the paper: as published, as registered, and why they may differ.
    summary
        Plain sentences that follow the page's own opening paragraph; may be empty.
    standing
        (heading, sentence) pairs that say what the verdicts stand on and are shown above them: whether the analysis is
        interim, earlier looks, sibling studies, primary hypotheses, false supports to expect.
    interim
        Whether networks that are planned or registered have not been tried: no verdict is then confirmatory, which each
        hypothesis says beside its status.
    units
        Some units of one network, for the gallery; None where none can be shown.
    reared
        Some units of the networks of one seed, one a condition of rearing; None where there are none.
    trust
        Whether each arm's networks can be relied on.
    examples
        (class, pixels) of some of the images, (height, width, 3).
    access
        How to cite and to repeat the study, and where its data are.
    known
        What others published of networks trained on such images, and ours beside it.
    """

    title: str
    name: str
    questions: tuple[QuestionResult, ...]
    networks: pd.DataFrame
    stimuli: Stimuli
    generated: str
    demonstration: bool
    methods: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any]
    provenance: Mapping[str, str]
    deviations: tuple[str, ...] = field(default=())
    failures: tuple[str, ...] = field(default=())
    ledger: tuple[LedgerRow, ...] = field(default=())
    summary: str = ""
    standing: tuple[tuple[str, str], ...] = field(default=())
    interim: bool = False
    units: TunedUnits | None = None
    reared: RearedUnits | None = None
    trust: tuple[ArmTrust, ...] = ()
    examples: tuple[tuple[str, npt.NDArray[np.uint8]], ...] = ()
    access: Access | None = None
    known: tuple[KnownRow, ...] = ()

    @property
    def hypotheses(self) -> tuple[HypothesisResult, ...]:
        """Every hypothesis of every question, in the order shown."""
        return tuple(result for question in self.questions for result in question.hypotheses)

    @property
    def has_second_set(self) -> bool:
        """Whether anything in the report comes from a second set of initialisations."""
        tested = any(result.second is not None for result in self.hypotheses)
        return tested or any(question.second_figures for question in self.questions)
