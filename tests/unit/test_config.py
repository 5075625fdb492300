"""Settings: where they come from, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from study.config import (
    AUGMENTATIONS,
    CLAMPS,
    PROFILES,
    Config,
    load_profile,
    resolve,
)
from study.vocabulary.architecture import architecture_names, architectures
from study.vocabulary.errors import StudyError

CNN7 = architectures()["cnn7"]


def profile_file(folder: Path, text: str) -> str:
    """Write a profile of one's own and return its path."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def refusal(profile: str, *assignments: str, flags: dict[str, tuple[str, Any]] | None = None) -> str:
    """Return the one line with which settings are refused."""
    with pytest.raises(StudyError) as caught:
        resolve(profile, assignments=assignments, flags=flags)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Where a setting comes from


def test_defaults_then_profile_then_set_then_flags(tmp_path: Path) -> None:
    """Each later source wins over the earlier; the last `--set` of a key wins over the one before."""
    mine = profile_file(
        tmp_path, '[training]\nepochs = 3\nbatch_size = 16\n[images]\nsource = "folder"\n[study]\nseed = 5\n'
    )
    assert resolve(mine).training.learning_rate == Config().training.learning_rate
    assert resolve(mine).training.epochs == 3
    assert resolve(mine, assignments=["training.epochs=4"]).training.epochs == 4
    assert resolve(mine, assignments=["training.epochs=4", "training.epochs=6"]).training.epochs == 6
    config = resolve(
        mine,
        assignments=["images.source=shapes", "study.seed=6", "training.epochs=4"],
        flags={"--images": ("images.source", "cifar10"), "--seed": ("study.seed", 7)},
    )
    assert (config.images.source, config.seed, config.training.epochs, config.training.batch_size) == (
        "cifar10",
        7,
        4,
        16,
    )


def test_a_flag_that_was_not_given_changes_nothing() -> None:
    """None is not a value; 0 is one."""
    flags = {"--seed": ("study.seed", None), "--workers": ("execution.workers", 0)}
    config = resolve("quick", assignments=["study.seed=9", "execution.workers=3"], flags=flags)
    assert (config.seed, config.execution.workers) == (9, 0)


def test_the_study_is_named_after_its_profile_unless_told(tmp_path: Path) -> None:
    """The file's name without .toml, the profile's own `[study] name`, or `--name`; a file's profile is its whole name."""
    assert resolve("cifar10-small").name == "cifar10-small"
    unnamed = profile_file(tmp_path, "[training]\nepochs = 3\n")
    assert (resolve(unnamed).name, resolve(unnamed).profile) == ("mine", "mine.toml")
    named = profile_file(tmp_path, '[study]\nname = "theirs"\n')
    assert resolve(named).name == "theirs"
    assert resolve(named, flags={"--name": ("study.name", "ours")}).name == "ours"


@pytest.mark.parametrize(
    ("profile", "networks", "epochs"),
    [
        ("quick", 8, 5),
        ("cifar10-small", 16, 12),
        ("cifar10", 80, 40),
        ("paper", 200, 200),
        ("published", 48, 12),
    ],
)
def test_every_profile_of_the_package_is_valid(profile: str, networks: int, epochs: int) -> None:
    """Its number of networks and epochs is what is announced."""
    config = resolve(profile)
    assert profile in PROFILES
    assert config.population.seeds * len(config.population.augmentations) == networks
    assert config.training.epochs == epochs
    assert config.images.source == ("shapes" if profile == "quick" else "cifar10")


@pytest.mark.parametrize(
    ("assignment", "section", "key", "value"),
    [
        ("training.epochs=12", "training", "epochs", 12),
        ("training.learning_rate=1e-4", "training", "learning_rate", 1e-4),
        ("training.learning_rate=1", "training", "learning_rate", 1.0),
        ("images.source=cifar10", "images", "source", "cifar10"),
        ('images.source="cifar10"', "images", "source", "cifar10"),
        ("images.data_dir=/data/c=1", "images", "data_dir", "/data/c=1"),
        ("population.augmentations=none,shift", "population", "augmentations", ("none", "shift")),
        ('population.augmentations=["none", "shift"]', "population", "augmentations", ("none", "shift")),
        ("ablation.layers=conv2", "ablation", "layers", ("conv2",)),
        ("ablation.layers=conv2, conv3", "ablation", "layers", ("conv2", "conv3")),
    ],
)
def test_assignments_are_toml_or_bare_words(assignment: str, section: str, key: str, value: object) -> None:
    """Numbers, quoted or bare text, lists with brackets or commas; a whole number where a real one is wanted is one."""
    setting = getattr(getattr(resolve("quick", assignments=[assignment]), section), key)
    assert setting == value
    assert type(setting) is type(value)


# What is refused

