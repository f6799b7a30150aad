"""Layer-wise relevance propagation: how much each channel spoke for the answer.

Starting from the output of the class in question, every layer hands the relevance R of its outputs down to its inputs
in proportion to what each gave:  R_i = a_i · Σ_j w_ij · R_j / (z_j + ε · sign z_j),  z_j = Σ_i a_i · w_ij + b_j
(Bach et al., *On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation*,
2015, equation 58). Activation functions pass it on unchanged. Without biases and with a small ε every layer's
relevance sums to the output that it explains.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.framework import keras, tensorflow
from aiedge.train.pruning.channels import SOURCES, follow
from aiedge.train.structure import Structure, separate_activations

BATCH = 64
ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.Softmax,
)


def relevance(
    model: keras.Model, inputs: NDArray, classes: NDArray, epsilon: float = 1e-6
) -> dict[str, NDArray[np.float64]]:
    """The relevance of every channel of every convolution and dense layer for each sample, [n, channels] by layer name.

    `classes` holds each sample's class number, int [n]; a network with one output explains that output whatever the
    class. The output is taken before its softmax or sigmoid. Raises `UserError` for classes that are not there.
    """
    graph = follow(separate_activations(model)).graph
    if len(graph.inputs) > 1 or len(graph.outputs) > 1:
        raise UserError("relevance needs a network with one input and one output", "score by another method")
    classes = np.asarray(classes).reshape(-1).astype(np.int64)
    outputs = model.output_shape[-1]
    if outputs > 1 and (classes.min() < 0 or classes.max() >= outputs):
        raise UserError(f"the network has {outputs} classes", f"classes are numbers from 0 to {outputs - 1}")
    parts = [
        _propagate(graph, inputs[i : i + BATCH], classes[i : i + BATCH], epsilon)
        for i in range(0, len(inputs), BATCH)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _propagate(graph: Structure, inputs: NDArray, classes: NDArray, epsilon: float) -> dict[str, NDArray]:
    tapes: dict[int, Any] = {}
    taken: dict[int, list[Any]] = {}

    def run(call: Any, values: list[Any]) -> Any:
        with tensorflow.GradientTape() as tape:
            # Fresh tensors: one that enters a layer twice gets two relevances.
            taken[call.output] = [tensorflow.identity(value) for value in values]
            tape.watch(taken[call.output])
            result = call(taken[call.output])
        tapes[call.output] = tape
        return result

    values = graph.replay([tensorflow.convert_to_tensor(np.asarray(inputs, np.float32))], run)
    relevances: dict[int, Any] = {}
    end = graph.outputs[0]
    by_output = {call.output: call for call in graph}
    while isinstance(by_output[end].layer, ACTIVATIONS):
        end = by_output[end].inputs[0]
    answers = values[end]
    chosen = np.zeros(len(inputs), np.int64) if answers.shape[-1] == 1 else classes
    relevances[end] = answers * tensorflow.one_hot(chosen, answers.shape[-1], dtype=answers.dtype)
    found = {}
    for call in reversed(graph.calls):
        if call.output not in relevances:
            continue
        relevance, z = relevances.pop(call.output), values[call.output]
        if isinstance(call.layer, SOURCES):
            found[call.layer.name] = (
                relevance.numpy().reshape(len(inputs), -1, z.shape[-1]).sum(axis=1, dtype=np.float64)
            )
        if isinstance(call.layer, ACTIVATIONS):
            shares = [relevance]
        else:
            s = relevance / (z + epsilon * tensorflow.where(z < 0, -1.0, 1.0))
            gradients = tapes[call.output].gradient(z, taken[call.output], output_gradients=s)
            shares = [a * g for a, g in zip(taken[call.output], gradients, strict=True)]
        for tensor, share in zip(call.inputs, shares, strict=True):
            relevances[tensor] = relevances.get(tensor, 0.0) + share
    return dict(reversed(found.items()))
