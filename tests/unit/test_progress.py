"""What a person sees while networks are worked on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from study.execution.progress import CONCLUSION_SECONDS, Display, Steps, percent, stages_of, time_text
from study.vocabulary.schema import ARMS


@pytest.mark.parametrize("arm", ARMS)
def test_stages_fill_the_bar_without_gaps(arm: str) -> None:
    """From 0 to 100 %, each stage going on where the one before it ended, in every arm."""
    ends = [0.0]
    for start, weight in stages_of(arm).values():
        assert start == pytest.approx(ends[-1])
        ends.append(start + weight)
    assert ends[-1] == pytest.approx(1.0)
    assert [percent(arm, next(iter(stages_of(arm))), 0), percent(arm, next(reversed(stages_of(arm))), 1)] == [
        0,
        100,
    ]


def test_an_arm_without_ablation_is_done_when_it_is_trained() -> None:
    """Training is all of a maturation or memorization network, and part of another."""
    assert percent("maturation", "train", 0.5) == percent("memorization", "train", 0.5) == 50
    assert percent("maturation", "train", 1) == percent("memorization", "train", 1) == 100
    assert percent("generalization", "train", 1) == 60
    assert percent("generalization", "ablate", 0.5) == 75
    assert percent("generalization", "shift", 1) == 100


def test_an_unknown_stage_or_arm_is_no_error() -> None:
    """A stage nobody weighed leaves the bar where it is; an unknown arm has the stages of the first."""
    assert percent("generalization", "polish", 0.5) is None
    assert percent("another arm", "train", 1) == 60


def drawn(arms: dict[str, str] | None, *stages: tuple[str, float]) -> list[float]:
    """Return how full a network's bar is after each stage, on a terminal."""
    console = Console(file=io.StringIO(), force_terminal=True)
    shares = []
    with Display(console, labels={"k": "maturation: shift_flip, seed 0"}, done=0, total=2, arms=arms) as display:
        for stage, share in stages:
            display.watch("k", stage, share)
            shares.append(display._progress.tasks[-1].completed)
        display.ended("k", "3 s")
        assert len(display._progress.tasks) == 1
    return shares


def test_the_bar_follows_the_networks_own_arm() -> None:
    """By its key; an unknown stage keeps what was reached."""
    stages = (("train", 1.0), ("polish", 0.2))
    assert drawn({"k": "maturation"}, *stages) == [100, 100]
    assert drawn(None, *stages) == [60, 60]


def test_without_a_terminal_there_are_lines_alone() -> None:
    """Nothing is drawn; what became of a network is one plain line."""
    text = io.StringIO()
    with Display(Console(file=text, width=120), labels={"k": "none, seed 0"}, done=1, total=2) as display:
        display.watch("k", "train", 0.5)
        display.ended("k", "[3] s")
    assert text.getvalue() == "[2/2] none, seed 0: [3] s\n"


def test_steps_are_a_line_each_without_a_terminal() -> None:
    """Each is named as it begins; what is counted in it draws nothing."""
    text = io.StringIO()
    steps = Steps(Console(file=text, width=120), 2)
    with steps.step("gathering networks") as at:
        at(1, 3)
    with steps.step("analysing [hypotheses]"):
        pass
    assert text.getvalue() == "step 1 of 2: gathering networks\nstep 2 of 2: analysing [hypotheses]\n"


def test_a_step_is_drawn_with_what_is_counted_and_leaves_nothing() -> None:
    """A bar and a number on a terminal, from its beginning; an interruption says what was going on."""
    text = io.StringIO()
    steps = Steps(Console(file=text, width=120, force_terminal=True), 1)

    def interrupted() -> None:
        with steps.step("analysing hypotheses") as at:
            at(7, 90)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="while analysing hypotheses"):
        interrupted()
    drawn_text = text.getvalue()
    assert "step 1 of 1: analysing hypotheses" in drawn_text
    assert "7 of 90" in drawn_text


def test_the_whole_moves_with_each_network_and_says_what_is_left() -> None:
    """Networks in work count by their share; the time left is the estimate's, then more and more the speed's."""
    now = [0.0]
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    labels = {"a": "none, seed 0", "b": "shift, seed 0"}
    arms = dict.fromkeys(labels, "maturation")
    with Display(console, labels=labels, arms=arms, done=1, total=3, seconds=200, clock=lambda: now[0]) as display:
        whole = display._progress.tasks[0]
        now[0] = 10.0
        display.watch("a", "train", 0.1, "training, epoch 1 of 10, loss 2.30, accuracy 0.10")
        assert whole.completed == pytest.approx(1.1)
        assert whole.fields["left"] == f"about {time_text(190 + CONCLUSION_SECONDS)} left for all"  # 1.9 of 2
        display.watch("b", "train", 0.4, "training, epoch 4 of 10, loss 1.90, accuracy 0.30")
        assert whole.completed == pytest.approx(1.5)
        assert whole.fields["left"] == f"about {time_text(90 + CONCLUSION_SECONDS)} left for all"  # 30 and 150
        assert display._progress.tasks[1].description == (
            "none, seed 0: training, epoch 1 of 10, loss 2.30, accuracy 0.10"
        )
        assert display._progress.tasks[1].fields["count"] == "10 %"
        display.ended("a", "3 s")
        assert whole.fields["count"] == "2 of 3 networks"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (99, "99 s"), (120, "2 min"), (7_300, "2 h")])
def test_durations_are_said_in_one_unit(seconds: float, text: str) -> None:
    """Seconds, minutes or hours."""
    assert time_text(seconds) == text
