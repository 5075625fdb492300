"""What units do on photographs, against the slow way: everything at once, in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from study.experiment.measurements.activity import arrays as activity
from study.experiment.measurements.activity.arrays import activity_arrays, class_counts, class_selectivity
from study.images.preparation.split import Partition, preprocessed
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, outputs_model, responses_model
from study.vocabulary.schema import variables_by_group
from tests.tiny_network import N_CLASSES, UNITS, scramble, tiny_network, tiny_partition

SILENT = 3  # a unit of conv1 that no photograph drives


@pytest.fixture(scope="module", params=["conv_relu_bn", "conv_bn_relu"])
def model(request: pytest.FixtureRequest) -> keras.Model:
    """Return a scrambled network, one unit of conv1 ablated."""
    backend.configure_process()
    model = tiny_network(order=request.param)
    scramble(model, np.random.default_rng(1))
    name, offset = ("conv1", "bias") if request.param == "conv_relu_bn" else ("conv1_bn", "beta")
    variable = getattr(model.get_layer(name), offset)
    variable.assign(np.where(np.arange(6) == SILENT, np.float32(-1e4), np.asarray(variable)))
    return model


def measured(model: keras.Model, partition: Partition | None = None) -> dict[str, Any]:
    """Return the arrays of a network."""
    layers = hidden_layers(model)
    forward = backend.compiled_forward(responses_model(model, layers))
    return activity_arrays(forward, model, layers, partition or tiny_partition())


def unit_values(part: keras.Model, images: np.ndarray, mean: np.ndarray) -> list[np.ndarray]:
    """Return all values of each unit, (image, position), unit after unit, in float64."""
    maps = [np.array(layer, dtype=float) for layer in part(preprocessed(images, mean), training=False)]
    return [layer[..., unit].reshape(len(layer), -1) for layer in maps for unit in range(layer.shape[-1])]


def test_arrays_are_those_of_the_schema(model: keras.Model) -> None:
    """Names and kinds, one value a unit, nothing undefined where the schema allows none."""
    unit_activity = measured(model)
    assert set(unit_activity) == set(variables_by_group()["activity"])
    for name, variable in variables_by_group()["activity"].items():
        assert unit_activity[name].shape == (sum(UNITS.values()),), name
        assert unit_activity[name].dtype.kind == variable.kind, name
        assert variable.nan_allowed or np.isfinite(unit_activity[name]).all(), name


def test_activity_is_that_of_the_training_images(model: keras.Model) -> None:
    """Mean and standard deviation over images of the spatial mean; the mean of all that is sent on; the weights' norm."""
    unit_activity, partition, layers = measured(model), tiny_partition(), hidden_layers(model)
    training = partition.train_images, partition.training_mean
    responses = np.array([values.mean(axis=1) for values in unit_values(responses_model(model, layers), *training)])
    np.testing.assert_allclose(unit_activity["mean_activity"], responses.mean(axis=1), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(unit_activity["activity_sd"], responses.std(axis=1), rtol=1e-5, atol=1e-7)
    sent = [values.mean() for values in unit_values(outputs_model(model, layers), *training)]
    np.testing.assert_allclose(unit_activity["mean_output"], sent, rtol=1e-5, atol=1e-6)
    kernels = [
        np.asarray(model.get_layer(name).kernel)[..., unit].astype(float)
        for name, n in UNITS.items()
        for unit in range(n)
    ]
    np.testing.assert_allclose(unit_activity["weight_norm"], [np.sqrt((kernel**2).sum()) for kernel in kernels])


def test_class_selectivity_is_that_of_the_training_images(model: keras.Model) -> None:
    """The best class mean against the mean of the other classes' means; the images that score an ablation have no part."""
    unit_activity, partition, layers = measured(model), tiny_partition(), hidden_layers(model)
    images, labels = partition.train_images, partition.train_labels
    for unit, values in enumerate(unit_values(responses_model(model, layers), images, partition.training_mean)):
        means = [values[labels == label].mean() for label in range(N_CLASSES)]
        best = int(np.argmax(means))
        if means == [0, 0, 0]:
            assert np.isnan(unit_activity["class_selectivity"][unit])
            assert unit_activity["preferred_class"][unit] == -1
            continue
        rest = np.mean([mean for label, mean in enumerate(means) if label != best])
        assert unit_activity["class_selectivity"][unit] == pytest.approx(
            (means[best] - rest) / (means[best] + rest), rel=1e-4
        )
        assert unit_activity["preferred_class"][unit] == best


def test_a_silent_unit_does_nothing(model: keras.Model) -> None:
    """Exactly 0 in mean and standard deviation, of no class."""
    unit_activity = measured(model)
    assert unit_activity["mean_activity"][SILENT] == unit_activity["activity_sd"][SILENT] == 0
    assert np.isnan(unit_activity["class_selectivity"][SILENT])
    assert unit_activity["preferred_class"][SILENT] == -1


def test_how_images_are_batched_does_not_matter(model: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """70 and 37 images in batches of 8, the last one short."""
    whole = measured(model)
    monkeypatch.setattr(activity, "BATCH", 8)
    for name, values in measured(model).items():
        np.testing.assert_allclose(values, whole[name], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("drift", [0.0, 1e3])
def test_a_large_mean_does_not_drown_a_small_deviation(drift: float) -> None:
    """Means of 1e8, standard deviation 1, batches unequal and drifting: as in two passes over all of it."""
    rng = np.random.default_rng(2)
    batches = [1e8 + drift * i + rng.normal(size=(n, 3)) for i, n in enumerate((250, 250, 1, 77))]
    mean, sd = activity.mean_and_sd(iter(batches))
    together = np.concatenate(batches)
    np.testing.assert_allclose(mean, together.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(sd, together.std(axis=0), rtol=1e-6)


def test_a_constant_unit_has_no_deviation() -> None:
    """0 to the last bit, whatever the constant."""
    _, sd = activity.mean_and_sd(iter([np.full((n, 1), 0.1) for n in (250, 3)]))
    assert sd[0] < 1e-16


def test_class_selectivity_by_hand() -> None:
    """Units that respond to one class only, to all alike, to none, twice as much to one, and to two alike."""
    means = np.array([[0.0, 2, 0, 1, 4], [3, 2, 0, 2, 4], [0, 2, 0, 1, 1]])
    index, preferred = class_selectivity(means)
    np.testing.assert_allclose(index, [1, 0, np.nan, 1 / 3, 1.5 / 6.5])
    np.testing.assert_array_equal(preferred, [1, 0, -1, 1, 0])


def test_class_selectivity_is_free_of_scale_and_of_class_names() -> None:
    """A factor changes nothing; classes in another order move the preferred one along."""
    means, order = np.random.default_rng(3).exponential(size=(10, 50)), np.random.default_rng(4).permutation(10)
    index, preferred = class_selectivity(means)
    other_index, other_preferred = class_selectivity(7 * means[order])
    np.testing.assert_allclose(other_index, index, rtol=1e-12)
    np.testing.assert_array_equal(order[other_preferred], preferred)
    assert ((index > 0) & (index <= 1)).all()


def broken(value: float) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return a forward function with a bad response in the last image of a batch."""

    def forward(images: np.ndarray) -> list[np.ndarray]:
        maps = [np.ones((len(images), 2, 2, n) if n < 10 else (len(images), n), "f4") for n in UNITS.values()]
        maps[1][-1, ..., 2] = value
        return maps

    return forward


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_a_response_that_no_relu_gives_is_refused(model: keras.Model, bad: float) -> None:
    """Negative or undefined: the network is broken, or read in the wrong place."""
    with pytest.raises(ValueError, match="NaN, infinite or negative"):
        activity_arrays(broken(bad), model, hidden_layers(model), tiny_partition())


def test_a_class_without_training_images_is_refused(model: keras.Model) -> None:
    """Its mean would be undefined; the message names it."""
    partition = tiny_partition()
    partition.train_labels[partition.train_labels == 2] = 0
    with pytest.raises(ValueError, match="class 2 has no image"):
        measured(model, partition)
    np.testing.assert_array_equal(class_counts(np.array([1, 0, 1]), np.arange(2)), [1, 2])
