"""Settings that cannot be: of `--set`, of flags, of names."""

from __future__ import annotations

from tests.bad_input.corpus import Make, rows_of, typed, written


def _set(*assignments: str) -> Make:
    return typed(*(part for assignment in assignments for part in ("--set", assignment)))


_SETTINGS = {
    "unknown section": (
        typed("--set", "trainin.epochs=1"),
        ("--set trainin.epochs=1", "'trainin'", "training, population"),
    ),
    "unknown key": (typed("--set", "training.epoch=1"), ("'training.epoch'", "batch_size, epochs")),
    "unknown study key": (typed("--set", "study.foo=1"), ("'study.foo'", "name, seed")),
    "no value": (typed("--set", "training.epochs"), ("'training.epochs'", "section.key=value")),
    "no section": (typed("--set", "epochs=1"), ("'epochs=1'", "section.key=value")),
    "epochs below the range": (typed("--set", "training.epochs=0"), ("--set training.epochs=0", "1 to 10000")),
    "epochs above the range": (typed("--set", "training.epochs=10001"), ("10001", "1 to 10000")),
    "patience with what every epoch betters": (
        typed("--set", "training.patience=3", "--set", "training.selection=last"),
        ("training.patience = 3", "0 beside training.selection = 'last'"),
    ),
    "patience below the range": (typed("--set", "training.patience=-1"), ("= -1", "0 (train to the end) to 10000")),
    "batch of one": (typed("--set", "training.batch_size=1"), ("training.batch_size = 1", "2 to 4096")),
    "learning rate above the range": (typed("--set", "training.learning_rate=2"), ("2.0", "above 0, at most 1")),
    "learning rate that is no number": (typed("--set", "training.learning_rate=nan"), ("nan", "above 0, at most 1")),
    "seeds below the range": (typed("--set", "population.seeds=0"), ("population.seeds = 0", "1 to 10000")),
    "fewer than no networks to train on": (typed("--set", "need.retrained_networks=-1"), ("= -1", "0 (none) to 10000")),
    "more networks to train on than there are": (
        typed("--set", "need.retrained_networks=3"),
        ("need.retrained_networks = 3", "0 (none) to 2", "shift_flip"),
    ),
    "networks to train on that are not among the augmentations": (
        typed("--set", "need.retrained_networks=1", "--set", "population.augmentations=none,flip"),
        ("need.retrained_networks = 1", "0 (none) to 0", "shift_flip"),
    ),
    "negative number of networks": (typed("--set", "replication.seeds=-1"), ("= -1", "0 (none) to 10000")),
    "falling corruption rates": (typed("--set", "memorization.label_corruptions=1,0"), ("[1.0, 0.0]", "rising")),
    "corruption rate in words": (typed("--set", "memorization.label_corruptions=low,high"), ("'low,high'", "numbers")),
    "more images to memorise than there are": (
        typed("--set", "memorization.seeds=1", "--set", "memorization.train_images=2001"),
        ("= 2001", "2000 training images"),
    ),
    "more images to shift than there are": (
        typed("--set", "shift_invariance.test_images=601"),
        ("= 601", "600 test images"),
    ),
    "too few permutations": (typed("--set", "probe.permutations=99"), ("= 99", "100 to 100000")),
    "too few draws": (typed("--set", "ablation.null_draws=19"), ("= 19", "20 to 100000")),
    "too few images for the null": (typed("--set", "ablation.null_images=31"), ("= 31", "32 to 1000000")),
    "more images for the null than there are": (
        typed("--set", "ablation.null_images=601"),
        ("= 601", "600 test images"),
    ),
    "too many retries": (typed("--set", "execution.retries=11"), ("= 11", "0 to 10")),
    "negative number of images": (
        typed("--set", "images.train_images=-1"),
        ("= -1", "0 (all) or a positive number up to 1000000"),
    ),
    "too few images for ten classes": (typed("--set", "images.train_images=9"), ("= 9", "10 classes")),
    "a word for a number": (typed("--set", "training.epochs=two"), ("'two'", "a whole number")),
    "a fraction for a whole number": (typed("--set", "training.epochs=1.5"), ("1.5", "a whole number")),
    "a truth value for a number": (typed("--set", "training.epochs=true"), ("True", "a whole number")),
    "a number for a text": (typed("--set", "images.data_dir=3"), ("= 3", "text")),
    "a number for a list": (typed("--set", "population.augmentations=3"), ("= 3", "a list of names")),
    "unknown choice": (typed("--set", "network.order=bn_first"), ("'bn_first'", "conv_relu_bn, conv_bn_relu")),
    "unknown images": (typed("--images", "imagenet"), ("--images", "'imagenet'", "cifar10, folder, shapes")),
    "a folder for images that are drawn": (
        typed("--data-dir", "d"),
        ("--data-dir d", "'shapes' reads no directory", "--images cifar10 or --images folder"),
    ),
    "unknown layer": (
        typed("--set", "ablation.layers=conv2,conv9"),
        ("'conv9'", "conv1, conv2, conv3, conv4, conv5, conv6, fc1"),
    ),
    "layer named twice": (typed("--set", "ablation.layers=conv2,conv2"), ("without repeats",)),
    "unknown clamp": (typed("--set", "ablation.clamps=output_zero,median"), ("'median'", "output_zero, relu_zero")),
    "unknown augmentation": (
        typed("--set", "population.augmentations=rotate"),
        ("'rotate'", "none, shift, flip, shift_flip"),
    ),
    "no augmentation": (typed("--set", "population.augmentations=[]"), ("[]", "non-empty")),
    "unknown condition of rearing": (
        typed("--set", "rearing.conditions=free,circular"),
        ("'circular'", "starts with free", "isotropic, parted, random_basis, discouraged"),
    ),
    "rearing without free networks": (
        typed("--set", "rearing.conditions=isotropic,parted"),
        ("['isotropic', 'parted']", "starts with free"),
    ),
    "condition of rearing named twice": (
        typed("--set", "rearing.conditions=free,parted,parted"),
        ("without repeats",),
    ),
    "reared layer without a 3 x 3 kernel": (
        typed("--set", "rearing.layers=conv1-fc1"),
        ("'conv1-fc1'", "FIRST-LAST", "3 x 3 kernels", "conv1, conv2, conv3, conv4, conv5, conv6"),
    ),
    "reared layers from last to first": (
        typed("--set", "rearing.layers=conv3-conv1"),
        ("'conv3-conv1'", "in order", "conv1, conv2"),
    ),
    "reared layers from one to itself": (typed("--set", "rearing.layers=conv2-conv2"), ("'conv2-conv2'", "one or two")),
    "reared layers without an end": (typed("--set", "rearing.layers=conv1-"), ("'conv1-'", "FIRST-LAST")),
    "span of reared layers named twice": (typed("--set", "rearing.layers=conv1,conv1"), ("without repeats",)),
    "reared layers of another architecture": (
        typed("--set", "network.architecture=resnet8", "--set", "rearing.layers=conv1-conv3"),
        ("'conv1-conv3'", "resnet8", "block1_conv1"),
    ),
    "strength of penalties in words": (typed("--set", "rearing.strength=strong"), ("'strong'", "a number")),
    "strength of penalties that is no number": (
        typed("--set", "rearing.strength=nan"),
        ("= nan", "above 0, at most 1000 (nat)"),
    ),
    "negative strength of penalties": (typed("--set", "rearing.strength=-1"), ("= -1", "above 0, at most 1000")),
    "strength of penalties without end": (typed("--set", "rearing.strength=inf"), ("= inf", "at most 1000")),
    "unknown augmentation of reared networks": (
        typed("--set", "rearing.augmentation=crop"),
        ("'crop'", "none, shift, flip, shift_flip"),
    ),
    "negative number of reared networks": (typed("--set", "rearing.seeds=-1"), ("= -1", "0 (no such networks)")),
    "negative workers": (typed("--workers", "-1"), ("--workers", "= -1", "0 (one per core) to 1024")),
    "too many workers": (typed("--workers", "1025"), ("--workers", "= 1025", "1024")),
    "unknown device": (typed("--device", "tpu"), ("--device", "execution.device = 'tpu'", "one of auto, cpu, gpu")),
    "negative memory of a GPU": (
        _set("execution.gpu_memory=-1"),
        ("execution.gpu_memory = -1", "0 (as needed) to 10**7 megabytes"),
    ),
    "no network in a program": (
        _set("execution.networks_per_program=0"),
        ("execution.networks_per_program = 0", "auto, or 1 (one at a time) to 64"),
    ),
    "programs of a word": (_set("execution.networks_per_program=some"), ("'some'", "auto or a whole number")),
    "unknown rounding": (_set("execution.tf32=yes"), ("'yes'", "one of off, on")),
    "negative seed": (typed("--seed", "-1"), ("--seed", "= -1", "0 to 2**63 - 1")),
    "seed beyond 64 bits": (
        typed("--seed", "9223372036854775808"),
        ("--seed", "9223372036854775808", "0 to 2**63 - 1"),
    ),
    "name with a slash": (typed("--name", "a/b"), ("--name", "'a/b'", "letters, digits, dots")),
    "name that leads elsewhere": (typed("--name", ".."), ("--name", "'..'", "starting with a letter or digit")),
    "empty name": (typed("--name", ""), ("--name", "''", "letters")),
    "integer of thousands of digits": (_set("training.epochs=" + "9" * 5_000), ("training.epochs", "a whole number")),
    "integer of thousands of digits in base 16": (_set("training.epochs=0x" + "f" * 5_000), ("a whole number",)),
    "learning rate of four hundred digits": (_set("training.learning_rate=" + "9" * 400), ("'9999", "a number")),
    "learning rate beyond all floats": (_set("training.learning_rate=1e400"), ("= inf", "above 0, at most 1")),
    "negative zero for a learning rate": (_set("training.learning_rate=-0.0"), ("= -0.0", "above 0")),
    "corruption rate that is no number": (_set("memorization.label_corruptions=0,nan,1"), ("nan", "rising numbers")),
    "corruption rates without end": (
        _set("memorization.label_corruptions=" + ",".join(str(i / 1_000) for i in range(999))),
        ("2 to 20 rising numbers",),
    ),
    "trillions of epochs": (_set("training.epochs=1000000000000000000"), ("1 to 10000",)),
    "billions of networks": (_set("population.seeds=1000000000"), ("1 to 10000",)),
    "each arm as large as it may be": (
        _set("population.seeds=10000", "memorization.seeds=10000"),
        ("study.networks = 1", "at most 50000", "lower the seeds"),
    ),
    "billions of images": (_set("images.test_images=1000000000"), ("= 1000000000", "up to 1000000")),
    "billions of permutations": (_set("probe.permutations=1000000000"), ("100 to 100000",)),
    "billions of images for the null": (_set("ablation.null_images=1000000000"), ("32 to 1000000",)),
    "split seed beyond 64 bits": (_set(f"images.split_seed={2**63}"), ("0 to 2**63 - 1",)),
    "brackets without end": (_set("training.epochs=" + "[" * 50_000), ("training.epochs = '[[", "a whole number")),
    "brackets without end for names": (_set("ablation.layers=" + "[" * 50_000), ("ablation.layers", "conv1, conv2")),
    "line break in a value": (
        _set("training.epochs=3\nimages.source='x'"),
        (r"3\nimages", "line break", "--set of its own"),
    ),
    "line break in a key": (_set("training\n.epochs=3"), ("line break",)),
    "separator of lines in a value": (_set("study.name=a\u2028b"), (r"a\u2028b", "line break")),
    "value that colours the terminal": (_set("study.name=\x1b[31mred"), (r"\x1b[31mred", "letters, digits")),
    "value with markup": (_set("study.name=[red]x[/red]"), ("[red]x[/red]", "letters, digits")),
    "value that is not UTF-8": (_set("study.name=caf\udce9"), (r"caf\udce9", "letters, digits")),
    "value of a million characters": (_set("study.name=" + "x" * 1_000_000), ("...", "letters, digits")),
    "a key of a million characters": (_set("training." + "x" * 1_000_000 + "=1"), ("is no setting", "epochs")),
    "null character in a folder": (_set("images.data_dir=a\0b"), (r"'a\x00b'", "none of them NUL")),
    "null character in a scheduler": (_set("execution.scheduler=a\0b"), (r"'a\x00b'", "none of them NUL")),
    "folder of five thousand characters": (_set("images.data_dir=" + "x" * 5_000), ("at most 4096 characters",)),
    "name of two hundred characters": (typed("--name", "x" * 200), ("--name", "letters, digits")),
    "name that forges a line": (typed("--name", "a\nstudy: b"), (r"'a\nstudy: b'", "letters, digits")),
    "name that colours the terminal": (typed("--name", "\x1b[31m"), (r"'\x1b[31m'", "letters, digits")),
    "name that ends in a line break": (typed("--name", "a\n"), (r"'a\n'", "letters, digits")),
    "name that is not UTF-8": (typed("--name", "caf\udce9"), (r"'caf\udce9'", "letters, digits")),
    "name in another script": (typed("--name", "étude"), ("'étude'", "letters, digits")),
    "images that forge a line": (typed("--images", "a\nstudy: b"), (r"'a\nstudy: b'", "cifar10, folder, shapes")),
    "archive of four bytes": (
        written("d/cifar-10-binary.tar.gz", b"\x1f\x8b\x08]", "--images", "cifar10", "--data-dir", "d"),
        ("cifar-10-binary.tar.gz", "truncated, damaged or unreadable"),
    ),
    "home of nobody for images": (
        typed("--images", "folder", "--data-dir", "~nobody-of-this-name/d"),
        ("--data-dir ~nobody-of-this-name/d: does not exist",),
    ),
    "home of nobody for a scheduler": (
        typed("--scheduler", "~nobody-of-this-name/s.json", "--set", "images.test_images=300"),
        ("--scheduler ~nobody-of-this-name/s.json: does not exist", "tcp://HOST:PORT"),
    ),
    "scheduler that is a folder": (typed("--scheduler", ".", "--set", "images.test_images=300"), ("is a directory",)),
    "JSON of a dry run": (typed("--dry-run", "--json"), ("--json", "beside --dry-run", "leave one out")),
    "misspelt section": (_set("trainng.epochs=3"), ("'trainng'", "did you mean training?")),
    "misspelt key": (_set("training.epoch=3"), ("did you mean epochs?",)),
}


