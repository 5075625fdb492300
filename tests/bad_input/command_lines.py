"""Command lines that nobody can parse."""

from __future__ import annotations

from tests.bad_input.corpus import rows_of, typed

_DIGITS = "9" * 5_000

ROWS = (
    *rows_of(
        "command line",
        {
            "unknown flag": (typed("--nope"), ("unrecognized arguments: --nope", "--help")),
            "misspelt flag": (typed("--dry-rum"), ("--dry-rum", "did you mean --dry-run?")),
            "one word too many": (typed("extra"), ("unrecognized arguments: extra",)),
            "flag without its value": (typed("--name"), ("--name", "expected one argument")),
            "name of the page of all reports": (
                typed("--name", "Index"),
                ("study.name = 'Index'", "not index or calibration"),
            ),
            "name of the page of calibration": (typed("--name", "calibration"), ("not index or calibration",)),
            "workers in words": (typed("--workers", "two"), ("--workers", "'two' is no whole number")),
            "fraction of a seed": (typed("--seed", "1.5"), ("--seed", "'1.5' is no whole number")),
            "seed of thousands of digits": (typed("--seed", _DIGITS), ("--seed", "more than 20 digits")),
            "workers of thousands of digits": (typed("--workers", _DIGITS), ("--workers", "more than 20 digits")),
            "digits of another script": (typed("--seed", "\u0665"), ("--seed", "is no whole number")),
            "flag that forges a line": (typed("--x\nstudy: all is well"), (r"--x\nstudy: all is well",)),
            "flag that turns colours on": (typed("--\x1b[31m"), (r"\x1b[31m",)),
            "flag that is not UTF-8": (typed("--caf\udce9"), (r"--caf\udce9",)),
            "flag of a million characters": (typed("--" + "x" * 1_000_000), ("--xxx",)),
        },
    ),
    *rows_of(
        "command",
        {
            "unknown": (typed("destroy"), ("'destroy' is no command", "the commands are run, ")),
            "misspelt": (typed("prob_model"), ("did you mean probe_model?",)),
            "empty": (typed(""), ("'' is no command",)),
            "that forges a line": (typed("run\nstudy: all is well"), (r"run\nstudy",)),
            "a path": (typed("../../study"), ("is no command",)),
        },
        command="",
    ),
    *rows_of(
        "command line of calibrate",
        {
            "networks that are none": (typed("--networks", "8,many"), ("--networks '8,many'", "2 to 10000")),
            "one network": (typed("--networks", "1"), ("--networks '1'", "2 to 10000")),
            "networks of thousands of digits": (typed("--networks", _DIGITS), ("--networks", "2 to 10000")),
            "networks in digits that are no numbers": (typed("--networks", "²"), ("--networks '²'",)),
            "too few studies": (typed("--studies", "9"), ("--studies 9", "10 to 1000000")),
            "too many studies": (typed("--studies", "1000000000"), ("--studies 1000000000", "10 to 1000000")),
            "no workers": (typed("--workers", "0"), ("--workers 0", "1 to 1024")),
            "unknown hypothesis": (typed("--hypothesis", "life"), ("--hypothesis 'life'", "not registered")),
            "misspelt hypothesis": (
                typed("--hypothesis", "existence-selectiv-units"),
                ("did you mean existence-selective-units?",),
            ),
            "hypothesis that forges a line": (typed("--hypothesis", "a\nstudy: b"), (r"'a\nstudy: b'",)),
            "unknown profile": (typed("--profile", "nope"), ("--profile 'nope'", "quick")),
        },
        command="calibrate",
    ),
    *rows_of(
        "command line of probe_model",
        {
            "no model": (typed(), ("required: MODEL", "--help")),
            "memory in words": (typed("a.keras", "--memory", "much"), ("--memory 'much'", "such as 2GB")),
            "too little memory": (typed("a.keras", "--memory", "1MB"), ("--memory '1MB'", "at least 10MB")),
            "memory of hundreds of digits": (typed("a.keras", "--memory", "9" * 400 + "GB"), ("--memory '999",)),
            "memory of thousands of digits": (typed("a.keras", "--memory", _DIGITS + "GB"), ("--memory '999",)),
            "memory in digits of another script": (typed("a.keras", "--memory", "\u0665\u0660GB"), ("--memory",)),
            "pictures of nothing": (typed("a.keras", "--input-size", "0"), ("--input-size 0", "4 to 4096")),
            "pictures of billions": (typed("a.keras", "--input-size", "4000000000"), ("4 to 4096",)),
            "too few permutations": (typed("a.keras", "--permutations", "1"), ("--permutations 1", "100 to 100000")),
            "billions of permutations": (typed("a.keras", "--permutations", "9000000000"), ("100 to 100000",)),
            "negative seed": (typed("a.keras", "--seed", "-1"), ("--seed -1", "0 to 4294967295")),
            "ablation without photographs": (typed("a.keras", "--ablate"), ("--ablate", "--images DIR")),
            "class names without photographs": (
                typed("a.keras", "--class-names", "a\nstudy: b"),
                (r"--class-names a\nstudy: b", "--images DIR"),
            ),
            "name with a slash": (typed("a.keras", "--name", "../a"), ("--name '../a'", "letters, digits")),
            "name that forges a line": (
                typed("a.keras", "--name", "a\nstudy: b"),
                (r"'a\nstudy: b'", "letters, digits"),
            ),
            "name that ends in a line break": (typed("a.keras", "--name", "a\n"), (r"'a\n'", "letters, digits")),
            "empty name": (typed("a.keras", "--name", ""), ("--name ''", "letters, digits")),
            "name of two hundred characters": (typed("a.keras", "--name", "x" * 200), ("at most 100",)),
        },
        command="probe_model",
    ),
)
