"""What may see what: imports go down the table of rooms, heavy packages stay in theirs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "study"

_EVERYTHING = (
    *("vocabulary", "registration", "config", "tuning", "images", "store", "networks"),
    *("experiment", "execution", "stats", "analysis", "report", "commands"),
)

# Each room, an entry at the top of `study/`, and the rooms it may import beside itself. Imports go down this table only.
ROOMS: dict[str, tuple[str, ...]] = {
    "vocabulary": (),
    "stats": (),
    "config": ("vocabulary",),
    "registration": ("vocabulary", "config"),
    "tuning": ("vocabulary",),
    "images": ("vocabulary", "config"),
    "store": ("vocabulary",),
    "networks": ("vocabulary", "config"),
    "experiment": ("vocabulary", "config", "tuning", "images", "networks"),
    "execution": ("vocabulary", "config", "images", "store", "experiment"),
    "analysis": ("vocabulary", "registration", "config", "tuning", "stats"),
    "report": ("vocabulary", "analysis"),
    "commands": _EVERYTHING,
    "run": ("commands",),
    "probe_model": ("commands",),
    "calibrate": ("commands",),
    "register": ("commands",),
}
# Inside `analysis` the same: engines know no question, questions know the engines, and what lies beside them knows all.
ANALYSIS: dict[str, tuple[str, ...]] = {
    "core": (),
    "multiverse": ("core",),
    "simulation": ("core",),
    "questions": ("core", "multiverse", "simulation"),
    "external": ("core", "questions"),
    "known_answers": ("core", "questions"),
}
MOST_ROOMS, MOST_ARROWS = 17, 8
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 400, 60
COMPOSER = "commands"  # the only room that sees all others

# A package to the only modules that may import it, whether at the top or inside a function.
CONFINED = {
    "tensorflow": ("networks",),
    "keras": ("networks", "experiment"),
    "dask": ("execution",),
    "distributed": ("execution",),
    "zarr": ("store",),
    "altair": ("report",),
    "jinja2": ("report",),
    "markdown_it": ("report",),
    "vl_convert": ("report",),
    "rich": ("execution", "commands"),
    "PIL": ("images", "report"),
    "scipy": ("stats", "tuning", "analysis", "images"),
    "statsmodels": ("stats",),
    "pingouin": ("stats",),
}
VOCABULARY_PACKAGES = {"numpy", "xarray"}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

# What no file may hold, spelt so that this one does not.
_REGISTRIES = re.compile(
    r"p[y]pi\.(?:org|io)|pythonh[o]sted\.org|anac[o]nda\.org|npm[j]s\.(?:org|com)|[-]-index-url \S"
)
_PLACES = re.compile(r"(?<![\w.:/<>$}~*-])/(?:work|home|root|Users|tmp|mnt|private|var/folders)/[\w.]|[A-Z]:\\\\?Users")


def dotted(path: Path) -> str:
    """Return the name of the module in a file of the package: `report.charts.theme`, or '' for the package itself."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" or parts == ("__main__",) else parts)


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the full names that a module imports anywhere, functions and type checking included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def study_imports(path: Path) -> set[str]:
    """Return the modules of the package that a module imports, without the leading `study.`."""
    known = {dotted(module) for module in MODULES} - {""}
    names = set()
    for name in imported(path):
        if name.startswith("study."):
            inner = name.removeprefix("study.")
            names.add(inner if inner in known else inner.rpartition(".")[0])
    return names - {""}


def packages(path: Path) -> set[str]:
    """Return the third-party packages that a module imports."""
    roots = {name.split(".")[0] for name in imported(path)}
    return roots - {"study"} - set(sys.stdlib_module_names)


def within(module: str, names: tuple[str, ...]) -> bool:
    """Return whether a module is one of those named, or below one."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def room_of(module: str) -> str:
    """Return the room a module is in."""
    room = module.split(".")[0]
    assert room in ROOMS, f"study.{module}: {room} is no room; rooms are {', '.join(ROOMS)}"
    return room


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_module_has_a_room_and_a_docstring(path: Path) -> None:
    """A module says what it is for, and where it belongs."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    docstring = ast.get_docstring(tree) or ""
    assert len(docstring.splitlines()[0]) > 20 if docstring else not tree.body, f"{path} has no docstring"
    if dotted(path):
        assert room_of(dotted(path)) in ROOMS


@pytest.mark.parametrize("path", [path for path in MODULES if dotted(path)], ids=str)
def test_imports_go_down_the_table_only(path: Path) -> None:
    """A module imports from its own room and from those its room may see."""
    room = room_of(dotted(path))
    for name in sorted(study_imports(path)):
        assert room_of(name) in (room, *ROOMS[room]), (
            f"study.{dotted(path)} ({room}) imports study.{name} ({room_of(name)})"
        )


@pytest.mark.parametrize("part", ANALYSIS)
def test_inside_the_analysis_imports_go_down_too(part: str) -> None:
    """Core, then the engines, then the questions, which are found by their folders."""
    allowed = tuple(f"analysis.{name}" for name in (part, *ANALYSIS[part]))
    for path in MODULES:
        if within(dotted(path), (f"analysis.{part}",)):
            for name in sorted(study_imports(path)):
                assert not within(name, ("analysis",)) or within(name, allowed), (
                    f"study.{dotted(path)} imports study.{name}"
                )


