"""Network architectures: found in their folder, what each declares, what a config takes from them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import xarray as xr

import study.networks.architectures as folder
from study.config import AblationConfig, Config, NetworkConfig, RearingConfig, ShiftInvarianceConfig, resolve
from study.config.population import planned_networks
from study.experiment.compiled_network import CompiledNetworks
from study.experiment.measurements.shift_invariance.arrays import shift_arrays
from study.experiment.one_network import measure_network
from study.images import load_images
from study.images.preparation.split import partition, split_images
from study.networks import backend
from study.networks.graph.hidden_layers import hidden_layers, named_layers, selected_layers
from study.networks.interventions.watched import WatchedNetwork
from study.vocabulary import discovery
from study.vocabulary.architecture import Architecture, architecture_names, architectures
from study.vocabulary.errors import StudyError
from study.vocabulary.rearing import layers_of_span
from study.vocabulary.schema import groups_of, optional_groups_of, validate
from tests.tiny_network import SHAPE, scramble, tiny_partition

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Set the process up as a worker does."""
    backend.configure_process()


@pytest.mark.parametrize("name", architecture_names())
def test_what_an_architecture_declares_is_what_it_builds(name: str) -> None:
    """Its layers are found in the built model, in that order, behind a ReLU, and none that is but pooling is left out."""
    architecture = architectures()[name]
    model = architecture.build(NetworkConfig(architecture=name), image_shape=(32, 32, 3), n_classes=7)
    assert architecture.name == name
    measured_layers = named_layers(hidden_layers(model), architecture.layers)
    assert tuple(layer.name for layer in measured_layers) == architecture.layers
    assert {layer.name: layer.n_units for layer in measured_layers} == architecture.unit_counts
    assert {layer.activation for layer in measured_layers} == {"relu"}
    assert {layer.name for layer in selected_layers(hidden_layers(model), ())} - {"pool"} <= set(architecture.layers)
    assert set(architecture.shifted_layers) <= set(architecture.layers)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert tuple(one.name for one in convolutions if one.kernel_size == (3, 3)) == architecture.square_kernels
    assert all(layers_of_span(span, architecture.square_kernels) for span in architecture.reared_spans)
    assert model.output.shape == (None, 7)


def test_declarations_are_light() -> None:
    """A parent process lists architectures, and makes a config, without Keras."""
    program = "import sys; from study.config import Config; Config(); print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", architecture_names())
def test_layers_that_a_config_leaves_open_are_those_of_its_architecture(name: str) -> None:
    """They stand in the config by name, so that records and keys hold them; named ones stay as they are."""
    architecture = architectures()[name]
    config = resolve("quick", assignments=[f"network.architecture={name}"])
    assert config.ablation.layers == architecture.layers
    assert config.shift_invariance.layers == architecture.shifted_layers
    assert config.rearing.layers == architecture.reared_spans
    last = architecture.layers[-1:]
    chosen = Config(
        network=NetworkConfig(architecture=name),
        ablation=AblationConfig(layers=last),
        shift_invariance=ShiftInvarianceConfig(layers=last),
    )
    assert chosen.ablation.layers == chosen.shift_invariance.layers == last
    with pytest.raises(StudyError, match=r"^ablation.layers = \['logits'\] is not allowed: .*" + last[0]):
        Config(network=NetworkConfig(architecture=name), ablation=AblationConfig(layers=("logits",)))


def test_a_setting_that_an_architecture_does_not_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would change the network's key and nothing else."""
    plain = Architecture(
        name="cnn7",
        layers=("a",),
        units=(1,),
        shifted_layers=("a",),
        build=lambda *_, **__: None,
        methods="",
        options=("order",),
    )
    monkeypatch.setattr("study.config.sections.architectures", lambda: {"cnn7": plain})
    assert NetworkConfig(order="conv_bn_relu").order == "conv_bn_relu"
    with pytest.raises(
        StudyError, match=r"^network.padding = 'same' is not allowed: .*'cnn7', which has no such setting$"
    ):
        NetworkConfig(padding="same")


