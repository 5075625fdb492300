"""One network of each arm, measured for real: what is stored is what an independent look at the network finds."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from study import tuning
from study.analysis.core.layers import units_of
from study.config import Config, resolve
from study.config.population import PlannedNetwork, planned_networks
from study.experiment.compiled_network import CompiledNetwork, CompiledNetworks
from study.experiment.grating_responses import grating_responses
from study.experiment.one_network import Measured, measure_network
from study.experiment.training import initialize
from study.images import load_images
from study.images.preparation.corruption import corrupted
from study.images.preparation.split import Partition, partition, preprocessed, split_images
from study.tuning.gratings import gratings
from study.vocabulary.schema import TUNED_STATES, groups_of, validate
from study.vocabulary.seeding import stream

SETTINGS = (
    "images.train_images=200",
    "images.validation_images=60",
    "images.test_images=100",
    "training.epochs=1",
    "training.selection=last",
    "population.seeds=1",
    "population.augmentations=none",
    "maturation.seeds=1",
    "maturation.epochs=3",
    "memorization.seeds=1",
    "memorization.label_corruptions=0.5,1",
    "memorization.epochs=2",
    "memorization.train_images=120",
    "replication.seeds=0",
    "probe.permutations=100",
    "ablation.null_draws=20",
    "ablation.null_images=32",
    "shift_invariance.test_images=40",
    "multiverse.readouts=[]",
    "multiverse.gratings=[]",
)
SPECIFICATIONS = (
    "multiverse.readouts=mean,output",
    "multiverse.gratings=min_max,fixed",
    "multiverse.permutations=20",
    "execution.keep_weights=analysed",
)
N_CLASSES = 10
COMPILED = CompiledNetworks()  # this process's, as a worker has them


@pytest.fixture(scope="module")
def config() -> Config:
    """Return the settings of a very small study."""
    return resolve("quick", assignments=SETTINGS)


@pytest.fixture(scope="module")
def images(config: Config) -> Partition:
    """Return its images."""
    image_set = load_images(config.images)
    return partition(image_set, split_images(image_set, config.images))


@pytest.fixture(scope="module")
def planned(config: Config) -> dict[str, PlannedNetwork]:
    """Return a network of each arm; that of the memorization arm learns half corrupted labels."""
    networks: dict[str, PlannedNetwork] = {}
    for network in planned_networks(config, fingerprint="f"):
        networks.setdefault(network.arm, network)
    return networks


def process_network(config: Config, images: Partition) -> CompiledNetwork:
    """Return this process' compiled network, with the weights of the network measured last."""
    shape = images.train_images.shape[1:]
    return COMPILED.of(config.network, shape, N_CLASSES, precision="float32")


def measured(network: PlannedNetwork, config: Config, images: Partition) -> Measured:
    """Return a network, measured."""
    return measure_network(network, config, images, N_CLASSES, compiled_networks=COMPILED, progress=lambda *told: None)


@pytest.fixture(scope="module")
def generalization(planned: dict[str, PlannedNetwork], config: Config, images: Partition) -> Measured:
    """Return the network of the generalization arm, measured."""
    return measured(planned["generalization"], config, images)


def selectivity(compiled: CompiledNetwork, images: Partition, contrast: str = "min_max") -> np.ndarray:
    """Return the gOSI of every unit with the present weights."""
    shown = gratings(32, contrast=contrast)
    responses = grating_responses(compiled.responses, shown, training_mean=images.training_mean, readout="mean")
    return tuning.gosi(tuning.tuning_curve(responses)[0])


def mean_accuracy(compiled: CompiledNetwork, images: np.ndarray, labels: np.ndarray, mean: np.ndarray) -> float:
    """Return the share of images whose label Keras' own inference gives."""
    logits = np.asarray(compiled.model(preprocessed(images, mean), training=False))
    return float((logits.argmax(axis=1) == labels).mean())


@pytest.mark.parametrize("arm", ["maturation", "memorization", "generalization"])
def test_every_arm_is_measured_as_the_schema_says(
    arm: str, generalization: Measured, planned: dict[str, PlannedNetwork], config: Config, images: Partition
) -> None:
    """All of its groups, no others; every stage has taken some time, every image counted."""
    outcome = generalization if arm == "generalization" else measured(planned[arm], config, images)
    validate(outcome.tree, source=arm)
    kernels = ("kernels",) if arm == "generalization" else ()
    assert {*outcome.tree.children} == {*groups_of(arm), *kernels}
    assert outcome.tree.attrs["key"] == planned[arm].key
    shown = {"generalization": 1 * 200, "maturation": 3 * 200, "memorization": 2 * 120}
    assert (outcome.trained_images, outcome.resumed_epoch) == (shown[arm], 0)
    assert min(outcome.seconds.values()) >= 0
    assert ("shift_invariance" in outcome.seconds) == ("shift_invariance" in groups_of(arm))


