"""What is TensorFlow's own, in one place: process set-up, compiled functions, the fused batch normalisation.

Everything else in the experiment is written against Keras 3. To drive the study with another Keras backend, give this
module a sibling with the same names.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from study.networks.interventions.superposition import Behind, superposed_logits
from study.vocabulary import keras_settings
from study.vocabulary.device import CPU, GPU_TF32, WORDS, Device
from study.vocabulary.errors import StudyError, one_line, refuse_unless

refuse_unless(
    keras.config.backend() == keras_settings.BACKEND,
    f"KERAS_BACKEND: Keras was started with {keras.config.backend()}, must be {keras_settings.BACKEND}; import study before keras",
)
keras.config.set_floatx(keras_settings.FLOATX)
keras.config.set_epsilon(keras_settings.EPSILON)
keras.config.set_image_data_format(keras_settings.IMAGE_DATA_FORMAT)
keras.config.set_dtype_policy(keras_settings.FLOATX)

_PROCESSOR = Device()
_OUT_OF_MEMORY = re.compile("out of memory|OUT_OF_MEMORY|ALLOC_FAILED")  # what CUDA's own libraries say of it


_devices: list[Device] = []  # the one of this process, once it is chosen


def use_device(device: Device) -> None:
    """Let this process compute on a device, for good; call before the first tensor is made.

    GPUs are hidden from a process that computes on the processor. On a GPU, the first that is visible, operations are
    deterministic, and memory grows as it is needed, to the device's megabytes where it has any.

    Raises
    ------
    StudyError
        When there is no GPU, or the process computes on another device.
    """
    if _devices:
        words = " cannot compute on {}: it computes on {}, for good; start other workers"
        refuse_unless(_devices[0] == device, f"this process{words.format(WORDS[device.kind], WORDS[_devices[0].kind])}")
        return
    if device.is_gpu:
        _use_gpu(device)
    else:
        tf.config.set_visible_devices([], "GPU")
    _devices.append(device)


def _use_gpu(device: Device) -> None:
    found = tf.config.list_physical_devices("GPU")
    refuse_unless(bool(found), "execution.device (--device) = gpu: TensorFlow finds no GPU in this process; choose cpu")
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # beside a limit, which `set_memory_growth` does not go with
    tf.config.set_visible_devices(found[:1], "GPU")
    if device.megabytes:
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=device.megabytes)
        tf.config.set_logical_device_configuration(found[0], [limit])
    tf.config.experimental.enable_tensor_float_32_execution(device.kind == GPU_TF32)
    tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def memory_told(remedy: str) -> Iterator[None]:
    """Turn the end of a device's memory inside the block into one line that names what to lower.

    Raises
    ------
    StudyError
        With TensorFlow's first words and the remedy.
    """
    try:
        yield
    except tf.errors.OpError as error:
        said = str(error)
        if not isinstance(error, tf.errors.ResourceExhaustedError) and not _OUT_OF_MEMORY.search(said):
            raise
        where = WORDS[_devices[0].kind] if _devices else WORDS[CPU]
        raise StudyError(f"the memory of {where} is used up ({one_line(error, longest=200)}); {remedy}") from error


@functools.cache
def configure_process(device: Device = _PROCESSOR) -> None:
    """Make this process one-threaded and deterministic, on a device; call before the first tensor is made.

    Raises
    ------
    StudyError
        As `use_device`.
    """
    use_device(device)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    # A compiled network has one function per layer and shape, once; TensorFlow takes that for careless retracing.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@keras.saving.register_keras_serializable(package="study")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation over the last axis, computed by TensorFlow's fused kernel (a third off each step)."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise `inputs`, (batch, channel) or (batch, row, column, channel); update the moving moments in training.

        A GPU's fused kernel has no deterministic gradient at inference: Keras' operations take its place there.
        """
        if not training and _devices and _devices[0].is_gpu:
            return super().call(inputs, training=False)
        shape = tf.shape(inputs)
        maps = inputs if len(inputs.shape) == 4 else tf.reshape(inputs, (-1, 1, 1, inputs.shape[-1]))
        moments = {} if training else {"mean": self.moving_mean.value, "variance": self.moving_variance.value}
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            maps, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=bool(training), **moments
        )
        if training:
            # The kernel reports the unbiased variance, Keras keeps the biased one.
            count = tf.cast(tf.size(maps) // tf.shape(maps)[-1], variance.dtype)
            biased = variance * (count - 1.0) / count
            self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1.0 - self.momentum))
            self.moving_variance.assign(self.moving_variance * self.momentum + biased * (1.0 - self.momentum))
        return tf.reshape(outputs, shape)


