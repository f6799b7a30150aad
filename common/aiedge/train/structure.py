"""A Keras model as a list of layer calls, which can be read, replayed and rebuilt with other layers.

    graph = structure(model)
    graph.replay([images], lambda call, xs: call(xs))              # the model's outputs, layer by layer
    graph.build(lambda call, xs: copy_layer(call.layer)(*xs))      # the same network, with new weights

A tensor is a number: the model's inputs come first, then one for each call's output.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aiedge.errors import UserError
from aiedge.train.framework import keras

Run = Callable[["Call", list[Any]], Any]
Key = tuple[str, int]

HINT = "build the network of single layers, each called once, with the functional API or keras.Sequential"


@dataclass(frozen=True, eq=False)
class Call:
    """One layer, the tensors that it takes and the tensor that it gives."""

    layer: keras.Layer
    inputs: tuple[int, ...]
    output: int

    def __call__(self, values: Sequence[Any], layer: keras.Layer | None = None, **options: Any) -> Any:
        """Call the layer, or another in its place, on the values of its input tensors."""
        layer = layer or self.layer
        return layer(values[0] if len(values) == 1 else list(values), **options)


@dataclass(frozen=True, eq=False)
class Structure:
    """All calls of a model in an order in which they can run."""

    model: keras.Model
    calls: tuple[Call, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def __iter__(self) -> Iterator[Call]:
        return iter(self.calls)

    def consumers(self, tensor: int) -> list[Call]:
        """The calls that take a tensor."""
        return [call for call in self.calls if tensor in call.inputs]

    def next_call(self, tensor: int) -> Call | None:
        """The only user of a tensor; None where there are several or where it is an output of the model."""
        consumers = self.consumers(tensor)
        return consumers[0] if len(consumers) == 1 and tensor not in self.outputs else None

    def replay(self, inputs: Sequence[Any], run: Run) -> dict[int, Any]:
        """Run all calls on the values of the inputs; returns every tensor's value by its number."""
        values = dict(zip(self.inputs, inputs, strict=True))
        for call in self.calls:
            values[call.output] = run(call, [values[i] for i in call.inputs])
        return values

    def build(self, run: Run) -> keras.Model:
        """A new functional model: `run` gets each call with symbolic tensors and returns the call's output."""
        inputs = [keras.Input(x.shape[1:], dtype=x.dtype, name=x.name) for x in self.model.inputs]
        values = self.replay(inputs, run)
        outputs = [values[i] for i in self.outputs]
        return keras.Model(
            inputs if len(inputs) > 1 else inputs[0],
            outputs if len(outputs) > 1 else outputs[0],
            name=self.model.name,
        )


def structure(model: keras.Model, shared: tuple[type, ...] = ()) -> Structure:
    """The calls of a sequential or functional model; only layers of the kinds `shared` may be called more than once.

    Raises `UserError`, which names the layer, where another is called twice, where one holds other layers, is an
    operation without a layer or gives several tensors, and where the model has no graph.
    """
    if not model.built or not (hasattr(model, "operations") or isinstance(model, keras.Sequential)):
        raise UserError(f"the model {model.name!r} has no graph of layers", HINT)
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    for operation in model.operations:
        if isinstance(operation, keras.Model):
            raise UserError(f"layer {operation.name!r} is a whole model", HINT)
        if not isinstance(operation, keras.Layer):
            raise UserError(
                f"the operation {operation.name!r} is no layer", "use a layer such as keras.layers.Add"
            )
        if isinstance(operation, keras.layers.Lambda):
            raise UserError(f"layer {operation.name!r} is a Lambda, which hides what it does", HINT)
    # Calls by (layer, number of its call), in Keras' order of layers.
    waiting: dict[Key, tuple[keras.Layer, list[Key]]] = {}
    config = model.get_config()
    for layer, entry in zip(model.layers, config["layers"], strict=True):
        if isinstance(layer, keras.layers.InputLayer):
            continue
        nodes = entry["inbound_nodes"]
        if len(nodes) != 1 and not isinstance(layer, shared):
            raise UserError(f"layer {layer.name!r} is called {len(nodes)} times", HINT)
        for number, node in enumerate(nodes):
            history = [*_histories(node["args"]), *_histories(node["kwargs"])]
            if any(tensor for _, _, tensor in history):
                raise UserError(f"layer {layer.name!r} takes one of several outputs of a layer", HINT)
            waiting[layer.name, number] = layer, [(name, index) for name, index, _ in history]
    numbers = {(name, index): i for i, (name, index, _) in enumerate(_entries(config["input_layers"]))}
    inputs, calls = tuple(numbers.values()), []
    while waiting:
        for key, (layer, keys) in list(waiting.items()):
            if all(k in numbers for k in keys):
                del waiting[key]
                numbers[key] = len(numbers)
                calls.append(Call(layer, tuple(numbers[k] for k in keys), numbers[key]))
    outputs = tuple(numbers[name, index] for name, index, _ in _entries(config["output_layers"]))
    return Structure(model, tuple(calls), inputs, outputs)