OUT_OF_RANGE = [
    ("images.source=mnist", "cifar10, folder, shapes"),
    ("images.split=random", "official, pooled"),
    ("images.split_seed=-1", "0"),
    ("images.train_images=-1", "positive"),
    ("images.validation_images=-5", "positive"),
    ("images.test_images=-5", "positive"),
    ("network.architecture=resnet", ", ".join(architecture_names())),
    ("network.padding=full", "valid, same"),
    ("network.order=bn_relu", "conv_relu_bn, conv_bn_relu"),
    ("training.epochs=0", "1 to 10000"),
    ("training.epochs=10001", "1 to 10000"),
    ("training.batch_size=1", "2 to 4096"),
    ("training.batch_size=4097", "2 to 4096"),
    ("training.learning_rate=0.0", "above 0"),
    ("training.learning_rate=-0.1", "above 0"),
    ("training.learning_rate=1.5", "at most 1"),
    ("training.learning_rate=nan", "above 0"),
    ("training.learning_rate=inf", "at most 1"),
    ("training.selection=best", "validation_accuracy, validation_loss, last"),
    ("population.augmentations=[]", "non-empty"),
    ("population.augmentations=rotate", ", ".join(AUGMENTATIONS)),
    ("population.augmentations=flip,flip", "without repeats"),
    ("population.seeds=0", "1 to 10000"),
    ("population.seeds=10001", "1 to 10000"),
    ("maturation.seeds=-1", "0 (no such networks) to 10000"),
    ("maturation.epochs=2", "3 to 10000"),
    ("maturation.learning_rate=0", "above 0, at most 1"),
    ("memorization.seeds=-1", "0 (no such networks) to 10000"),
    ("memorization.label_corruptions=[0.5]", "2 to 20 rising numbers"),
    ("memorization.label_corruptions=0,0.5,0.5", "2 to 20 rising numbers"),
    ("memorization.label_corruptions=0,1.5", "from 0 to 1"),
    ("memorization.label_corruptions=[0, true]", "a list of numbers"),
    ("memorization.epochs=0", "1 to 10000"),
    ("memorization.train_images=-1", "0 (as many as the others)"),
    ("replication.seeds=-1", "0 (none) to 10000"),
    ("replication.maturation_seeds=-1", "0 (none) to 10000"),
    ("replication.memorization_seeds=10001", "0 (none) to 10000"),
    ("shift_invariance.layers=conv9", "conv1"),
    ("shift_invariance.test_images=-1", "0 (all)"),
    ("probe.readout=median", "mean, max"),
    ("probe.contrast=high", "min_max, fixed"),
    ("probe.permutations=99", "100 to 100000"),
    ("probe.permutations=100001", "100 to 100000"),
    ("ablation.layers=conv9", ", ".join(CNN7.layers)),
    ("ablation.layers=conv2, sum", ", ".join(CNN7.layers)),
    ("ablation.layers=conv2,conv2", "without repeats"),
    ("ablation.clamps=relu_zero", "starts with output_zero"),
    ("ablation.clamps=output_zero,median", ", ".join(CLAMPS)),
    ("ablation.clamps=output_zero,output_zero", "without repeats"),
    ("ablation.null_draws=19", "20 to 100000"),
    ("ablation.null_draws=100001", "20 to 100000"),
    ("ablation.null_images=31", "32 to 1000000"),
    ("multiverse.readouts=median", "mean, max, centre, output"),
    ("multiverse.readouts=max,max", "without repeats"),
    ("multiverse.gratings=loud", "min_max, fixed, whole_cycles"),
    ("multiverse.gratings=fixed,fixed", "without repeats"),
    ("multiverse.permutations=19", "20 to 100000"),
    ("multiverse.permutations=100001", "20 to 100000"),
    ("execution.workers=-1", "0 (one per core) to 1024"),
    ("execution.workers=1025", "to 1024"),
    ("execution.retries=-1", "0 to 10"),
    ("execution.retries=11", "0 to 10"),
    ("execution.checkpoint_epochs=-1", "0 (no checkpoints) to 10000"),
    ("execution.checkpoint_epochs=10001", "to 10000"),
    ("study.seed=-1", "0 to 2**63 - 1"),
    ("study.seed=9223372036854775808", "0 to 2**63 - 1"),
    ("study.name=../elsewhere", "starting with a letter or digit"),
    ("study.name=.hidden", "starting with a letter or digit"),
    ('study.name=""', "starting with a letter or digit"),
    ("study.name=a/b", "letters, digits"),
]
WRONG_TYPE = [
    ("training.epochs=1.5", "a whole number"),
    ("training.epochs=true", "a whole number"),
    ("training.epochs=many", "a whole number"),
    ("training.epochs=", "a whole number"),
    ("training.epochs=[3]", "a whole number"),
    ("training.learning_rate=fast", "a number"),
    ("training.learning_rate=true", "a number"),
    ("images.data_dir=12", "text"),
    ("images.source=1", "text"),
    ("ablation.layers=[1, 2]", "a list of names"),
    ("ablation.layers=3", "a list of names"),
    ("study.name=2024", "text"),
    ("study.seed=0.5", "a whole number"),
]


