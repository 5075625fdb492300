"""The figures on rearing, and how to read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.rearing import by_seed, spans_of
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import FOR_THESE_IMAGES, claimed_layers
from study.analysis.questions.necessity.estimands import test_loss
from study.analysis.questions.necessity.tables import (
    BEYOND_SHUFFLES,
    CHECKS,
    checks_table,
    conditions_of,
    mean_in_span,
    scores_table,
)
from study.vocabulary.rearing import (
    DISCOURAGED,
    DISCOURAGED_SHAM,
    ENCOURAGED,
    ENCOURAGED_SHAM,
    FREE,
    ISOTROPIC,
    MEANINGS,
    PARTED,
    RANDOM_BASIS,
)

_DECODED: Final = CHECKS["orientation_decoding"]
# The conditions of a figure, the shams before what they are the shams of.
_KINDS: Final = (
    ("kernels", (RANDOM_BASIS, PARTED, ISOTROPIC), "test_loss_against_parted"),
    ("penalties", (DISCOURAGED_SHAM, DISCOURAGED, ENCOURAGED_SHAM, ENCOURAGED), "test_loss_discouraged"),
)
_SUPPORTS: Final = {
    "kernels": "Selectivity is needed: lines rise from the shams to isotropic kernels, in test loss.",
    "penalties": "Single units' selectivity matters: in test loss lines rise from the sham to discouraged, and fall from the"
    " sham to encouraged.",
}
_CONTRADICTS: Final = {
    "kernels": "Lines rise from free to the shams and are level from there: lost freedom costs, selectivity does not.",
    "penalties": "Lines are level from each sham on: any penalty of that strength costs, whatever it acts on.",
}
_TWO_QUESTIONS = (
    "Two interventions, two questions. Isotropic kernels take orientation out of what a layer can compute: they ask whether"
    " the layer's orientation selectivity is needed. A penalty acts on the mean gOSI of single units and leaves the layer"
    " free to keep orientation in another form: it asks whether the selectivity of single units matters."
)
_NOT_THE_LAYER = (
    "A unit that is not selective does not mean that its layer has lost orientation: a linear readout may still find it in"
    " several units together. So decoding stands beside gOSI, cross-validated over phases and frequencies."
)


def _shown(networks: xr.DataTree, results: Sequence[HypothesisResult]) -> list[tuple[str, tuple[str, ...], str]]:
    """Return, of kernels and of penalties, the conditions that there are and the span of layers that is shown of them."""
    shown = []
    for name, among, measure in _KINDS:
        spans = dict.fromkeys(span for condition in among for span in spans_of(networks, [condition]))
        claimed = [span for span in claimed_layers(results, measure) if span in spans]
        if span := next(iter([*claimed, *spans]), ""):
            shown.append((name, conditions_of(networks, among, span), span))
    return shown


def figures(networks: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return every seed's scores under each condition, and what rearing changed, of kernels and of penalties."""
    drawn: list[Figure] = []
    for name, conditions, span in _shown(networks, results):
        said = "; ".join(f"{one.replace('_', ' ')}: {MEANINGS[one]}" for one in conditions)
        drawn += [
            Figure(
                id=f"necessity-{name}",
                chart=Chart.REARED_SCORES,
                title=f"Every seed under every condition, {span}",
                shows=f"A thin line joins the networks of a seed, which began alike and saw the same images in the same order;"
                f" thick bars are means over seeds with 95 % bootstrap intervals. {said}.",
                supports=_SUPPORTS[name],
                contradicts=_CONTRADICTS[name],
                table=scores_table(networks, conditions, span, root_seed=root_seed),
            ),
            Figure(
                id=f"necessity-{name}-checks",
                chart=Chart.REARED_CHECKS,
                title=f"What rearing changed, {span}",
                shows="Means over networks with 95 % bootstrap intervals, layer by layer. gOSI beyond shuffles is the"
                " registered check; everything else is description: what else may differ between the conditions. Orientation"
                " decoded linearly is the share of the variance of an angle's sine and cosine that a ridge readout of the"
                " layer's responses explains in gratings of phases and frequencies that it was not fitted to.",
                supports=f"In the layers of {span} gOSI differs from that under the sham as it was to; all else is alike.",
                contradicts="gOSI is alike: then nothing was taken away. Or other quantities differ, too: then they may be"
                " what costs.",
                table=checks_table(networks, conditions, span, root_seed=root_seed),
            ),
        ]
    return tuple(figure for figure in drawn if not figure.table.empty)


def notes(networks: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say which of two questions each intervention answers, what the layers kept, which seeds are whole, and of which images."""
    shown = _shown(networks, results)
    kernels = next(((conditions, span) for name, conditions, span in shown if name == "kernels"), None)
    said = [_TWO_QUESTIONS]
    if kernels is not None:
        conditions, span = kernels
        said += [_kept(networks, conditions, span), _whole(networks, conditions, span)]
    return (
        *said,
        "Only free networks must pass the learning check: that networks reared otherwise cannot learn would be a result.",
        "Isotropic kernels are as good as blind to orientation within a layer, but not exactly: the lattice of pixels and"
        " strides leave a trace, which the check shows.",
        FOR_THESE_IMAGES,
    )


def _kept(networks: xr.DataTree, conditions: Sequence[str], span: str) -> str:
    """Say how well orientation can be decoded where single units are selective, and where they are not."""
    values = []
    for condition in conditions:
        gosi, decoded = (mean_in_span(networks, one, condition, span) for one in (BEYOND_SHUFFLES, _DECODED))
        if math.isfinite(decoded):
            values.append(f"{condition.replace('_', ' ')} {gosi:.2f} and {decoded:.2f}")
    if not values:
        return _NOT_THE_LAYER
    return f"{_NOT_THE_LAYER} gOSI beyond shuffles and decoding, means over {span}: {'; '.join(values)}."


def _whole(networks: xr.DataTree, conditions: Sequence[str], span: str) -> str:
    """Say of how many seeds both networks that the primary estimand compares are there."""
    needed = [one for one in (ISOTROPIC, PARTED) if one in conditions] or [FREE]
    rows = [by_seed(networks, test_loss(networks), one, [span]).notnull().values[:, 0] for one in needed]
    whole = sum(all(row) for row in zip(*rows, strict=True))
    return (
        f"Of {len(rows[0])} seeds {whole} have the networks of {' and '.join(needed)} in {span}; a seed without one of them has"
        " no value and counts as missing. Numbers of networks beside effects are numbers of such pairs."
    )
