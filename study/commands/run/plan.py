"""A study before its first network: what its command line comes to, refused here where it cannot be done."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from rich.console import Console

from study.commands.console import print_plain, status
from study.commands.run.completeness import registered_counts
from study.commands.run.deposited import deposit_warning
from study.commands.run.described import DescribedStudy
from study.commands.run.devices import networks_in, on_its_device
from study.commands.run.record import check_record, recorded_study
from study.commands.run.registered import registered_by, registration_file
from study.commands.study_folder import DATA, REPORTS
from study.config import Config, resolve
from study.images import load_images
from study.images.image_set import ImageSet
from study.images.preparation.split import Split, split_images
from study.store import StudyFolder
from study.vocabulary.errors import Refusals, refuse_unless, shown

_NULL_IMAGES = "ablation.null_images"


@dataclass(frozen=True, kw_only=True)
class StudyPlan(DescribedStudy):
    """A study whose networks can be trained: with its images and their split."""

    images: ImageSet
    split: Split


def study_plan(arguments: argparse.Namespace, console: Console) -> StudyPlan:
    """Return the plan of a command line; images are read, nothing is written.

    Raises
    ------
    StudyError
        When a setting, the registration or the images cannot be used.
    """
    config = _config(arguments)
    folder = StudyFolder(DATA / config.name)
    record = recorded_study(folder)  # what lies there is refused before images are read
    config = on_its_device(config, record)
    file = registration_file(config.name, arguments.preregistration)
    registration = registered_by(file, record, source=str(folder.record_path))
    warnings = deposit_warning(folder.path, registration.digest)
    with status(console, "reading images"):
        images = load_images(config.images)
        split = split_images(images, config.images)
    _check_sizes(config, split)
    print_plain(
        console,
        f"registration: {shown(file)} (digest {registration.digest[:12]})",
        *warnings,
        f"images: {images.description}",
        *images.remarks,
        f"data and report go to {shown(DATA.absolute() / config.name)} and {shown(REPORTS.absolute())}",
    )
    return StudyPlan(
        config=config,
        registration=registration,
        images=images,
        split=split,
        fingerprint=images.fingerprint,
        networks=networks_in(folder, config, images.fingerprint),
        registered=registered_counts(config, registration),
        folder=folder,
    )


def check_plan(plan: StudyPlan) -> None:
    """Refuse a plan whose folder holds another study."""
    check_record(plan.folder, plan.config, plan.images)


def _config(arguments: argparse.Namespace) -> Config:
    return resolve(
        arguments.profile,
        assignments=arguments.assignments,
        flags={
            "--images": ("images.source", arguments.images),
            "--data-dir": ("images.data_dir", arguments.data_dir),
            "--name": ("study.name", arguments.name),
            "--workers": ("execution.workers", arguments.workers),
            "--device": ("execution.device", arguments.device),
            "--scheduler": ("execution.scheduler", arguments.scheduler),
            "--seed": ("study.seed", arguments.seed),
        },
    )


def _check_sizes(config: Config, split: Split) -> None:
    """Refuse every setting that takes more images than there are."""
    wanted_images = [
        (_NULL_IMAGES, config.ablation.null_images, "test", len(split.test)),
        ("shift_invariance.test_images", config.shift_invariance.test_images, "test", len(split.test)),
    ]
    if config.memorization.seeds or config.replication.memorization_seeds:
        memorized = config.memorization.train_images
        wanted_images.append(("memorization.train_images", memorized, "training", len(split.train)))
    refusals = Refusals()
    for key, wanted, part, available in wanted_images:
        with refusals.kept():
            refuse_unless(
                wanted <= available,
                f"{key} = {wanted} is more than the {available} {part} images; give --set {key}=N with N up to {available}"
                f"{'' if key == _NULL_IMAGES else ', or 0 for all of them'}",
            )
    refusals.check()
