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
        Of the layer or operation in that model; `conv/1`, `conv/2`, ... of a layer that was called several times.
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
        name = called.shown_as if isinstance(called, Renamed) else called.name
        inputs, outputs = tuple(recorded.input_tensors), tuple(recorded.outputs)
        return cls(name, operation, inputs, outputs, recorded.is_input, recorded.arguments)


@keras.saving.register_keras_serializable(package="study")
class Renamed(keras.layers.Wrapper):
    """A layer under another name; the weights are the layer's own, which keeps its name.

    `shown_as` is what the study calls it where that is no name for Keras, as `conv/2` is not.
    """

    def __init__(self, layer: Any, *, shown_as: str = "", **options: Any) -> None:
        super().__init__(layer, **{"autocast": False, **options})
        self.shown_as = shown_as or self.name

    def get_config(self) -> dict[str, Any]:
        """Return what makes the layer again."""
        return {**super().get_config(), "shown_as": self.shown_as}

    def call(self, inputs: Any, *others: Any, **options: Any) -> Any:
        """Return what the layer gives."""
        return self.layer(inputs, *others, **options)


class Graph:
    """The calls that a functional model consists of, in an order in which they can be computed."""

    def __init__(self, model: keras.Model) -> None:
        by_depth = model._nodes_by_depth
        recorded = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
        self.nodes = [Node.of(node) for node in recorded]
        self.output = model.outputs[0]
        self._by_operation = {id(made.operation): node for made, node in zip(recorded, self.nodes, strict=True)}
        self._by_name = {node.name: node for node in self.nodes}
        self._by_output = {id(tensor): node for node in self.nodes for tensor in node.outputs}
        self._readers: defaultdict[int, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for tensor in node.input_tensors:
                self._readers[id(tensor)].append(node)

    def node(self, name: str) -> Node:
        """Return the call of the layer or operation of that name, the last one where there are several."""
        return self._by_name[name]

    def call_of(self, operation: Any) -> Node:
        """Return the call of an operation of the model, the last one where there are several."""
        return self._by_operation[id(operation)]

    def tensor(self, name: str) -> Any:
        """Return the symbolic output of the layer or operation of that name."""
        return self._by_name[name].outputs[0]

    def source(self, tensor: Any) -> Node:
        """Return the call that a tensor comes from."""
        return self._by_output[id(tensor)]

    def only_reader(self, node: Node) -> Node | None:
        """Return the call that alone reads what a call gives and reads nothing else; None where there is none such."""
        readers = [reader for tensor in node.outputs for reader in self._readers[id(tensor)]]
        if len(readers) != 1 or any(tensor is self.output for tensor in node.outputs):
            return None
        return readers[0] if len(readers[0].input_tensors) == 1 else None

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

    Models inside it are dissolved, whatever their depth. Layers are the same objects, so weights are shared; one that is
    called several times becomes as many layers on the same weights, `conv/1`, `conv/2`, .... Where models inside use a name
    twice, the later layer goes by `<model>_<name>` in the flat model; in the model itself it keeps its name.

    Raises
    ------
    StudyError
        When the model is subclassed or has not been built, or has several inputs or outputs.
    """
    _refuse_what_is_no_graph(model)
    plain = _functional(model)
    nodes = Graph(plain).nodes
    is_flat = len({node.name for node in nodes}) == len(nodes) and not any(map(_is_functional, nodes))
    return plain if is_flat else _dissolved(model)


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


def _is_functional(node: Node) -> bool:
    made = node.operation
    return isinstance(made, keras.Model) and type(made).call.__module__.startswith("keras.")


@functools.lru_cache(maxsize=2)
def _dissolved(model: keras.Model) -> keras.Model:
    tensor = model.inputs[0]
    images = keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
    names = _Names(_number_of_calls(model), images.name)
    outputs = _applied(model, [images], names, within="")
    return keras.Model(images, outputs[0], name=model.name)


def _functional(model: keras.Model) -> keras.Model:
    """Return a model as a functional one that takes and gives a tensor; itself where it is."""
    ends = [] if isinstance(model, keras.Sequential) else [model.input, model.output]
    if ends and all(isinstance(end, keras.KerasTensor) for end in ends):
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def _made_functional(model: keras.Model) -> keras.Model:
    return keras.Model(model.inputs, model.outputs) if isinstance(model, keras.Sequential) else model


def _number_of_calls(model: keras.Model) -> Counter[int]:
    """Return how often each operation is called, by its `id`; the calls of a model inside are those of what is in it."""
    calls: Counter[int] = Counter()
    for node in Graph(_made_functional(model)).nodes:
        if _is_functional(node):
            calls.update(_number_of_calls(node.operation))
        else:
            calls[id(node.operation)] += 1
    return calls


def _applied(model: keras.Model, inputs: list[Any], names: _Names, *, within: str) -> list[Any]:
    """Return the outputs of a model for symbolic inputs, the models inside it dissolved."""
    functional = _made_functional(model)
    values = dict(zip(map(id, functional.inputs), inputs, strict=True))
    for node in Graph(functional).nodes:
        if node.is_input:
            continue
        args, kwargs = node.arguments.fill_in(values)
        if _is_functional(node):
            read = [leaf for leaf in keras.tree.flatten((args, kwargs)) if isinstance(leaf, keras.KerasTensor)]
            outputs = _applied(node.operation, read, names, within=node.operation.name)
        else:
            outputs = keras.tree.flatten(names.named(node.operation, within)(*args, **kwargs))
        values.update(zip(map(id, node.outputs), outputs, strict=True))
    return [values[id(tensor)] for tensor in functional.outputs]


class _Names:
    """The names that are in use in a flat model that is being made; it grows by each operation that is named.

    `calls` is how often each operation will be called, `taken` a name that is in use from the start.
    """

    def __init__(self, calls: Counter[int], taken: str) -> None:
        self._calls, self._taken = calls, {taken}
        self._stems: dict[int, str] = {}
        self._uses: Counter[int] = Counter()

    def named(self, operation: Any, within: str) -> Any:
        """Return an operation under a name that no other has: itself, or it renamed, or its like where it is called again.

        `within` is the model inside that it is part of, "" for none.
        """
        key = id(operation)
        if key not in self._stems:
            self._stems[key] = self._free(
                operation.name, operation.name if not within else f"{within}_{operation.name}"
            )
        stem = self._stems[key]
        self._uses[key] += 1
        several, use = self._calls[key] > 1, self._uses[key]
        if not several and stem == operation.name:
            return operation
        name = self._free(f"{stem}_use_{use}", f"{stem}_call_{use}") if several else stem
        if not isinstance(operation, keras.layers.Layer):
            return type(operation).from_config({**operation.get_config(), "name": name})
        return Renamed(operation, name=name, shown_as=f"{stem}/{use}" if several else "")

    def _free(self, wanted: str, otherwise: str) -> str:
        """Return a name that is free from now on no more: the one wanted, or the other, with a number where it has to be."""
        numbered = (otherwise if number == 1 else f"{otherwise}_{number}" for number in range(1, len(self._taken) + 2))
        name = wanted if wanted not in self._taken else next(free for free in numbered if free not in self._taken)
        self._taken.add(name)
        return name