def test_initial_weights_are_measured_with_their_normalisation_set_right_as_well(
    generalization: Measured, planned: dict[str, PlannedNetwork], config: Config, images: Partition
) -> None:
    """By an independent look: between the two others, other than the first in the layers behind a normalisation alone."""
    network = planned["generalization"]
    tuned = generalization.tree["tuning"].to_dataset()
    assert tuned["state"].values.tolist() == list(TUNED_STATES)
    compiled = process_network(config, images)
    initialize(compiled.model, root_seed=config.seed, network=network.identity)
    np.testing.assert_array_equal(tuned["gosi"].sel(state="initial"), selectivity(compiled, images))
    for layer in compiled.layers:
        normalization = compiled.model.get_layer(f"{layer.name}_bn")
        chosen = np.sort(stream(config.seed, network.identity, "moments").choice(200, 200, replace=False))
        maps = compiled.responses(preprocessed(images.train_images[chosen], images.training_mean))
        received = np.asarray(maps[[one.name for one in compiled.layers].index(layer.name)])
        axes = tuple(range(received.ndim - 1))
        normalization.moving_mean.assign(received.mean(axes))
        normalization.moving_variance.assign(received.var(axes))
    np.testing.assert_allclose(tuned["gosi"].sel(state="initial_normalised"), selectivity(compiled, images), atol=1e-3)
    first = tuned["layer"].values == "conv1"
    same = (tuned["gosi"].sel(state="initial_normalised") == tuned["gosi"].sel(state="initial")).values
    assert same[first].all() and not same[~first].any()
    assert float(units_of(tuned["gosi_null_count"].sel(state="initial_normalised"), "conv2").sum()) == 32 * 10


def test_maturation_is_probed_with_initial_weights_and_after_every_epoch(
    planned: dict[str, PlannedNetwork], config: Config, images: Partition
) -> None:
    """First the gOSI of the initial weights, last that of the weights training ended with; small steps in between."""
    network = planned["maturation"]
    tree = measured(network, config, images).tree
    compiled = process_network(config, images)
    gosi = tree["maturation"]["gosi"]
    assert gosi["epoch"].values.tolist() == [0, 1, 2, 3]
    assert tree["training"]["epoch"].values.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(gosi.sel(epoch=3), selectivity(compiled, images).astype(np.float32))
    initialize(compiled.model, root_seed=config.seed, network=network.identity)
    np.testing.assert_array_equal(gosi.sel(epoch=0), selectivity(compiled, images).astype(np.float32))
    assert all((gosi.sel(epoch=epoch) != gosi.sel(epoch=epoch - 1)).any() for epoch in (1, 2, 3))
    assert float(compiled.optimizer.learning_rate) == pytest.approx(1e-4)


def test_memorization_learns_its_own_labels_and_is_tested_on_true_ones(
    planned: dict[str, PlannedNetwork], config: Config, images: Partition
) -> None:
    """Accuracies by Keras' own inference: on the corrupted labels of the first images, and on the true test labels."""
    network = planned["memorization"]
    assert network.label_corruption == 0.5
    tree = measured(network, config, images).tree
    compiled = process_network(config, images)
    labels = corrupted(
        images.train_labels, rate=0.5, n_classes=N_CLASSES, rng=stream(config.seed, network.training_identity, "labels")
    )[:120]
    assert 0.3 < (labels != images.train_labels[:120]).mean() < 0.6
    training = tree["training"].to_dataset()
    expected = mean_accuracy(compiled, images.train_images[:120], labels, images.training_mean)
    assert float(training["final_train_accuracy"]) == pytest.approx(expected)
    expected = mean_accuracy(compiled, images.test_images, images.test_labels, images.training_mean)
    assert float(training["test_accuracy"]) == pytest.approx(expected)
    assert int(training["analysed_epoch"]) == 2  # the last, whatever the registered rule for the others


@pytest.fixture(scope="module")
def population(images: Partition) -> xr.DataTree:
    """Return the network of the population, which is probed in other ways as well."""
    config = resolve("quick", assignments=(*SETTINGS, *SPECIFICATIONS))
    network = planned_networks(config, fingerprint="f")[0]
    assert network.arm == "generalization"
    outcome = measured(network, config, images)
    assert outcome.seconds["multiverse"] > 0
    validate(outcome.tree, source="population")
    return outcome.tree


def test_other_specifications_change_nothing_else(population: xr.DataTree, generalization: Measured) -> None:
    """Every bit of the other groups is that of the network that is probed in the registered way alone."""
    plain = generalization.tree
    assert "multiverse" not in generalization.seconds
    assert population.attrs["key"] != plain.attrs["key"]
    assert set(plain.children) == {*groups_of("generalization"), "kernels"}
    assert set(population.children) == {
        *groups_of("generalization"),
        "kernels",
        "multiverse",
        "multiverse_ablation",
        "weights",
    }
    for group in plain.children:
        xr.testing.assert_identical(population[group].to_dataset(), plain[group].to_dataset())


