"""Every reader of what comes from outside, fed with anything: a good value or a refusal comes out, and nothing else."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from study.analysis import check_registration
from study.commands.run.record import check_record
from study.commands.study_folder import readable_record, software_provenance
from study.config import Config, as_record, measured_settings, recorded_config, resolve
from study.execution.cluster import scheduler_address
from study.images.files.decoding import decoded
from study.images.labelled.class_names import names_of_outputs
from study.images.sources import cifar10
from study.registration import parsed_registration, read_registration
from study.registration.deviations import differences, setting_deviations
from study.store import StudyFolder, read_journal
from study.store.networks import read_manifest
from study.vocabulary.errors import StudyError
from study.vocabulary.reading import read_text
from study.vocabulary.schema import SCHEMA_VERSION
from tests.bad_input.fuzzing import VALUES, damaged, misshapen, toml, toml_tables
from tests.example_registration import block, table

Reader = Callable[[Path], object]
SETTINGS = {section: keys for section, keys in as_record(Config()).items() if section != "study"}
PROFILE = toml_tables(SETTINGS)
REGISTRATION = (
    "```toml settings\n[training]\nbatch_size = 32\n```\n"
    '```toml learning\n[maturation]\nmeasure = "train_accuracy"\nat_least = 0.5\nstrata = "none"\n```\n'
    '```toml calibration\n[skewed_effects]\ntests = ["mean"]\nceiling = 0.08\nnetworks = 8\nreason = "so"\n```\n'
    '```toml multiverse\n[existence]\ncontrol = ["own_shuffle", "none"]\n```\n' + block("existence-a") + "\nprose\n"
)
REGISTERED = parsed_registration(REGISTRATION, source="x")
RECORD = {
    "schema_version": SCHEMA_VERSION,
    "config": as_record(Config()),
    "measured_settings": measured_settings(Config()),
    "images": {"fingerprint": "f" * 64, "description": "x", "official": False, "class_names": ["a", "b"], "train": 3},
    "registration": REGISTERED.as_record(),
    "environment": {"python": "3", "packages": {"numpy": "2"}, "platform": "x", "cpu": "y", "cores": 2},
    "git": {"commit": "c", "dirty": False},
}
ENTRY = {"key": "k", "seconds": 1.5, "images_per_second": 3.0, "peak_megabytes": 9.0, "failure": "x"}
MANIFEST = {"schema_version": SCHEMA_VERSION, "key": "k", "files": {"zarr.json": {"size": 3, "sha256": "0" * 64}}}
IMAGES: Any = SimpleNamespace(fingerprint="f" * 64, description="x")


def profile(path: Path) -> None:
    """Resolve a profile of one's own."""
    resolve(str(path.rename(path.with_suffix(".toml"))))


def assignment(path: Path) -> None:
    """Resolve a setting of the command line."""
    resolve("quick", assignments=[path.read_bytes().decode("utf-8", "surrogateescape")])


def registration(path: Path) -> None:
    """Read a registration, check it, compare it with what was stored, and store it."""
    registered = read_registration(path)
    check_registration(registration=registered, source="x")
    json.dumps(registered.for_network("cnn7", ("conv1",)).as_record()).encode()
    differences(REGISTERED.as_record(), registered)
    setting_deviations(registered, as_record(Config()))


def class_names(path: Path) -> None:
    """Read the names of a network's outputs."""
    names_of_outputs(("cat", "dog"), 2, file=str(path), origin="--images")


def record(path: Path) -> None:
    """Go on with a study that has such a record, and say what it was made with."""
    folder = StudyFolder(path.parent)
    path.rename(folder.record_path)
    check_record(folder, Config(), IMAGES)
    if (whole := readable_record(folder)) is not None:
        software_provenance(whole)
        recorded_config(whole["config"], source="x")


def journal(path: Path) -> None:
    """Read a journal; every entry has a key."""
    folder = StudyFolder(path.parent)
    path.rename(folder.journal)
    for entry in read_journal(folder):
        assert isinstance(entry["key"], str)


def manifest(path: Path) -> None:
    """Read a network's manifest."""
    read_manifest(path, texts=("key",))


def scheduler(path: Path) -> None:
    """Read a scheduler file."""
    scheduler_address(str(path))


def cifar_names(path: Path) -> None:
    """Read CIFAR-10's class names."""
    cifar10._class_names(path.read_bytes(), path)


def cifar_archive(path: Path) -> None:
    """Read CIFAR-10's archive."""
    cifar10._archive_contents(path)


def network_file(path: Path) -> None:
    """Check a .keras file before Keras sees it."""
    from study.networks.pretrained import keras_file  # takes TensorFlow along

    keras_file._checked_archive(path)


def picture(path: Path) -> None:
    """Decode one picture."""
    decoded(path)


@functools.cache
def picture_file(kind: str) -> bytes:
    """Return a small picture."""
    written = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(written, format=kind)
    return written.getvalue()


