"""Losses are those of a network with the units really held where the clamp says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import scipy.stats

from study.config import CLAMPS, AblationConfig
from study.experiment.measurements.ablation import arrays as ablate
from study.experiment.measurements.ablation.arrays import ablation_arrays, other_images
from study.experiment.measurements.ablation.blocks import block_means, block_members
from study.experiment.measurements.activity.arrays import activity_arrays
from study.experiment.unit_sets import SPARSENESS, control_halves, cumulative_sets, half_of_units, layer_halves
from study.images.preparation.split import preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, responses_model
from study.networks.interventions import clamped
from study.networks.interventions.clamped import ClampedNetwork
from study.vocabulary.schema import CONTROLS, FRACTIONS, HALVES, ORDERS, TARGETS, described, variables_by_group
from study.vocabulary.seeding import stream
from tests.tiny_network import N_CLASSES, UNITS, scramble, tiny_network, tiny_partition

CONFIG = AblationConfig(layers=("fc1", "conv2", "conv1"), null_draws=20, null_images=32)
NULL_IMAGES = np.arange(2, 34)
Ablated = Callable[..., np.ndarray]
STARTS = dict(zip(UNITS, np.cumsum([0, *UNITS.values()]), strict=False))


def rng(seed: int = 0) -> np.random.Generator:
    """Return a generator."""
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def network() -> ClampedNetwork:
    """Return a scrambled tiny network, compiled once."""
    backend.configure_process()
    model = tiny_network()
    scramble(model, rng(7))
    return ClampedNetwork.of(model, hidden_layers(model))


@pytest.fixture(scope="module")
def gosi() -> np.ndarray:
    """Return the selectivity of the 24 units: conv1 with two silent, conv2 with ties, fc1 without either."""
    return np.r_[[0.2, np.nan, 0.6, 0.1, np.nan, 0.4], np.repeat([0.3, 0.7], 4), np.linspace(0.9, 0, 10)]


@pytest.fixture(scope="module")
def activity(network: ClampedNetwork) -> dict[str, Any]:
    """Return what the units do on photographs, and how sparse their responses are: another in each, silent or not."""
    forward = backend.compiled_forward(responses_model(network.model, network.layers))
    sparseness = {SPARSENESS: rng(3).random(24)}
    return activity_arrays(forward, network.model, network.layers, tiny_partition()) | sparseness


def streams(seed: int) -> Callable[[str], np.random.Generator]:
    """Return random streams by name."""
    return lambda name: stream(seed, "tiny", name)


def arrays(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], config: AblationConfig = CONFIG, **changes: Any
) -> dict[str, Any]:
    """Return the ablation of the tiny network and its halves, with some arguments changed."""
    options = {"baseline": (1.5, 0.4), "null_images": NULL_IMAGES, "streams": streams(8)} | changes
    partition = options.pop("partition", tiny_partition())
    halves = layer_halves(gosi, network.layers, rng=rng(6))
    ablated = half_of_units(halves, config.layers)
    return ablation_arrays(network, partition, gosi, halves, activity, config, **options) | {"ablated": ablated}


@pytest.fixture(scope="module")
def measured(network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]) -> dict[str, Any]:
    """Return the ablation of the tiny network."""
    return arrays(network, gosi, activity)


def half(measured: dict[str, Any], name: str, target: int) -> np.ndarray:
    """Return the mask of a layer's top (0) or bottom (1) half, as it is recorded."""
    return measured["ablated"][STARTS[name] : STARTS[name] + UNITS[name]] == (1, -1)[target]


# The slow way: Keras in two pieces, NumPy between and behind them


