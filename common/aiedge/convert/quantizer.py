"""A float32 `Graph` to int8, or to int16 activations, by samples: the kit's own quantization after training.

Weights have zero point 0 and a scale for each channel, biases the product of their input's and weights' scales, and
activations the range that LiteRT shows on the samples. Operators that move values keep the scale; those whose outputs
TensorFlow Lite Micro takes for granted have it (tensorflow.org/lite/performance/quantization_spec).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.progress import tqdm
from aiedge.quantization import QuantParams, params_from_range, params_symmetric, quantize
from aiedge.quantization.affine import round_half_away
from aiedge.tflite.builder import Builder
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.traits import Nature

BAR_AFTER_S = 1.0
INT16_MAX = 32767
LARGEST_BIAS = 2.0**30  # in steps of its scale
LARGEST_FILL = 1e30

# Their outputs hold values of their inputs, and so their scale.
KEEPING = {
    *(Nature.VIEW, Nature.POOL, Nature.PAD, Nature.MIRROR, Nature.SLICE, Nature.SPLIT, Nature.CONCATENATION),
    *(Nature.PERMUTATION, Nature.REPETITION, Nature.UNPACK, Nature.GATHER, Nature.BLOCKS, Nature.NEAREST),
    Nature.BILINEAR,
}
TURNED = {Nature.VIEW, Nature.PERMUTATION}  # the same values in another order
KEEPING_KINDS = {"MAXIMUM", "MINIMUM", "REDUCE_MAX", "REDUCE_MIN", "RELU6"}
# The scale and zero point of an int8 output, and the scale of an int16 one.
FIXED = {
    "LOGISTIC": (1 / 256, -128, 1 / 32768),
    "TANH": (1 / 128, 0, 1 / 32768),
    "SOFTMAX": (1 / 256, -128, 1 / 32768),
    "LOG_SOFTMAX": (16 / 256, 127, None),
    "L2_NORMALIZATION": (1 / 128, 0, None),
}
FREE = {"ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "PRELU", "MEAN", "SUM", "BATCH_MATMUL"}
# Places of an operator's input, weights and bias.
WEIGHTED = {
    Nature.DENSE: (0, 1, 2),
    Nature.CONVOLUTION: (0, 1, 2),
    Nature.DEPTHWISE: (0, 1, 2),
    Nature.TRANSPOSED: (2, 1, 3),
}
AXIS = {Nature.DEPTHWISE: 3}  # of the weights' channels; 0 of all others


def quantized(
    graph: Graph, samples: Sequence[NDArray[np.float32]], per_channel: bool = True, wide: bool = False
) -> bytes:
    """The graph as an int8 .tflite, or with int16 activations where it is `wide`; inputs and outputs have that type.

    `samples` are [n, ...], one array for each input. Raises `UserError` that names all operators that have no integers.
    """
    refuse(graph, wide)
    return _Quantizer(graph, ranges(graph, samples), per_channel, wide).build()


def refuse(graph: Graph, wide: bool = False) -> None:
    """Raise `UserError` that names each operator that cannot compute with integers, and how often it is there."""
    found: dict[str, list[str]] = {}
    for operator in (each for each in graph.operators if not each.folded):
        known = (
            operator.nature in WEIGHTED
            or keeps(operator)
            or operator.kind in FREE
            or (operator.kind in FIXED and not (wide and FIXED[operator.kind][2] is None))
            or operator.trait.table is not None
        )
        floats = all(t.dtype == np.float32 for t in operator.outputs)
        if not known or not floats:
            found.setdefault(operator.kind, []).append(str(operator.index))
    if found:
        names = ", ".join(
            f"{kind} ({len(at)} times: operators {', '.join(at[:8])})" for kind, at in found.items()
        )
        raise UserError(f"operators that have no integers: {names}", "convert it with --quantize none")


def keeps(operator: Operator) -> bool:
    """Whether the output has the scale of the inputs."""
    return operator.nature in KEEPING or operator.kind in KEEPING_KINDS


def ranges(graph: Graph, samples: Sequence[NDArray[np.float32]]) -> dict[int, tuple[float, float]]:
    """The least and the largest value that each float activation has on the samples [n, ...], by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=graph.source,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    watched = [t.index for t in activations(graph)]
    low, high = (dict.fromkeys(watched, value) for value in (np.inf, -np.inf))
    count = len(samples[0])
    for each in tqdm(zip(*samples, strict=True), total=count, unit="sample", delay=BAR_AFTER_S, leave=False):
        for tensor, sample in zip(graph.inputs, each, strict=True):
            interpreter.set_tensor(
                tensor.index, np.ascontiguousarray(sample, np.float32).reshape(tensor.shape)
            )
        interpreter.invoke()
        for index in watched:
            values = interpreter.get_tensor(index)
            low[index], high[index] = min(low[index], values.min()), max(high[index], values.max())
    filled: set[int] = set()
    for operator in graph.operators:
        target = operator.outputs[0].index
        padded = operator.kind == "PADV2" and abs(operator.input(2).values.ravel()[0]) > LARGEST_FILL
        if padded or (operator.nature in TURNED and operator.input(0).index in filled):
            # Padding before a maximum, which never wins: int8 has its least value there.
            filled.add(target)
            low[target], high[target] = low[operator.input(0).index], high[operator.input(0).index]
    bad = next((i for i in watched if not max(-low[i], high[i]) < LARGEST_FILL), None)
    if bad is not None:
        raise UserError(
            f"{graph.tensors[bad]} has values of {low[bad]:.3g} to {high[bad]:.3g} on the samples",
            "are they scaled as in training, and does no pool see padding alone?",
        )
    return {index: (float(low[index]), float(high[index])) for index in watched}


