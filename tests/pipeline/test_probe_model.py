"""One external network through the whole command: a small .keras file, and VGG16 with random weights."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import pytest
import xarray as xr
from PIL import Image
from scipy import io

from study.commands.external import measuring
from study.experiment import subjects
from study.experiment.measurements.ablation import external as ablation
from study.experiment.measurements.tuning import arrays as tuning
from study.networks import backend
from study.probe_model import main
from study.store import StudyFolder, network_path
from study.store.datasets import files_in
from study.store.networks import MANIFEST
from study.tuning.other_indices import phase_modulation
from study.vocabulary.schema import SCHEMA_VERSION, class_names_of
from tests.opened_page import opened_page

# Keras asks arrays for a copy as older NumPy took it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

PREREGISTRATION = Path(__file__).parents[2] / "preregistration.md"
CLASSES = ("apple", "bike", "cat")
QUICK = ("--permutations", "100")
PHOTOGRAPHS = (*QUICK, "--images", "photographs", "--ablate", "--null-draws", "20", "--null-images", "6")
LAYERS = ["first", "branch", "pool", "dense"]


def small_model() -> keras.Model:
    """Return a classifier of 16 pixels with a branch, a batch normalisation behind an activation, and pooling."""
    keras.utils.set_random_seed(3)
    images = keras.Input((16, 16, 3), name="images")
    outputs = keras.layers.Conv2D(6, 3, activation="relu", name="first")(images)
    outputs = keras.layers.BatchNormalization(name="normal")(outputs)
    beside = keras.layers.Conv2D(6, 3, padding="same", activation="swish", name="branch")(outputs)
    outputs = keras.layers.MaxPooling2D(name="pool")(keras.layers.Add(name="sum")([outputs, beside]))
    outputs = keras.layers.Dense(8, activation="relu", name="dense")(keras.layers.Flatten(name="flat")(outputs))
    return keras.Model(images, keras.layers.Dense(3, activation="softmax", name="answer")(outputs), name="small")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model and seven photographs of each of three classes.

    The process is set up as a worker is: other tests in it ask for that, and TensorFlow takes it only once.
    """
    backend.configure_process()
    made, rng = tmp_path_factory.mktemp("probe"), np.random.default_rng(0)
    small_model().save(made / "small.keras")
    for number, name in enumerate(CLASSES):
        (made / "photographs" / name).mkdir(parents=True)
        for index in range(7):
            pixels = rng.integers(0, 150, (20, 24, 3)) + 100 * (np.arange(3) == number)
            Image.fromarray(pixels.astype(np.uint8)).save(made / "photographs" / name / f"{index}.png")
    shutil.copy(PREREGISTRATION, made)
    return made


