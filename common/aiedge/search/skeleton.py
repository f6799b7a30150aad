"""A network's graph before any training: what the converter would make of it, with random weights.

Memory and instructions depend on shapes alone, so the skeleton's are those of the trained network, to the byte.
"""

import numpy as np
from numpy.typing import NDArray

from aiedge.quantization import QuantParams
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.train.blueprint import INPUT, Blueprint, Layer

# Behind a relu, and of pictures, all of int8 stands for what is not negative.
POSITIVE, SIGNED = QuantParams(0.05, -128), QuantParams(0.05, -10)
WEIGHT_SCALE, BIAS = 0.005, 500
SAME, VALID = 0, 1  # of the schema's Padding
NONE, RELU = 0, 1  # of its ActivationFunctionType
WEIGHTS_AXIS = {"conv": 0, "depthwise": 3, "dense": 0}


def skeleton(blueprint: Blueprint, per_channel: bool = True, seed: int = 0) -> Graph:
    """The int8 graph of a blueprint, with random weights that have a scale for each channel, or one.

    >>> from aiedge.memory import plan_memory
    >>> graph = skeleton(Blueprint((8, 8, 1), (Layer("conv", 4, 3), Layer("flatten"), Layer("dense", 10))))
    >>> graph.parameters, plan_memory(graph).arena_bytes
    (2610, 256)
    """
    return _Maker(np.random.default_rng(seed), per_channel).graph(blueprint)


class _Maker:
    def __init__(self, rng: np.random.Generator, per_channel: bool) -> None:
        self.rng, self.per_channel = rng, per_channel
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []

    def graph(self, blueprint: Blueprint) -> Graph:
        entry = self._activation(blueprint.input, POSITIVE)
        made: list[Tensor] = []
        for place, layer in enumerate(blueprint.layers):
            read = [entry if source == INPUT else made[source] for source in blueprint.sources(place)]
            made.append(self._layer(layer, read, blueprint.shapes[place]))
        return Graph(tuple(self.tensors), tuple(self.operators), (entry,), (made[-1],), b"")

    def _layer(self, layer: Layer, read: list[Tensor], shape: tuple[int, ...]) -> Tensor:
        options: dict[str, object] = {"fusedActivationFunction": RELU if layer.relu else NONE}
        window = {"padding": SAME if layer.same else VALID, "strideH": layer.stride, "strideW": layer.stride}
        channels = read[0].shape[-1]
        if layer.kind == "conv":
            weights = (layer.width, layer.kernel, layer.kernel, channels)
            return self._weighted("CONV_2D", layer, read[0], weights, shape, options | window)
        if layer.kind == "depthwise":
            weights = (1, layer.kernel, layer.kernel, channels)
            options["depthMultiplier"] = 1
            return self._weighted("DEPTHWISE_CONV_2D", layer, read[0], weights, shape, options | window)
        if layer.kind == "dense":
            return self._weighted("FULLY_CONNECTED", layer, read[0], (layer.width, channels), shape, options)
        if layer.kind in ("max_pool", "average_pool"):
            kind = f"{layer.kind.upper()}_2D"
            options |= window | {"filterHeight": layer.kernel, "filterWidth": layer.kernel}
            return self._operator(kind, (read[0],), shape, options, read[0].quantization)
        if layer.kind == "average":
            height, width = read[0].shape[1:3]
            window = {"padding": VALID, "strideH": height, "strideW": width}
            options |= window | {"filterHeight": height, "filterWidth": width}
            return self._operator(
                "AVERAGE_POOL_2D", (read[0],), (1, 1, *shape), options, read[0].quantization
            )
        if layer.kind == "flatten":
            sizes = self._constant(np.array([-1, shape[0]], np.int32))
            return self._operator("RESHAPE", (read[0], sizes), shape, {}, read[0].quantization)
        return self._operator("ADD", tuple(read), shape, options)

    def _weighted(
        self,
        kind: str,
        layer: Layer,
        read: Tensor,
        shape: tuple[int, ...],
        outputs: tuple[int, ...],
        options: dict[str, object],
    ) -> Tensor:
        axis = WEIGHTS_AXIS[layer.kind]
        count = shape[axis]
        scales = np.full(count, WEIGHT_SCALE), np.zeros(count, np.int64)
        params = QuantParams(*scales, axis) if self.per_channel else QuantParams(WEIGHT_SCALE, 0)
        weights = self._constant(self.rng.integers(-127, 128, shape, np.int8), params)
        products = float(POSITIVE.scale) * params.scale
        of_bias = (
            QuantParams(products, scales[1], 0)
            if self.per_channel
            else QuantParams(float(np.max(products)), 0)
        )
        bias = self._constant(self.rng.integers(-BIAS, BIAS, count, np.int32), of_bias)
        return self._operator(kind, (read, weights, bias), outputs, options)

    def _operator(
        self,
        kind: str,
        inputs: tuple[Tensor, ...],
        shape: tuple[int, ...],
        options: dict[str, object],
        params: QuantParams | None = None,
    ) -> Tensor:
        relu = options.get("fusedActivationFunction") == RELU
        output = self._activation(shape, params or (POSITIVE if relu else SIGNED))
        self.operators.append(Operator(len(self.operators), kind, inputs, (output,), options))
        return output

    def _activation(self, shape: tuple[int, ...], params: QuantParams) -> Tensor:
        return self._tensor((1, *shape), np.dtype(np.int8), params, None)

    def _constant(self, data: NDArray, params: QuantParams | None = None) -> Tensor:
        return self._tensor(data.shape, data.dtype, params, data)

    def _tensor(
        self, shape: tuple[int, ...], dtype: np.dtype, params: QuantParams | None, data: NDArray | None
    ) -> Tensor:
        tensor = Tensor(len(self.tensors), f"tensor_{len(self.tensors)}", shape, dtype, params, data)
        self.tensors.append(tensor)
        return tensor
