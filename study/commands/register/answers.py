"""Answers to the fields of OSF's template "OSF Preregistration", taken from a registration's blocks and prose.

Names and order of fields are those of version 3 of the template, in OSF's own source:
CenterForOpenScience/osf.io, website/project/metadata/osf-preregistration-3.json.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from study.config import Config, as_record
from study.config.population import planned_networks
from study.registration import Hypothesis, Registration
from study.registration.deposit import Deposit
from study.registration.hypotheses import EXPLORATORY

TEMPLATE: Final = "OSF Preregistration"
TEMPLATE_VERSION: Final = 3
TITLE: Final = "Does orientation selectivity cause generalisation in image recognition? A registered study of networks"
# (section, identifier, name) of every field.
FIELDS: Final = (
    ("Study Information", "q2", "Hypotheses"),
    ("Design Plan", "q3", "Study type"),
    ("Design Plan", "q4", "Blinding"),
    ("Design Plan", "q5", "Is there any additional blinding in this study?"),
    ("Design Plan", "q6", "Study design"),
    ("Design Plan", "q7", "Randomization"),
    ("Sampling Plan", "q8", "Existing Data"),
    ("Sampling Plan", "q9", "Explanation of existing data"),
    ("Sampling Plan", "q10", "Data collection procedures"),
    ("Sampling Plan", "q11", "Sample size"),
    ("Sampling Plan", "q12", "Sample size rationale"),
    ("Sampling Plan", "q13", "Stopping rule"),
    ("Variables", "q14", "Manipulated variables"),
    ("Variables", "q15", "Measured variables"),
    ("Variables", "q16", "Indices"),
    ("Analysis Plan", "q17", "Statistical models"),
    ("Analysis Plan", "q18", "Transformations"),
    ("Analysis Plan", "q19", "Inference criteria"),
    ("Analysis Plan", "q20", "Data exclusion"),
    ("Analysis Plan", "q21", "Missing data"),
    ("Analysis Plan", "q22", "Exploratory analysis"),
    ("Other", "q23", "Other"),
)
_ELSEWHERE: Final = "See preregistration.md, which is deposited with this."
_ARMS: Final = ("population", "maturation", "memorization", "rearing", "replication")
_MANIPULATED: Final = (
    "population.augmentations",
    "memorization.label_corruptions",
    "rearing.conditions",
    "rearing.layers",
    "ablation.clamps",
    "ablation.layers",
)
_LEAD: Final = re.compile(r"\*\*([^*]+?)\.\*\* ?(.*)")


def osf_answers(
    registration: Registration, text: str, config: Config | None, *, begun: bool, deposit: Deposit
) -> dict[str, Any]:
    """Return the template filled in, as plain JSON types: its name and version, and one record a field.

    Parameters
    ----------
    registration
        What is registered.
    text
        The whole file; the passages of its prose that begin in bold answer what they are about.
    config
        Of the study that it is for; None where none is named, and the sizes of all profiles are given.
    begun
        Whether networks of the study are there already.
    deposit
        Digests, date and commit.
    """
    said = passages(text)
    answers = (
        _hypotheses(registration)
        | _design(registration, config)
        | _sampling(registration, config, said, begun=begun)
        | _analysis(registration, said)
        | _other(said, deposit)
    )
    return {
        "template": TEMPLATE,
        "template_version": TEMPLATE_VERSION,
        "title": TITLE,
        "fields": [
            {"section": section, "qid": qid, "name": name, "answer": answers[qid] or _ELSEWHERE}
            for section, qid, name in FIELDS
        ],
    }


def passages(text: str) -> dict[str, str]:
    """Return the passages of a registration's prose that begin in bold: what is bold to all that follows, blocks included."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if lead := _LEAD.match(line):
            name = lead[1]
            found[name] = [lead[2]]
        elif line.startswith("#"):
            name = ""
        elif name:
            found[name].append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def _said(said: Mapping[str, str], *names: str) -> str:
    return "\n\n".join(f"{name}. {said[name]}" for name in names if name in said)


def _hypotheses(registration: Registration) -> dict[str, str]:
    confirmatory = [one for one in registration.hypotheses.values() if one.is_confirmatory]
    measures = {one.measure: one.estimand for one in registration.hypotheses.values()}
    return {
        "q2": _lines(_hypothesis(one) for one in confirmatory),
        "q15": _lines(f"{measure}: {estimand}" for measure, estimand in measures.items()),
        "q18": "Those that the measured variables name; rank correlations take ranks within strata.",
        "q22": _lines(_hypothesis(one) for one in registration.hypotheses.values() if one.status == EXPLORATORY),
    }


