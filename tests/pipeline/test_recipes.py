"""The recipes of CONTRIBUTING.md, each applied to a copy of the program and run: new files alone, nothing else edited."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

from study.vocabulary.schema import class_names_of
from tests.example_registration import cut_down
from tests.opened_page import opened_page
from tests.pipeline.tiny_study import NAME, REGISTERED, ROOT, SETTINGS, TIMEOUT, arguments, run

RECIPES = ROOT / "tests" / "recipes"
COPIED = ("study", "preregistration.md", "pyproject.toml")
BLOCK, REGISTRATION = "block.md", "preregistration.md"

pytestmark = pytest.mark.slow


def applied(recipe: str, place: Path) -> Path:
    """Return a copy of the program with a recipe's files, and its block at the end of the registration."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place / name)
    shutil.copytree(RECIPES / recipe, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns(BLOCK, "__pycache__"))
    block = RECIPES / recipe / BLOCK
    if block.exists():
        with (place / REGISTRATION).open("a", encoding="utf-8") as registration:
            registration.write(block.read_text(encoding="utf-8"))
    return place


def changed(place: Path) -> set[str]:
    """Return the files of a copy that the program does not have, or has differently; new tests among them."""
    return {
        path.relative_to(place).as_posix()
        for name in (*COPIED, "tests")
        for path in ([place / name] if (place / name).is_file() else (place / name).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and _differs(path, ROOT / path.relative_to(place))
    }


def _differs(path: Path, original: Path) -> bool:
    return not original.exists() or path.read_bytes() != original.read_bytes()


def command(place: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the copy, working in it, and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", *argv], cwd=place, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


def cut_registration(place: Path, *names: str) -> str:
    """Cut the copy's registration down to few hypotheses, so that few figures are drawn, and return its path."""
    path = place / "few.md"
    text = (place / REGISTRATION).read_text(encoding="utf-8")
    whole = re.sub(r"(?ms)^```toml multiverse\n.*?^```$", "", text)
    path.write_text(cut_down(whole, (*REGISTERED, *names)), encoding="utf-8")
    return str(path)


def studied(place: Path, *options: str, names: tuple[str, ...] = ()) -> tuple[xr.DataTree, str]:
    """Run the smallest study of the copy and return what it stored and its report."""
    registration = cut_registration(place, *names)
    smallest = ("--preregistration", registration, "--workers", "1", "--set", "population.augmentations=none,shift")
    done = run(place, *arguments(*smallest, *options), path=(place,))
    assert done.code == 0, done.out + done.err
    return done.opened(), opened_page(done.report.read_text(encoding="utf-8"))


def calibrated(place: Path, hypothesis: str) -> str:
    """Analyse a hypothesis of the copy in a few simulated studies and return the report; too few to judge its level."""
    options = ("--hypothesis", hypothesis, "--studies", "40", "--networks", "8", "--workers", "1")
    done = command(place, "study.calibrate", *options)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return opened_page((place / "reports" / "calibration.html").read_text(encoding="utf-8"))


def test_a_hypothesis_on_a_stored_measure_is_a_block(tmp_path: Path) -> None:
    """Appended to the registration, it is in the generated table and is analysed in simulated studies."""
    place = applied("hypothesis", tmp_path / "copy")
    assert changed(place) == {REGISTRATION}
    written = command(place, "study.registration", REGISTRATION)
    assert written.returncode == 0, written.stderr
    assert "untrained-first-layer" in (place / REGISTRATION).read_text(encoding="utf-8").split("```toml")[0]
    assert "untrained-first-layer" in calibrated(place, "untrained-first-layer")


def test_a_question_with_a_new_measurement_is_its_files_and_a_block(tmp_path: Path) -> None:
    """Measured, stored with its labels, told of in the methods, drawn in the report, and simulated."""
    place = applied("question", tmp_path / "copy")
    assert changed(place) == {
        REGISTRATION,
        "study/experiment/measurements/breadth.py",
        "study/analysis/questions/breadth/__init__.py",
        "study/analysis/questions/breadth/simulator.py",
        "tests/unit/test_analysis_breadth.py",
    }
    tested = command(place, "pytest", "-q", "-n0", "tests/unit/test_analysis_breadth.py")
    assert tested.returncode == 0, tested.stdout
    study, page = studied(place, names=("breadth-minority",))
    breadth = study["breadth"]["breadth"]
    assert breadth.dims == ("network", "unit")
    assert breadth.attrs["units"] == "1"
    assert float(breadth.max()) <= 1
    for text in (
        "Is a unit driven by a few of the gratings, or by most?",
        "Breadth, layer by layer",
        "driven by most gratings",
        ">Breadth</h",
    ):
        assert text in page
    assert "breadth-minority" in calibrated(place, "breadth-minority")


def test_an_architecture_is_one_file(tmp_path: Path) -> None:
    """Its layers are ablated, probed and reported; what is registered for another network says so."""
    place = applied("architecture", tmp_path / "copy")
    assert changed(place) == {"study/networks/architectures/tiny3.py"}
    study, page = studied(place, "--set", "network.architecture=tiny3")
    layers = ["conv1", "conv2", "fc1"]
    assert list(dict.fromkeys(study["tuning"]["layer"].values.tolist())) == layers
    assert study["ablation"]["layer"].values.tolist() == layers
    assert study["tuning"].sizes["unit"] == 8 + 16 + 32
    assert "Two 5 x 5 convolutions (8 and 16 maps, stride 2)" in page
    assert "registered for cnn7" in page


def test_a_source_of_images_is_one_file(tmp_path: Path) -> None:
    """Its name is a value of --images, its description and classes are in the study."""
    place = applied("image_source", tmp_path / "copy")
    assert changed(place) == {"study/images/sources/bars.py"}
    study, page = studied(place, "--images", "bars")
    assert class_names_of(study.attrs) == ("horizontal", "rising", "vertical", "falling")
    assert "bars: 1,000 images of 4 orientations" in page
    refused = command(place, "study.run", "--images", "stripes")
    assert refused.returncode == 2
    assert "bars" in refused.stderr


def test_blocks_of_the_recipes_are_those_that_run() -> None:
    """Every block of Python or of the registration in CONTRIBUTING.md is a part of a recipe's file."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^(```+)(?:python|markdown)\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL)
    files = [path.read_text(encoding="utf-8") for path in RECIPES.rglob("*") if path.suffix in (".py", ".md")]
    assert len(blocks) >= 4
    for _, block in blocks:
        assert any(block.strip() in file for file in files), block


def test_every_recipe_is_applied() -> None:
    """A folder that nobody runs is no recipe; the study they run is the smallest."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert {path.name for path in RECIPES.iterdir() if path.is_dir()} == set(re.findall(r'applied\("(\w+)"', text))
    assert NAME == "tiny" and "population.seeds=1" in SETTINGS
