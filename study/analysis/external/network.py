"""One network, described: the paper's figures on existence, spatial frequency and ablation, and what holds within it.

A network is one experimental unit. Nothing here is tested over networks: what has a p-value is a unit against shuffles
of its own responses, or a layer of this network against random halves of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.question import layer_means
from study.analysis.core.results import Figure, QuestionResult
from study.analysis.core.testing import Tested, tested_layers, with_verdicts
from study.analysis.external.ablation import ablation_described
from study.analysis.external.tables import PVALUE, dots, follows, in_panels
from study.analysis.questions import existence, replication, spatial_frequency
from study.registration import Registration
from study.tuning import SELECTIVE


def described(study: xr.DataTree, registration: Registration | None, *, root_seed: int) -> tuple[QuestionResult, ...]:
    """Return what can be said of the one network of a study, question by question.

    Parameters
    ----------
    study
        The compacted study of one external network; see `study.vocabulary.schema.EXTERNAL`.
    registration
        Where it is given, the estimates of what is registered for VGG16 are added, each untested for want of networks.
    root_seed
        Seed of resampling.
    """
    questions = [_existence(study), _spatial_frequency(study, root_seed)]
    if "ablation" in study.children:
        questions.append(ablation_described(study))
    if registration is not None:
        questions.append(_vgg16(study, registration, root_seed))
    return tuple(questions)


def layer_table(study: xr.DataTree) -> pd.DataFrame:
    """Return what was found in each layer: a row a layer, shares of its units that are not silent.

    `p at most 0.05` counts a unit's own shuffles: by chance alone about one in twenty has so small a p.
    """
    tuning = existence.tuning_of(study, "analysed").isel(network=0)
    measured = tuning.where(~tuning["silent"])
    layers = list(dict.fromkeys(tuning["unit_layer"].values.tolist()))
    columns = {
        "silent": layer_means(tuning["silent"].astype(float)),
        "mean gOSI": layer_means(measured["gosi"]),
        "mean gOSI, shuffled": layer_means(measured["gosi_null_mean"]),
        "selective": _share(measured["gosi"], lambda gosi: gosi > SELECTIVE),
        "selective, shuffled": layer_means(measured["gosi_null_selective"]),
        "p at most 0.05": _share(measured["gosi_pvalue"], lambda pvalue: pvalue <= PVALUE),
        "p at most 0.05, orientation": _share(measured["gosi_orientation_pvalue"], lambda pvalue: pvalue <= PVALUE),
    }
    table = pd.DataFrame({name: values.values for name, values in columns.items()})
    table.insert(0, "layer", layers)
    table.insert(1, "units", [int((tuning["unit_layer"] == name).sum()) for name in layers])
    return table


def _share(values: xr.DataArray, holds: Callable[[xr.DataArray], xr.DataArray]) -> xr.DataArray:
    """Return the share of each layer's units with a value for which something holds; NaN where there is none."""
    return layer_means(holds(values).where(values.notnull()))


