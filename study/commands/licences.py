"""The command `licences`: under what terms the packages come that this one imports, from what is installed."""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from study.commands.arguments import command_parser
from study.commands.command import DONE, Command

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COPYLEFT = re.compile(r"\b(?:A|L)?GPL|General Public|MPL|Mozilla")
_IN_FILES = (
    "GNU Affero",
    "GNU General",
    "GNU Lesser",
    "Mozilla Public License",
    "Apache License, Version 2.0",
    "MIT License",
)
_LONGEST = 60  # characters of a licence's name; some packages put the whole text there
TEXT = """\
# Licences

`study` itself: MIT, see LICENSE. It imports, and does not contain, the packages below. `python -m study licences` writes this page
from the metadata that they were installed with, or their licence file, in which their makers say it. It is no legal advice.

What it means for you:

- **To use it**, for whatever purpose, none of them asks anything.
- **To pass on this repository** is to pass on MIT-licensed text: keep LICENSE with it.
- **To pass on the whole** (a container, an installer, a folder with everything installed) is to pass on the packages as well, each
  under its own terms. `pingouin` is under GPL-3.0: a whole that contains it is passed on under GPL-3.0, with the source of all of
  it, which MIT allows. Without `pingouin`, which two functions of `study.stats` use, this does not hold.
- Those marked in the last column ask more than a notice when they are passed on.

"""


def licences_parser() -> argparse.ArgumentParser:
    """Return the command line of `licences`."""
    return command_parser(
        "licences",
        description="Print the licences of all packages that this one needs, as they are installed, as Markdown.",
        epilog="examples:\n  python -m study licences > LICENCES.md\n",
    )


def licences_text() -> str:
    """Return the page: a row for every package that is needed and installed, those that are imported directly first."""
    direct = {plain(name) for name in needed()}
    rows = sorted((name not in direct, name, licence) for name, licence in _licences(direct))
    table = [
        f"| {name} | {'no' if indirect else 'yes'} | {licence} | {'yes' if _COPYLEFT.search(licence) else ''} |"
        for indirect, name, licence in rows
    ]
    return TEXT + "\n".join(
        ("| package | imported here | licence | asks more |", "| --- | --- | --- | --- |", *table, "")
    )


def needed() -> list[str]:
    """Return the names of what this package needs: from the project's file where it is beside it, else as installed."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    if project.is_file():
        wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        wanted = [line for line in metadata.requires("study") or () if "extra ==" not in line]
    return [found[0] for line in wanted if (found := _NAME.match(line))]


def _licences(roots: set[str]) -> Iterator[tuple[str, str]]:
    """Yield each package that is needed, and what it needs itself, with its licence; what is not installed is left out."""
    waiting, known = sorted(roots), set(roots)
    while waiting:
        name = waiting.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another platform
            continue
        yield name, _licence(distribution.metadata) or _of_file(distribution) or "not said"
        for line in distribution.requires or ():
            found = _NAME.match(line)
            if found and "extra ==" not in line and (needed := plain(found[0])) not in known:
                known.add(needed)
                waiting.append(needed)


def _licence(said: metadata.PackageMetadata) -> str:
    """Return the licence in the words of a package's metadata: expression, field where that is short, classifiers; '' without."""
    fields = said.json
    written = [str(fields.get(name, "")).strip() for name in ("license_expression", "license")]
    short = [text for text in written if 0 < len(text) <= _LONGEST and "\n" not in text]
    classifiers = [line.rpartition(" :: ")[2] for line in fields.get("classifier", ()) if line.startswith("License")]
    return next(iter(short), ", ".join(classifiers))


def _of_file(distribution: metadata.Distribution) -> str:
    """Return the first of the licences that a package's own licence file names, '' where there is none."""
    files = [path for path in distribution.files or () if "licen" in path.name.lower()]
    texts = [path.read_text(encoding="utf-8") for path in files[:1]]
    return next((name for text in texts for name in _IN_FILES if name in text), "")


def plain(name: str) -> str:
    """Return a package's name as indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _licences_command(arguments: argparse.Namespace) -> int:
    print(licences_text(), end="")
    return DONE


COMMAND = Command(
    summary="Print the licences of all packages that this one needs, as they are installed.",
    parser=licences_parser,
    run=_licences_command,
    after_interruption="nothing was written",
)
