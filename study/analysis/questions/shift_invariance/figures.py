"""The figures on shift invariance, and how to read them."""

from __future__ import annotations

import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.networks import drawn_note
from study.analysis.core.results import Figure, HypothesisResult
from study.analysis.core.words import FOR_THESE_IMAGES, values_by_layer
from study.analysis.questions.shift_invariance.estimands import INTACT, ablated_layers, last_layer, shifts_of
from study.analysis.questions.shift_invariance.tables import consistency_table, layers_table, ratios_table


def figures(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[Figure, ...]:
    """Return the paper's figure 6, and the same network by network and in predicted classes."""
    if not ablated_layers(study):
        return ()
    last = last_layer(study)
    return (
        Figure(
            id="shift_invariance-layers",
            chart=Chart.SHIFT_BARS,
            paper_figure="Fig. 6a",
            title="How much activations vary when the image shifts",
            shows="Coefficient of variation of a component's activation over an image and its three shifts, averaged"
            " over the images that drive it near its maximum and over a layer's active components; intact, and with"
            " half of a layer's units ablated: the half with the highest gOSI, the half with the lowest, a random half."
            " Bars are means over networks with 95 % bootstrap intervals over networks. The paper's bars are of one"
            " network, with standard errors over its units, and show the intact network and the top half only.",
            supports=f"Bars that fall from layer to layer; in {last} the top half's bar above those of the bottom and"
            " the random half.",
            contradicts=f"In {last} the three halves raise the bar alike: then it is the loss of units that matters, not"
            " their selectivity.",
            table=layers_table(study, root_seed=root_seed),
            second_paper_figure="Fig. 6b",
        ),
        Figure(
            id="shift_invariance-ratios",
            chart=Chart.SHIFT_RATIOS,
            title=f"{last} under shifts: network by network",
            shows=f"Ratio of two coefficients of variation of {last} in the same network. One point a network; geometric"
            " mean with 95 % bootstrap interval over networks. The axis is logarithmic; at 1 both are"
            f" equal.{drawn_note(study)}",
            supports="The top half lies above 1 against the random half and against the bottom half, not against the"
            " intact network alone.",
            contradicts="The top half differs from the intact network as a random half does, and lies close around"
            " 1, with a short interval, against the other halves.",
            table=ratios_table(study, root_seed=root_seed),
        ),
        Figure(
            id="shift_invariance-consistency",
            chart=Chart.SHIFT_CONSISTENCY,
            title="Does the predicted class survive the shift?",
            shows="Share of test images whose predicted class a shift of 10 % does not change, intact and with"
            " halves ablated; means over networks with 95 % bootstrap intervals. The paper does not report it.",
            supports="Fewer predictions survive with the top half ablated than with the bottom or the random half.",
            contradicts="All halves cost alike, within short intervals.",
            table=consistency_table(study, root_seed=root_seed),
        ),
    )


def _inactive_note(study: xr.DataTree) -> str:
    shifts = shifts_of(study)
    share = (shifts["n_inactive"] / (shifts["n_inactive"] + shifts["n_components"])).mean("network")
    intact = share.sel(condition=INTACT)
    last = last_layer(study)
    behind = "".join(
        f"; {float(share.sel(condition=f'{layer}_top', layer=last)):.1%} in {last} with the top half of {layer} ablated"
        for layer in ablated_layers(study)
    )
    return (
        "Components that no unshifted test image activates have no coefficient of variation and are left out. Their"
        f" share, mean over networks, in the intact network: {values_by_layer(intact, '.1%')}{behind}."
    )


def notes(study: xr.DataTree, results: tuple[HypothesisResult, ...], *, root_seed: int) -> tuple[str, ...]:
    """Say which layers are ablated, what is left out, what a random half can show, and of which images all holds."""
    layers = ", ".join(ablated_layers(study)) or "none"
    return (
        f"Ablated layers: {layers}. Units are ablated in what the next layer receives, behind the activations that are"
        " watched here: up to and including the ablated layer a network has the intact one's values by construction.",
        _inactive_note(study),
        "A random half shares about half of its units with the top half, so an effect of selectivity shows against it"
        " at about half its size against the bottom half.",
        FOR_THESE_IMAGES,
        "Images are chosen because, unshifted, they drive a component near its maximum. Any change then tends to lower"
        " the activation, so the coefficient is above 0 for every component that depends on the image at all.",
    )