def _existence(study: xr.DataTree) -> QuestionResult:
    layers = layer_table(study)
    histogram, said = in_panels(existence.histogram_table(study, "analysed"))
    depth = layers["layer"].tolist()
    examples = list(dict.fromkeys((depth[len(depth) // 4], depth[(3 * len(depth)) // 4])))
    by_layer = dots(
        layers,
        {
            "share of units with gOSI above 0.33": {
                "measured": "selective",
                "own responses shuffled": "selective, shuffled",
            },
            "mean gOSI": {"measured": "mean gOSI", "own responses shuffled": "mean gOSI, shuffled"},
            "share of units with a shuffle p of at most 0.05": {
                "measured": "p at most 0.05",
                "orientation labels shuffled": "p at most 0.05, orientation",
            },
        },
        {"share of units with a shuffle p of at most 0.05": PVALUE},
    )
    question = existence.QUESTION
    return QuestionResult(
        "existence",
        question.title,
        question.paper_section,
        question.claim,
        (),
        notes=_existence_notes(study, layers),
        figures=(
            Figure(
                id="existence-layers",
                chart=Chart.NETWORK_DOTS,
                title="Orientation selectivity, layer by layer",
                shows="All layers in the network's order. Above: the share of units with a gOSI above 0.33, and the"
                " same share"
                " among shuffles of their own responses. Middle: mean gOSI, measured and shuffled. Below: the share"
                " of units"
                " whose own shuffle p is at most 0.05, once with all responses of the unit shuffled and once with the"
                " orientation labels alone; the rule is at the 5 % that chance gives. Silent units are left out.",
                supports="Measured values well above shuffled ones in most layers.",
                contradicts="Measured and shuffled values that coincide: then sparse responses alone explain the gOSI.",
                table=by_layer,
            ),
            Figure(
                id="existence-curves",
                chart=Chart.TUNING_CURVES,
                paper_figure="Fig. 1",
                title="Orientation-tuning curves of example units",
                shows="Response to gratings of twelve orientations, at the unit's preferred spatial frequency and"
                " best phase, of"
                " units of a layer a quarter and of one three quarters of the way through the network. Units were"
                " chosen at"
                " even steps from the lowest to the highest gOSI.",
                supports="A clear peak at one orientation, and a gOSI above 0.33 beside it.",
                contradicts="Flat curves, or peaks no higher than chance variation between orientations.",
                table=existence.example_curves(study, examples),
            ),
            Figure(
                id="existence-histogram",
                chart=Chart.GOSI_HISTOGRAM,
                paper_figure=follows(study, "Fig. 2", "Fig. A4b"),
                title="Orientation selectivity of all units, layer by layer",
                shows="Share of units at each gOSI (filled) and after shuffling each unit's own responses (outline);"
                " silent units"
                f" left out.{said}",
                supports="The filled histogram lies to the right of the outline and reaches past 0.33.",
                contradicts="The two coincide: then sparse responses alone explain the gOSI.",
                table=histogram,
            ),
        ),
    )


def _existence_notes(study: xr.DataTree, layers: pd.DataFrame) -> tuple[str, ...]:
    tuning = existence.tuning_of(study, "analysed").isel(network=0)
    silent = tuning["silent"].values
    own = tuning.isel(unit=np.flatnonzero(~silent))
    notes = []
    if own.sizes["unit"]:
        selective, shuffled = float((own["gosi"] > SELECTIVE).mean()), float(own["gosi_null_selective"].mean())
        passing = float((own["gosi_pvalue"] <= PVALUE).mean())
        notes.append(
            f"Of {own.sizes['unit']:,} units that respond to gratings, {selective:.1%} have a gOSI above 0.33; of"
            " shuffles of"
            f" their own responses, {shuffled:.1%}. {passing:.1%} have a shuffle p of at most 0.05, where chance"
            " gives 5 %."
        )
    most = layers.iloc[int(layers["silent"].argmax())]
    notes.append(
        "No unit is silent."
        if not silent.any()
        else f"Silent units (no response to any grating; gOSI undefined, left out): {silent.mean():.1%} of all, most in"
        f" {most['layer']} ({most['silent']:.1%})."
    )
    rectified = study["rectification"]["rectified"].isel(network=0)
    if float(rectified.max()) > 0:
        notes.append(
            f"Responses below 0, which the index does not know, were read as 0: {float(rectified.mean()):.1%} of all"
            f" responses, in {int((rectified > 0).sum()):,} of {rectified.size:,} units."
        )
    return tuple(notes)


def _spatial_frequency(study: xr.DataTree, root_seed: int) -> QuestionResult:
    ranges, said = in_panels(spatial_frequency.range_table(study))
    shares = {
        group: spatial_frequency.zero_range_share(study, fewest).isel(network=0)
        for group, fewest in spatial_frequency.GROUPS.items()
    }
    table = pd.DataFrame({group: share.values for group, share in shares.items()})
    table.insert(0, "layer", next(iter(shares.values()))["layer"].values.tolist())
    quantity = "share of selective units with range 0"
    question = spatial_frequency.QUESTION
    return QuestionResult(
        "spatial_frequency",
        question.title,
        question.paper_section,
        question.claim,
        (),
        notes=question.notes(study, (), root_seed=root_seed),
        figures=(
            Figure(
                id="spatial_frequency-layers",
                chart=Chart.NETWORK_DOTS,
                title="Units with one preferred orientation, layer by layer",
                shows="The share of selective units (gOSI above 0.33) that prefer the same orientation at all"
                " spatial frequencies"
                " whose peak exceeds half of the overall peak; and the same of the units that have at least two such"
                " frequencies, as with one alone the range is 0 by construction. The rule is at one half: most units.",
                supports="Both shares above one half in most layers.",
                contradicts="A share below one half once units with a single frequency are set aside.",
                table=dots(table, {quantity: {group: group for group in shares}}, {quantity: 0.5}),
            ),
            Figure(
                id="spatial_frequency-range",
                chart=Chart.RANGE_HISTOGRAM,
                paper_figure=follows(study, "Fig. A2", "Fig. A3b"),
                title="Range of preferred orientations over spatial frequencies",
                shows="Share of selective units at each range: the shortest arc that holds the preferred"
                " orientations of all"
                f" spatial frequencies whose peak exceeds half of the overall peak.{said}",
                supports="Most units at 0 degrees, also among those with at least two frequencies.",
                contradicts="Ranges spread widely once units with a single frequency are set aside.",
                table=ranges,
            ),
        ),
    )


def _vgg16(study: xr.DataTree, registration: Registration, root_seed: int) -> QuestionResult:
    """Return the estimates of what is registered for VGG16, each beside what the paper says."""
    tested = {}
    for name, hypothesis in registration.hypotheses.items():
        if hypothesis.measure not in replication.OF_VGG16:
            continue
        estimand = replication.QUESTION.estimands[hypothesis.measure]
        published = replication.QUESTION.published[hypothesis.measure]
        tested[name] = Tested(
            hypothesis,
            tested_layers(hypothesis, estimand, study, root_seed=root_seed),
            published.layers(study, hypothesis.layers, root_seed=root_seed),
        )
    return QuestionResult(
        "vgg16",
        "What is registered for VGG16, described",
        replication.QUESTION.paper_section,
        "Orientation-selective units exist in all layers of VGG16, and they prefer one orientation at most spatial"
        " frequencies (Figs. A3b, A4b). Shuffled responses give as high a gOSI in its high layers. Silencing the more"
        " selective half costs more than twice as much in block1_conv2, block1_pool and block2_conv1 (Fig. A7b).",
        tuple(with_verdicts(tested).values()),
        notes=(
            "One network is one experimental unit: each estimate stands as it is, and the registered test, which needs"
            " several networks, is not run.",
        ),
    )
