"""The graph of a Keras model: what reads what, what passes beside what, and no model inside another.

Keras has no public way to ask what reads what: its record of a functional model, nodes with symbolic tensors, is read
here and nowhere else.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import keras

from study.vocabulary.errors import refuse_unless


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a layer or operation in a functional model.

    Attributes
    ----------
    name
        Of the layer or operation in that model.
    operation
        The layer or operation itself, whose own name is another where it was `Renamed`.
    input_tensors, outputs
        The symbolic tensors that go in and come out.
    is_input
        Whether it gives what is fed to the model.
    arguments
        Keras' record of the arguments of the call.
    """

    name: str
    operation: Any
    input_tensors: tuple[Any, ...]
    outputs: tuple[Any, ...]
    is_input: bool
    arguments: Any

    @classmethod
    def of(cls, recorded: Any) -> Node:
        """Return a call as Keras recorded it."""
        called = recorded.operation
        operation = called.layer if isinstance(called, Renamed) else called
        inputs, outputs = tuple(recorded.input_tensors), tuple(recorded.outputs)
        return cls(called.name, operation, inputs, outputs, recorded.is_input, recorded.arguments)


@keras.saving.register_keras_serializable(package="study")
class Renamed(keras.layers.Wrapper):
    """A layer under another name; the weights are the layer's own, which keeps its name."""

    def call(self, inputs: Any, *others: Any, **options: Any) -> Any:
        """Return what the layer gives."""
        return self.layer(inputs, *others, **options)


