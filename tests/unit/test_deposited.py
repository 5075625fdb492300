"""Who says that a registration came first: what is noted of its deposit, against the first network."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest

from study.commands.run.deposited import deposit_warning, first_begun, registered_sentence
from study.registration.deposit import Deposit, moment, read_deposit
from study.vocabulary.errors import StudyError

DEPOSIT = Deposit(
    digest="ab" * 32,
    text_digest="cd" * 32,
    date="2026-11-27T02:00:00Z",
    commit="ef" * 20,
    url="https://osf.io/abcde",
    registered="2026-11-27T02:10:00Z",
)
JOURNAL = [
    {"key": "b", "finished": "2026-11-27T03:00:00Z", "seconds": 60},
    {"key": "a", "finished": "2026-11-27T02:30:30Z", "seconds": 30.0},
    {"key": "old"},
]


def said(folder: Path, deposit: Deposit, journal: list[dict[str, object]] = JOURNAL) -> str:
    """Return the sentence of a study with that beside it."""
    (folder / "registration.json").write_text(deposit.as_json(), encoding="utf-8")
    return registered_sentence(folder, DEPOSIT.digest, journal)


def test_it_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Every field; where nothing lies, there is none."""
    assert read_deposit(tmp_path) is None
    (tmp_path / "registration.json").write_text(DEPOSIT.as_json(), encoding="utf-8")
    assert read_deposit(tmp_path) == DEPOSIT


def test_the_first_network_is_the_one_that_was_begun_first() -> None:
    """By what the journal says of its end and its seconds, in whichever order the entries stand."""
    assert first_begun(JOURNAL) == datetime.datetime(2026, 11, 27, 2, 30, tzinfo=datetime.UTC)
    assert first_begun([{"key": "a"}]) is None


def test_a_deposit_before_the_first_network_is_said_with_both_times(tmp_path: Path) -> None:
    """Where, when, and what it was before."""
    words = said(tmp_path, DEPOSIT)
    assert "Registered at https://osf.io/abcde on 2026-11-27T02:10:00Z, before the first network" in words
    assert "2026-11-27T02:30:00Z" in words


@pytest.mark.parametrize("registered", ["2026-11-27T02:30:00Z", "2026-11-28", "2026-11-27T03:00:00+00:00"])
def test_a_deposit_that_is_not_before_the_first_network_vouches_for_nothing(tmp_path: Path, registered: str) -> None:
    """At the same moment, later that day, the day after."""
    words = said(tmp_path, dataclasses.replace(DEPOSIT, registered=registered))
    assert "not before the first network" in words
    assert "vouches for nothing" in words


def test_a_day_alone_does_not_say_what_came_first_on_it(tmp_path: Path) -> None:
    """However the day is written; the day before does; an offset from UTC counts."""
    for day in ("2026-11-27", "20261127", "2026-W48-5"):
        assert "which came first" in said(tmp_path, dataclasses.replace(DEPOSIT, registered=day)), day
    assert "before the first" in said(tmp_path, dataclasses.replace(DEPOSIT, registered="2026-11-26"))
    early = dataclasses.replace(DEPOSIT, registered="2026-11-27T04:00:00+02:00")
    assert ", before the first network" in said(tmp_path, early)


def test_what_is_not_deposited_is_said_by_this_computer_alone(tmp_path: Path) -> None:
    """Without a file, with one that was only frozen, with one of another registration, with one that cannot be read."""
    assert "this computer alone" in registered_sentence(tmp_path, DEPOSIT.digest, JOURNAL)
    frozen = said(tmp_path, dataclasses.replace(DEPOSIT, url="", registered=""))
    assert "this computer alone, which froze it at 2026-11-27T02:00:00Z with commit efefefefefef" in frozen
    other = said(tmp_path, dataclasses.replace(DEPOSIT, digest="00" * 32))
    assert "this computer alone" in other
    assert "another registration (000000000000)" in other
    (tmp_path / "registration.json").write_text("{", encoding="utf-8")
    assert "cannot be read" in registered_sentence(tmp_path, DEPOSIT.digest, JOURNAL)
    undated = said(tmp_path, dataclasses.replace(DEPOSIT, registered=""))
    assert "this computer alone" in undated and "url without registered" in undated


def test_without_a_journal_nothing_is_compared(tmp_path: Path) -> None:
    """The deposit is named, and that nothing says when the first network was begun."""
    assert "nothing here says" in said(tmp_path, DEPOSIT, [])


def test_a_run_under_another_registration_than_is_frozen_beside_it_is_warned(tmp_path: Path) -> None:
    """Before the first network, in one line."""
    (tmp_path / "registration.json").write_text(DEPOSIT.as_json(), encoding="utf-8")
    assert deposit_warning(tmp_path, DEPOSIT.digest) == []
    assert len(deposit_warning(tmp_path, "00" * 32)) == 1


def test_a_digest_is_named_by_its_beginning() -> None:
    """Twelve digits or more of either digest."""
    assert DEPOSIT.is_named_by("ab" * 6)
    assert DEPOSIT.is_named_by(DEPOSIT.text_digest)
    assert not DEPOSIT.is_named_by("ab" * 5)
    assert not DEPOSIT.is_named_by("ab" * 6 + "cd")


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "27.11.2026"])
def test_no_date_is_refused(text: str) -> None:
    """With what to write."""
    with pytest.raises(StudyError, match="2026-11-27"):
        moment(text, what="--date")