@pytest.fixture(autouse=True)
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in that folder."""
    monkeypatch.chdir(place)


def probe(*arguments: str, name: str, model: str = "small.keras") -> int:
    """Run the command; a .keras file is told how its pixels are scaled."""
    scaled = ("--preprocessing", "unit") if model.endswith(".keras") else ()
    return main([model, *scaled, *arguments, "--name", name])


@pytest.fixture(scope="module")
def whole(place: Path) -> Path:
    """Return the folder of a network that was measured and ablated without interruption."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert probe(*PHOTOGRAPHS, "--layers", *LAYERS, name="whole") == 0
    return place / "data" / "whole"


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return every byte of the one network in a folder, its manifest aside."""
    (network,) = (folder / "networks").iterdir()
    return files_in(network, without=MANIFEST)


def test_the_store_has_what_a_study_has(whole: Path) -> None:
    """The same groups, state `analysed` alone, every number with units and meaning; and nothing is left over."""
    with xr.open_datatree(whole / "study.zarr", engine="zarr") as study:
        groups = {"kernels", "tuning", "responses", "rectification", "activity", "halves", "ablation"}
        assert set(study.children) == groups | {"other_tuning", "rivals", "mediation", "need"}
        for group in study.children.values():
            for name, variable in group.data_vars.items():
                assert variable.attrs["units"], name
                assert variable.attrs["long_name"], name
        tuning, ablation = study["tuning"].to_dataset(), study["ablation"].to_dataset().isel(network=0)
        assert tuning["state"].values.tolist() == ["analysed"]
        assert list(dict.fromkeys(tuning["layer"].values.tolist())) == LAYERS
        assert tuning.sizes["unit"] == 6 + 6 + 6 + 8
        assert study["responses"]["response"].shape == (1, 1, 26, 12, 5, 4)
        assert ablation["clamp"].values.tolist() == ["output_zero", "relu_zero"]
        assert class_names_of(ablation.attrs) == tuple(CLASSES)
        assert study.attrs["model"] == "small"
    assert not list((whole / "checkpoints").iterdir())


def test_what_is_stored_is_what_keras_says(whole: Path, place: Path) -> None:
    """Loss and accuracy of the intact network, and of one without its last layer's top half, by Keras itself."""
    model = keras.saving.load_model(place / "small.keras")
    paths = [path for name in CLASSES for path in sorted((place / "photographs" / name).iterdir())]
    pixels = []
    for path in paths:
        image = Image.open(path)
        width, height = (max(18, round(length * 18 / min(image.size))) for length in image.size)
        left, top = (width - 16) // 2, (height - 16) // 2
        resized = image.resize((width, height), Image.Resampling.BILINEAR)
        pixels.append(np.asarray(resized.crop((left, top, left + 16, top + 16))) / 255)
    labels = np.repeat(np.arange(3), 7)
    with xr.open_datatree(whole / "study.zarr", engine="zarr") as study:
        ablation, halves = (study[name].to_dataset().isel(network=0).load() for name in ("ablation", "halves"))
    intact = model.predict(np.array(pixels, np.float32), verbose=0)
    assert float(ablation["baseline_loss"]) == pytest.approx(-np.log(intact[np.arange(21), labels]).mean(), rel=1e-4)
    assert float(ablation["baseline_accuracy"]) == pytest.approx((intact.argmax(axis=1) == labels).mean())
    kernel, bias = model.get_layer("answer").get_weights()
    dense = keras.Model(model.input, model.get_layer("dense").output).predict(np.array(pixels, np.float32), verbose=0)
    top = halves["ablated"].values[halves["layer"].values == "dense"] == 1
    logits = (dense * ~top) @ kernel + bias
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(21), labels]
    loss = ablation["loss"].sel(clamp="output_zero", layer="dense", target="top")
    assert float(loss) == pytest.approx(losses.mean(), rel=1e-4)


def test_the_report_describes_and_decides_nothing(whole: Path, place: Path) -> None:
    """Every part is there; a branch is said to be ablated in place; no verdict is given."""
    text = opened_page((place / "reports" / "whole.html").read_text(encoding="utf-8"))
    for heading in (
        "What is selective, layer by layer?</h2>",
        "Are there orientation-selective units in every layer?</h2>",
        "Gratings (Fig. A1 of the paper)</summary>",
        "Methods, to copy</summary>",
        "Provenance</summary>",
    ):
        assert f">{heading}" in text
    assert "One network is one experimental unit." in text
    assert "1 layers do not cut the network and are ablated in place" in text
    assert "Responses below 0" in text  # of the swish branch
    assert "file from elsewhere" in text
    for verdict in ("supported", "opposite", "ruled-out", "inconclusive"):
        assert f'class="verdict {verdict}"' not in text


