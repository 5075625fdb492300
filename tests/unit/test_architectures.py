"""Network architectures: found in their folder, what each declares, what a config takes from them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from study.config import AblationConfig, Config, NetworkConfig, ShiftInvarianceConfig, resolve
from study.networks.graph.hidden_layers import hidden_layers
from study.vocabulary.architecture import Architecture, architecture_names, architectures
from study.vocabulary.errors import StudyError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", architecture_names())
def test_what_an_architecture_declares_is_what_it_builds(name: str) -> None:
    """Its hidden layers are those that are found in the built model, in that order; shifted ones are among them."""
    architecture = architectures()[name]
    model = architecture.build(NetworkConfig(architecture=name), image_shape=(32, 32, 3), n_classes=7)
    assert architecture.name == name
    assert {layer.name: layer.n_units for layer in hidden_layers(model)} == architecture.unit_counts
    assert tuple(layer.name for layer in hidden_layers(model)) == architecture.layers
    assert set(architecture.shifted_layers) <= set(architecture.layers)
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