def _hypothesis(one: Hypothesis) -> str:
    """Return a hypothesis in a line: claim, where, test with its direction and bound, and what counts as an effect."""
    bound = f"within ±{one.smallest_effect:g}" if one.kind.absence else f"{one.alternative} than {one.null_value:g}"
    where = "all layers" if one.is_about_all_layers else ", ".join(one.layers)
    return (
        f"{one.id} ({one.status}): {one.claim} Test {one.test} of {one.measure}, {bound}, alpha {one.alpha:g},"
        f" adjustment {one.adjustment} in family {one.family}; smallest effect of interest {one.smallest_effect:g};"
        f" {one.layers_required} of {where}; networks: {one.network}, at least {one.minimum_networks}."
    )


def _design(registration: Registration, config: Config | None) -> dict[str, str]:
    settings = _settings(registration, config)
    arms = [f"{key} = {value}" for key, value in settings.items() if key.partition(".")[0] in _ARMS]
    seed = registration.settings.get("study.seed") if config is None else config.seed
    return {
        "q3": "Experiment",
        "q4": "No blinding is involved in this study.",
        "q5": "The analysis is a program that is written before the data and reads its decisions in this registration.",
        "q6": _lines(("The experimental unit is a trained network. Networks are trained in arms:", *arms)),
        "q7": (
            "Initial weights, the order of images, augmentation, label corruption and ablated random halves are drawn from"
            f" streams that derive from the root seed ({seed}) and from what the network is in the plan; nobody allots"
            " networks. Networks of the memorisation and rearing arms are paired by seed over their conditions."
        ),
        "q14": _lines(f"{key} = {settings[key]}" for key in _MANIPULATED if key in settings),
    }


def _settings(registration: Registration, config: Config | None) -> dict[str, Any]:
    """Return settings by `section.key`: the study's, or what is registered, profile by profile where they differ."""
    if config is not None:
        record = as_record(config)
        return {f"{section}.{key}": value for section, keys in record.items() for key, value in keys.items()}
    sizes = registration.profile_settings
    keys = dict.fromkeys(key for values in sizes.values() for key in values)
    by_profile = {key: {profile: values[key] for profile, values in sizes.items() if key in values} for key in keys}
    return registration.settings | by_profile


def _sampling(
    registration: Registration, config: Config | None, said: Mapping[str, str], *, begun: bool
) -> dict[str, str]:
    existing = "Registration prior to creation of data"
    explanation = (
        "The data are networks, none of which had been trained when this was written. The images that they are trained on exist;"
        " what earlier networks, whose seeds are not used again, showed has gone into expected_sd and into nothing else, as the"
        " registration says."
    )
    if begun:
        existing, explanation = "", "Networks of this study existed when this was written: choose what is true of them."
    images = (
        "" if config is None else f"Images: {_lines(f'{key} = {value}' for key, value in _section(config, 'images'))}"
    )
    return {
        "q8": existing,
        "q9": explanation,
        "q10": f"{images}\n\n{_said(said, 'What binds', 'Other studies')}".strip(),
        "q11": _sizes(registration, config),
        "q12": _said(said, "Power and calibration", "Resolution"),
        "q13": _said(said, "Looks"),
    }


def _section(config: Config, section: str) -> Iterable[tuple[str, Any]]:
    return ((key, value) for key, value in as_record(config)[section].items() if key != "data_dir")


def _sizes(registration: Registration, config: Config | None) -> str:
    """Return how many networks each arm has."""
    if config is None:
        return _lines(
            f"{profile}: {', '.join(f'{key} = {value}' for key, value in sizes.items() if key.endswith('seeds'))}"
            for profile, sizes in registration.profile_settings.items()
        )
    networks = planned_networks(config, fingerprint="")
    counts = collections.Counter((network.arm, network.initialization_set) for network in networks)
    of_arms = (f"{arm}, initialisation set {number}: {count} networks" for (arm, number), count in counts.items())
    return _lines((f"{len(networks)} networks in all.", *of_arms))


def _analysis(registration: Registration, said: Mapping[str, str]) -> dict[str, str]:
    excluded = _lines(dict.fromkeys(one.exclusions for one in registration.hypotheses.values()))
    return {
        "q16": _said(said, "The experimental unit is the network", "Effects"),
        "q17": _said(said, "Tests", "Intervals", "Manipulation"),
        "q19": _said(said, "Verdicts", "Multiplicity", "Primary hypotheses", "Absence over strata"),
        "q20": f"Left out: {excluded}.\n\n{_said(said, 'Learning')}".strip(),
        "q21": _said(said, "Missing networks"),
    }


def _other(said: Mapping[str, str], deposit: Deposit) -> dict[str, str]:
    program = f"Program: study {deposit.version}" + (f", commit {deposit.commit}" if deposit.commit else "")
    digests = f"Digest of the machine-readable blocks: {deposit.digest}. SHA-256 of the text: {deposit.text_digest}."
    frozen = f"{program}. {digests} Frozen {deposit.date}."
    return {"q23": f"{frozen}\n\n{_said(said, 'False supports to expect', 'Ledger', 'Multiverse')}".strip()}


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)
