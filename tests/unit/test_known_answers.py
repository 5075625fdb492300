"""What this study's networks give where others published a fact, against loops over the same numbers; and the facts' file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from study.analysis.known_answers import FACTS_PATH, OURS, known_answers, own_values
from study.analysis.known_answers.ours import (
    cardinal_excess,
    first_layer_by_corruption,
    is_cardinal,
    mean_values,
    random_half_loss,
)
from study.report.content import KnownRow
from study.report.numbers import readable
from study.report.page import render
from study.vocabulary.errors import StudyError
from tests.example_report import example_report
from tests.example_results import HOSTILE
from tests.example_study import example_study

ORIENTATIONS = np.arange(0, 180, 15.0)


@pytest.fixture(scope="module")
def study() -> xr.DataTree:
    """Return a study of one arm."""
    return example_study(seeds=1)


def tuning(gosi: list[float], preferred: list[float], silent: list[bool]) -> xr.Dataset:
    """Return the tuning of one network with units in two layers of three."""
    return xr.Dataset(
        {
            name: (("network", "unit"), np.array([values]))
            for name, values in (("gosi", gosi), ("preferred_orientation", preferred), ("silent", silent))
        },
        coords={"layer": ("unit", ["conv1"] * 3 + ["fc1"] * 3), "orientation": ORIENTATIONS},
    )


def test_cardinal_excess_counts_selective_units_alone() -> None:
    """2 of 12 orientations are cardinal; units that are silent or not selective do not count, nor does a layer without any."""
    nan = float("nan")
    made = tuning([0.5, 0.4, 0.1, nan, 0.2, 0.1], [90.0, 45.0, 0.0, nan, 0.0, 90.0], [False] * 3 + [True] + [False] * 2)
    excess = cardinal_excess(made)
    np.testing.assert_allclose(excess.values, [[0.5 - 2 / 12, nan]])
    uniform = tuning([0.9] * 6, [0.0, 15.0, 30.0, 90.0, 165.0, 60.0], [False] * 6)
    np.testing.assert_allclose(cardinal_excess(uniform).values, [[1 / 3 - 1 / 6, 1 / 3 - 1 / 6]])


def test_cardinal_orientations_are_0_and_90_degrees() -> None:
    """Modulo 180, to rounding; an undefined one is none."""
    degrees = xr.DataArray([0.0, 90.0, 180.0, 89.9999999, 45.0, 75.0, float("nan")])
    assert is_cardinal(degrees).values.tolist() == [True, True, True, True, False, False, False]


def test_random_halves_lose_a_share_of_the_intact_accuracy(study: xr.DataTree) -> None:
    """The mean over draws and both halves, network by network and layer by layer."""
    ablation = study["ablation"].to_dataset()
    lost = random_half_loss(ablation).transpose("network", "layer").values
    for network in range(ablation.sizes["network"]):
        for layer in range(ablation.sizes["layer"]):
            null = ablation["null_accuracy"].transpose("network", "layer", "draw", "half").values[network, layer]
            intact = float(ablation["null_baseline_accuracy"][network])
            expected = np.mean([(intact - value) / intact for value in null.ravel()]) if intact > 0 else np.nan
            np.testing.assert_allclose(lost[network, layer], expected)


def test_the_first_layer_is_compared_within_seeds() -> None:
    """Of units that are tuned the mean; the difference of the ends is of pairs, and a seed without both is none."""
    rates, seeds = [0.0, 1.0, 0.0, 1.0, 0.0], [1, 1, 2, 2, 3]
    gosi = np.array([[0.2, 0.4, 0.9], [0.1, np.nan, 0.9], [0.5, 0.7, 0.9], [0.4, 0.4, 0.9], [0.9, 0.9, 0.9]])
    labels = {
        "arm": ("network", ["memorization"] * 5),
        "initialization_set": ("network", [1] * 5),
        "label_corruption": ("network", rates),
        "seed": ("network", seeds),
        "layer": ("unit", ["conv1", "conv1", "fc1"]),
        "state": ["analysed"],
    }
    dataset = xr.Dataset({"gosi": (("network", "state", "unit"), gosi[:, np.newaxis])}, coords=labels)
    values = {value.of: value for value in first_layer_by_corruption(xr.DataTree.from_dict({"/tuning": dataset}))}
    assert values["0 % corrupted"].mean == pytest.approx((0.3 + 0.6 + 0.9) / 3) and values["0 % corrupted"].n == 3
    assert values["100 % corrupted"].mean == pytest.approx((0.1 + 0.4) / 2)
    paired = values["all labels random minus none, same seed"]
    assert (paired.mean, paired.n) == (pytest.approx(np.mean([0.1 - 0.3, 0.4 - 0.6])), 2)


def test_shares_and_accuracies_are_means_over_networks(study: xr.DataTree) -> None:
    """Each against the plain formula; a network counts once, however many units it has."""
    units, training = study["tuning"].to_dataset().sel(state="analysed"), study["training"].to_dataset()
    for value in OURS["selective_shares"](study):
        members = units.isel(unit=np.flatnonzero(units["layer"].values == value.of))
        shares = [
            np.mean(gosi[~silent] > 0.33)
            for gosi, silent in zip(members["gosi"].values, members["silent"].values, strict=True)
        ]
        assert value.mean == pytest.approx(np.nanmean(shares)) and value.n == np.isfinite(shares).sum()
    flip = next(value for value in OURS["accuracy_by_augmentation"](study) if value.of == "flip")
    assert flip.mean == pytest.approx(
        training["test_accuracy"].values[training["augmentation"].values == "flip"].mean()
    )


def test_the_interval_is_that_of_a_library() -> None:
    """Bias-corrected and accelerated; networks without a value are left out; too few have none."""
    values = np.random.default_rng(0).exponential(size=20)
    made = mean_values(np.append(values, np.nan), "x")
    reference = scipy.stats.bootstrap((values,), np.mean, n_resamples=20_000, rng=1).confidence_interval
    assert made.n == 20 and made.mean == pytest.approx(values.mean())
    np.testing.assert_allclose([made.low, made.high], [reference.low, reference.high], rtol=0.05)
    assert np.isnan([mean_values(values[:2], "x").low, mean_values(values[:0], "x").mean]).all()


def test_every_fact_is_quoted_from_a_place(study: xr.DataTree) -> None:
    """It names a source, a place in it and at most 25 of its words; ours beside it, or none where no network has it."""
    facts = known_answers()
    assert {fact.ours for fact in facts} == set(OURS)
    for fact in facts:
        assert fact.published and all(one.source and one.place and one.quotation for one in fact.published), fact.name
        assert fact.missing or all(one.number for one in fact.published), f"{fact.name}: no number, and no word why"
        assert all(value.n > 0 for value in own_values(fact, study))
    assert own_values(next(fact for fact in facts if fact.ours == "accuracy_by_corruption"), study) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('ours = "selective_shares"', 'ours = "shares"', "names 'shares'; allowed are accuracy_by_augmentation"),
        ('place = "section 3.1"', "", "place is missing"),
        ('quotation = "Most units', f'quotation = "{"word " * 20} Most units', "more than 25 words"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    """In one line that names what is wrong."""
    text = FACTS_PATH.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "facts.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(StudyError, match=said):
        known_answers(tmp_path / "facts.toml")


def test_the_report_shows_them_folded_in_its_appendix() -> None:
    """What was published, what was not to be had, and ours; text from outside is text. None, no fold."""
    row = KnownRow(fact="A fact", published=("70 %: elsewhere",), here=f"0.5 {HOSTILE}", missing="a curve")
    report = dataclasses.replace(example_report(seeds=1, second=False), questions=(), known=(row,))
    page = readable(render(report))
    fold = page.split('aria-label="Known answers"')[1].split("</table>")[0]
    assert "70 %: elsewhere" in fold and "Not to be had: a curve" in fold and "<script>window" not in fold
    assert 'aria-label="Known answers"' not in readable(render(dataclasses.replace(report, known=())))