def cross_entropies(labels: Any, logits: Any) -> Any:
    """Return the cross-entropy of each image, in nats."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


@keras.saving.register_keras_serializable(package="study")
class MatrixConv2D(keras.layers.Conv2D):
    """Keras' convolution; where the kernel covers the whole input, one matrix product (5 % off each step of cnn7)."""

    def call(self, inputs: Any) -> Any:
        """Convolve `inputs`, (batch, row, column, channel)."""
        covered = tuple(inputs.shape[1:3]) == self.kernel_size and self.padding == "valid" and self.groups == 1
        if not covered or self.dilation_rate != (1, 1) or self.data_format != "channels_last":
            return super().call(inputs)
        matrix = tf.reshape(tf.convert_to_tensor(self.kernel), (-1, self.filters))
        outputs = tf.matmul(tf.reshape(inputs, (-1, matrix.shape[0])), matrix)
        outputs = self.activation(tf.nn.bias_add(outputs, self.bias.value) if self.use_bias else outputs)
        return tf.reshape(outputs, (-1, 1, 1, self.filters))


@keras.saving.register_keras_serializable(package="study")
class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, each variable updated by TensorFlow's one kernel in place of a dozen operations."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update `variable`, a TensorFlow variable as Keras hands it over, and its moments."""
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def compiled(function: Callable[..., Any], signature: tuple[tf.TensorSpec, ...] | None = None) -> Callable[..., Any]:
    """Return a function of arrays that is written with `keras.ops`, compiled; its number of images may vary.

    With the `signature` of its arguments it is traced once; without, once more when that number first varies.
    """
    return tf.function(  # type: ignore[no-any-return]
        function, input_signature=signature, reduce_retracing=True, autograph=False
    )


@contextlib.contextmanager
def computing_in(model: keras.Model, policy: str) -> Iterator[None]:
    """Let the layers of `model` compute by a Keras dtype policy inside the block; their variables stay what they are."""
    before = [layer.dtype_policy for layer in model.layers]
    try:
        for layer in model.layers:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, former in zip(model.layers, before, strict=True):
            layer.dtype_policy = former


