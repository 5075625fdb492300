"""Settings that cannot be: of `--set`, of flags, of names."""

from __future__ import annotations

from tests.bad_input.corpus import rows_of, typed

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
    "batch of one": (typed("--set", "training.batch_size=1"), ("training.batch_size = 1", "2 to 4096")),
    "learning rate above the range": (typed("--set", "training.learning_rate=2"), ("2.0", "above 0, at most 1")),
    "learning rate that is no number": (typed("--set", "training.learning_rate=nan"), ("nan", "above 0, at most 1")),
    "seeds below the range": (typed("--set", "population.seeds=0"), ("population.seeds = 0", "1 to 10000")),
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
    "too few permutations": (typed("--set", "probe.permutations=99"), ("= 99", "100 to 1000000")),
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
    "negative workers": (typed("--workers", "-1"), ("--workers", "= -1", "0 (one per core) to 1024")),
    "too many workers": (typed("--workers", "1025"), ("--workers", "= 1025", "1024")),
    "negative seed": (typed("--seed", "-1"), ("--seed", "= -1", "0 to 2**63 - 1")),
    "seed beyond 64 bits": (
        typed("--seed", "9223372036854775808"),
        ("--seed", "9223372036854775808", "0 to 2**63 - 1"),
    ),
    "name with a slash": (typed("--name", "a/b"), ("--name", "'a/b'", "letters, digits, dots")),
    "name that leads elsewhere": (typed("--name", ".."), ("--name", "'..'", "starting with a letter or digit")),
    "empty name": (typed("--name", ""), ("--name", "''", "letters")),
}

ROWS = rows_of("setting", _SETTINGS)