class Graph:
    """The calls that a functional model consists of, in an order in which they can be computed."""

    def __init__(self, model: keras.Model) -> None:
        by_depth = model._nodes_by_depth
        recorded = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
        self.nodes = [Node.of(node) for node in recorded]
        self.calls = Counter(node.name for node in self.nodes)
        self.output = model.outputs[0]
        self._by_name = {node.name: node for node in self.nodes}
        self._by_output = {id(tensor): node for node in self.nodes for tensor in node.outputs}
        self._readers: defaultdict[int, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for tensor in node.input_tensors:
                self._readers[id(tensor)].append(node)

    def node(self, name: str) -> Node:
        """Return the call of the layer or operation of that name, the last one where there are several."""
        return self._by_name[name]

    def tensor(self, name: str) -> Any:
        """Return the symbolic output of the layer or operation of that name."""
        return self._by_name[name].outputs[0]

    def source(self, tensor: Any) -> Node:
        """Return the call that a tensor comes from."""
        return self._by_output[id(tensor)]

    def only_reader(self, node: Node) -> Node | None:
        """Return the call that alone reads what a call gives and reads nothing else; None where there is none such.

        Nor is there where a layer with weights is called several times: its name would not say which call is meant.
        """
        readers = [reader for tensor in node.outputs for reader in self._readers[id(tensor)]]
        if len(readers) != 1 or any(tensor is self.output for tensor in node.outputs):
            return None
        alone = len(readers[0].input_tensors) == 1 and self.calls[readers[0].name] == 1
        return readers[0] if alone else None

    def behind(self, tensor: Any) -> list[Node]:
        """Return the calls whose results depend on `tensor`."""
        made, nodes = {id(tensor)}, []
        for node in self.nodes:
            if any(id(read) in made for read in node.input_tensors):
                made |= {id(output) for output in node.outputs}
                nodes.append(node)
        return nodes

    def beside(self, tensor: Any) -> list[Any]:
        """Return the other tensors that what depends on `tensor` reads; none where the tensor cuts the graph."""
        behind = self.behind(tensor)
        made = {id(tensor)} | {id(output) for node in behind for output in node.outputs}
        return list({id(read): read for node in behind for read in node.input_tensors if id(read) not in made}.values())


def flat_model(model: keras.Model) -> keras.Model:
    """Return a functional or Sequential model as one plain graph from one input to one output.

    Models inside it are dissolved, whatever their depth. Layers are the same objects, so weights are shared; a layer
    without weights that is called several times becomes as many layers, `relu`, `relu_2`, .... Where models inside use a
    name twice, the later layer goes by `<model>_<name>` in the flat model; in the model itself it keeps its name.

    Raises
    ------
    StudyError
        When the model is subclassed or has not been built, or has several inputs or outputs.
    """
    _refuse_what_is_no_graph(model)
    plain = _functional(model)
    graph = Graph(plain)
    is_flat = not any(_is_functional(node.operation) or _is_called_again(graph, node) for node in graph.nodes)
    return plain if is_flat else _dissolved(model)


def shared_layers(model: keras.Model) -> tuple[str, ...]:
    """Return the names of the layers with weights that the model calls more than once.

    A unit of theirs has several responses, so they are no hidden layers of the study.
    """
    graph = Graph(flat_model(model))
    return tuple(name for name, calls in graph.calls.items() if calls > 1)


def _refuse_what_is_no_graph(model: keras.Model) -> None:
    name = f"model {model.name}"
    is_graph = isinstance(model, keras.Model) and type(model).call.__module__.startswith("keras.")
    refuse_unless(
        is_graph and bool(model.built) and bool(getattr(model, "inputs", None)),
        f"{name}: {type(model).__name__} is no functional or Sequential model with a defined input, so its layers cannot be"
        " found; write it as keras.Model(inputs, outputs), or begin a Sequential with keras.Input(shape)",
    )
    several = len(model.outputs) > 1
    outputs = keras.Model(model.inputs, model.outputs).output_names if several else ["output"]
    for what, names in (("inputs", [tensor.name for tensor in model.inputs]), ("outputs", outputs)):
        refuse_unless(
            len(names) == 1,
            f"{name}: {len(names)} {what}, {', '.join(names)}; the study shows one image and reads one vector of classes:"
            " give the part of it between one input and one output, keras.Model(input, output)",
        )


def _is_functional(operation: Any) -> bool:
    return isinstance(operation, keras.Model) and type(operation).call.__module__.startswith("keras.")


def _is_called_again(graph: Graph, node: Node) -> bool:
    return graph.calls[node.name] > 1 and not node.operation.weights


@functools.lru_cache(maxsize=2)
def _dissolved(model: keras.Model) -> keras.Model:
    tensor = model.inputs[0]
    images = keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
    outputs = _applied(model, [images], {images.name: None}, within="")
    return keras.Model(images, outputs[0], name=model.name)


def _functional(model: keras.Model) -> keras.Model:
    """Return a model as a functional one that takes and gives a tensor; itself where it is."""
    ends = [] if isinstance(model, keras.Sequential) else [model.input, model.output]
    if ends and all(isinstance(end, keras.KerasTensor) for end in ends):
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def _applied(model: keras.Model, inputs: list[Any], taken: dict[str, Any], *, within: str) -> list[Any]:
    """Return the outputs of a model for symbolic inputs, the models inside it dissolved; `taken` grows by names in use."""
    functional = keras.Model(model.inputs, model.outputs) if isinstance(model, keras.Sequential) else model
    values = dict(zip(map(id, functional.inputs), inputs, strict=True))
    for node in Graph(functional).nodes:
        if node.is_input:
            continue
        args, kwargs = node.arguments.fill_in(values)
        if _is_functional(node.operation):
            read = [leaf for leaf in keras.tree.flatten((args, kwargs)) if isinstance(leaf, keras.KerasTensor)]
            outputs = _applied(node.operation, read, taken, within=node.operation.name)
        else:
            outputs = keras.tree.flatten(_named(node.operation, taken, within)(*args, **kwargs))
        values.update(zip(map(id, node.outputs), outputs, strict=True))
    return [values[id(tensor)] for tensor in functional.outputs]


def _named(operation: Any, taken: dict[str, Any], within: str) -> Any:
    """Return an operation under a name that no other has: itself, or it renamed, or its like where it is called again."""
    if operation.name not in taken:
        taken[operation.name] = operation
        return operation
    before = next((known for known in taken.values() if operation in (known, getattr(known, "layer", None))), None)
    again = before is not None
    if again and operation.weights:
        return before
    stem = operation.name if again or not within else f"{within}_{operation.name}"
    numbered = (stem if number == 1 else f"{stem}_{number}" for number in range(1, len(taken) + 2))
    name = next(free for free in numbered if free not in taken)
    if again or not isinstance(operation, keras.layers.Layer):
        taken[name] = type(operation).from_config({**operation.get_config(), "name": name})
    else:
        taken[name] = Renamed(operation, name=name)
    return taken[name]