def compiled_training(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    *,
    precision: str = "float32",
    penalty: Callable[..., Any] | None = None,
) -> Callable[..., tuple[Any, Any]]:
    """Return train(images, labels) -> (sum of cross-entropies, number correct), which updates `model` once a batch.

    `images` is (batch, image, height, width, channel), `labels` (batch, image): several batches a call, because entering
    a compiled function costs as much as a tenth of a step. The scores of a batch are those before its update. With
    `precision` "bfloat16" layers compute in that, while weights, moments and loss stay in single precision.

    With a `penalty`, a function of tensors, training is train(images, labels, *beside): each further array has one entry a
    batch, and what the penalty gives of a batch's entries is added to its loss, but not to the scores.
    """
    policy = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]

    def step(images: Any, labels: Any, *beside: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape, computing_in(model, policy):
            logits = tf.cast(model(images, training=True), tf.float32)
            losses = cross_entropies(labels, logits)
            loss = tf.reduce_mean(losses)
            if penalty is not None:
                loss += penalty(*beside)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return tf.reduce_sum(tf.cast(losses, tf.float64)), _number_correct(labels, logits)

    @compiled
    def train(images: Any, labels: Any, *beside: Any) -> tuple[Any, Any]:
        def body(batch: Any, loss: Any, correct: Any) -> tuple[Any, Any, Any]:
            more_loss, more_correct = step(images[batch], labels[batch], *(entries[batch] for entries in beside))
            return batch + 1, loss + more_loss, correct + more_correct

        start = (tf.constant(0), tf.constant(0.0, tf.float64), tf.constant(0, tf.int64))
        count = tf.shape(labels)[0]
        _, loss, correct = tf.while_loop(lambda batch, *_: batch < count, body, start, parallel_iterations=1)
        return loss, correct

    return train


def compiled_scores(
    model: keras.Model,
) -> Callable[[Any, np.ndarray], tuple[Any, Any]]:
    """Return scores(inputs, labels) -> (sum of cross-entropies, number correct) of `model` at inference."""

    @compiled
    def scores(inputs: Any, labels: Any) -> tuple[Any, Any]:
        logits = model(inputs, training=False)
        return tf.reduce_sum(tf.cast(cross_entropies(labels, logits), tf.float64)), _number_correct(labels, logits)

    return scores


def compiled_superposition(part: Behind) -> Callable[[Any, np.ndarray, np.ndarray], Any]:
    """Return scores(added, kept, labels) -> each image's cross-entropy, and 1 where its class is right: (2, set, image).

    `added` and `kept` are those of `superposed_logits`. Traced once, whatever the number of sets and images.
    """

    def scores(added: Any, kept: Any, labels: Any) -> Any:
        return _scores_by_set(superposed_logits(part, added, kept), kept, labels)

    matrix = tf.TensorSpec((None, None), tf.float32)
    return compiled(scores, (matrix, matrix, tf.TensorSpec((None,), tf.int64)))


def compiled_suffix(suffix: keras.Model, channel_axis: int) -> Callable[[list[Any], np.ndarray, np.ndarray], Any]:
    """Return scores(inputs, kept, labels), as those of `compiled_superposition`, of the network behind a layer.

    `inputs` are those of `suffix`, for every image; the first one, the layer's output with its channels on an axis, is
    multiplied by each row of `kept`, (set, channel). Traced once, whatever the number of sets and images.
    """
    rank = len(suffix.inputs[0].shape)
    before, after = (1,) * (channel_axis % rank - 1), (1,) * (rank - 1 - channel_axis % rank)

    def scores(inputs: list[Any], kept: Any, labels: Any) -> Any:
        output, *beside = inputs
        factors = tf.reshape(tf.cast(kept, output.dtype), (-1, 1, *before, kept.shape[1], *after))
        masked = tf.reshape(output * factors, (-1, *output.shape[1:]))
        repeated = [tf.tile(tensor, (tf.shape(kept)[0], *[1] * (len(tensor.shape) - 1))) for tensor in beside]
        logits = suffix([masked, *repeated] if repeated else masked, training=False)
        return _scores_by_set(tf.cast(logits, tf.float32), kept, labels)

    inputs = [tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for tensor in suffix.inputs]
    kept = tf.TensorSpec((None, suffix.inputs[0].shape[channel_axis]), tf.float32)
    return compiled(scores, (inputs, kept, tf.TensorSpec((None,), tf.int64)))


def compiled_gradients(logits: Callable[[Any, Any, Any], Any]) -> Callable[..., tuple[Any, Any]]:
    """Return gradients(inputs, held, constants, labels) -> each set's mean cross-entropy, (set,), and its gradient.

    `constants`, (set, unit), are what the units of each set that `held` marks are held at; `logits(inputs, held,
    constants)` gives (set times image, class), images fastest. No weight has a gradient.
    """

    @compiled
    def gradients(inputs: Any, held: Any, constants: Any, labels: Any) -> tuple[Any, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(constants)
            values = tf.cast(logits(inputs, held, constants), tf.float32)
            losses = cross_entropies(tf.tile(labels, tf.shape(constants)[:1]), values)
            by_set = tf.reduce_mean(tf.reshape(losses, (tf.shape(constants)[0], -1)), axis=1)
        return by_set, tape.gradient(by_set, constants)

    return gradients


def _scores_by_set(logits: Any, kept: Any, labels: Any) -> Any:
    """Return cross-entropy and correctness of logits, images fastest, for each row of `kept`: (2, set, image)."""
    repeated = tf.tile(labels, tf.shape(kept)[:1])
    correct = tf.argmax(logits, axis=-1, output_type=labels.dtype) == repeated
    both = tf.stack([cross_entropies(repeated, logits), tf.cast(correct, logits.dtype)])
    return tf.reshape(both, (2, tf.shape(kept)[0], -1))


def compiled_forward(model: keras.Model) -> Callable[[np.ndarray], list[Any]]:
    """Return forward(images) -> the outputs of `model` at inference, as a list; traced once, however many images."""
    several = isinstance(model.output, list) and len(model.output) > 1  # of a list of one Keras gives that one

    def forward(images: Any) -> list[Any]:
        outputs = model(images, training=False)
        return list(outputs) if several else [outputs]

    return compiled(forward, (tf.TensorSpec((None, *model.input.shape[1:]), tf.float32),))


def _number_correct(labels: Any, logits: Any) -> Any:
    predicted = tf.argmax(logits, axis=-1, output_type=labels.dtype)
    return tf.reduce_sum(tf.cast(predicted == labels, tf.int64))
