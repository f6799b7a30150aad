"""Networks written as ONNX by hand, as PyTorch exports them, with random weights from a seed."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class OnnxFile:
    """An ONNX model in the making: each method adds nodes and returns the name of what they make."""

    def __init__(self, shape: Sequence[int | str], seed: int = 0, opset: int = OPSET):
        self.rng, self.opset = np.random.default_rng(seed), opset
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)]
        self.channels = {"input": shape[1] if len(shape) > 1 else 0}

    def node(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: object) -> str:
        """Add a node; of several outputs the names end in .0, .1, ..."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"/{name}", **attributes))
        self.channels[name] = self.channels.get(inputs[0], 0) if inputs else 0
        return name

    def constant(self, values: object, dtype: object = np.float32) -> str:
        """Add a constant of the file."""
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def random(self, *shape: int, spread: float = 1.0, middle: float = 0.0) -> str:
        """Add random weights."""
        return self.constant(self.rng.normal(middle, spread, shape))

    def conv(
        self, x: str, filters: int, kernel: int, stride: int = 1, group: int = 1, pad: int | None = None
    ) -> str:
        """A convolution without bias and its batch normalization."""
        inputs = self.channels[x]
        spread = (kernel * kernel * inputs / group) ** -0.5
        weights = self.random(filters, inputs // group, kernel, kernel, spread=spread)
        edge = kernel // 2 if pad is None else pad
        options = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [edge] * 4, "group": group}
        y = self.node("Conv", [x, weights], **options)
        self.channels[y] = filters
        return self.norm(y)

    def norm(self, x: str) -> str:
        """A batch normalization."""
        n = self.channels[x]
        variance = self.constant(self.rng.uniform(0.5, 1.5, n))
        gamma, beta, mean = (
            self.random(n, spread=0.1, middle=1),
            self.random(n, spread=0.1),
            self.random(n, spread=0.1),
        )
        return self.node("BatchNormalization", [x, gamma, beta, mean, variance])

    def relu(self, x: str) -> str:
        """max(x, 0)."""
        return self.node("Relu", [x])

    def relu6(self, x: str) -> str:
        """min(max(x, 0), 6), as PyTorch writes it."""
        return self.node("Clip", [x, self.constant(0.0), self.constant(6.0)])

    def linear(self, x: str, inputs: int, outputs: int) -> str:
        """A dense layer."""
        w, b = self.random(outputs, inputs, spread=inputs**-0.5), self.random(outputs, spread=0.1)
        return self.node("Gemm", [x, w, b], transB=1)

    def model(self, *outputs: str, shape: Sequence[int] | None = None) -> onnx.ModelProto:
        """The model."""
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs]
        graph = helper.make_graph(self.nodes, "network", self.inputs, results, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


def resnet8(seed: int = 0) -> onnx.ModelProto:
    """MLPerf Tiny's network for CIFAR-10."""
    file = OnnxFile([1, 3, 32, 32], seed)
    x = file.relu(file.conv("input", 16, 3))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = file.conv(file.relu(file.conv(x, filters, 3, stride)), filters, 3)
        way = x if stride == 1 else file.conv(x, filters, 1, stride, pad=0)
        x = file.relu(file.node("Add", [y, way]))
        file.channels[x] = filters
    x = file.node("AveragePool", [x], kernel_shape=[8, 8])
    x = file.node("Flatten", [x])
    return file.model(file.node("Softmax", [file.linear(x, 64, 10)], axis=1))


def mobilenet_v2(seed: int = 0, width: float = 0.35, size: int = 96) -> onnx.ModelProto:
    """MobileNetV2: Sandler et al., 2018, table 2, as torchvision builds it."""

    def channels(count: int) -> int:
        return max(8, int(count * width + 4) // 8 * 8)

    file = OnnxFile(["batch", 3, size, size], seed)
    x = file.relu6(file.conv("input", channels(32), 3, 2))
    for expand, filters, count, first in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for i in range(count):
            stride, before = first if i == 0 else 1, file.channels[x]
            y = x if expand == 1 else file.relu6(file.conv(x, before * expand, 1))
            y = file.relu6(file.conv(y, file.channels[y], 3, stride, file.channels[y]))
            y = file.conv(y, channels(filters), 1)
            if stride == 1 and before == channels(filters):
                y = file.node("Add", [x, y])
            x = y
    x = file.relu6(file.conv(x, 1280, 1))
    x = file.node("Flatten", [file.node("GlobalAveragePool", [x])])
    return file.model(file.linear(file.node("Dropout", [x]), 1280, 10))


def ds_cnn(seed: int = 0) -> onnx.ModelProto:
    """MLPerf Tiny's network for keywords: Zhang et al., *Hello Edge*, 2017; rectangular kernel and padding."""
    file = OnnxFile([1, 1, 49, 10], seed)
    weights, bias = file.random(64, 1, 10, 4, spread=0.15), file.random(64, spread=0.1)
    x = file.node(
        "Conv", ["input", weights, bias], kernel_shape=[10, 4], strides=[2, 2], auto_pad="SAME_UPPER"
    )
    file.channels[x] = 64
    x = file.relu(file.norm(x))
    for _ in range(4):
        x = file.relu(file.conv(x, 64, 3, 1, 64))
        x = file.relu(file.conv(x, 64, 1))
    x = file.node("ReduceMean", [x], axes=[2, 3], keepdims=0)
    return file.model(file.linear(x, 64, 12))


NETWORKS: dict[str, Callable[..., onnx.ModelProto]] = {
    "resnet8": resnet8,
    "mobilenet_v2": mobilenet_v2,
    "ds_cnn": ds_cnn,
}


def run(model: onnx.ModelProto, *inputs: NDArray) -> list[NDArray]:
    """The outputs of onnxruntime for one sample."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, dict(zip([each.name for each in session.get_inputs()], inputs, strict=True)))