def test_the_top_of_the_package_is_a_short_list_of_rooms() -> None:
    """Whoever opens the folder sees the architecture; few arrows leave a room but those that compose the others."""
    entries = {path.stem for path in PACKAGE.iterdir() if path.stem not in ("__init__", "__main__", "__pycache__")}
    assert entries == set(ROOMS)
    assert len(entries) <= MOST_ROOMS
    assert study_imports(Path("__main__.py")) == {"commands.command", "commands.started"}
    for room, below in ROOMS.items():
        assert room == COMPOSER or len(below) <= MOST_ARROWS, room


def documented_rooms() -> dict[str, tuple[str, ...]]:
    """Return the documentation's table of rooms: each room and those that it sees."""
    _, table = (
        (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("| room | what is in it | sees |\n")
    )
    above: dict[str, tuple[str, ...]] = {}
    for room, seen in re.findall(r"(?m)^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", table):
        above[room] = tuple(above) if seen == "all above" else tuple(re.findall(r"`(\w+)`", seen))
    return above


def test_the_documentation_shows_the_same_table() -> None:
    """Whoever reads it knows which rooms there are, in order, and what each sees."""
    assert list(documented_rooms()) == list(ROOMS)
    assert {room: set(seen) for room, seen in documented_rooms().items()} == {
        room: set(below) - {room} for room, below in ROOMS.items()
    }


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a module, methods and inner ones included."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_long() -> None:
    """A file is read in one sitting, of the package as of its tests and benchmarks."""
    folders = (PACKAGE, ROOT / "tests", ROOT / "benchmarks")
    files = [path for folder in folders for path in folder.rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_long() -> None:
    """A function fits a screen, its signature and docstring included."""
    lengths = {
        f"{path}: {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in MODULES
        for node in functions_of(path)
    }
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_report_sees_results_only() -> None:
    """The view knows what an analysis concluded, not how: it reads the modules that hold records and nothing else."""
    seen = {name for path in MODULES if within(dotted(path), ("report",)) for name in study_imports(path)}
    records = {f"analysis.core.{name}" for name in ("charts", "points", "results", "tuned_units")}
    assert {name for name in seen if within(name, ("analysis",))} <= records


def test_questions_do_not_see_the_store() -> None:
    """Analysis gets labelled datasets and gives results, by way of statistics that know no layer or unit."""
    seen = {name for path in MODULES if within(dotted(path), ("stats",)) for name in study_imports(path)}
    assert all(within(name, ("stats",)) for name in seen)


@pytest.mark.parametrize("package", sorted(CONFINED))
def test_heavy_packages_stay_in_their_rooms(package: str) -> None:
    """Keras is seen by the experiment, dask by the execution, Zarr by the store, charts and templates by the report."""
    trespassers = [
        str(path) for path in MODULES if package in packages(path) and not within(dotted(path), CONFINED[package])
    ]
    assert trespassers == []


def test_vocabulary_is_light() -> None:
    """What everything imports needs NumPy and xarray at most; settings and registrations need nothing at all."""
    allowed = {"vocabulary": VOCABULARY_PACKAGES, "config": set(), "registration": set()}
    for path in MODULES:
        if dotted(path) and (room := room_of(dotted(path))) in allowed:
            assert packages(path) <= allowed[room], path


def test_no_module_imports_another_at_its_top_in_a_circle() -> None:
    """Modules form an order: none needs itself to be imported."""
    needed = {dotted(path): study_imports(path) for path in MODULES if dotted(path)}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"study.{' -> study.'.join((*above[above.index(module) :], module))}"
        if module not in done:
            for name in sorted(needed[module] - {module}):
                visit(name, (*above, module))
            done.add(module)

    for module in sorted(needed):
        visit(module, ())


FLAGS = {
    "run": "--profile --images --data-dir --name --workers --scheduler --seed --set --dry-run",
    "probe_model": "--weights --layers --images --ablate --name --preprocessing --input-size --n-images --permutations"
    " --null-draws --seed --memory --dry-run",
    "calibrate": "--all --studies --hypothesis --networks --profile --seed --workers",
    "register": "export record",
    "__main__": "run probe_model calibrate register",
}


@pytest.mark.parametrize("command", FLAGS)
def test_help_imports_nothing_that_takes_time(command: str) -> None:
    """`--help` sees the standard library and the command itself: that is why it answers at once."""
    witness = (
        f"import runpy, sys; before = set(sys.modules); sys.argv = ['{command}', '--help']\n"
        f"try: runpy.run_module('study.{command}', run_name='__main__')\n"
        "except SystemExit as ended: code = ended.code\n"
        "print('\\n'.join(sorted({name.split('.')[0] for name in set(sys.modules) - before})), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", witness], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stderr.split()) - set(sys.stdlib_module_names) == {"study"}
    for flag in FLAGS[command].split():
        assert flag in done.stdout


def test_profiles_and_templates_are_inside_the_package() -> None:
    """What the program reads at run time lies beside its modules, so that an installed copy finds it."""
    for name in ("quick", "cifar10-small", "cifar10", "paper", "published"):
        assert (PACKAGE / "config" / "profiles" / f"{name}.toml").is_file()
    assert list((PACKAGE / "report" / "templates").glob("*.j2"))


def project_files() -> list[Path]:
    """Return the project's files: what git tracks or would, without git every file that is not generated."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    generated = {".venv", ".git", "data", "reports", "site"}
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in files if not any(part in generated or "cache" in part for part in path.parts)]


def test_no_file_names_a_package_registry_or_a_place_of_this_machine() -> None:
    """The project can be installed and run anywhere: addresses of registries and absolute paths are somebody's own."""
    offences = []
    for path in project_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if _REGISTRIES.search(line) or _PLACES.search(line):
                offences.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert offences == []