def image_scores(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return cross-entropy and correctness of each image, in float64: (score, image)."""
    shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return np.stack([losses, logits.argmax(axis=1) == labels])


def by_hand(model: keras.Model, name: str, mask: np.ndarray, clamp: str, others: np.ndarray) -> np.ndarray:
    """Return the scores of all test images with units held unit by unit, from definitions: (score, image)."""
    partition = tiny_partition()
    cut, relu = (model.get_layer(f"{name}_{part}") for part in ("bn", "relu"))
    front, behind = keras.Model(model.input, cut.output), keras.Model(cut.output, model.output)
    train, test = (
        np.array(front(preprocessed(images, partition.training_mean), training=False))
        for images in (partition.train_images, partition.test_images)
    )
    silent = np.array(cut(np.zeros((1, *relu.output.shape[1:]), "f4"), training=False)).reshape(-1, UNITS[name])[0]
    held = test.copy()
    for unit in np.flatnonzero(mask):
        if clamp == "resample":
            for image in range(len(test)):
                held[image, ..., unit] = test[others[image], ..., unit]
        else:
            mean = train[..., unit].mean(dtype=float)
            held[..., unit] = {"output_zero": 0, "relu_zero": silent[unit], "mean": mean}[clamp]
    return image_scores(np.array(behind(held, training=False)), partition.test_labels)


@pytest.fixture(scope="module")
def ablated(network: ClampedNetwork) -> Ablated:
    """Return a function of a layer, a mask and images: loss and accuracy where weights make the masked units send on 0."""
    model, partition = keras.models.clone_model(network.model), tiny_partition()

    def scores(name: str, mask: np.ndarray, images: np.ndarray = NULL_IMAGES) -> np.ndarray:
        model.set_weights(network.model.get_weights())
        part = model.get_layer(f"{name}_bn")
        gamma, beta, *moments = (np.array(weight) for weight in part.get_weights())
        gamma[mask] = beta[mask] = 0
        part.set_weights([gamma, beta, *moments])
        inputs = preprocessed(partition.test_images[images], partition.training_mean)
        return image_scores(np.array(model(inputs, training=False)), partition.test_labels[images]).mean(axis=1)

    return scores


# The whole test set


def test_arrays_are_those_of_the_schema(measured: dict[str, Any]) -> None:
    """Names, dimensions, kinds, nothing undefined; layers in the network's order, whatever the config's."""
    coords = {
        "clamp": list(CLAMPS),
        "layer": list(UNITS),
        "target": list(TARGETS),
        "half": list(HALVES),
        "class": np.arange(N_CLASSES),
        "draw": np.arange(20),
        "control": list(CONTROLS),
        "order": list(ORDERS),
        "fraction": list(FRACTIONS),
        "unit": np.arange(24),
    }
    arrays = {name: values for name, values in measured.items() if name != "ablated"}
    dataset = described("ablation", arrays, coords)
    assert set(dataset) == set(variables_by_group()["ablation"])
    for name, variable in variables_by_group()["ablation"].items():
        assert dataset[name].dims == variable.dims, name
        assert dataset[name].dtype.kind == variable.kind, name
        assert np.isfinite(dataset[name]).all(), name
    np.testing.assert_array_equal(measured["half_size"], [2, 4, 5])
    np.testing.assert_array_equal(measured["silent_units"], [2, 0, 0])
    assert measured["baseline_loss"] == 1.5
    assert measured["baseline_accuracy"] == 0.4


def test_the_halves_are_recorded(measured: dict[str, Any], gosi: np.ndarray) -> None:
    """1 top, -1 bottom, 0 neither, unit by unit."""
    ablated = measured["ablated"]
    np.testing.assert_array_equal(ablated[:6], [-1, 0, 1, -1, 0, 1])
    np.testing.assert_array_equal(ablated[6:14], np.repeat([-1, 1], 4))
    np.testing.assert_array_equal(ablated[14:], np.repeat([1, -1], 5))
    assert (ablated[np.isnan(gosi)] == 0).all()


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("name", UNITS)
def test_scores_are_those_of_units_held_one_by_one(
    network: ClampedNetwork, measured: dict[str, Any], name: str, clamp: str
) -> None:
    """Loss and accuracy of both halves in every layer, over all images and by class."""
    others = other_images(37, rng=streams(8)("partners"))
    labels = tiny_partition().test_labels
    for target in range(2):
        expected = by_hand(network.model, name, half(measured, name, target), clamp, others)
        at = CLAMPS.index(clamp), list(UNITS).index(name), target
        for score, values in zip(("loss", "accuracy"), expected, strict=True):
            assert measured[score][at] == pytest.approx(values.mean(), rel=1e-5)
            means = [values[labels == label].mean() for label in range(N_CLASSES)]
            np.testing.assert_allclose(measured[f"class_{score}"][at], means, rtol=1e-5)


def test_the_clamps_are_four(measured: dict[str, Any]) -> None:
    """No two of them give the same losses anywhere."""
    loss = measured["loss"]
    for first in range(4):
        for second in range(first):
            assert np.abs(loss[first] - loss[second]).max(axis=1).min() > 1e-4


def test_output_zero_is_a_network_whose_weights_ablate_the_units(ablated: Ablated, measured: dict[str, Any]) -> None:
    """Without cutting the network anywhere."""
    for row, name in enumerate(UNITS):
        for target in range(2):
            loss, accuracy = ablated(name, half(measured, name, target), np.arange(37))
            assert measured["loss"][0, row, target] == pytest.approx(loss, rel=1e-5)
            assert measured["accuracy"][0, row, target] == pytest.approx(accuracy)


def test_the_intact_network_is_scored_by_class(network: ClampedNetwork, measured: dict[str, Any]) -> None:
    """Against a whole forward pass."""
    partition = tiny_partition()
    inputs = preprocessed(partition.test_images, partition.training_mean)
    expected = image_scores(np.array(network.model(inputs, training=False)), partition.test_labels)
    for label in range(N_CLASSES):
        loss, accuracy = expected[:, partition.test_labels == label].mean(axis=1)
        assert measured["baseline_class_loss"][label] == pytest.approx(loss, rel=1e-5)
        assert measured["baseline_class_accuracy"][label] == pytest.approx(accuracy)


def test_a_class_without_test_images_is_refused(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Its mean would be undefined."""
    partition = tiny_partition()
    partition.test_labels[partition.test_labels == 1] = 2
    with pytest.raises(ValueError, match="class 1 has no image"):
        arrays(network, gosi, activity, partition=partition)


# Blocks of images


@pytest.mark.parametrize(
    ("images", "blocks"), [(96, 24), (256, 32), (600, 20), (10_000, 20), (37, 37), (97, 20), (1000, 20), (7, 7), (1, 1)]
)
def test_images_are_cut_into_at_least_twenty_blocks(images: int, blocks: int) -> None:
    """Contiguous, in order, each image in one of them, alike where a number of blocks up to 40 allows it."""
    members = block_members(images)
    assert members.shape == (images, blocks)
    np.testing.assert_array_equal(members.sum(axis=1), 1)
    assert (np.diff(members.argmax(axis=1)) >= 0).all()
    assert np.ptp(members.sum(axis=0)) <= (images == 97)


def test_the_mean_over_blocks_is_that_over_images() -> None:
    """Of blocks that are alike and of those that are not; a block's own mean where they are."""
    for images in (96, 97):
        values, members = rng(images).random((3, images)), block_members(images)
        np.testing.assert_allclose(block_means(values @ members, images).mean(axis=1), values.mean(axis=1), rtol=1e-12)
    alike = rng(1).random((3, 96))
    np.testing.assert_allclose(block_means(alike @ block_members(96), 96)[:, 1], alike[:, 4:8].mean(axis=1))


def test_losses_are_kept_by_block(
    network: ClampedNetwork, ablated: Ablated, measured: dict[str, Any], gosi: np.ndarray
) -> None:
    """Each block's is that of its images alone, whole test set and the null's; the mean over blocks is what is stored."""
    np.testing.assert_allclose(measured["loss_by_block"].mean(axis=-1), measured["loss"], rtol=1e-9)
    whole = measured["baseline_class_loss"] @ np.bincount(tiny_partition().test_labels) / 37
    assert measured["baseline_loss_by_block"].mean() == pytest.approx(whole, rel=1e-9)
    np.testing.assert_allclose(
        measured["null_target_loss_by_block"].mean(axis=-1), measured["null_target_loss"], rtol=1e-9
    )
    assert measured["loss_by_block"].shape == (4, 3, 2, 37)
    assert measured["null_target_loss_by_block"].shape == (3, 2, 32)
    for row, name in enumerate(UNITS):
        top = half(measured, name, 0)
        for block in (0, 19, 31):
            whole_block, null_block = ablated(name, top, np.array([block])), ablated(name, top, NULL_IMAGES[[block]])
            assert measured["loss_by_block"][0, row, 0, block] == pytest.approx(whole_block[0], rel=1e-4)
            assert measured["null_target_loss_by_block"][row, 0, block] == pytest.approx(null_block[0], rel=1e-4)


# Other images


def test_every_image_serves_once_as_another() -> None:
    """A permutation without a fixed point, for any number of images."""
    for n in (2, 3, 10, 1000):
        permutation = other_images(n, rng=rng(n))
        np.testing.assert_array_equal(np.sort(permutation), np.arange(n))
        assert (permutation != np.arange(n)).all()


def test_other_images_are_uniform() -> None:
    """Each of the nine derangements of four occurs as often as any other."""
    generator = rng(5)
    drawn = [tuple(other_images(4, rng=generator)) for _ in range(3000)]
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 9
    assert scipy.stats.chisquare(counts).pvalue > 0.001


def test_a_single_image_has_no_other() -> None:
    """The message says what needs one."""
    with pytest.raises(ValueError, match="'resample' needs another"):
        other_images(1, rng=rng())


def test_resampling_the_same_image_changes_nothing(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Where all test images are one image the intact scores remain; labels are still the images' own."""
    partition = tiny_partition()
    partition.test_images[:] = partition.test_images[0]
    ablation = arrays(network, gosi, activity, partition=partition)
    everywhere = np.broadcast_to(ablation["baseline_class_loss"], (3, 2, N_CLASSES))
    np.testing.assert_allclose(ablation["class_loss"][CLAMPS.index("resample")], everywhere, rtol=1e-5)


# The null, its controls and the curves


def test_the_null_is_measured_on_its_own_images(ablated: Ablated, measured: dict[str, Any]) -> None:
    """The intact network and both halves on images 2 to 33 only, clamped to output zero."""
    nobody = np.zeros(6, dtype=bool)
    intact = ablated("conv1", nobody)
    assert (measured["null_baseline_loss"], measured["null_baseline_accuracy"]) == pytest.approx(intact, rel=1e-5)
    for row, name in enumerate(UNITS):
        for target in range(2):
            expected = ablated(name, half(measured, name, target))
            scores = [measured[f"null_target_{score}"][row, target] for score in ("loss", "accuracy")]
            np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_on_all_images_the_nulls_target_is_the_test_loss(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """One definition of the effect, whichever images it is measured on."""
    ablation = arrays(network, gosi, activity, null_images=np.arange(37))
    np.testing.assert_allclose(ablation["null_target_loss"], ablation["loss"][0], rtol=1e-6)
    np.testing.assert_allclose(ablation["null_target_accuracy"], ablation["accuracy"][0], rtol=1e-12)


def test_the_null_effect_is_the_difference_of_two_halves(measured: dict[str, Any]) -> None:
    """loss(first) - loss(second), 20 draws a layer, not all alike, of either sign."""
    loss, effect = measured["null_loss"], measured["null_effect"]
    assert loss.shape == measured["null_accuracy"].shape == (3, 20, 2)
    np.testing.assert_array_equal(effect, loss[..., 0] - loss[..., 1])
    assert (effect.min(axis=1) < 0).all()
    assert (effect.max(axis=1) > 0).all()


def test_random_halves_ablate_real_units(ablated: Ablated, measured: dict[str, Any], gosi: np.ndarray) -> None:
    """With four tuned units in conv1 every drawn loss and accuracy is that of one of the six pairs of them."""
    tuned = np.flatnonzero(~np.isnan(gosi[:6]))
    pairs = np.array(
        [ablated("conv1", np.isin(np.arange(6), (a, b))) for i, a in enumerate(tuned) for b in tuned[i + 1 :]]
    )
    drawn = np.stack([measured["null_loss"][0].ravel(), measured["null_accuracy"][0].ravel()], axis=1)
    assert np.abs(drawn[:, None] - pairs).max(axis=-1).min(axis=1).max() < 1e-5
    assert len(np.unique(drawn[:, 0].round(6))) == 6


def test_controls_are_scored_on_the_nulls_images(
    ablated: Ablated, measured: dict[str, Any], gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Every control and target against a network whose weights ablate that set, and their sizes."""
    generator = streams(8)("controls")
    for row, (name, start) in enumerate(STARTS.items()):
        members = slice(start, start + UNITS[name])
        sets = control_halves(gosi[members], {key: values[members] for key, values in activity.items()}, rng=generator)
        np.testing.assert_array_equal(measured["control_size"][row], sets.sum(axis=-1)[:, 0])
        for c in range(len(CONTROLS)):
            for target in range(2):
                expected = ablated(name, sets[c, target])
                scores = [measured[f"control_{score}"][row, c, target] for score in ("loss", "accuracy")]
                np.testing.assert_allclose(scores, expected, rtol=1e-5)
        cumulative_sets(gosi[members], rng=generator)
    np.testing.assert_array_equal(measured["control_size"][:, 1:], np.repeat([[2], [4], [5]], 4, axis=1))


def test_curves_grow_along_gosi(ablated: Ablated, measured: dict[str, Any]) -> None:
    """In fc1 unit 0 is the most selective: the first k units descending, the last k ascending, k random ones."""
    np.testing.assert_array_equal(measured["curve_size"][2], [round(fraction * 10) for fraction in FRACTIONS])
    np.testing.assert_array_equal(measured["curve_size"][0], [round(fraction * 4) for fraction in FRACTIONS])
    for f, size in enumerate(measured["curve_size"][2]):
        for order, mask in (("ascending", np.arange(10) >= 10 - size), ("descending", np.arange(10) < size)):
            expected = ablated("fc1", mask)
            at = 2, ORDERS.index(order), f
            np.testing.assert_allclose(
                [measured["curve_loss"][at], measured["curve_accuracy"][at]], expected, rtol=1e-5
            )
    np.testing.assert_allclose(measured["curve_loss"][2, :2, 9], measured["null_target_loss"][2, ::-1], rtol=1e-6)
    assert np.abs(measured["curve_loss"][2, 2] - measured["curve_loss"][2, 0]).max() > 1e-3


# Randomness, batches, corners


def test_the_same_seed_gives_the_same_bits(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], measured: dict[str, Any]
) -> None:
    """Everything; another seed draws others but ablates the same halves."""
    again, other = arrays(network, gosi, activity), arrays(network, gosi, activity, streams=streams(9))
    for name, values in measured.items():
        np.testing.assert_array_equal(again[name], values)
    assert (other["null_loss"] != measured["null_loss"]).any()
    assert (other["loss"][3] != measured["loss"][3]).all()
    for name in ("ablated", "null_target_loss", "class_accuracy"):
        np.testing.assert_array_equal(other[name][:3], measured[name][:3])


def test_streams_do_not_disturb_one_another(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], measured: dict[str, Any]
) -> None:
    """Fewer clamps leave the null and the controls as they are, more draws leave controls, curves and resampling."""
    fewer = AblationConfig(layers=CONFIG.layers, clamps=("output_zero",), null_draws=20, null_images=32)
    more = AblationConfig(layers=CONFIG.layers, null_draws=25, null_images=32)
    with_fewer = arrays(network, gosi, activity, fewer)
    for name in ("null_loss", "control_loss", "curve_loss"):
        np.testing.assert_array_equal(with_fewer[name], measured[name])
    np.testing.assert_array_equal(with_fewer["class_loss"], measured["class_loss"][:1])
    with_more = arrays(network, gosi, activity, more)
    for name in ("loss", "control_size", "curve_size"):
        np.testing.assert_array_equal(with_more[name], measured[name])
    for name in ("control_loss", "curve_loss"):
        np.testing.assert_allclose(with_more[name], measured[name], rtol=1e-6)


def test_how_images_are_batched_does_not_matter(
    network: ClampedNetwork,
    gosi: np.ndarray,
    activity: dict[str, Any],
    measured: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """37 images in batches of 10, the last one short; other images come from anywhere in the test set."""
    monkeypatch.setattr(ablate, "BATCH", 10)
    ablation = arrays(network, gosi, activity)
    np.testing.assert_allclose(ablation["class_loss"], measured["class_loss"], rtol=1e-5)
    np.testing.assert_allclose(ablation["baseline_class_loss"], measured["baseline_class_loss"], rtol=1e-5)
    np.testing.assert_allclose(ablation["loss_by_block"], measured["loss_by_block"], rtol=1e-5)
    np.testing.assert_array_equal(ablation["class_accuracy"], measured["class_accuracy"])


@pytest.mark.parametrize(("images", "masks"), [(10, 32), (32, 7), (5, 3)])
def test_how_masks_are_batched_does_not_matter(
    network: ClampedNetwork,
    gosi: np.ndarray,
    activity: dict[str, Any],
    measured: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    images: int,
    masks: int,
) -> None:
    """32 images and 110 masks a layer, in batches with a short last one; progress grows to 1."""
    monkeypatch.setattr(ablate, "SUPERPOSED_BATCH", images)
    monkeypatch.setattr(clamped, "MASKS_AT_ONCE", masks)
    told: list[float] = []
    ablation = arrays(network, gosi, activity, on_progress=told.append)
    names = (
        "null_baseline_loss",
        "null_target_loss",
        "null_target_loss_by_block",
        "null_loss",
        "control_loss",
        "curve_loss",
    )
    for name in names:
        np.testing.assert_allclose(ablation[name], measured[name], rtol=1e-5)
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] == 1


def test_a_layer_is_compiled_once(network: ClampedNetwork, measured: dict[str, Any]) -> None:
    """For all clamps, all masks, and batches of whatever size."""
    for function in (network.outputs, *(part.scores for part in network.parts)):
        assert function.experimental_get_tracing_count() == 1  # type: ignore[attr-defined]


def test_only_the_layers_asked_for_are_ablated(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any], measured: dict[str, Any]
) -> None:
    """One layer, one clamp: one row; units elsewhere are in no half; progress ends at 1."""
    told: list[float] = []
    config = AblationConfig(layers=("conv2",), clamps=("output_zero",), null_draws=20, null_images=32)
    ablation = arrays(network, gosi, activity, config, on_progress=told.append)
    np.testing.assert_array_equal(ablation["class_loss"][0, 0], measured["class_loss"][0, 1])
    assert ablation["null_loss"].shape == (1, 20, 2)
    assert ablation["curve_size"].shape == (1, 19)
    assert not ablation["ablated"][np.r_[:6, 14:24]].any()
    assert told == [0.5, 1.0]


def test_a_layer_of_silent_units_has_no_effect(
    network: ClampedNetwork, gosi: np.ndarray, activity: dict[str, Any]
) -> None:
    """Empty sets cost nothing, whichever they are: the intact loss to the last bit."""
    quiet = gosi.copy()
    quiet[:6] = np.nan
    ablation = arrays(network, quiet, activity)
    assert ablation["half_size"][0] == 0
    assert ablation["silent_units"][0] == 6
    assert not ablation["control_size"][0].any()
    assert not ablation["curve_size"][0].any()
    for name in ("null_target", "null", "control", "curve"):
        assert (ablation[f"{name}_loss"][0] == ablation["null_baseline_loss"]).all()
        assert (ablation[f"{name}_accuracy"][0] == ablation["null_baseline_accuracy"]).all()
    assert (ablation["null_effect"][0] == 0).all()
    assert len(np.unique(ablation["loss"][:, 0])) == 1
