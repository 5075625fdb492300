"""Lists and tables of FINDINGS.md, as Markdown: networks, the paper's claims, what lies beyond them, known answers, scale."""

from __future__ import annotations

import dataclasses
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
from study.commands.findings.effects import brief_effect
from study.commands.known_answers import known_rows, own_text
from study.config import Config, resolve
from study.experiment.speeds import TRAINING_SPEED
from study.report.ledger_words import absence_label
from study.report.paper_figures import figures_of
from study.report.pictures import leading
from study.report.wording import counted
from study.vocabulary.schema import GENERALIZATION, MATURATION, MEMORIZATION, REARING

PAPER, PAPER_IMAGES = "paper", 40_000  # of the 50,000 official training images a fifth validates


def claims_list(questions: Sequence[QuestionResult]) -> str:
    """Return each claim of the paper, and below it what was registered of it and has a verdict.

    A list, not a table: sentences in narrow columns take twice the space.
    """
    rows = ledger(questions)
    parts = filter(None, (_claim_of_paper(question, rows) for question in questions))
    return "\n\n".join(parts) or "No claim of the paper has a verdict here."


def _claim_of_paper(question: QuestionResult, rows: Sequence[LedgerRow]) -> str:
    results = {one.hypothesis.id: one for one in question.hypotheses if one.verdict not in NO_VERDICT}
    judged = [row for row in rows if row.hypothesis in results]
    if not judged:
        return ""
    section = ", ".join(filter(None, (question.paper_section, figures_of(question.question))))
    said = [
        f"- **{row.registered_verdict}** ({_as_published(row)}). {_registered(results[row.hypothesis])}"
        for row in judged
    ]
    return "\n".join((f"**{section}.** *{question.claim}*\n", *map(_on_one_line, said)))


def _as_published(row: LedgerRow) -> str:
    """Return the verdict of the published analysis, why the two differ where they do, or why there is none."""
    if row.comparison == NOT_COMPARED and row.untested:
        return row.untested
    label = absence_label(row)
    why = (row.difference.rstrip("."), f"published: {label}" if label else "")
    differ = row.comparison == DIFFERENT_VERDICTS
    return "; ".join(filter(None, (f"as published: {row.published_verdict}", *(why if differ else ()))))


def _registered(result: HypothesisResult) -> str:
    """Return what was registered and what was found of it."""
    effect = brief_effect(result) if result.verdict not in NO_VERDICT else result.reason
    return f"{result.hypothesis.claim} {effect[:1].upper()}{effect[1:].rstrip('.')}."


def untested_list(questions: Sequence[QuestionResult]) -> str:
    """Return what was registered of the paper's claims and has no verdict, by the reason."""
    reasons: dict[str, list[LedgerRow]] = {}
    for row in ledger(questions):
        if row.registered_verdict in NO_VERDICT:
            reasons.setdefault(f"{row.registered_verdict}, {row.untested.rstrip('.')}", []).append(row)
    lines = [f"- {reason}: {' '.join(_said(row) for row in group)}" for reason, group in reasons.items()]
    return "\n".join(map(_on_one_line, lines)) or "Each of them has one."


def _said(row: LedgerRow) -> str:
    published = "" if row.published_verdict in NO_VERDICT else f" (as published: {row.published_verdict})"
    return f"{row.claim.rstrip('.')} [{row.paper_section}]{published}."


def beyond_list(questions: Sequence[QuestionResult]) -> str:
    """Return each question that no analysis of the paper reaches, with the hypothesis that stands for it."""
    chosen = [(question, one) for question in questions if (one := leading(question)) and _is_ours(one)]
    said = [
        f"- *{question.title}* **{one.verdict}** ({one.hypothesis.status}). {_registered(one)}"
        for question, one in chosen
    ]
    return "\n".join(map(_on_one_line, said)) or "Nothing beyond the paper was registered."


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
    """Return a row for each arm: epochs, training images where they are known, and each stratum's test accuracy."""
    rows: list[tuple[str, ...]] = []
    for arm, stratum in (
        (GENERALIZATION, "augmentation"),
        (MATURATION, ""),
        (MEMORIZATION, "label_corruption"),
        (REARING, "rearing"),
    ):
        networks = networks_of(study, arm, 1)
        if networks is not None:
            training = networks["training"].to_dataset()
            images = "" if config is None else _train_images(arm, config)
            rows.append((arm, str(training.sizes["epoch"]), images, _accuracies(arm, training, stratum)))
    return _table(("networks trained for", "epochs", "training images", "test accuracy"), rows)


def _accuracies(arm: str, training: xr.Dataset, stratum: str) -> str:
    """Return the test accuracy of each stratum of an arm, with n once where all share it."""
    labels = training[stratum].values if stratum else training["arm"].values
    values = []
    for label in dict.fromkeys(labels.tolist()):
        accuracy = training["test_accuracy"].isel(network=(labels == label).nonzero()[0]).values.astype("f8")
        said = mean_values(accuracy, f"{arm} {label}")
        values.append(dataclasses.replace(said, of=_stratum_words(stratum, label)))
    return own_text(values).strip()


def _stratum_words(stratum: str, label: str | float) -> str:
    """Return what the networks of a stratum are called; nothing where an arm has but one."""
    if stratum == "label_corruption":
        return f"{100 * float(label):.0f} % of labels corrupted"
    if stratum == "augmentation":
        return augmentation_words(str(label))
    return str(label).replace("_", " ") if stratum else ""


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
    return _on_one_line(text).replace("|", "\\|")


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ")