def test_networks_without_square_kernels_are_not_reared(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says so and how to go on; without the arm nothing is refused."""
    plain = Architecture(
        name="cnn7", layers=("a",), units=(1,), shifted_layers=("a",), build=lambda *_, **__: None, methods=""
    )
    monkeypatch.setattr("study.config.sections.architectures", lambda: {"cnn7": plain})
    assert Config().rearing.layers == ()
    with pytest.raises(
        StudyError, match=r"^rearing.seeds = 2 is not allowed: it must be 0 beside network.architecture = 'cnn7'"
    ):
        Config(rearing=RearingConfig(seeds=2))
    with pytest.raises(StudyError, match=r"^rearing.layers = 'conv1' is not allowed: .*it has none"):
        Config(rearing=RearingConfig(layers=("conv1",)))


# ResNet-8, measured

SETTINGS = (
    "network.architecture=resnet8",
    "images.train_images=128",
    "images.validation_images=40",
    "images.test_images=48",
    "training.epochs=1",
    "population.seeds=1",
    "population.augmentations=none",
    "maturation.seeds=0",
    "memorization.seeds=0",
    "rearing.seeds=0",
    "replication.seeds=0",
    "replication.maturation_seeds=0",
    "replication.memorization_seeds=0",
    "probe.permutations=100",
    "ablation.null_draws=20",
    "ablation.null_images=32",
    "ablation.clamps=output_zero,relu_zero,mean,resample",
    "multiverse.readouts=max,output",
    "multiverse.gratings=fixed",
    "multiverse.permutations=20",
)
RESNET8_UNITS = {
    "conv1": 16,
    "block1_conv1": 16,
    "block1_sum": 16,
    "block2_conv1": 32,
    "block2_sum": 32,
    "block3_conv1": 64,
    "block3_sum": 64,
}


def measured(*assignments: str) -> xr.DataTree:
    """Return the last network of a very small study, measured."""
    config = resolve("quick", assignments=assignments)
    images = load_images(config.images)
    *_, network = planned_networks(config, fingerprint="f")
    parts = partition(images, split_images(images, config.images))
    n_classes = len(images.class_names)
    return measure_network(
        network,
        config,
        parts,
        n_classes,
        compiled_networks=CompiledNetworks(),
        progress=lambda *told: None,
    ).tree


@pytest.fixture(scope="module")
def resnet8() -> xr.DataTree:
    """Return a ResNet-8, measured."""
    return measured(*SETTINGS)


def test_resnet8_is_measured_as_the_schema_says(resnet8: xr.DataTree) -> None:
    """Every group of the arm; the units of its seven layers, the sums of its blocks among them."""
    validate(resnet8, source="resnet8")
    assert set(resnet8.children) == {*groups_of("generalization"), "kernels", "multiverse", "multiverse_ablation"}
    counts = resnet8["tuning"]["layer"].to_series().value_counts(sort=False)
    assert counts.to_dict() == RESNET8_UNITS == dict.fromkeys(architectures()["resnet8"].layers) | RESNET8_UNITS
    assert resnet8["ablation"]["layer"].values.tolist() == list(RESNET8_UNITS)
    assert np.isfinite(resnet8["ablation"]["loss"]).all()
    assert np.isfinite(resnet8["shift_invariance"]["cv_mean"].isel(condition=0)).all()


@pytest.mark.slow
def test_resnet8_is_reared() -> None:
    """Measured as other networks of the arm; trained kernels of the span are isotropic, those behind it are not."""
    others = tuple(setting for setting in SETTINGS if not setting.startswith("rearing"))
    reared = ("rearing.seeds=1", "rearing.conditions=free,isotropic", "execution.keep_weights=analysed")
    tree = measured(*others, *reared)
    validate(tree, source="reared")
    assert set(tree.children) == {*groups_of("rearing"), *optional_groups_of("rearing")}
    assert (tree.attrs["rearing"], tree.attrs["reared_layers"]) == ("isotropic", "conv1-block1_conv2")
    kernels = kernels_of(tree["weights"].to_dataset())
    isotropic = [name for name, kernel in kernels.items() if (kernel == np.rot90(kernel)).all()]
    assert isotropic == ["conv1", "block1_conv1", "block1_conv2"]
    assert set(architectures()["resnet8"].square_kernels) <= set(kernels)


def kernels_of(weights: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the stored 3 x 3 kernels by layer."""
    shapes = [[int(length) for length in row if length] for row in weights["tensor_shape"].values]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    tensors = np.split(weights["weight"].values, ends[:-1])
    return {
        path.split("/")[-2]: tensor.reshape(shape)
        for path, tensor, shape in zip(weights["tensor"].values.tolist(), tensors, shapes, strict=True)
        if path.endswith("/kernel") and shape[:2] == [3, 3]
    }


def test_a_sum_has_no_weights_of_its_own(resnet8: xr.DataTree) -> None:
    """So it has no weight norm, and no halves alike in it; whatever is computed from responses it has."""
    activity = resnet8["activity"]
    is_sum = np.char.endswith(resnet8["tuning"]["layer"].values.astype(str), "sum")
    np.testing.assert_array_equal(np.isnan(activity["weight_norm"]), is_sum)
    assert np.isfinite(activity["mean_activity"]).all()
    sizes = resnet8["ablation"]["control_size"].sel(control="matched_weight_norm")
    np.testing.assert_array_equal(sizes == 0, [name.endswith("sum") for name in RESNET8_UNITS])


READERS = {  # of the layers that one convolution reads, or two side by side
    "conv1": (),
    "block1_conv1": ("block1_conv2",),
    "block1_sum": ("block2_conv1", "block2_shortcut"),
    "block2_conv1": ("block2_conv2",),
    "block2_sum": ("block3_conv1", "block3_shortcut"),
    "block3_conv1": ("block3_conv2",),
}


@pytest.fixture(scope="module")
def small() -> keras.Model:
    """Return a ResNet-8 of tiny images, with weights as training might leave them."""
    model = architectures()["resnet8"].build(NetworkConfig(architecture="resnet8"), image_shape=SHAPE, n_classes=3)
    scramble(model, np.random.default_rng(5))
    return model


@pytest.mark.parametrize("name", [name for name, readers in READERS.items() if readers])
def test_a_layer_that_does_not_cut_is_watched_in_place(small: keras.Model, name: str) -> None:
    """Ablated units are as good as units that no convolution reads: the same variation behind them, shortcuts and all."""
    layers = named_layers(hidden_layers(small), tuple(RESNET8_UNITS))
    images = tiny_partition(test=30)
    mask = np.random.default_rng(0).random((1, RESNET8_UNITS[name])) < 0.5
    network = WatchedNetwork.of(small, layers, (name,))
    measured_layers = shift_arrays(network, images, {name: mask}, test_images=0)
    weights = small.get_weights()
    for reader in READERS[name]:
        kernel = small.get_layer(reader).kernel
        kernel.assign(np.where(mask[0][:, None], 0, np.asarray(kernel)))
    expected = shift_arrays(WatchedNetwork.of(small, layers, ()), images, {}, test_images=0)
    small.set_weights(weights)
    place = [layer.name for layer in layers].index(name)
    for key in ("cv_mean", "n_inactive"):
        np.testing.assert_allclose(measured_layers[key][1, place + 1 :], expected[key][0, place + 1 :], rtol=2e-4)
        np.testing.assert_array_equal(measured_layers[key][1, : place + 1], measured_layers[key][0, : place + 1])
    np.testing.assert_array_equal(measured_layers["prediction_consistency"][1], expected["prediction_consistency"][0])
    assert not np.allclose(
        measured_layers["cv_mean"][1, place + 1 :], measured_layers["cv_mean"][0, place + 1 :], rtol=1e-3
    )


# Another architecture, in a folder of its own

FORK = '''
"""Two branches side by side, one of them depthwise."""
from study.vocabulary.architecture import Architecture


def fork(settings, *, image_shape, n_classes):
    import keras
    from keras import layers

    images = keras.Input(image_shape, name="images")
    stem = layers.Conv2D(4, 5, strides=4, activation="relu", name="stem")(images)
    left = layers.Conv2D(6, 3, padding="same", activation="relu", name="left")(stem)
    right = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="right")(stem)
    flow = layers.Flatten(name="flatten")(layers.Concatenate(name="both")([left, right]))
    flow = layers.Dense(8, activation="relu", name="dense")(flow)
    return keras.Model(images, layers.Dense(n_classes, name="logits")(flow), name="fork")


ARCHITECTURE = Architecture(
    name="fork",
    layers=("stem", "left", "right", "dense"),
    units=(4, 6, 4, 8),
    shifted_layers=("left", "right"),
    build=fork,
    methods="A fork.",
)
'''


@pytest.fixture
def fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put one more module into the folder of architectures, and take it away again."""
    (tmp_path / "fork.py").write_text(FORK, encoding="utf-8")
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    for cached in (discovery.names_in, discovery.declared_in):
        cached.cache_clear()
    yield
    sys.modules.pop(f"{folder.__name__}.fork", None)
    for cached in (discovery.names_in, discovery.declared_in):
        cached.cache_clear()


@pytest.mark.usefixtures("fork")
def test_a_module_in_the_folder_is_an_architecture() -> None:
    """Trained and measured, with no other edit; what is beside an ablated layer keeps the intact network's values."""
    assert "fork" in architecture_names()
    tree = measured("network.architecture=fork", *SETTINGS[1:])
    validate(tree, source="fork")
    assert dict.fromkeys(tree["tuning"]["layer"].values.tolist()) == dict.fromkeys(("stem", "left", "right", "dense"))
    variation = tree["shift_invariance"]["cv_mean"]
    assert variation["condition"].values.tolist()[0] == "intact"
    ablated = variation.sel(condition=[name for name in variation["condition"].values if name.startswith("left")])
    assert len(ablated)
    for beside in ("stem", "left", "right"):
        np.testing.assert_array_equal(ablated.sel(layer=beside), variation.isel(condition=[0] * 3).sel(layer=beside))
    assert (ablated.sel(layer="dense") != variation.isel(condition=0).sel(layer="dense")).all()
