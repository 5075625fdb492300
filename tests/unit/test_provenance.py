"""Provenance: versions, machine, commit, digest; no name of a person, a host or a path."""

from __future__ import annotations

import getpass
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.vocabulary import provenance
from study.vocabulary.digests import digest
from study.vocabulary.provenance import environment, git_state

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def git(root: Path, *arguments: str) -> str:
    """Run git in a repository made for a test."""
    program = shutil.which("git")
    if program is None:
        pytest.skip("git is not installed")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    command = [program, "-C", str(root), *identity, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "source.py").write_text("a = 1\n")
    git(tmp_path, "add", "source.py")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_environment_says_what_bits_depend_on() -> None:
    """Versions of what is installed, Python, system, CPU model, cores; JSON all of it."""
    here = environment()
    assert here["packages"]["numpy"] == np.__version__
    assert "not-installed" not in here["packages"]
    assert here["python"] == platform.python_version()
    assert here["cores"] >= 1
    assert here["cpu"]
    assert here["platform"]
    assert json.loads(json.dumps(here)) == here


def test_environment_names_no_person_host_or_path() -> None:
    """What is stored with the data may be published."""
    text = json.dumps(environment())
    assert platform.node() not in text or len(platform.node()) < 4
    assert str(Path.cwd()) not in text
    assert str(Path.home()) not in text or len(str(Path.home())) < 2
    user = getpass.getuser()
    assert f'"{user}"' not in text
    assert f"/{user}" not in text


def test_nothing_heavy_is_imported() -> None:
    """Versions come from metadata, not from importing TensorFlow."""
    script = (
        "import sys, study.vocabulary.provenance; study.vocabulary.provenance.environment(); "
        "print(sorted({'tensorflow', 'keras', 'numpy', 'xarray'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_a_missing_package_and_a_silent_system_are_no_errors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What cannot be told is left out, or said less precisely."""
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "not-installed-anywhere"))
    assert list(environment()["packages"]) == ["numpy"]
    assert provenance._cpu_model(tmp_path / "none")
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: \nmodel name\t: Fast: CPU\n")
    assert provenance._cpu_model(tmp_path / "cpuinfo") == "Fast: CPU"


def test_git_state_of_a_repository(repository: Path) -> None:
    """The commit, and every kind of change since, even from a folder inside."""
    commit = git(repository, "rev-parse", "HEAD")
    assert git_state(repository) == {"commit": commit, "dirty": False}
    (repository / "new.py").touch()
    assert git_state(repository) == {"commit": commit, "dirty": True}
    (repository / "new.py").unlink()
    (repository / "source.py").write_text("a = 2\n")
    assert git_state(repository) == {"commit": commit, "dirty": True}


def test_git_state_where_there_is_none(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Outside a repository, before the first commit, in a folder the repository does not track, where nothing is."""
    outside = tmp_path_factory.mktemp("outside")
    assert git_state(outside) is None
    git(outside, "init", "--quiet")
    assert git_state(outside) is None
    untracked = repository / "site-packages"
    untracked.mkdir()
    (untracked / "installed.py").touch()
    assert git_state(untracked) is None
    assert git_state(repository / "none") is None


def test_git_state_without_git_or_inside_a_hook(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No git gives None; GIT_DIR in the environment does not lead to another repository."""
    commit = git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert git_state(repository) == {"commit": commit, "dirty": False}
    monkeypatch.setattr(shutil, "which", lambda program: None)
    assert git_state(repository) is None


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_digest_does_not_depend_on_the_order_of_keys(mapping: dict[str, object]) -> None:
    """The same entries in any order, before and after JSON, give the same digest."""
    assert digest(mapping) == digest(dict(reversed(mapping.items()))) == digest(json.loads(json.dumps(mapping)))


def test_digest_tells_values_apart() -> None:
    """Every value matters, and its type; the digest never changes between versions."""
    values = [{}, {"a": 1}, {"a": 1.0}, {"a": "1"}, {"a": True}, {"a": None}, {"b": 1}, {"a": {"a": 1}}]
    assert len({digest(value) for value in values}) == len(values)
    assert digest({"b": [1, 2.5, "é"], "a": None}) == "d4e7b7ea1f785bcaf2af5af23dddc104ef2f2921a290da2912e3b2637f45da59"


def test_digest_refuses_what_is_not_json() -> None:
    """NaN has no canonical text; an array is not JSON."""
    with pytest.raises(ValueError, match="JSON"):
        digest({"a": float("nan")})
    with pytest.raises(TypeError):
        digest({"a": np.zeros(2)})
