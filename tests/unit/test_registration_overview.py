"""The generated tables of preregistration.md: what stands there is what is registered."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.registration import read_registration
from study.registration.__main__ import main
from study.registration.overview import COMMAND, hypotheses_table, profiles_table, with_tables, write_tables
from study.vocabulary.errors import StudyError
from tests.example_registration import block, register

PREREGISTRATION = Path(__file__).parents[2] / "preregistration.md"


@pytest.fixture
def outdated(tmp_path: Path) -> Path:
    """Return a copy of the registration in which a claim changed and its row did not."""
    path = tmp_path / "pre.md"
    text = PREREGISTRATION.read_text(encoding="utf-8")
    path.write_text(text.replace('claim = "Orientation-selective units', 'claim = "Round units'), encoding="utf-8")
    return path


def test_tables_in_the_file_are_those_generated() -> None:
    """One row a hypothesis, and the sizes of the profiles, as they are registered."""
    text = PREREGISTRATION.read_text(encoding="utf-8")
    assert with_tables(text, source=PREREGISTRATION.name) == text, f"preregistration.md is out of date: run {COMMAND}"


ABSENCE = {
    "test": "mean_equivalence",
    "alternative": "two-sided",
    **dict.fromkeys(("estimate_reaches", "opposite_beyond", "ruled_out_at"), "nothing"),
}


def test_a_hypothesis_has_one_row() -> None:
    """With its network, its layers, how many are needed, and what decides."""
    rows = hypotheses_table(read_registration(PREREGISTRATION)).splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(
        read_registration(PREREGISTRATION).hypotheses
    )
    shown = hypotheses_table(
        register(block("existence-a", alternative="less", null_value=0.5), block("b", layers="all", **ABSENCE))
    ).splitlines()[2:]
    assert shown == [
        "| existence-a | It is so. | 3.1 | cnn7 | conv1, conv2 | every | mean, below 0.5 | 0.1 | confirmatory |",
        "| b | It is so. | 3.1 | cnn7 | all | every | mean_equivalence | within ±0.1 | confirmatory |",
    ]


def test_profiles_have_a_column_each() -> None:
    """A setting that one profile alone sets has the default's value in the others."""
    header, _, *rows = profiles_table().splitlines()
    assert header == "| setting | quick | cifar10-small | cifar10 | paper | published |"
    assert "| shift_invariance.test_images | 0 | 5000 | 0 | 0 | 2000 |" in rows
    assert "| study.seed | 0 | 0 | 0 | 0 | 20261127 |" in rows
    assert not any("images.source" in row or "execution" in row for row in rows)


def test_the_command_writes_what_is_out_of_date(outdated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once; the second time there is nothing to do."""
    assert main([str(outdated)]) == 0
    assert "| existence-selective-units | Round units exist" in outdated.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"{outdated}: tables written\n"
    assert write_tables(outdated) is False


@pytest.mark.parametrize("missing", ["<!-- table of hypotheses", "<!-- table of profile sizes", "<!-- end of table"])
def test_a_table_without_a_place_is_refused(outdated: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says what to write where it belongs."""
    outdated.write_text(outdated.read_text(encoding="utf-8").replace(missing, "<!-- gone"), encoding="utf-8")
    with pytest.raises(StudyError, match="has no place; write"):
        write_tables(outdated)
    assert main([str(outdated)]) == 2
    assert "has no place" in capsys.readouterr().err
