"""The report of a study of any profile's size, from networks that nobody trained: does the page stay light?

    .venv/bin/python -m benchmarks.simulated_report paper reports/simulated.html    # 200 + 200, 10 + 10, 60 + 60 networks
    .venv/bin/python -m benchmarks.page reports/simulated.html                      # bytes, elements, screens, seconds

Every planned network is an example of what the schema asks for, with the paper's effects planted; nothing is written to
a store. Power is not simulated: a sentence stands for it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from benchmarks.simulated_study import REGISTRATION, simulated_networks, simulated_record
from study import analysis
from study.commands.run.completeness import completeness
from study.commands.run.conclusion import study_report
from study.commands.run.described import DescribedStudy
from study.commands.run.false_supports import false_supports_sentence, primary_sentence
from study.commands.run.standing import Standing
from study.commands.run.trust import arms_trust, primary_ids
from study.config import Config, resolve
from study.config.population import PlannedNetwork, training_of
from study.experiment.measurements.multiverse import specifications_beside
from study.images import load_images
from study.registration import Registration, read_registration
from study.report.content import Report
from study.report.page import write_report
from study.store import StudyFolder
from study.vocabulary.architecture import architectures
from study.vocabulary.schema import GENERALIZATION, MEMORIZATION
from study.vocabulary.seeding import stream
from tests.example_networks import ANALYSED_GOSI, example_network
from tests.example_study import study_of

AUGMENTATION_LOSS = {"none": 0.4, "shift": 0.1, "flip": 0.2, "shift_flip": 0.0}
LOG_RATIO = {"conv2": 0.9, "conv3": 1.0, "conv4": 0.3}  # of the losses with the top and with the bottom half ablated
GAIN = {"conv2": 0.03, "conv3": 0.03, "conv4": 0.02}  # by how much gOSI rises with a network's quality
CORRUPTION_COST = 0.2  # of gOSI, from no corrupted label to all
MOST_DRAWS = 100  # random halves of a layer; of more the page shows no more


def simulated_tree(config: Config, networks: Sequence[PlannedNetwork]) -> xr.DataTree:
    """Return the compacted study of the networks, as an analysis reads it.

    Networks of an arm are trained equally long; where one has fewer epochs than another, the rest are NaN.
    """
    arms = dict.fromkeys(network.arm for network in networks)
    parts = [study_of([_network(one, config) for one in networks if one.arm == arm]) for arm in arms]
    parts += [study_of([_network(networks[0], config)], groups=["responses"])]  # of which a report asks the size alone
    groups = dict.fromkeys(name for part in parts for name in part.children)
    return xr.DataTree.from_dict(
        {
            f"/{name}": xr.concat(
                [part[name].to_dataset() for part in parts if name in part.children],
                dim="network",
                join="outer",
                data_vars="all",
                combine_attrs="override",
            ).assign_attrs(architecture=config.network.architecture)
            for name in groups
        }
    )


def _network(planned: PlannedNetwork, config: Config) -> xr.DataTree:
    rng = stream(config.seed, planned.identity, "simulation")
    tree = example_network(
        rng,
        arm=planned.arm,
        epochs=training_of(config, planned.arm).epochs,
        draws=min(config.ablation.null_draws, MOST_DRAWS),
        layers=architectures()[config.network.architecture].unit_counts,
        specifications=specifications_beside(config) if planned.arm == GENERALIZATION else (),
        key=planned.key,
        **_planted(planned, float(rng.standard_normal())),
    )
    tree.attrs |= planned.attributes
    return tree


def _planted(planned: PlannedNetwork, quality: float) -> Mapping[str, Any]:
    """Return the options of a network of some quality, which sharpens its tuning and lowers its loss."""
    corrupted = CORRUPTION_COST * planned.label_corruption if planned.arm == MEMORIZATION else 0.0
    gosi = {layer: mean + GAIN.get(layer, 0.0) * quality - corrupted for layer, mean in ANALYSED_GOSI.items()}
    loss = 0.6 + AUGMENTATION_LOSS[planned.augmentation] - 0.05 * quality + planned.label_corruption
    return {"analysed_gosi": gosi, "test_loss": loss, "log_ratio": LOG_RATIO}


def simulated_report(config: Config, registration: Registration) -> Report:
    """Return the report of a simulated study of a config's size."""
    networks = simulated_networks(config)
    study = simulated_tree(config, networks)
    with tempfile.TemporaryDirectory(prefix="simulated-") as place:
        folder = StudyFolder(Path(place))
        record = simulated_record(folder, config, registration)
        plan = DescribedStudy(
            config=config, registration=registration, fingerprint="0", networks=networks, registered={}, folder=folder
        )
        questions = analysis.analyse(study, registration, root_seed=config.seed)
        missing = completeness(networks, [network.key for network in networks], [], registered={})
        power = {name: (f"{name} is not simulated here.", True) for name in primary_ids(plan)}
        trust = arms_trust(plan, study, questions, missing, failures=(), power=power)
        standing = Standing(primary=primary_sentence(questions), false_supports=false_supports_sentence(questions))
        images = load_images(resolve("quick").images)  # which no file is needed for
        return study_report(
            plan, study, questions, record, standing=standing, missing=missing, trust=trust, images=images
        )


def main() -> None:
    """Write the report and say how many networks it is about, and how long it took."""
    parser = argparse.ArgumentParser(description="The report of a simulated study of a profile's size.")
    parser.add_argument("profile", metavar="PROFILE", help="such as quick or paper")
    parser.add_argument("report", type=Path, metavar="REPORT.html")
    arguments = parser.parse_args()
    config, started = resolve(arguments.profile), time.perf_counter()
    report = simulated_report(config, read_registration(REGISTRATION))
    write_report(report, arguments.report)
    networks, size = len(report.networks), arguments.report.stat().st_size / 1e6
    print(f"{arguments.report}: {networks} networks, {size:.2f} MB, made in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