def test_the_same_command_measures_nothing_again(
    whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And leaves every byte as it was."""
    before = bytes_of(whole)
    monkeypatch.setattr(measuring, "measure_external_network", None)
    assert probe(*PHOTOGRAPHS, "--layers", *LAYERS, name="whole") == 0
    said = capsys.readouterr().out
    assert "nothing is measured again" in said
    assert [line.partition(":")[0] for line in said.splitlines() if line.startswith("step ")] == [
        f"step {number} of 3" for number in (1, 2, 3)
    ]
    assert said.endswith("all:    reports/index.html\n")
    assert bytes_of(whole) == before


def test_as_json(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row a layer and every path, and nothing else where it is to be quiet; a dry run has no document."""
    assert probe(*PHOTOGRAPHS, "--layers", *LAYERS, "--json", "-q", name="whole") == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert said.err == ""
    assert [row["layer"] for row in document["layers"]] == LAYERS
    assert all(Path(path).exists() for path in document["paths"].values())
    assert probe(*QUICK, "--json", "--dry-run", name="whole") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "step"),
    [(subjects, "orientation_responses"), (tuning, "tuning_arrays"), (ablation, "ablation_arrays")],
    ids=["gratings", "shuffles", "ablation"],
)
def test_an_interrupted_measurement_goes_on_to_the_same_bytes(
    whole: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    """Stopped in the second piece of each kind, it repeats none that was finished."""
    done, real = [], getattr(module, step)

    def stopping(*args: object, **options: object) -> object:
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(real(*args, **options))
        return done[-1]

    monkeypatch.setattr(module, step, stopping)
    assert probe(*PHOTOGRAPHS, "--layers", *LAYERS, name=step) == 130
    kept = sum(1 for _ in Path("data", step, "checkpoints").iterdir())
    monkeypatch.setattr(module, step, real)
    started: list[str] = []
    piece = subjects._piece
    monkeypatch.setattr(
        subjects, "_piece", lambda store, compute: piece(store, lambda: (started.append(""), compute())[1])
    )
    assert probe(*PHOTOGRAPHS, "--layers", *LAYERS, name=step) == 0
    assert kept + len(started) == 12 + 4 + 1 + 4 + 3 * 4  # by layer: ablation, mediation, need and rivals
    assert bytes_of(Path("data", step)) == bytes_of(whole)


def test_photographs_may_come_later(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gratings' part is kept, and the network is then the one that was measured at once."""
    assert probe(*QUICK, "--layers", *LAYERS, name="later") == 0
    with xr.open_datatree("data/later/study.zarr", engine="zarr") as study:
        assert set(study.children) == {"kernels", "tuning", "other_tuning", "responses", "rectification"}
    monkeypatch.setattr(subjects, "orientation_responses", None)
    monkeypatch.setattr(tuning, "tuning_arrays", None)
    assert probe(*PHOTOGRAPHS, "--layers", *LAYERS, name="later") == 0
    (key,) = (path.stem for path in (whole / "networks").iterdir())
    assert files_in(network_path(StudyFolder(Path("data/later")), key), without=MANIFEST) == bytes_of(whole)


def test_a_dry_run_lists_layers_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Units, gratings and minutes."""
    assert probe(*PHOTOGRAPHS, "--dry-run", name="dry") == 0
    told = capsys.readouterr().out
    assert "3 layers, 20 units; 240 gratings of 16 px; 21 images of 3 of 3 classes" in told
    assert re.search(r"about \d+ (s|min|h) on this machine; nothing was written", told)
    assert not Path("data/dry").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--ablate",), "--ablate needs photographs"),
        (("--n-images", "3"), "--n-images 3 is about photographs"),
        (("--permutations", "9"), "--permutations 9 is not allowed: it must be a whole number from 100"),
        (("--memory", "lots"), "--memory 'lots' is not allowed"),
        (("--layers", "conv9"), "fits none of the model's"),
        (("--images", "nowhere"), "--images nowhere: does not exist"),
        (("--permutations", "200", "--layers", *LAYERS), "permutations = 100 there, 200 here; use another --name"),
        ((*QUICK, "--layers", "first"), "layers = ['first', 'branch', 'pool', 'dense'] there, ['first'] here"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    whole: Path, arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and nothing that exists is touched."""
    before = files_in(whole, without="")
    assert probe(*arguments, name="whole") == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.startswith("study: ") and error.count("\n") == 1
    assert files_in(whole, without="") == before


def test_why_ablation_costs_is_measured_and_told(place: Path, whole: Path) -> None:
    """Every layer before the first dense one has a loss without variation; moments go where a normalisation lies behind."""
    with xr.open_datatree(whole / "study.zarr", engine="zarr") as study:
        mediation, need = (study[name].to_dataset().isel(network=0) for name in ("mediation", "need"))
        ablation = study["ablation"].to_dataset().isel(network=0)
        undefined = np.isnan(mediation["loss"].sel(received="restored")).values.all(axis=1)
        assert dict(zip(LAYERS, undefined.tolist(), strict=True)) == dict.fromkeys(LAYERS[:-1], False) | {"dense": True}
        no_moments = np.isnan(need["loss"].sel(way="moments")).values.all(axis=1)
        assert no_moments.all()  # the one normalisation is the first layer's output
        at_zero = ablation["null_target_loss"].values
        np.testing.assert_allclose(need["loss"].sel(way="output_zero"), at_zero, rtol=1e-4)
        np.testing.assert_allclose(mediation["loss"].sel(received="unshifted").values[:-1], at_zero[:-1], rtol=1e-4)
        random = ablation["null_loss"].isel(draw=0).values
        np.testing.assert_allclose(need["random_loss"].sel(way="output_zero").isel(draw=0), random, rtol=1e-4)
    text = opened_page((place / "reports" / "whole.html").read_text(encoding="utf-8"))
    for told in ("no moments are re-estimated", "which have no value: dense", "Why ablation costs"):
        assert told in text


def test_rivals_of_gosi_are_measured_and_told(place: Path, whole: Path) -> None:
    """A dense unit has one position, whose responses give its phase modulation; a map's centre has more than its mean."""
    with xr.open_datatree(whole / "study.zarr", engine="zarr") as study:
        other, rivals = (study[name].to_dataset().isel(network=0).load() for name in ("other_tuning", "rivals"))
        responses = study["responses"]["response"].isel(network=0, state=0).values.astype(float)
        silent = study["tuning"]["silent"].isel(network=0, state=-1).values
        at_zero = study["ablation"]["null_baseline_loss"].isel(network=0)
    of_mean, of_centre = phase_modulation(responses)[0], other["phase_modulation"].values
    dense = (other["layer"] == "dense").values
    np.testing.assert_allclose(of_centre[dense], of_mean[dense], rtol=1e-3)
    assert np.nanmean(of_centre[~dense]) > 1.5 * np.nanmean(of_mean[~dense])
    np.testing.assert_array_equal(np.isnan(other["spatial_frequency_selectivity"]), silent)
    responding = [int((~silent[(other["layer"] == layer).values]).sum()) // 2 for layer in LAYERS]
    assert rivals["ranking_size"].sel(ranking="sparseness").values.tolist() == responding
    assert (abs(rivals["ranking_loss"] - at_zero) > 1e-6).any(("ranking", "target")).all()
    text = opened_page((place / "reports" / "whole.html").read_text(encoding="utf-8"))
    for told in ("Rankings compared in every layer", "Rivals of orientation selectivity", "Reliability of gOSI"):
        assert told in text


def test_the_folder_of_a_study_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A name is one study's or one network's."""
    folder = Path("data/study")
    folder.mkdir(parents=True)
    software = {"python": "3", "cpu": "a", "cores": 1, "platform": "b", "packages": {}}
    record = {"schema_version": SCHEMA_VERSION, "measured_settings": {}, "environment": software, "git": None}
    (folder / "study.json").write_text(json.dumps(record), encoding="utf-8")
    assert probe(*QUICK, name="study") == 2
    assert "holds a study, no external network; use another --name" in capsys.readouterr().err


@pytest.fixture
def validation_images(place: Path) -> Path:
    """Return a folder as ImageNet's validation images come: flat, six of them, the development kit beside them."""
    flat, kit = place / "flat", place / "ILSVRC2012_devkit_t12" / "data"
    flat.mkdir()
    kit.mkdir(parents=True)
    synsets = np.zeros(1000, dtype=[("ILSVRC2012_ID", int), ("WNID", object), ("num_children", int)])
    synsets["ILSVRC2012_ID"] = np.arange(1, 1001)
    synsets["WNID"] = [f"n{number:08d}" for number in range(1000, 0, -1)]  # the last number is a network's first output
    io.savemat(kit / "meta.mat", {"synsets": synsets[:, None]})
    (kit / "ILSVRC2012_validation_ground_truth.txt").write_text("".join(f"{1000 - n % 3}\n" for n in range(6)))
    pixels = np.random.default_rng(1).integers(0, 256, (6, 40, 50, 3)).astype(np.uint8)
    for number, image in enumerate(pixels, 1):
        Image.fromarray(image).save(flat / f"ILSVRC2012_val_{number:08d}.JPEG")
    return flat


@pytest.mark.slow
def test_vgg16_is_described_beside_what_is_registered_for_it(place: Path, validation_images: Path) -> None:
    """Random weights, 32 pixels, two layers, photographs as ImageNet's: down to the report, where nothing is tested."""
    layers = ("block1_pool", "block5_pool")
    shown = ("--images", str(validation_images), "--ablate", "--null-draws", "20", "--null-images", "4")
    options = (*QUICK, *shown, "--weights", "none", "--input-size", "32", "--layers", *layers)
    assert probe(*options, name="v", model="vgg16") == 0
    text = opened_page((place / "reports" / "v.html").read_text(encoding="utf-8"))
    assert "What is registered for VGG16, described" in text
    assert "Its weights are random" in text
    assert 'class="verdict not-tested"' in text
    assert 'class="verdict supported"' not in text
    with xr.open_datatree("data/v/study.zarr", engine="zarr") as study:
        assert study["tuning"].sizes["unit"] == 64 + 512
        ablation = study["ablation"].to_dataset().isel(network=0)
        assert ablation["class"].values.tolist() == [0, 1, 2]
        assert ablation["layer"].values.tolist() == list(layers)
