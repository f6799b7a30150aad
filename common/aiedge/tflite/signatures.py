"""How many tensors each operator takes and gives, and its table of options, as TensorFlow Lite's schema has them."""

from dataclasses import dataclass

from ai_edge_litert import schema_py_generated as schema


@dataclass(frozen=True)
class Signature:
    """An operator's tensors: `required` inputs that none may leave out, `most` inputs, `outputs` at most."""

    required: int
    most: int
    options: str = ""
    outputs: int = 1

    def check(self, inputs: list[int], outputs: list[int]) -> None:
        """Raise `ValueError` where the operator has too few or too many tensors; index -1 is one left out."""
        if not self.required <= len(inputs) <= self.most or -1 in inputs[: self.required]:
            raise ValueError(f"it has the inputs {inputs}")
        if not 1 <= len(outputs) <= self.outputs:
            raise ValueError(f"it has the outputs {outputs}")

    def options_of(self, operator: schema.OperatorT) -> dict[str, object]:
        """The operator's options, the schema's defaults where the file has none."""
        if not self.options:
            return {}
        table = getattr(schema, f"{self.options}OptionsT")
        if not operator.builtinOptionsType:
            return vars(table())
        if not isinstance(operator.builtinOptions, table):
            raise ValueError("its options are those of another operator")
        return vars(operator.builtinOptions)


MANY = 2**16

SIGNATURES = {
    "ADD": Signature(2, 2, "Add"),
    "AVERAGE_POOL_2D": Signature(1, 1, "Pool2D"),
    "CONCATENATION": Signature(1, MANY, "Concatenation"),
    "CONV_2D": Signature(2, 3, "Conv2D"),
    "DEPTHWISE_CONV_2D": Signature(2, 3, "DepthwiseConv2D"),
    "DEQUANTIZE": Signature(1, 1),
    "EXPAND_DIMS": Signature(2, 2),
    "FULLY_CONNECTED": Signature(2, 3, "FullyConnected"),
    "HARD_SWISH": Signature(1, 1),
    "LEAKY_RELU": Signature(1, 1, "LeakyRelu"),
    "LOGISTIC": Signature(1, 1),
    "MAX_POOL_2D": Signature(1, 1, "Pool2D"),
    "MEAN": Signature(2, 2, "Reducer"),
    "MUL": Signature(2, 2, "Mul"),
    "PAD": Signature(2, 2),
    "PADV2": Signature(3, 3),
    "QUANTIZE": Signature(1, 1),
    "RELU": Signature(1, 1),
    "RELU6": Signature(1, 1),
    "RESHAPE": Signature(1, 2, "Reshape"),
    "RESIZE_BILINEAR": Signature(2, 2, "ResizeBilinear"),
    "RESIZE_NEAREST_NEIGHBOR": Signature(2, 2, "ResizeNearestNeighbor"),
    "SOFTMAX": Signature(1, 1, "Softmax"),
    "SPLIT": Signature(2, 2, "Split", MANY),
    "SQUEEZE": Signature(1, 1, "Squeeze"),
    "STRIDED_SLICE": Signature(4, 4, "StridedSlice"),
    "SUB": Signature(2, 2, "Sub"),
    "TANH": Signature(1, 1),
    "TRANSPOSE_CONV": Signature(3, 4, "TransposeConv"),
}
