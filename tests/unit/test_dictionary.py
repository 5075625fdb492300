"""The data dictionary is what the program prints, and names everything that is stored."""

from __future__ import annotations

from pathlib import Path

from study.commands.stored.dictionary import dictionary_text
from study.vocabulary.schema import COORDINATES, variables_by_group

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_program_prints() -> None:
    """`python -m study dictionary > data/dictionary.md` makes it again."""
    assert (ROOT / "data" / "dictionary.md").read_text(encoding="utf-8") == dictionary_text()


def test_every_variable_and_dimension_has_a_line_that_stands_by_itself() -> None:
    """Each with a meaning that needs no other line; dimensions without labels are those of blocks and kernels."""
    text = dictionary_text()
    unlabelled = {
        "test_block",
        "null_block",
        "kernel_row",
        "kernel_column",
        "kernel_channel",
        "weight_number",
        "tensor_axis",
    }
    for group, variables in variables_by_group().items():
        for name, variable in variables.items():
            assert f"| `{name}` | {', '.join(variable.dims) or '-'} |" in text, f"{group}/{name}"
            assert set(variable.dims) <= set(COORDINATES) | unlabelled, f"{group}/{name}"
    assert "the same" not in text.partition("## results")[0]
