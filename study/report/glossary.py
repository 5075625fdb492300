"""The words a reader from another field needs, in the order of reading."""

from __future__ import annotations

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from study.report.verdict_marks import VERDICT_MARKS

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "Unit",
        "One feature map of a convolution layer, or one element of a dense layer. Its response to a picture "
        "is the mean of its map after the rectifier.",
    ),
    (
        "Grating",
        "A picture of parallel light and dark stripes with one orientation, one spacing and one phase.",
    ),
    (
        "Spatial frequency",
        "How close the stripes stand, in cycles per pixel.",
    ),
    (
        "Tuning curve",
        "A unit's response against the orientation of the stripes, at the spacing it likes best and the best "
        "phase for each orientation.",
    ),
    (
        "gOSI",
        "Global orientation selectivity index: 0 when a unit answers to all orientations alike, 1 when it "
        "answers to one only. It is the length of the mean vector of the responses over doubled angles, "
        "divided by their sum. It is undefined for a unit that answers to no grating.",
    ),
    (
        "Orientation-selective",
        "Having a gOSI above 0.33, the bound of the published study.",
    ),
    (
        "Silent unit",
        "A unit that responds to no grating at all. It has no gOSI and belongs to neither half in an ablation.",
    ),
    (
        "Shuffle control",
        "The gOSI of the same responses after their order was permuted at random: what the index gives "
        "without any tuning.",
    ),
    (
        "Range of preferred orientations",
        "The shortest arc that holds a unit's preferred orientations at every spacing to which it answers "
        "with at least half its peak; 0 when they agree.",
    ),
    (
        "Ablation",
        "Holding a set of units at a fixed value and measuring how much worse the network becomes.",
    ),
    (
        "Clamp",
        "The value and place at which an ablated unit is held. Output zero sets what the next layer receives "
        "to zero; rectifier zero holds the output of the rectifier at zero, before normalisation.",
    ),
    (
        "Top and bottom half",
        "The units of a layer with the highest and with the lowest gOSI, equally many.",
    ),
    (
        "Random-halves null",
        "The same ablation with the layer split in two at random, many times: how large an effect comes about "
        "without any regard to gOSI.",
    ),
    (
        "Matched halves",
        "Two halves of a layer that are alike in one property of their units, such as mean activity, and differ in gOSI: "
        "what remains of an ablation's effect between them is not due to that property.",
    ),
    (
        "Class selectivity",
        "How much more a unit answers to its best class of pictures than to the others: the difference of the two means "
        "over their sum.",
    ),
    (
        "Shift invariance",
        "That a unit's activation, or the predicted class, stays the same when the picture is shifted a little.",
    ),
    (
        "Coefficient of variation",
        "Standard deviation over mean: here of a unit's activation over a picture and its shifts. 0 is perfect invariance.",
    ),
    (
        "Loss",
        "Mean cross-entropy over pictures, in nat. Lower is better.",
    ),
    (
        "Augmentation",
        "Whether training pictures were shifted, flipped, both or neither.",
    ),
    (
        "Label corruption",
        "The share of training and validation pictures whose label was replaced by a class drawn at random. A network can "
        "fit such labels only by memorising them.",
    ),
    (
        "Arm",
        "A group of networks trained for one purpose: to generalise (generalization), to be watched during training "
        "(maturation), to memorise corrupted labels (memorization), or to learn under a condition that "
        "confines kernels or penalises selectivity (rearing).",
    ),
    (
        "Learning check",
        "A median over an arm's networks, of training or validation values, that was registered as needed before anything is "
        "concluded from them. An arm that fails it in any stratum is not informative, with all its networks.",
    ),
    (
        "Look",
        "Results computed from a set of networks, by a registration, with a version of the program. Whoever may look often "
        "and stop when a result pleases finds too much, so every look is listed.",
    ),
    (
        "Interim",
        "Of results: not every network that is planned or registered has been tried. No verdict is then confirmatory, since "
        "there may be another look at more of them.",
    ),
    (
        "External network",
        "A network that this project did not train, described on a page of its own: one network is one experimental unit, "
        "and no registered claim is tested on it.",
    ),
    (
        "Set of initialisations",
        "Networks of one recipe that start from initial weights of their own. The second set repeats the first; no test "
        "pools them.",
    ),
    (
        "Agreement of the sets",
        "The sets agree when both support a hypothesis or both speak against it, and disagree when one supports what the "
        "other speaks against. Otherwise one cannot tell: a test passed in one set and not in the other does not show a "
        "difference.",
    ),
    (
        "Network as the experimental unit",
        "Every n, interval and p-value counts independently trained networks; units and pictures within a "
        "network are not independent.",
    ),
    (
        "Specification, multiverse",
        "One way of analysing the same data, made of one level of every factor; and all such ways that the registration "
        "names. A specification curve shows what each of them gives, sorted by size.",
    ),
    (
        "Estimand",
        "What a test estimates, one number a layer, such as a mean difference over networks.",
    ),
    (
        "Published analysis",
        "The analysis as the paper did it, done again on the networks of this study. It decides nothing here.",
    ),
    (
        "Confidence interval",
        "The range of values that the data do not rule out, at the registered level, found by resampling "
        "networks. Its kind is given beside it.",
    ),
    (
        "p-value",
        "How often chance alone would give a result at least as extreme. One found by random resampling is never 0. A large "
        "one says that chance can explain the result, not that there is nothing: too few networks give a large one as well.",
    ),
    (
        "Adjusted p-value",
        "A p-value corrected, by Holm's method, for the number of layers tested together.",
    ),
    (
        "Sign flips, bootstrap-t",
        "Two tests of a mean over networks. Sign flips need effects that are symmetric about the null value, which skewed "
        "ones are not; the bootstrap-t resamples networks and divides by the standard error of each resample. The larger of "
        "the two p-values counts, unless the registration says why signs may be flipped alone.",
    ),
    (
        "p of a claim as a whole",
        "Of its layers' adjusted p-values the largest where every layer must support it, the smallest where any may; where "
        "most must, the largest of as many of the smallest ones as are needed, which is a partial conjunction.",
    ),
    (
        "Smallest effect of interest",
        "The effect, fixed beforehand, below which a difference would not matter even if real.",
    ),
    *((mark.verdict.capitalize(), f"{mark.meaning[0].upper()}{mark.meaning[1:]}.") for mark in VERDICT_MARKS.values()),
    (
        "Missing",
        "Of a network: it has no value in a layer, because it failed or because the value is undefined. Where more than one "
        "in twenty is missing, a finding must also hold with each of them as adverse to it as the most adverse network.",
    ),
    (
        "Equivalence test",
        "A test that can show that an effect is smaller than the smallest effect of interest, in either direction: the only "
        "ground on which this report says that there is none worth the name.",
    ),
    (
        "Registered",
        "Written down, with what decides it, before the first network was trained.",
    ),
    (
        "Interim analysis, look",
        "An analysis before the registered number of networks is there; and every analysis of other networks, or by another "
        "registration or version, than the one before. A reader must know how often somebody looked.",
    ),
    (
        "Primary, confirmatory, exploratory",
        "Whether a hypothesis was registered to be decided (confirmatory), or only to be looked at (exploratory). The study "
        "stands for its primary ones, three at most: their p-values are adjusted across each other as well.",
    ),
)


_TERM = Markup('<span class="term" tabindex="0">{}<span class="tip" role="tooltip">{}</span></span>')


def _meanings() -> Mapping[str, str]:
    """Return each term of the glossary, in small letters, with its meaning."""
    return {term.lower(): meaning for term, meaning in GLOSSARY}


def with_terms(text: str) -> Markup:
    """Return a text, escaped, in which the first use of each term shows its meaning on hover and on focus."""
    meanings, used = _meanings(), set[str]()
    parts = re.split(
        rf"(?<![\w-])((?:{'|'.join(sorted(map(re.escape, meanings), key=len, reverse=True))})s?)(?![\w-])",
        text,
        flags=re.I,
    )
    marked = []
    for place, part in enumerate(parts):  # every second part is a term
        term = part.lower() if part.lower() in meanings else part.lower().removesuffix("s")
        if place % 2 == 0 or term in used:
            marked.append(escape(part))
            continue
        used.add(term)
        marked.append(_TERM.format(part, meanings[term]))
    return Markup("").join(marked)