def activations(graph: Graph) -> list[Tensor]:
    """The float tensors that operators or the caller write."""
    outputs = (t for op in graph.operators for t in op.outputs if not op.folded)
    return [t for t in (*graph.inputs, *outputs) if t.dtype == np.float32 and not t.is_constant]


@dataclass
class _Quantizer:
    graph: Graph
    ranges: dict[int, tuple[float, float]]
    per_channel: bool
    wide: bool
    file: Builder = field(default_factory=Builder)
    made: dict[int, int] = field(default_factory=dict)  # tensors of the file, by those of the graph

    def build(self) -> bytes:
        """The file's bytes."""
        self.dtype: np.dtype = np.dtype(np.int16 if self.wide else np.int8)
        self.groups = self._groups()
        self.params = {index: self._group_params(index) for index in self.ranges}
        for tensor in self.graph.inputs:
            self._activation(tensor)
        for operator in self.graph.operators:
            if not operator.folded:
                self._add(operator)
        first, last = ([self.made[t.index] for t in side] for side in (self.graph.inputs, self.graph.outputs))
        return self.file.build(first, last, self.graph.input_names, self.graph.output_names)

    def _groups(self) -> dict[int, list[int]]:
        """For each activation all those that have its scale."""
        group = {index: [index] for index in self.ranges}
        for operator in self.graph.operators:
            if operator.folded or not keeps(operator):
                continue
            tied = [
                t.index for t in (*operator.inputs, *operator.outputs) if t is not None and t.index in group
            ]
            for index in tied[1:]:
                if group[index] is not group[tied[0]]:
                    group[tied[0]] += group[index]
                    for other in list(group[index]):
                        group[other] = group[tied[0]]
        return group

    def _group_params(self, index: int) -> QuantParams:
        """The scale and zero point of an activation: one for its whole group."""
        members = self.groups[index]
        low, high = (pick(self.ranges[i][side] for i in members) for side, pick in enumerate((min, max)))
        for operator in self.graph.operators:
            if keeps(operator) and operator.kind != "PADV2" and operator.outputs[0].index in members:
                for tensor in operator.inputs:
                    if tensor is not None and tensor.is_constant and tensor.dtype == np.float32:
                        low, high = min(low, tensor.values.min()), max(high, tensor.values.max())
        for operator in self.graph.operators:
            if operator.outputs and operator.outputs[0].index in members and operator.kind in FIXED:
                fixed = self._fixed(operator.kind)
                step, zero_point = float(fixed.scale), int(fixed.zero_point)
                bounds = np.iinfo(self.dtype)
                # The last step more: a sigmoid of 1 is the largest integer, too.
                if step * (bounds.min - zero_point) <= low and high <= step * (bounds.max + 1 - zero_point):
                    return fixed
        return self._from_range(low, high)

    def _from_range(self, low: float, high: float) -> QuantParams:
        if self.wide:
            return QuantParams(_float32(max(abs(low), abs(high)) / INT16_MAX) or 1.0, 0)
        found = params_from_range(low, high)
        return QuantParams(_float32(float(found.scale)), found.zero_point)

    def _fixed(self, kind: str) -> QuantParams:
        scale, zero_point, wide = FIXED[kind]
        return QuantParams(wide, 0) if self.wide and wide else QuantParams(scale, zero_point)

    def _activation(self, tensor: Tensor) -> int:
        """The tensor of the file for one that is computed."""
        if tensor.index not in self.made:
            params = self.params[tensor.index]
            self.made[tensor.index] = self.file.tensor(tensor.name, tensor.shape, self.dtype, params)
        return self.made[tensor.index]

    def _constant(self, tensor: Tensor, operator: Operator) -> int:
        """A constant that is no weight: indices as they are, numbers in the scale that the operator asks for."""
        if tensor.dtype != np.float32:
            return self.file.tensor(tensor.name, tensor.shape, tensor.dtype, None, tensor.values)
        if keeps(operator):
            params = self.params[operator.outputs[0].index]
        else:
            params = self._from_range(float(tensor.values.min()), float(tensor.values.max()))
        data = quantize(np.clip(tensor.values, -LARGEST_FILL, LARGEST_FILL), params, self.dtype)
        return self.file.tensor(tensor.name, tensor.shape, self.dtype, params, data)

    def _add(self, operator: Operator) -> None:
        if operator.nature in WEIGHTED:
            inputs = self._weighted(operator)
        else:
            inputs = [
                -1 if t is None else self._constant(t, operator) if t.is_constant else self._activation(t)
                for t in operator.inputs
            ]
        target = operator.outputs[0]
        own = self._fixed(operator.kind) if operator.kind in FIXED else None
        if own and own != self.params[target.index]:
            between = self.file.tensor(f"{target.name}/own scale", target.shape, self.dtype, own)
            self.file.operator(operator.kind, inputs, [between], operator.options)
            self.file.operator("QUANTIZE", [between], [self._activation(target)])
            return
        outputs = [self._activation(t) for t in operator.outputs]
        self.file.operator(operator.kind, inputs, outputs, operator.options)

    def _weighted(self, operator: Operator) -> list[int]:
        """The inputs of an operator with weights and perhaps a bias."""
        places = WEIGHTED[operator.nature]
        source, weights = operator.input(places[0]), operator.input(places[1])
        if not weights.is_constant:
            raise UserError(
                f"{operator} computes its weights, which is not supported in integers", "--quantize none"
            )
        axis = AXIS.get(operator.nature, 0)
        channels = weights.shape[axis]
        given = operator.inputs[places[2]] if places[2] < len(operator.inputs) else None
        bias = np.zeros(channels) if given is None else given.values.astype(np.float64).ravel()
        entry, result = self.params[source.index], self.params[operator.outputs[0].index]
        scales = self._weight_scales(weights.values, axis, bias, float(entry.scale), float(result.scale))
        w = (
            QuantParams(scales, np.zeros(channels, np.int64), axis)
            if self.per_channel
            else QuantParams(scales[0], 0)
        )
        products = scales * float(entry.scale)
        b = (
            QuantParams(products, np.zeros(channels, np.int64), 0)
            if self.per_channel
            else QuantParams(products[0], 0)
        )
        steps = round_half_away(bias / products)
        wide = np.int64 if self.wide else np.int32
        data = np.clip(quantize(weights.values, w), -127, 127)
        made = {
            places[0]: self._activation(source),
            places[1]: self.file.tensor(weights.name, weights.shape, np.int8, w, data),
            places[2]: self.file.tensor(
                given.name if given else f"{weights.name}/bias", (channels,), wide, b, steps.astype(wide)
            ),
        }
        others = [
            made[i] if i in made else self._constant(operator.input(i), operator)
            for i in range(max(len(operator.inputs), places[2] + 1))
        ]
        return others

    def _weight_scales(
        self, weights: NDArray, axis: int, bias: NDArray, entry: float, result: float
    ) -> NDArray[np.float64]:
        """A scale for each channel, [channels], all the same without `per_channel`.

        A channel of zeros takes one with which its bias is exact to 1/256 of an output step; one whose bias would pass
        int32 takes a larger one, as TensorFlow's converter gives it.
        """
        found = params_symmetric(weights, axis)
        largest = np.abs(weights).max(axis=tuple(d for d in range(weights.ndim) if d != axis))
        scales = np.where(largest > 0, found.scale, result / entry / 256)
        if not self.per_channel:
            scales = np.full_like(scales, scales[largest > 0].max() if (largest > 0).any() else scales[0])
        scales = np.maximum(scales, np.abs(bias) / entry / LARGEST_BIAS)
        if not self.per_channel:
            scales[:] = scales.max()
        return scales.astype(np.float32).astype(np.float64)


def _float32(value: float) -> float:
    return float(np.float32(value))