@pytest.mark.parametrize(("assignment", "allowed"), OUT_OF_RANGE + WRONG_TYPE)
def test_a_refused_assignment_is_named_with_what_is_allowed(assignment: str, allowed: str) -> None:
    """The line holds the key, the value, the allowed set and the `--set` it came from."""
    message = refusal("quick", assignment)
    key, _, value = assignment.partition("=")
    assert message.startswith(f"--set {assignment}: {key} = ")
    assert allowed in message
    assert value.strip('"[]').split(",")[-1].strip() in message


@pytest.mark.parametrize(("assignment", "allowed"), [OUT_OF_RANGE[9], OUT_OF_RANGE[0], OUT_OF_RANGE[31], WRONG_TYPE[0]])
def test_a_refused_profile_value_names_the_profile(tmp_path: Path, assignment: str, allowed: str) -> None:
    """The same settings in a file of one's own: the line names the file."""
    key, _, value = assignment.partition("=")
    section, _, name = key.partition(".")
    quoted = value if value[0].isdigit() else f'"{value}"'
    path = profile_file(tmp_path, f"[{section}]\n{name} = {quoted}\n")
    message = refusal(path)
    assert message.startswith(f"profile {path}: {key} = ")
    assert allowed in message


@pytest.mark.parametrize(
    ("flag", "key", "value"),
    [
        ("--images", "images.source", "mnist"),
        ("--workers", "execution.workers", -2),
        ("--name", "study.name", "a b"),
        ("--seed", "study.seed", -1),
    ],
)
def test_a_refused_flag_is_named(flag: str, key: str, value: object) -> None:
    """The line starts with the flag."""
    assert refusal("quick", flags={flag: (key, value)}).startswith(f"{flag}: {key} = {value!r} is not allowed")


def test_a_flag_that_replaces_a_bad_value_makes_it_good(tmp_path: Path) -> None:
    """Only what is used in the end is judged for its range, by the place it came from."""
    path = profile_file(tmp_path, "[study]\nseed = 4\n[training]\nepochs = 0\n")
    assert resolve(path, assignments=["training.epochs=2"]).training.epochs == 2


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("training.epoch=3", "'training.epoch' is no setting; training has batch_size, epochs"),
        ("trainings.epochs=3", "no section 'trainings'; sections: study, images"),
        ("study.profile=paper", "'study.profile' is no setting; study has name, seed"),
        (
            "execution.threads=2",
            "execution has checkpoint_epochs, device, gpu_memory, keep_weights, networks_per_program,"
            " other_devices, retries, scheduler, scheduler_timeout, tf32, workers",
        ),
        ("training.epochs.more=2", "is no setting"),
    ],
)
def test_an_unknown_key_is_named_with_those_there_are(assignment: str, named: str) -> None:
    """A misspelt key never passes silently."""
    message = refusal("quick", assignment)
    assert message.startswith(f"--set {assignment}: ")
    assert named in message


@pytest.mark.parametrize("assignment", ["epochs=3", "training.epochs", "", "=3"])
def test_an_assignment_of_another_form_is_refused(assignment: str) -> None:
    """The line shows how to write one."""
    assert "write section.key=value" in refusal("quick", assignment)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("epochs = 3\n", "'epochs' stands outside a section"),
        ("[training]\nepochs = \n", "not valid TOML"),
        ("[trainings]\nepochs = 3\n", "no section 'trainings'"),
        ("[training]\nepoch = 3\n", "'training.epoch' is no setting"),
        ("[training.more]\nepochs = 3\n", "'training.more' is no setting"),
    ],
)
def test_a_malformed_profile_names_the_file(tmp_path: Path, text: str, named: str) -> None:
    """One line with the file and what is wrong in it."""
    path = profile_file(tmp_path, text)
    message = refusal(path)
    assert path in message
    assert named in message


def test_an_unknown_profile_is_named_with_those_there_are(tmp_path: Path) -> None:
    """By name, by file, and a folder that looks like a file."""
    assert "'cifar100' is unknown (did you mean cifar10?): choose quick, cifar10-small, cifar10, paper" in refusal(
        "cifar100"
    )
    assert "there is no such file" in refusal(str(tmp_path / "none.toml"))
    (tmp_path / "folder.toml").mkdir()
    assert "is a directory, must be a file" in refusal(str(tmp_path / "folder.toml"))


def test_a_profile_gives_its_name_and_its_tables() -> None:
    """As written, nothing resolved yet."""
    name, tables = load_profile("quick")
    assert name == "quick"
    assert tables["population"] == {"seeds": 2}
