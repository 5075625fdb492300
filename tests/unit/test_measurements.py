"""A measurement is one declaration: a new one is stored, labelled, keyed, estimated, shown, told and run; nothing else changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import study.experiment.measurements as package
from study.commands.methods import methods
from study.config import SECTIONS, Config, resolve
from study.config.population import planned_networks
from study.execution.estimate import estimate
from study.execution.progress import percent, stages_of
from study.images.preparation.split import Split
from study.store import StudyFolder, compact, open_study, publish_network
from study.vocabulary import discovery
from study.vocabulary.errors import StudyError
from study.vocabulary.measurement import Measurement, measurements, stacked, taken_on
from study.vocabulary.schema import ARMS, groups_of, validate, variables_by_group
from tests.example_networks import example_network
from tests.example_study import study_of

SETTINGS = (
    "images.train_images=200",
    "images.validation_images=60",
    "images.test_images=100",
    "population.seeds=1",
    "population.augmentations=none",
    "maturation.seeds=1",
    "maturation.epochs=3",
    "memorization.seeds=1",
    "memorization.label_corruptions=0.5,1",
    "memorization.epochs=1",
    "rearing.seeds=1",
    "replication.seeds=0",
    "probe.permutations=100",
)
SPARSENESS = '''
"""How few gratings drive a unit."""

import numpy as np

from study.vocabulary.measurement import Cost, Measurement, Stage, Variable

MEASUREMENT = Measurement(
    name="sparseness",
    variables={
        "silent_share": Variable(("state", "unit"), "f", "1", "share of gratings that do not drive the unit"),
        "after_epoch": Variable(("epoch",), "f", "1", "the same after each epoch, mean over units"),
        "image_share": Variable(("quantile",), "f", "1", "quantiles of the share, analysed weights"),
    },
    arms=("memorization",),
    follows=("tuning",),
    settings=("maturation",),
    cost=lambda work: Cost(0.01 * work.test, 7.0),
    coordinates=lambda subject: {"epoch": np.arange(subject.epochs + 1), "quantile": np.array([0.25, 0.5])},
    stage=Stage("count", 2),
    methods=lambda config, study: (("Sparseness", f"Gratings are counted, seed {config.seed}."),),
    in_state=lambda subject: {"silent_share": (subject.responses == 0).mean(axis=(1, 2, 3))},
    after_epoch=lambda subject: {"after_epoch": np.array((subject.shown_gratings() == 0).mean())},
    once_analysed=lambda subject, groups: {
        "image_share": np.quantile(groups["sparseness"]["silent_share"][-1], [0.25, 0.5])
    },
)
'''


def config() -> Config:
    """Return the settings of a very small study."""
    return resolve("quick", assignments=SETTINGS)


def example(arm: str) -> xr.DataTree:
    """Return a small whole network of an arm."""
    return example_network(np.random.default_rng(0), arm=arm, layers={"conv1": 4, "conv2": 4}, draws=3)


def forget() -> None:
    """Forget which measurements there are."""
    discovery.names_in.cache_clear()
    discovery.declared_in.cache_clear()
    measurements.cache_clear()


@pytest.fixture
def sparseness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Measurement]:
    """Add a measurement, as a file in a folder of its own, for the length of a test."""
    (tmp_path / "sparseness.py").write_text(SPARSENESS, encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    forget()
    yield measurements()["sparseness"]
    sys.modules.pop(f"{package.__name__}.sparseness")
    vars(package).pop("sparseness", None)
    forget()


def test_declarations_import_nothing_heavy() -> None:
    """Any process may read them: neither Keras nor a scheduler, SciPy or Zarr comes with all of them."""
    heavy = "{'tensorflow', 'keras', 'dask', 'distributed', 'zarr', 'scipy', 'statsmodels'}"
    script = (
        "import sys\nfrom study.vocabulary.measurement import measurements\nassert len(measurements()) > 8\n"
        f"print(sorted({heavy} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_follows_what_it_reads_and_runs_somehow() -> None:
    """The order is a consequence of the declarations; whatever is taken of trained networks has a function for it."""
    names = list(measurements())
    for place, measurement in enumerate(measurements().values()):
        assert all(names.index(before) < place for before in measurement.follows)
        assert measurement.variables
        assert set(measurement.settings) <= set(SECTIONS)
        runs = (measurement.in_state, measurement.after_epoch, measurement.once_analysed)
        assert any(runs) == bool(set(ARMS) & {*measurement.arms, *measurement.where_asked})
        assert (measurement.on_external is not None) == ("external" in (*measurement.arms, *measurement.where_asked))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('follows=("tuning",)', 'follows=("sparseness",)'), "in a circle"),
        (('name="sparseness"', 'name="tuning"'), "sparseness declares a measurement of the name 'tuning'"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(
    change: tuple[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Following itself, or named as another."""
    (tmp_path / "sparseness.py").write_text(SPARSENESS.replace(*change), encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    forget()
    try:
        with pytest.raises(ValueError, match=message):
            measurements()
    finally:
        sys.modules.pop(f"{package.__name__}.sparseness")
        vars(package).pop("sparseness", None)
        monkeypatch.undo()
        forget()


def test_the_schema_asks_for_a_new_group(request: pytest.FixtureRequest) -> None:
    """Of the arms that it names, behind the measurement that it follows; a network without it is not whole."""
    networks = {arm: example(arm) for arm in ARMS}
    sparseness = request.getfixturevalue("sparseness")
    assert variables_by_group()["sparseness"] == sparseness.variables
    assert [arm for arm in ARMS if "sparseness" in groups_of(arm)] == ["memorization"]
    assert groups_of("memorization").index("sparseness") > groups_of("memorization").index("tuning")
    for arm in ("generalization", "maturation"):
        validate(networks[arm], source="made up")
    with pytest.raises(StudyError, match="made up: group 'sparseness' is missing"):
        validate(networks["memorization"], source="made up")


@dataclass(frozen=True)
class Told:
    """What a study says of its measurements: keys, seconds and megabytes by arm, and headings of the methods text."""

    keys: dict[str, set[str]]
    costs: dict[str, tuple[float, float]]
    headings: set[str]


def told(study: xr.DataTree) -> Told:
    """Return what is said of the measurements that there are now."""
    networks = {arm: [one for one in planned_networks(config(), fingerprint="f") if one.arm == arm] for arm in ARMS}
    split = Split(*(np.arange(size) for size in (200, 60, 100)))
    costs = {arm: estimate(config(), split.sizes, networks[arm][:1], workers=1, journal=[]) for arm in ARMS}
    images = {"description": "Shapes.", "train": 200, "validation": 60, "test": 100}
    return Told(
        keys={arm: {network.key for network in members} for arm, members in networks.items()},
        costs={arm: (60 * cost.minutes, cost.megabytes) for arm, cost in costs.items()},
        headings={heading for heading, _ in methods(config(), study, {"images": images})},
    )


def test_keys_estimates_bars_and_texts_follow(request: pytest.FixtureRequest) -> None:
    """Only networks of its arm get other keys, more seconds and megabytes, a longer bar and another paragraph."""
    study = study_of([example("memorization")])
    study["sparseness"] = xr.Dataset()
    before, bar = told(study), stages_of("memorization")
    request.getfixturevalue("sparseness")
    after = told(study)
    for arm in ("generalization", "maturation"):
        assert (before.keys[arm], before.costs[arm]) == (after.keys[arm], after.costs[arm])
    assert before.keys["memorization"].isdisjoint(after.keys["memorization"])
    assert after.costs["memorization"] == pytest.approx(np.add(before.costs["memorization"], (0.01 * 100, 2 * 7.0)))
    assert after.headings - before.headings == {"Sparseness"}
    assert before.headings < after.headings
    assert bar == {"train": (0.0, 1.0)}
    assert stages_of("memorization") == {"train": (0.0, 0.75), "count": (0.75, 0.25)}
    assert (percent("memorization", "count", 0.5), percent("generalization", "count", 0.5)) == (88, None)


def test_a_setting_that_it_reads_is_part_of_the_key(sparseness: Measurement) -> None:
    """Here one that no network of the arm depends on otherwise."""
    one, other = (
        {network.arm: network.key for network in planned_networks(settings, fingerprint="f")}
        for settings in (config(), resolve("quick", assignments=(*SETTINGS, "maturation.epochs=4")))
    )
    assert {arm for arm in ARMS if one[arm] != other[arm]} == {"maturation", "memorization"}


def test_a_new_measurement_is_taken_stored_and_compacted(sparseness: Measurement, tmp_path: Path) -> None:
    """In both states, after each epoch and once; labelled, published, and read back from the compacted study."""
    from study.experiment.compiled_network import CompiledNetworks
    from study.experiment.one_network import measure_network
    from study.images import load_images
    from study.images.preparation.split import partition, split_images

    settings = config()
    image_set = load_images(settings.images)
    images = partition(image_set, split_images(image_set, settings.images))
    network = next(one for one in planned_networks(settings, fingerprint="f") if one.arm == "memorization")
    measured = measure_network(
        network, settings, images, 10, compiled_networks=CompiledNetworks(), progress=lambda *told: None
    )
    validate(measured.tree, source="measured")
    group = measured.tree["sparseness"].to_dataset()
    assert [measurement.name for measurement in taken_on("memorization", settings)] == list(measured.tree.children)
    assert group["silent_share"].dims == ("state", "unit")
    tuned = measured.tree["tuning"].to_dataset()
    assert group["state"].values.tolist() == ["initial", "analysed"]
    np.testing.assert_array_equal(group["silent_share"] == 1, tuned["silent"].sel(state=group["state"].values))
    assert group["epoch"].values.tolist() == [0, 1]
    np.testing.assert_allclose(group["after_epoch"][[0, -1]], group["silent_share"].mean("unit"), rtol=1e-6)
    share = group["silent_share"].sel(state="analysed")
    np.testing.assert_allclose(group["image_share"], share.quantile([0.25, 0.5], "unit"))
    assert group["quantile"].values.tolist() == [0.25, 0.5]
    assert measured.seconds["sparseness"] >= 0
    folder = StudyFolder(tmp_path / "data")
    publish_network(folder, network.key, measured.tree)
    compact(folder, [network.key], {"config_digest": "c"})
    with open_study(folder.compacted) as study:
        xr.testing.assert_equal(
            study["sparseness"]["silent_share"].isel(network=0, drop=True).load(), group["silent_share"]
        )
        assert study["sparseness"]["after_epoch"].attrs["long_name"].startswith("the same after each epoch")
        assert study.attrs["architecture"] == "cnn7"


def test_arrays_are_stacked_by_name() -> None:
    """Along a new first dimension."""
    arrays = stacked([{"a": np.zeros(2)}, {"a": np.ones(2)}])
    np.testing.assert_array_equal(arrays["a"], [[0, 0], [1, 1]])
