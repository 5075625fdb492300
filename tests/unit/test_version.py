"""The version stands in four places, and it is one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import study

ROOT = Path(__file__).parents[2]


def citation(field: str) -> str:
    """Return what the citation file says of itself."""
    (value,) = re.findall(rf"(?m)^{field}: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return value


def test_package_metadata_citation_and_changelog_state_one_version() -> None:
    """The changelog's newest heading, its date included, is what is cited."""
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    headings = re.findall(r"(?m)^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert metadata["project"]["version"] == study.__version__
    assert headings[0] == (study.__version__, citation("date-released"))
    assert citation("version") == study.__version__
