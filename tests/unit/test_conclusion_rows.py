"""What mediation, need, dose and rivals add to the table of what would change the paper's conclusion; and learning on."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr

from study.analysis.core.registry import questions
from study.analysis.core.results import CANNOT_TELL
from study.analysis.questions.ablation.conclusions import OPPOSITE, SAME, further_table
from study.vocabulary.schema import AROUND_EPOCH, SETS_ABLATED
from tests.example_study import example_study, replaced, untested_results

LAYERS = {"conv1": 10, "conv2": 24, "conv3": 16}
ADDED = {"mediation": 2, "need": 4, "dose": 2, "rivals": 6}


@cache
def base() -> xr.DataTree:
    """Return eight networks whose more selective half of conv2 costs more by the ablation alone."""
    return example_study(seeds=2, layers=LAYERS, silent=0.0, log_ratio={"conv2": 0.3})


def planted() -> xr.DataTree:
    """Return the same, the top half worth half a nat more at the best constants and a fifth less with moments re-estimated."""
    need = base()["need"].to_dataset()
    extra = xr.zeros_like(need["loss"])
    extra.loc[{"target": "top", "way": "best_constant"}] = 0.5
    extra.loc[{"target": "top", "way": "moments"}] = -0.2
    noise = np.random.default_rng(0).normal(0, 0.02, need["loss"].shape)
    return replaced(base(), "need", loss=2 + extra + noise, random_loss=xr.full_like(need["random_loss"], 2.0))


def test_every_question_adds_its_rows_and_planted_ones_answer() -> None:
    """As published first, in each layer of the claim; costs in nats have a ratio, slopes and effects have none."""
    table = further_table(planted(), ("conv2", "conv9"), root_seed=0)
    assert len(table) == 1 + sum(ADDED.values())
    assert set(table["layer"]) == {"conv2"}
    assert table["specification"].iloc[0] == "as published"
    assert set(table[table["ratio"].notna()]["unit"]) == {"nat"}
    rows = table.set_index("specification")
    for beside in ("", ", against random halves"):
        assert rows.loc[f"held at the best constants{beside}", "answer"] == SAME
        assert rows.loc[f"output set to zero, moments re-estimated{beside}", "answer"] == OPPOSITE
    assert rows.loc["held at the best constants", "effect"] == pytest.approx(0.5, abs=0.05)
    assert rows.loc["halves by gOSI less halves by sparseness", "answer"] == SAME
    assert CANNOT_TELL in set(table["answer"])


@pytest.mark.parametrize("left_out", ADDED)
def test_a_question_that_was_not_measured_adds_nothing(left_out: str) -> None:
    """The others stay; in layers that were not ablated there is nothing to say."""
    groups = {f"/{name}": base()[name].to_dataset() for name in base().children if name != left_out}
    table = further_table(xr.DataTree.from_dict(groups), ("conv2",), root_seed=0)
    assert len(table) == 1 + sum(ADDED.values()) - ADDED[left_out]
    assert further_table(base(), ("conv9",), root_seed=0).empty


def test_the_figure_follows_that_of_the_ablation() -> None:
    """In the layers of the claim, one row a specification."""
    figures = questions()["ablation"].figures(base(), untested_results("ablation"), root_seed=0)
    assert [figure.id for figure in figures[-2:]] == ["ablation-conclusion", "ablation-conclusion-further"]
    assert len(figures[-1].table) == 2 * (1 + sum(ADDED.values()))


def with_retraining(networks: int) -> xr.DataTree:
    """Return the study whose first networks learnt on: the top half costs .6 nat before and .1 after, the others .1."""
    need = base()["need"].to_dataset().isel(network=slice(networks))
    loss = np.full((networks, 3, len(SETS_ABLATED), len(AROUND_EPOCH)), 1.1)
    loss[:, :, 0, 0] = 1.6
    noise = np.random.default_rng(0).normal(0, 0.01, loss.shape)
    coords = {"layer": list(LAYERS), "held": list(SETS_ABLATED), "trained": list(AROUND_EPOCH)}
    group = xr.Dataset(
        {
            "loss": (("network", "layer", "held", "trained"), loss + noise),
            "free_loss": (("network", "trained"), np.ones((networks, len(AROUND_EPOCH)))),
        },
        {**coords, "network": need["network"]},
    )
    groups = {f"/{name}": base()[name].to_dataset() for name in base().children}
    return xr.DataTree.from_dict({**groups, "/retraining": group})


def test_learning_on_is_shown_with_wide_intervals_and_without_a_test() -> None:
    """Of four networks: Student's interval of the mean over them, beside the loss with nothing held; nothing without any."""
    study = with_retraining(4)
    figures = {figure.id: figure for figure in questions()["need"].figures(study, (), root_seed=0)}
    table = figures["need-retraining"].table.set_index(["layer", "quantity", "series"])
    assert len(table) == 3 * (2 * 4 + 2 * 2)
    difference = "more selective half minus less selective half (nat)"
    before, after = (table.loc[("conv2", difference, when)] for when in ("before", "after one more epoch"))
    assert before["value"] == pytest.approx(0.5, abs=0.03)
    assert after["value"] == pytest.approx(0.0, abs=0.03)
    assert table.loc[("conv2", "test loss before (nat)", "nothing held"), "value"] == 1.0
    values = study["retraining"]["loss"].values[:, 1, 0, 0] - study["retraining"]["loss"].values[:, 1, 1, 0]
    margin = 3.182 * values.std(ddof=1) / 2  # Student's t of 3 degrees of freedom
    assert (before["ci_low"], before["ci_high"]) == pytest.approx(
        (values.mean() - margin, values.mean() + margin), rel=1e-3
    )
    assert "Exploratory: 4 networks" in figures["need-retraining"].shows
    note = questions()["need"].notes(study, (), root_seed=0)[-1]
    assert "no test is made: of 4 networks sign flips could give no p below 0.062" in note
    assert [figure.id for figure in questions()["need"].figures(base(), (), root_seed=0)] == ["need-ways"]
    assert len(questions()["need"].notes(base(), (), root_seed=0)) == 2