def test_weights_are_stored_where_they_are_asked_for(population: xr.DataTree) -> None:
    """All of them, tensor after tensor; the first tensor is the first layer's kernels."""
    weights = population["weights"].to_dataset()
    shapes = [[int(length) for length in row if length] for row in weights["tensor_shape"].values]
    sizes = [int(np.prod(shape)) for shape in shapes]
    assert sum(sizes) == weights.sizes["weight_number"]
    first = weights["weight"].values[: sizes[0]].reshape(shapes[0])
    np.testing.assert_array_equal(np.moveaxis(first, -1, 0), population["kernels"]["kernel"].values)
    assert weights["tensor"].values[0].endswith("kernel")


def test_other_specifications_are_those_of_the_networks_weights(
    population: xr.DataTree, config: Config, images: Partition
) -> None:
    """Both states, in the place of their names; halves of the initial weights' gOSI would lose something else."""
    specifications, tuned = population["multiverse"].to_dataset(), population["tuning"].to_dataset()
    assert specifications["specification"].values.tolist() == ["output/min_max", "mean/fixed", "output/fixed"]
    compiled, network = process_network(config, images), planned_networks(config, fingerprint="f")[0]
    gosi = specifications["gosi"].sel(specification="mean/fixed")
    initialize(compiled.model, root_seed=config.seed, network=network.identity)
    np.testing.assert_array_equal(gosi.sel(state="initial"), selectivity(compiled, images, contrast="fixed"))
    # Fresh normalisation only scales: before training, mean output and mean response have the same gOSI.
    before = {name: values.sel(state="initial") for name, values in (("multiverse", specifications), ("tuning", tuned))}
    np.testing.assert_allclose(
        before["multiverse"]["gosi"].sel(specification="output/min_max"), before["tuning"]["gosi"], atol=1e-5
    )
    losses = population["multiverse_ablation"].to_dataset()
    assert losses["target_loss"].dims == ("specification", "layer", "target")
    registered = population["ablation"]["null_target_loss"]
    assert losses["target_loss"].shape == (3, *registered.shape)
    assert (losses["target_loss"] != registered).any()
    assert losses["layer"].values.tolist() == population["ablation"]["layer"].values.tolist()
    assert specifications["specification"].attrs["long_name"]


def test_halves_and_losses_belong_together(population: xr.DataTree, images: Partition) -> None:
    """Top units have the higher gOSI; losses by class average to the loss, under every clamp."""
    ablation, tuned = population["ablation"].to_dataset(), population["tuning"].to_dataset().sel(state="analysed")
    for layer, size in zip(ablation["layer"].values, ablation["half_size"].values, strict=True):
        of_layer = tuned["layer"].values == layer
        gosi, half = tuned["gosi"].values[of_layer], population["halves"]["ablated"].values[of_layer]
        assert gosi[half == 1].min() >= gosi[half == -1].max()
        assert (half == 1).sum() == (half == -1).sum() == size == np.isfinite(gosi).sum() // 2
    share = np.bincount(images.test_labels, minlength=N_CLASSES) / len(images.test_labels)
    assert ablation["clamp"].values.tolist() == ["output_zero", "relu_zero", "mean", "resample"]
    for whole in ("loss", "accuracy"):
        np.testing.assert_allclose((ablation[f"class_{whole}"] * share).sum("class"), ablation[whole], rtol=1e-6)
        by_class = ablation[f"baseline_class_{whole}"] * share
        assert float(by_class.sum()) == pytest.approx(float(ablation[f"baseline_{whole}"]), rel=1e-6)
    assert float(ablation["baseline_loss"]) == pytest.approx(float(population["training"]["test_loss"]))


def test_curves_ablate_as_many_units_as_they_say(population: xr.DataTree) -> None:
    """The fraction of the units that are not silent, rounded, growing from fraction to fraction."""
    ablation = population["ablation"].to_dataset()
    sizes = ablation["curve_size"].transpose("layer", "fraction").values
    assert (np.diff(sizes, axis=1) >= 0).all()
    units = 2 * ablation["half_size"].values[:, None]
    assert (abs(sizes - ablation["fraction"].values * units) <= 1.5).all()
    assert np.isfinite(ablation["curve_loss"]).all() and ablation["curve_accuracy"].max() <= 1


def test_shifts_are_measured_behind_the_same_halves(population: xr.DataTree) -> None:
    """Conditions in the schema's order; up to the ablated layer nothing differs from the intact network."""
    shift = population["shift_invariance"].to_dataset()
    assert shift["condition"].values.tolist() == [
        "intact",
        "conv2_top",
        "conv2_bottom",
        "conv2_random",
        "conv3_top",
        "conv3_bottom",
        "conv3_random",
    ]
    cv = shift["cv_mean"]
    for layer in ("conv1", "conv2"):
        assert (cv.sel(layer=layer) == cv.sel(layer=layer, condition="intact")).all()
    assert (cv.sel(layer="conv4").isel(condition=slice(1, None)) != cv.sel(layer="conv4", condition="intact")).all()
    total = shift["n_components"] + shift["n_inactive"]
    assert total.sel(condition="intact").values.tolist() == [
        30 * 30 * 32,
        14 * 14 * 32,
        12 * 12 * 64,
        5 * 5 * 64,
        3 * 3 * 128,
        128,
        512,
    ]