def zipped() -> bytes:
    """Return an archive laid out as a .keras file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", '{"class_name": "Functional", "config": {}}')
        made.writestr("metadata.json", '{"keras_version": "3.12.0"}')
        made.writestr("model.weights.h5", bytes(1_000))
    return packed.getvalue()


def archive() -> bytes:
    """Return an archive that holds a list of names alone."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        member = tarfile.TarInfo("cifar-10-batches-bin/batches.meta.txt")
        member.size = 4
        made.addfile(member, io.BytesIO(b"a\nb\n"))
    return packed.getvalue()


def as_bytes(texts: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Return texts as a file holds them."""
    return texts.map(lambda text: text.encode("utf-8", "surrogatepass"))


def as_json(value: Any) -> st.SearchStrategy[bytes]:
    """Return a JSON file in which something has another shape."""
    return as_bytes(misshapen(value).map(json.dumps))


def blocks() -> st.SearchStrategy[str]:
    """Return registrations of which one block has another shape."""
    whole = table("existence-a")
    kinds = st.sampled_from(["defaults", "settings", "learning", "calibration", "multiverse", "hypotheses"])
    names = st.sampled_from(["decision", "claim", "layers", "existence", "skewed_effects", "maturation", "training"])
    tables = st.dictionaries(names | st.text(max_size=5), VALUES, max_size=3).map(toml_tables)
    lines = st.sampled_from([line for line in whole.splitlines() if "=" in line])
    fields = st.tuples(lines, VALUES).map(
        lambda drawn: whole.replace(drawn[0], f"{drawn[0].split(' = ')[0]} = {toml(drawn[1])}")
    )
    added = st.tuples(kinds, tables).map(lambda drawn: f"{REGISTRATION}```toml {drawn[0]}\n{drawn[1]}```\n")
    return added | fields.map(lambda text: f"```toml hypotheses\n{text}```\n")


def profile_text(changed: Any) -> str:
    """Return the profile in a changed mapping, or what stands in its place."""
    inside = changed.get("profile", {}) if isinstance(changed, dict) else changed
    return toml_tables(inside if isinstance(inside, dict) else {"training": inside})


def pictures(kind: str) -> st.SearchStrategy[bytes]:
    """Return damaged pictures."""
    return st.deferred(lambda: damaged(picture_file(kind)))


def keys() -> st.SearchStrategy[str]:
    """Return settings, `section.key`."""
    return st.sampled_from(
        [f"{section}.{key}" for section, names in SETTINGS.items() for key in names] + ["study.name"]
    )


FED: Mapping[str, tuple[Reader, st.SearchStrategy[bytes]]] = {
    "profile, damaged": (profile, damaged(PROFILE.encode())),
    "profile, misshapen": (
        profile,
        as_bytes(misshapen({"profile": SETTINGS}).map(profile_text)),
    ),
    "profile, anything": (profile, st.binary(max_size=200)),
    "setting": (assignment, as_bytes(st.tuples(keys(), VALUES).map(lambda drawn: f"{drawn[0]}={toml(drawn[1])}"))),
    "setting, damaged": (assignment, damaged(b"memorization.label_corruptions=[0.0, 0.5, 1.0]")),
    "registration, damaged": (registration, damaged(REGISTRATION.encode())),
    "registration, misshapen": (registration, as_bytes(blocks())),
    "class names": (class_names, damaged(b"cat\ndog\n") | st.binary(max_size=50)),
    "record, damaged": (record, damaged(json.dumps(RECORD).encode())),
    "record, misshapen": (record, as_json(RECORD)),
    "journal, damaged": (journal, damaged(b"\n".join([json.dumps(ENTRY).encode()] * 3))),
    "journal, misshapen": (journal, as_json(ENTRY)),
    "manifest, damaged": (manifest, damaged(json.dumps(MANIFEST).encode())),
    "manifest, misshapen": (manifest, as_json(MANIFEST)),
    "scheduler file": (scheduler, as_json({"type": "Scheduler", "id": "a", "address": "tcp://10.0.0.1:8786"})),
    "scheduler file, damaged": (scheduler, damaged(b'{"address": "tcp://10.0.0.1:8786"}')),
    "CIFAR-10's names": (cifar_names, st.binary(max_size=61)),
    "CIFAR-10's archive": (cifar_archive, damaged(archive())),
    "a .keras file": (network_file, damaged(zipped())),
    **{kind: (picture, pictures(kind)) for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP")},
    "text": (read_text, st.binary(max_size=50)),
}


def feed(name: str, folder: Path, *, examples: int) -> None:
    """Feed a reader with so many files; whatever it refuses, it refuses as what a user can put right."""
    reader, files = FED[name]

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(files)
    def only_refuses(content: bytes) -> None:
        for left in folder.iterdir():
            left.unlink()
        path = folder / "file"
        path.write_bytes(content)
        with contextlib.suppress(StudyError):
            reader(path)

    only_refuses()


@pytest.mark.parametrize("name", FED)
def test_a_reader_refuses_or_reads(name: str, tmp_path: Path) -> None:
    """No other error than a refusal leaves a reader."""
    feed(name, tmp_path, examples=40)


@pytest.mark.slow
@pytest.mark.parametrize("name", FED)
def test_a_reader_refuses_or_reads_at_length(name: str, tmp_path: Path) -> None:
    """The same of many more files."""
    feed(name, tmp_path, examples=300)
