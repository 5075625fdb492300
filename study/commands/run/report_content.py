"""The words and tables of a report that come from the config, the record and the journal rather than from a test."""

from __future__ import annotations

import collections
import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from study.analysis.core.ledger import ledger
from study.analysis.core.networks import network_names
from study.analysis.core.reared_units import reared_units
from study.analysis.core.results import QuestionResult
from study.analysis.core.unit_choice import tuned_units
from study.commands.known_answers import known_rows
from study.commands.methods import methods
from study.commands.run.devices import kinds_of
from study.commands.run.standing import Standing
from study.commands.study_folder import commit_words, software_provenance
from study.config import Config, as_record
from study.images import load_images
from study.images.image_set import ImageSet
from study.report.content import Access, ArmTrust, Report, Stimuli
from study.tuning.gratings import gratings
from study.vocabulary.device import counted_kinds
from study.vocabulary.errors import StudyError
from study.vocabulary.image_source import image_sources
from study.vocabulary.schema import GENERALIZATION

# Fewer than this of arm generalization in the first set, or generated images, and the report says that it proves nothing.
DEMONSTRATION_NETWORKS = 24
MOST_EXAMPLES = 10


def report_of(
    questions: tuple[QuestionResult, ...],
    config: Config,
    study: xr.DataTree,
    *,
    record: Mapping[str, Any],
    journal: Sequence[Mapping[str, Any]],
    standing: Standing,
    failures: Sequence[str],
    trust: tuple[ArmTrust, ...] = (),
    access: Access | None = None,
    images: ImageSet | None = None,
) -> Report:
    """Return everything the report shows.

    Parameters
    ----------
    questions
        What was concluded.
    config, record
        The resolved config, and what was stored when the study began.
    study
        The compacted study.
    journal
        Timings.
    standing
        How the study stands to its registration.
    failures
        One sentence each.
    trust, access
        Whether each arm can be relied on; how the study is cited, repeated and opened.
    images
        What the networks saw, where they are at hand.
    """
    networks = _networks_table(study, journal)
    return Report(
        title="Do orientation-selective units cause generalisation in image recognition?",
        name=config.name,
        questions=questions,
        networks=networks,
        stimuli=_stimuli(study, config),
        generated=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        demonstration=is_demonstration(config, study),
        methods=methods(config, study, record),
        settings=as_record(config),
        provenance=_provenance(study, record, journal),
        deviations=standing.deviations,
        standing=standing.rows,
        interim=bool(standing.interim),
        failures=tuple(failures),
        ledger=ledger(questions),
        units=tuned_units(study, root_seed=config.seed),
        reared=reared_units(study),
        summary=_summary(record["images"]),
        trust=trust,
        access=access,
        examples=examples(images) if images is not None else (),
        known=known_rows(study) if image_sources()[config.images.source].photographs else (),
    )


def examples(images: ImageSet) -> tuple[tuple[str, NDArray[np.uint8]], ...]:
    """Return (class, pixels) of ten images at most: the first of each class, then the second of each, and so on."""
    of_class = [np.flatnonzero(images.labels == label)[:MOST_EXAMPLES] for label in np.unique(images.labels)]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*of_class))
    chosen = list(itertools.islice((place for place in in_turn if place is not None), MOST_EXAMPLES))
    return tuple((images.class_names[images.labels[place]], images.images[place]) for place in chosen)


def _summary(images: Mapping[str, Any]) -> str:
    """Return which images the networks saw, and whether what lay with them was left out or changed."""
    said = " Of what lay with them something was left out, or changed as it was read: see Methods."
    return f"{images['description'].rstrip('.')}.{said if images.get('remarks') else ''}"


def shown_images(config: Config, images: ImageSet | None) -> ImageSet | None:
    """Return the images that a report shows some of: those at hand, or those that the program itself draws."""
    if images is None and not image_sources()[config.images.source].needs_data_dir:
        return load_images(config.images)
    return images


