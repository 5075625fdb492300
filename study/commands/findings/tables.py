"""The tables of FINDINGS.md, as Markdown: the paper's claims, what lies beyond them, known answers, networks, a larger run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import xarray as xr

from study.analysis.core.ledger import ledger
from study.analysis.core.networks import augmentation_words, networks_of
from study.analysis.core.published import NOT_IN_PAPER
from study.analysis.core.results import (
    DIFFERENT_VERDICTS,
    NO_VERDICT,
    NOT_COMPARED,
    HypothesisResult,
    LedgerRow,
    QuestionResult,
)
from study.analysis.known_answers.ours import mean_values
from study.commands.findings.effects import effect_text
from study.commands.known_answers import known_rows, own_text
from study.config import Config, resolve
from study.experiment.speeds import TRAINING_SPEED
from study.report.ledger_words import absence_label
from study.report.paper_figures import figures_of
from study.report.pictures import leading
from study.report.wording import counted
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION, REARING

PAPER, PAPER_IMAGES = "paper", 40_000  # of the 50,000 official training images a fifth validates


def claims_table(questions: Sequence[QuestionResult]) -> str:
    """Return a row for each claim of the paper that has a verdict here, and below it those that have none, with the reason."""
    results = {one.hypothesis.id: one for question in questions for one in question.hypotheses}
    titles = {question.question: question for question in questions}
    rows, last = [], ""
    for row in ledger(questions):
        result = results[row.hypothesis]
        if result.verdict in NO_VERDICT:
            continue
        question = titles[result.hypothesis.question]
        new, last = question.question != last, question.question
        section = ", ".join(filter(None, (question.paper_section, figures_of(question.question))))
        said = (section, question.claim) if new else ("", "")
        rows.append(
            (*said, row.claim, f"**{result.verdict}**; {effect_text(result)}", row.published_verdict, _why(row))
        )
    head = ("section", "the paper says", "registered", "found", "as published", "why they differ here")
    return "\n\n".join(filter(None, (_table(head, rows), _without_verdict(ledger(questions)))))


def _why(row: LedgerRow) -> str:
    """Return why the two analyses differ where they do; why there is no published verdict where there is none."""
    if row.comparison == DIFFERENT_VERDICTS:
        return " ".join(filter(None, (row.difference, f"Published: {label}." if (label := absence_label(row)) else "")))
    return row.untested if row.comparison == NOT_COMPARED else ""


def _without_verdict(rows: Sequence[LedgerRow]) -> str:
    """Return the claims that have no registered verdict, by its reason."""
    reasons: dict[str, list[LedgerRow]] = {}
    for row in rows:
        if row.registered_verdict in NO_VERDICT:
            reasons.setdefault(f"{row.registered_verdict}, {row.untested.rstrip('.')}", []).append(row)
    lines = [f"- {reason}: {' '.join(_said(row) for row in group)}" for reason, group in reasons.items()]
    return "\n".join(("Claims of the paper without a verdict here:\n", *map(_escaped, lines))) if lines else ""


def _said(row: LedgerRow) -> str:
    published = "" if row.published_verdict in NO_VERDICT else f" (as published: {row.published_verdict})"
    return f"{row.claim.rstrip('.')} [{row.paper_section}]{published}."


def beyond_table(questions: Sequence[QuestionResult]) -> str:
    """Return a row for each question that no analysis of the paper reaches: the hypothesis that stands for it."""
    chosen = [(question, one) for question in questions if (one := leading(question)) and _is_ours(one)]
    rows = [
        (
            question.title,
            one.hypothesis.claim,
            f"**{one.verdict}**; {effect_text(one) if one.verdict not in NO_VERDICT else one.reason}",
            one.hypothesis.status,
        )
        for question, one in chosen
    ]
    return (
        _table(("question", "registered", "found", "status"), rows)
        if rows
        else "Nothing beyond the paper was registered."
    )


def _is_ours(result: HypothesisResult) -> bool:
    return result.published_test == NOT_IN_PAPER


def known_answers_table(study: xr.DataTree) -> str:
    """Return a row for each fact that others published, ours beside it, and below what could not be had of them."""
    facts = known_rows(study)
    table = _table(("fact", "published", "here"), [(one.fact, "<br>".join(one.published), one.here) for one in facts])
    missing = [f"- {one.fact}: {one.missing}" for one in facts if one.missing]
    head = "Looked for and left out, since no source with it could be opened and quoted:\n"
    return "\n\n".join(filter(None, (table, "\n".join((head, *missing)) if missing else "")))


def networks_table(study: xr.DataTree, config: Config | None) -> str:
    """Return a row for each arm and stratum: networks, epochs, training images where they are known, and test accuracy."""
    rows: list[tuple[str, ...]] = []
    for arm, stratum in (
        (GENERALIZATION, "augmentation"),
        (MATURATION, ""),
        (MEMORIZATION, "label_corruption"),
        (REARING, "rearing"),
    ):
        networks = networks_of(study, arm, 1)
        if networks is not None:
            rows += _arm_rows(arm, networks["training"].to_dataset(), stratum, config)
    return _table(("networks trained for", "of these", "epochs", "training images", "networks", "test accuracy"), rows)


def _arm_rows(arm: str, training: xr.Dataset, stratum: str, config: Config | None) -> Iterable[tuple[str, ...]]:
    labels = training[stratum].values if stratum else training["arm"].values
    for name in dict.fromkeys(labels.tolist()):
        chosen = training.isel(network=(labels == name).nonzero()[0])
        accuracy = mean_values(chosen["test_accuracy"].values.astype("f8"), f"{arm} {name}")
        images = "" if config is None else _train_images(arm, config)
        of = augmentation_words(name) if stratum == "augmentation" else ""
        of = (
            f"{100 * name:.0f} % of labels corrupted"
            if stratum == "label_corruption"
            else of or (name if stratum else "all")
        )
        shown = own_text([accuracy]).removeprefix(accuracy.of).partition(" (")[0].strip()
        yield arm, of.replace("_", " "), str(training.sizes["epoch"]), images, str(accuracy.n), shown


def _train_images(arm: str, config: Config) -> str:
    images = (config.memorization.train_images if arm == MEMORIZATION else 0) or config.images.train_images
    return f"{images:,}" if images else "all but those for validation"


def scale_text() -> str:
    """Return what a run of the paper's size takes, from the profile of that size and the speed that estimates rest on."""
    config = resolve(PAPER)
    population, repeated = config.population, config.replication
    networks = len(population.augmentations) * (population.seeds + repeated.seeds)
    steps = networks * config.training.epochs * PAPER_IMAGES
    hours = steps / TRAINING_SPEED / 3600
    return (
        f"Training alone: {networks} networks x {config.training.epochs} epochs x {PAPER_IMAGES:,} images ="
        f" {steps / 1e9:.1f} billion image-steps. At {TRAINING_SPEED:,.0f} images a second on one core, as measured, that is"
        f" {hours:,.0f} core-hours: {counted(round(hours / 24 / 2), 'day', 'days')} on two cores,"
        f" {counted(round(hours / 100), 'hour', 'hours')} on a hundred. Measuring, the other arms and repeats come on top:"
        f" `python -m study run --profile {PAPER} --data-dir DIR --dry-run` says how much."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(_escaped, row))} |" for row in rows)])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