# Several faults are said at once, a line each; what follows from another fault is not said.
_TWO = {
    "an epoch too few and a key that is none": (
        _set("training.epochs=0", "training.epoch=3"),
        ("training.epochs = 0 is not allowed", "'training.epoch' is no setting"),
    ),
    "two values of one section": (_set("training.epochs=0", "training.batch_size=1"), ("1 to 10000", "2 to 4096")),
    "one in the profile and a flag": (
        written("p.toml", "[training]\nepochs = 0\n", "--profile", "p.toml", "--workers", "5000"),
        ("profile p.toml: training.epochs = 0", "--workers: execution.workers = 5000"),
    ),
    "no equals sign and a bad name": (_set("training.epochs", "study.name=a/b"), ("write section.key=value", "'a/b'")),
    "an unknown network and a rate": (
        _set("network.architecture=resnet", "training.learning_rate=2", "ablation.layers=layer4"),
        ("network.architecture = 'resnet'", "at most 1"),
    ),
    "layers of no such network and a seed": (
        _set("ablation.layers=conv99", "study.seed=-1"),
        ("ablation.layers = ['conv99']", "study.seed = -1"),
    ),
    "both lists of the multiverse": (
        _set("multiverse.readouts=least", "multiverse.gratings=none"),
        ("multiverse.readouts = ['least']", "multiverse.gratings = ['none']"),
    ),
    "more images than there are, twice": (
        _set("ablation.null_images=100000", "shift_invariance.test_images=100000"),
        ("ablation.null_images = 100000", "shift_invariance.test_images = 100000"),
    ),
}
_ONE_OF_TWO = {
    "a read-out that is none beside gratings": (
        _set("multiverse.readouts=least", "multiverse.gratings=fixed"),
        ("multiverse.readouts = ['least']",),
    ),
}

ROWS = (*rows_of("setting", _SETTINGS | _ONE_OF_TWO), *rows_of("settings", _TWO, lines=2))
