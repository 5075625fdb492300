"""The ledger as a reader sees it: short lines of p-values, absence labelled, claims that differ a line each."""

from __future__ import annotations

import dataclasses
import re

import pytest

from study.analysis.core.ledger import ledger
from study.analysis.core.results import (
    DISAGREE,
    EFFECT_PRESENT,
    INCONCLUSIVE,
    NOT_INFORMATIVE,
    NOT_SUPPORTED,
    NOT_TESTED,
    OPPOSITE,
    RULED_OUT,
    SUPPORTED,
    HypothesisResult,
    PublishedLayer,
    QuestionResult,
    SecondSet,
)
from study.report import ledger_words
from study.report.content import Report
from study.report.page import render
from tests.example_report import example_report
from tests.example_results import HOSTILE, NAN, hypothesis, layer_result
from tests.opened_page import opened_page
from tests.page_tables import rows_of

SEVEN = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1")


@pytest.mark.parametrize(
    ("pvalues", "text"),
    [
        ((), "No adjusted p."),
        ((("conv2", NAN), ("conv3", NAN)), "No adjusted p."),
        ((("conv2", 0.003),), "Adjusted p: conv2 0.003."),
        ((("conv2", 0.003), ("conv3", 1e-9)), "Adjusted p: conv2 0.003, conv3 < 0.001."),
        ((("conv2", 0.003), ("conv3", NAN)), "Adjusted p: conv2 0.003; none in conv3."),
        (tuple((layer, 1e-9) for layer in SEVEN), "Adjusted p: < 0.001 in each of 7 layers."),
        (
            tuple(zip(SEVEN, (0.2, 0.01, 0.43, 0.02, NAN, NAN, 0.3), strict=True)),
            "Adjusted p: 0.010 (conv2) to 0.43 (conv3), 5 layers; none in conv5, conv6.",
        ),
    ],
)
def test_pvalues_are_one_line(pvalues: tuple[tuple[str, float], ...], text: str) -> None:
    """Each by itself while they are few, then the least and the greatest; what is undefined is said."""
    assert ledger_words.pvalues_sentence(pvalues, "Adjusted p") == text


