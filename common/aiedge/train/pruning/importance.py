"""How much each channel matters: scores of the channels of convolutions and the neurons of dense layers."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.framework import keras, tensorflow
from aiedge.train.methods import METHODS
from aiedge.train.pruning.channels import SOURCES, follow
from aiedge.train.pruning.plan import Scores
from aiedge.train.pruning.relevance import relevance
from aiedge.train.structure import Call, Structure, separate_activations

BATCH = 64

Loss = str | Callable[[Any, Any], Any]


def importance(
    model: keras.Model,
    method: str = "l1",
    inputs: NDArray | None = None,
    targets: NDArray | None = None,
    loss: Loss | None = None,
) -> Scores:
    """A score for every channel of every convolution and dense layer, float64 [channels] by layer name; low goes first.

    - "l1", "l2": the norm of the weights that make the channel (Li et al., *Pruning Filters for Efficient ConvNets*,
      2017)
    - "gradient": the squared first-order change of the loss without the channel, (Σ a · ∂L/∂a)², mean over the samples
      (Molchanov et al., *Importance Estimation for Neural Network Pruning*, 2019); needs inputs, targets and a `loss`,
      by default the one that the model is compiled with
    - "apoz": 1 − the average percentage of zeros after the activation (Hu et al., *Network Trimming*, 2016); needs
      inputs
    - "relevance": the magnitude of the channel's relevance for the true class, mean over the samples, by layer-wise
      relevance propagation (Yeom et al., *Pruning by Explaining*, 2021); needs inputs and class numbers as targets

    >>> from aiedge.train.models import lenet5
    >>> [len(scores) for scores in importance(lenet5(), "l1").values()]
    [6, 16, 120, 84, 10]
    """
    if method not in METHODS:
        raise UserError(f"the method {method!r} is unknown", f"there are {', '.join(METHODS)}")
    if method in ("l1", "l2"):
        return _norms(model, 1 if method == "l1" else 2)
    if (
        inputs is None
        or len(inputs) == 0
        or (method != "apoz" and (targets is None or len(targets) != len(inputs)))
    ):
        raise UserError(f"{method!r} needs samples", "give inputs and, but for apoz, as many targets")
    if method == "relevance":
        assert targets is not None
        found = relevance(model, inputs, targets)
        return {name: np.abs(values).mean(axis=0, dtype=np.float64) for name, values in found.items()}
    graph = follow(separate_activations(model)).graph
    if method == "apoz":
        zeros = _mean(graph, inputs, targets, lambda values, _: _over_pixels(values == 0, np.mean), None)
        return {name: 1 - share for name, share in zeros.items()}
    loss = loss or getattr(model, "loss", None)
    if loss is None or isinstance(loss, dict | list):
        raise UserError("the gradient needs a loss", 'compile the model or give one, as loss="mse"')
    return _mean(
        graph, inputs, targets, lambda a, g: _over_pixels(a * g, np.sum) ** 2, keras.losses.get(loss)
    )


def _norms(model: keras.Model, order: int) -> Scores:
    """The L1 or L2 norm of each channel's weights."""
    scores = {}
    for call in follow(model).graph:
        if isinstance(call.layer, SOURCES):
            kernels = [np.asarray(w, np.float64) for w in call.layer.get_weights() if w.ndim > 1]
            # Of a separable convolution the 1×1 kernel, its last, makes the channels.
            scores[call.layer.name] = np.linalg.norm(
                kernels[-1].reshape(-1, kernels[-1].shape[-1]), order, axis=0
            )
    return scores


def _ends(graph: Structure) -> dict[str, int]:
    """For each source layer the tensor in which its channels are ready: after normalization and activation."""
    passes = (
        keras.layers.BatchNormalization,
        keras.layers.Activation,
        keras.layers.ReLU,
        keras.layers.LeakyReLU,
    )
    ends = {}
    for call in graph:
        if isinstance(call.layer, SOURCES):
            end, after = call.output, graph.next_call(call.output)
            while after and isinstance(after.layer, passes):
                end, after = after.output, graph.next_call(after.output)
            ends[call.layer.name] = end
    return ends


def _mean(
    graph: Structure,
    inputs: NDArray,
    targets: NDArray | None,
    score: Callable[[NDArray, NDArray | None], NDArray],
    loss: Callable | None,
) -> Scores:
    """The mean over the samples of `score(activations, their gradients)`, [n, channels] from [n, ..., channels]."""
    ends = _ends(graph)
    sums = dict.fromkeys(ends, 0.0)
    for samples, labels in _batches(inputs, targets):
        with tensorflow.GradientTape() as tape:
            first = tensorflow.convert_to_tensor(samples)
            tape.watch(first)
            values = graph.replay([first], lambda call, xs: _infer(call, xs))
            activations = [values[end] for end in ends.values()]
            if loss:
                # A loss object averages over the batch; each sample's own gradient is that times the batch's size.
                total = tensorflow.reduce_mean(loss(labels, values[graph.outputs[0]])) * len(samples)
        gradients = tape.gradient(total, activations) if loss else [None] * len(activations)
        for name, a, g in zip(ends, activations, gradients, strict=True):
            sums[name] = sums[name] + score(a.numpy(), None if g is None else g.numpy()).sum(axis=0)
    return {name: np.asarray(total, np.float64) / len(inputs) for name, total in sums.items()}


def _infer(call: Call, values: list[Any]) -> Any:
    return call(values, training=False) if call.layer._call_has_training_arg else call(values)


def _batches(inputs: NDArray, targets: NDArray | None) -> Iterator[tuple[NDArray, NDArray | None]]:
    for start in range(0, len(inputs), BATCH):
        chosen = slice(start, start + BATCH)
        yield np.asarray(inputs[chosen], np.float32), None if targets is None else targets[chosen]


def _over_pixels(values: NDArray, reduce: Callable) -> NDArray[np.float64]:
    """[n, ..., channels] to [n, channels]."""
    return reduce(values.reshape(len(values), -1, values.shape[-1]).astype(np.float64), axis=1)
