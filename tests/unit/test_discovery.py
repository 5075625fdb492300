"""What is found by its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from study.vocabulary.discovery import declared_in, declared_where_present, names_in


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a package with two public modules, of which one is a folder, and a private one."""
    folder = tmp_path / f"found_in_{tmp_path.name}"
    (folder / "beta").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "alpha.py").write_text("THING = 1\n")
    (folder / "beta" / "__init__.py").write_text("THING = 2\n")
    (folder / "_private.py").write_text("raise RuntimeError\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder.name


def test_modules_and_folders_are_found_by_name_and_not_imported(package: str) -> None:
    """Names are known before anything is imported; private modules are none of them."""
    assert names_in(package) == ("alpha", "beta")
    assert f"{package}.alpha" not in sys.modules


def test_each_module_declares_its_value(package: str) -> None:
    """The folder is the registry."""
    assert declared_in(package, "THING") == {"alpha": 1, "beta": 2}


def test_a_module_without_the_declaration_is_a_programming_error(package: str) -> None:
    """It is not passed over in silence."""
    with pytest.raises(AttributeError, match="OTHER"):
        declared_in(package, "OTHER")


def test_what_only_some_folders_hold_is_found_there(package: str, tmp_path: Path) -> None:
    """A folder without the module, and a module that is no folder, are left out."""
    (tmp_path / package / "beta" / "extra.py").write_text("EXTRA = 3\n")
    (tmp_path / package / "gamma").mkdir()
    (tmp_path / package / "gamma" / "__init__.py").write_text("")
    assert declared_where_present(package, "extra", "EXTRA") == {"beta": 3}
    assert declared_where_present(package, "missing", "EXTRA") == {}
    with pytest.raises(AttributeError, match="OTHER"):
        declared_where_present(package, "extra", "OTHER")