def claimed(identifier: str, verdict: str, published: str, **changes: object) -> HypothesisResult:
    """Return a result in conv2 and conv3."""
    fields: dict[str, object] = {"layers": ("conv2", "conv3")}
    pvalue = changes.pop("published_pvalue", 0.4)
    made = HypothesisResult(
        hypothesis(identifier, "existence", f"Claim of {identifier}.", **(fields | dict(changes.pop("fields", {})))),  # type: ignore[call-overload]
        (layer_result("conv2", 0.5, 0.1, 0.001, verdict), layer_result("conv3", 0.5, 0.1, 0.01, verdict)),
        verdict,
        "too few networks",
        published,
        tuple(PublishedLayer(layer, 0.4, pvalue, published) for layer in ("conv2", "conv3")),  # type: ignore[arg-type]
        published_test="Compared by eye.",
        difference="Unit of analysis: networks.",
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


ABSENT = {
    "test": "mean_equivalence",
    "alternative": "two-sided",
    "smallest_effect": 0.3,
    "opposite_beyond": "nothing",
    "ruled_out_at": "nothing",
}
RESULTS = (
    claimed("same", SUPPORTED, SUPPORTED),
    claimed("changed", INCONCLUSIVE, SUPPORTED, second=SecondSet((), OPPOSITE, "", DISAGREE)),
    claimed("untested", NOT_TESTED, NOT_TESTED, published_layers=()),
    claimed("absent", INCONCLUSIVE, SUPPORTED, fields=ABSENT),
    claimed("unseen", SUPPORTED, SUPPORTED, fields=ABSENT, published_pvalue=NAN),
    claimed("present", EFFECT_PRESENT, EFFECT_PRESENT, fields=ABSENT, published_pvalue=0.001),
    claimed("beside", SUPPORTED, SUPPORTED, fields={"status": "exploratory"}),
    claimed("unlearnt", NOT_INFORMATIVE, NOT_INFORMATIVE),
    claimed("neither", RULED_OUT, NOT_SUPPORTED),
    claimed("hostile", SUPPORTED, SUPPORTED, difference=HOSTILE),
)


def with_ledger(*results: HypothesisResult) -> Report:
    """Return a report of some results, without figures."""
    question = QuestionResult("existence", "Existence", "3.1", "They exist.", results)
    return dataclasses.replace(example_report(), questions=(question,), ledger=ledger((question,)))


@pytest.fixture(scope="module")
def page() -> str:
    """Return a report with every kind of row, rendered."""
    return opened_page(render(with_ledger(*RESULTS)))


def test_claims_that_come_out_differently_have_a_line_each(page: str) -> None:
    """After the questions, each claim linked to its hypothesis; every claim of the paper once more, folded."""
    assert page.index('<section class="question"') < page.index('id="ledger"')
    listed = page[page.index('<ul class="changed">') : page.index("</ul>", page.index('<ul class="changed">'))]
    assert len(re.findall("<li>", listed)) == 2
    table = page[page.index('id="ledger"') : page.index('id="appendix"')]
    for place, result in enumerate(RESULTS, 1):
        anchor = f'href="#h1-{place}-{result.hypothesis.id}"'
        assert (anchor in table) == (result.hypothesis.status == "confirmatory")


def test_what_is_not_compared_is_said_once_a_reason(page: str) -> None:
    """Claims without a verdict of either analysis stand together under why, and in no table."""
    headings = re.findall(r"<h3>Not compared: (.*?)</h3>", page)
    assert headings == ["too few networks"]


def test_a_row_says_everything_of_its_claim(page: str) -> None:
    """Claim and section, either analysis with its p-values and verdict, the difference and what it did here."""
    header, *rows = rows_of(page, 'id="ledger"')
    assert header == ["Claim", "As published", "As registered", "Why they may differ, and what it did here"]
    cells = {row[0].split(".")[0].removeprefix("Claim of "): row for row in rows}
    assert list(cells) == [
        "same",
        "changed",
        "absent",
        "unseen",
        "present",
        "neither",
        "hostile",
    ]
    assert cells["same"] == [
        "Claim of same. section 3.1conv2, conv3",
        "supported Compared by eye. p: conv2 0.40, conv3 0.40.",
        "supported Mean over networks against 0, by the larger p of sign flips and a bootstrap-t; one-sided, above. Adjusted p:"
        " conv2 0.007, conv3 0.070.",
        "Unit of analysis: networks. The verdict stays the same here: supported by either analysis.",
    ]
    assert cells["changed"][2].startswith("inconclusive second set: opposite Mean over networks")
    assert cells["changed"][3].endswith("The verdict changes here: supported as published, inconclusive as registered.")
    assert cells["neither"][3].endswith(
        "Neither analysis supports the claim here: not supported as published, ruled out as registered."
    )
    assert page.count('<tr class="changed">') == 2


def test_absence_read_from_a_large_p_is_labelled(page: str) -> None:
    """Where the published analysis says that there is nothing; not where it finds something, nor where that is claimed."""
    cells = {row[0].split(".")[0].removeprefix("Claim of "): row[1] for row in rows_of(page, 'id="ledger"')[1:]}
    assert cells["absent"].startswith("supported absence read from a large p, which is no evidence of it Compared")
    assert cells["unseen"].startswith("supported absence read without a test Compared")
    for name in ("present", "same", "changed"):
        assert "absence" not in cells[name]


def test_a_report_without_claims_has_no_ledger() -> None:
    """Neither a table nor a link to one."""
    page = render(with_ledger(claimed("beside", SUPPORTED, SUPPORTED, fields={"status": "exploratory"})))
    assert 'id="ledger"' not in page
    assert 'href="#ledger"' not in page