def _entries(value: Any) -> list[tuple[str, int, int]]:
    """The inputs or outputs of a model's configuration, which lists even a single one's parts flat."""
    if isinstance(value, dict):
        raise UserError("the model's inputs or outputs have names of their own", "give it lists of them")
    return [tuple(value)] if value and isinstance(value[0], str) else [tuple(entry) for entry in value]


def _histories(value: Any) -> Iterator[tuple[str, int, int]]:
    """The (layer, call, output) of each tensor in a call's serialized arguments."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield tuple(value["config"]["keras_history"])
        else:
            for item in value.values():
                yield from _histories(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _histories(item)


def copy_layer(layer: keras.Layer, **changes: Any) -> keras.Layer:
    """A new layer of the same kind and name, without its weights; `changes` replace entries of its configuration."""
    return type(layer).from_config(layer.get_config() | changes)


def copy_call(call: Call, values: Sequence[Any]) -> Any:
    """Call a copy of the layer that has its weights: the `run` that makes `Structure.build` copy a model."""
    layer = copy_layer(call.layer)
    output = call(values, layer)
    layer.set_weights(call.layer.get_weights())
    return output


def separate_activations(model: keras.Model) -> keras.Model:
    """The same network with every activation function in a layer of its own, called `<layer>_activation`."""

    def run(call: Call, values: list[Any]) -> Any:
        function = getattr(call.layer, "activation", None)
        if isinstance(call.layer, keras.layers.Activation) or function in (None, keras.activations.linear):
            return copy_call(call, values)
        layer = copy_layer(call.layer, activation="linear")
        output = call(values, layer)
        layer.set_weights(call.layer.get_weights())
        return keras.layers.Activation(function, name=f"{layer.name}_activation")(output)

    return structure(model).build(run)


def fold_batch_norm(model: keras.Model) -> keras.Model:
    """The same function with each batch normalization folded into the layer before it, where that is linear.

    y = γ · (w·x + b − μ) / √(σ² + ε) + β  is a layer with the weights  w · f  and the bias  (b − μ) · f + β,
    f = γ / √(σ² + ε)  for each channel (Jacob et al. 2018, section 3.2). A normalization after anything but a
    convolution or a dense layer stays.
    """
    graph = structure(model)
    folded: dict[keras.Layer, keras.Layer] = {}  # layer: its normalization
    for call in graph:
        after = graph.next_call(call.output)
        if _folds(call.layer) and after and isinstance(after.layer, keras.layers.BatchNormalization):
            folded[call.layer] = after.layer
    gone = set(folded.values())

    def run(call: Call, values: list[Any]) -> Any:
        if call.layer in gone:
            return values[0]
        if call.layer not in folded:
            return copy_call(call, values)
        layer = copy_layer(call.layer, use_bias=True)
        output = call(values, layer)
        layer.set_weights(_folded_weights(call.layer, folded[call.layer]))
        return output

    return graph.build(run)


def _folds(layer: keras.Layer) -> bool:
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
    return isinstance(layer, kinds) and layer.activation is keras.activations.linear


def _folded_weights(layer: keras.Layer, norm: keras.layers.BatchNormalization) -> list[np.ndarray]:
    kernel, *rest = layer.get_weights()
    mean, variance = (np.asarray(x, np.float64) for x in (norm.moving_mean, norm.moving_variance))
    factor = (np.asarray(norm.gamma) if norm.scale else 1.0) / np.sqrt(variance + norm.epsilon)
    bias = ((rest[0] if rest else 0.0) - mean) * factor + (np.asarray(norm.beta) if norm.center else 0.0)
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    return [kernel * (factor.reshape(kernel.shape[2:]) if depthwise else factor), bias]
