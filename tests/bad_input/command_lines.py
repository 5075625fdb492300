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
)