def is_demonstration(config: Config, study: xr.DataTree) -> bool:
    """Return whether a study is too small to prove anything, or of generated images."""
    generated = not image_sources()[config.images.source].photographs
    return generated or _n_generalizing(study) < DEMONSTRATION_NETWORKS


def _n_generalizing(study: xr.DataTree) -> int:
    """Return how many networks of the first set were trained to generalise."""
    training = study["training"].to_dataset()
    counted = (training["arm"] == GENERALIZATION) & (training["initialization_set"] == 1)
    return int(counted.sum())


def _networks_table(study: xr.DataTree, journal: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    training = study["training"].to_dataset().drop_dims("epoch")
    seconds = {entry["key"]: entry.get("seconds") for entry in journal}
    columns = {
        "network": list(network_names(training)),
        "key": training["network"].values.tolist(),
        "arm": training["arm"].values.tolist(),
        "set": training["initialization_set"].values,
        "augmentation": training["augmentation"].values.tolist(),
        "label corruption": training["label_corruption"].values,
        "seed": training["seed"].values,
        "test accuracy": training["test_accuracy"].values,
        "train accuracy": training["final_train_accuracy"].values,
        "test loss": training["test_loss"].values,
        "train loss": training["final_train_loss"].values,
        "analysed epoch": training["analysed_epoch"].values,
    }
    return pd.DataFrame(columns).assign(seconds=[float(seconds.get(key) or np.nan) for key in columns["key"]])


def _stimuli(study: xr.DataTree, config: Config) -> Stimuli:
    shown = gratings(config_image_size(study), contrast=config.probe.contrast)
    return Stimuli(
        images=np.round(shown.images[:, :, 0] * 255).astype(np.uint8),
        orientations=tuple(shown.orientation.tolist()),
        frequencies=tuple(shown.spatial_frequency.tolist()),
    )


def config_image_size(study: xr.DataTree) -> int:
    """Return the image size in pixels, from the number of spatial frequencies shown (size / 4 + 1).

    Raises
    ------
    StudyError
        When no network of arm `generalization` is there, whose responses alone are stored.
    """
    if "responses" not in study.children:
        raise StudyError(
            "no network of arm generalization was trained, and a report needs one; see the study's journal"
        )
    return 4 * (study["responses"].sizes["spatial_frequency"] - 1)


def _later_commits(record: Mapping[str, Any], done: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return how many networks were trained by another commit of the program than the study was begun with."""
    first = commit_words(record["git"])
    counts = collections.Counter(entry["commit"] for entry in done if entry.get("commit", first) not in ("", first))
    return (
        {"networks by other commits": "; ".join(f"{commit}: {count}" for commit, count in counts.items())}
        if counts
        else {}
    )


def _provenance(study: xr.DataTree, record: Mapping[str, Any], journal: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    timed = {"seconds", "images_per_second", "peak_memory_bytes"}
    done = [entry for entry in journal if not entry.get("failure") and timed <= entry.keys()]
    lines = {
        "images": record["images"]["description"],
        "images left out or changed": "; ".join(record["images"].get("remarks", ())) or "none",
        "image fingerprint": record["images"]["fingerprint"],
        "registration digest": record["registration"]["digest"],
        "config digest": record["config_digest"],
        "root seed": str(record["config"]["study"]["seed"]),
        **software_provenance(record),
        **_later_commits(record, done),
        "networks": str(study["training"].sizes["network"]),
        "networks by device": counted_kinds(kinds_of(study)),
    }
    if done:
        # One whose training an earlier run had finished trained no image in this one.
        speeds = [entry["images_per_second"] for entry in done if entry["images_per_second"]]
        lines |= {
            "computing time of the networks, all workers": f"{sum(entry['seconds'] for entry in done) / 60:.1f} minutes",
            "training speed, per worker": f"{np.median(speeds or [0]):.0f} images per second (median)",
            "peak memory of a worker": f"{max(entry['peak_memory_bytes'] for entry in done) / 2**30:.2f} GiB",
        }
    return lines
