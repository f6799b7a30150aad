"""What each operator is: the one table of operators, which reading, planning, streaming and compiling go by.

A kind has the schema's spelling. Rules that belong to a station, such as the kernel that an operator becomes, stand
there, by `Nature`: an operator of a nature that the stations know needs a row here, and its arithmetic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from aiedge.quantization import tables


class Nature(Enum):
    """What an operator does with its tensors."""

    VIEW = auto()  # the output holds the input's bytes under another shape
    UNARY = auto()  # element i of the output needs element i of the input alone
    CONVERSION = auto()  # the same, to another type or scale
    BINARY = auto()  # the same of two inputs, whose shapes broadcast
    TOTAL = auto()  # the sum of any number of inputs of one shape
    COMPARISON = auto()  # of two inputs, whose shapes broadcast, what is true
    SELECTION = auto()  # by that the one or the other of two inputs
    CAST = auto()  # the same numbers in another type
    DENSE = auto()  # a matrix of weights times each row
    MATMUL = auto()  # matrices times matrices, both of them computed
    CONVOLUTION = auto()  # a window that slides over an image; filters span all channels
    DEPTHWISE = auto()  # the same, each filter on one channel
    POOL = auto()  # the same without weights
    TRANSPOSED = auto()  # a window that slides over the output: the gradient of a convolution
    REDUCTION = auto()  # one value for all of a dimension
    SCAN = auto()  # for each value of a dimension the sum up to it
    FILL = auto()  # one value for all
    ARG = auto()  # of a dimension the index of the largest or smallest value
    SOFTMAX = auto()  # rows that add up to 1, or their logarithms
    NORMALIZATION = auto()  # rows of length 1
    CONCATENATION = auto()  # the inputs side by side
    SPLIT = auto()  # the outputs side by side
    PAD = auto()  # the input amid constants
    SLICE = auto()  # some of the input's values
    PERMUTATION = auto()  # the input's values in another order
    REPETITION = auto()  # the same, some of them again and again
    MIRROR = auto()  # the input amid its reflections
    UNPACK = auto()  # the outputs side by side, without the dimension in which they are
    PACK = auto()  # the inputs side by side, in a dimension of their own
    GATHER = auto()  # those of the input's values that indices name
    BLOCKS = auto()  # an image, and each n-th of its rows and columns as images
    NEAREST = auto()  # an image in another size, of its own pixels
    BILINEAR = auto()  # the same, each pixel out of four
    INITIALIZER = auto()  # what gives variables their first values, before the first inference
    HANDLE = auto()  # the name of a variable
    READ = auto()  # the value of a variable
    ASSIGN = auto()  # the value of a variable for later, to the next inference
    MEMORY = auto()  # filters over time of what a matrix of weights makes of each step
    RECURRENT = auto()  # a sequence step by step, each with what the last one left
    OTHER = auto()  # what this table does not have


ELEMENTWISE = {Nature.UNARY, Nature.CONVERSION, Nature.BINARY}
# Done before the first inference, and in none.
UNTIMED = {Nature.INITIALIZER, Nature.HANDLE}
SLIDING = {Nature.CONVOLUTION, Nature.DEPTHWISE, Nature.POOL}


@dataclass(frozen=True)
class Trait:
    """A kind's nature, and its tensors: `inputs` that none may leave out, `optional` ones, `outputs` at most.

    `options` is the name of its table in the schema, `parameter` the option that its formula takes beside the values.
    `table` gives the int8 outputs of all int8 inputs (`aiedge.quantization.tables`); a unary operator without it is one
    of floats only. `sums` marks a window whose values are added up, `single` int8 factors that some versions of
    TensorFlow Lite Micro form in float32 (`aiedge.quantization.factors`). `joins` are the kinds behind which it can run
    in the same call, `states` the places of the inputs that it keeps from one inference to the next.
    """

    nature: Nature
    inputs: int = 1
    optional: int = 0
    outputs: int = 1
    options: str = ""
    parameter: str = ""
    table: Callable[..., tables.Int8] | None = None
    sums: bool = False
    single: bool = False
    joins: tuple[str, ...] = ()
    states: tuple[int, ...] = ()

    @property
    def in_place(self) -> bool:
        """Whether the output may be written over an input of its shape and type: each value is read before."""
        return self.nature in ELEMENTWISE

    @property
    def by_rows(self) -> bool:
        """Whether a row of the output needs a few rows of the inputs only."""
        return self.nature in ELEMENTWISE | SLIDING | {Nature.CONCATENATION, Nature.PAD}

    def check(self, inputs: list[int], outputs: list[int]) -> None:
        """Raise `ValueError` where the operator has too few or too many tensors; index -1 is one left out."""
        if not self.inputs <= len(inputs) <= self.inputs + self.optional or -1 in inputs[: self.inputs]:
            raise ValueError(f"it has the inputs {inputs}")
        if not min(1, self.outputs) <= len(outputs) <= self.outputs:
            raise ValueError(f"it has the outputs {outputs}")

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The options of an operator whose file has none: the schema's."""
        return vars(getattr(schema, f"{self.options}OptionsT")()) if self.options else {}

    def options_of(self, operator: schema.OperatorT) -> dict[str, Any]:
        """The operator's options; raises `ValueError` for those of another operator."""
        if not self.options or not operator.builtinOptionsType:
            return self.defaults
        if not isinstance(operator.builtinOptions, getattr(schema, f"{self.options}OptionsT")):
            raise ValueError("its options are those of another operator")
        return vars(operator.builtinOptions)


MANY = 2**16

TRAITS = {
    "ABS": Trait(Nature.UNARY, table=tables.abs_table),
    "ADD": Trait(Nature.BINARY, 2, options="Add"),
    "ADD_N": Trait(Nature.TOTAL, 2, optional=MANY),
    "ARG_MAX": Trait(Nature.ARG, 2, options="ArgMax"),
    "ARG_MIN": Trait(Nature.ARG, 2, options="ArgMin"),
    "ASSIGN_VARIABLE": Trait(Nature.ASSIGN, 2, outputs=0, states=(0,)),
    "AVERAGE_POOL_2D": Trait(Nature.POOL, options="Pool2D", sums=True),
    "BATCH_MATMUL": Trait(Nature.MATMUL, 2, options="BatchMatMul", single=True),
    "BATCH_TO_SPACE_ND": Trait(Nature.BLOCKS, 3),
    "BROADCAST_TO": Trait(Nature.REPETITION, 2),
    "CALL_ONCE": Trait(Nature.INITIALIZER, 0, outputs=0, options="CallOnce"),
    "CAST": Trait(Nature.CAST),
    "CEIL": Trait(Nature.UNARY),
    "CONCATENATION": Trait(Nature.CONCATENATION, optional=MANY, options="Concatenation"),
    "CONV_2D": Trait(Nature.CONVOLUTION, 2, optional=1, options="Conv2D"),
    "COS": Trait(Nature.UNARY),
    "CUMSUM": Trait(Nature.SCAN, 2, options="Cumsum"),
    "DEPTHWISE_CONV_2D": Trait(Nature.DEPTHWISE, 2, optional=1, options="DepthwiseConv2D"),
    "DEPTH_TO_SPACE": Trait(Nature.PERMUTATION, options="DepthToSpace"),
    "DEQUANTIZE": Trait(Nature.CONVERSION),
    "DIV": Trait(Nature.BINARY, 2, options="Div"),
    "ELU": Trait(Nature.UNARY, table=tables.elu_table),
    "EQUAL": Trait(Nature.COMPARISON, 2),
    "EXP": Trait(Nature.UNARY),
    "EXPAND_DIMS": Trait(Nature.VIEW, 2),
    "FILL": Trait(Nature.FILL, 2),
    "FLOOR": Trait(Nature.UNARY),
    "FLOOR_DIV": Trait(Nature.BINARY, 2),
    "FLOOR_MOD": Trait(Nature.BINARY, 2),
    "FULLY_CONNECTED": Trait(Nature.DENSE, 2, optional=1, options="FullyConnected", single=True),
    "GATHER": Trait(Nature.GATHER, 2, options="Gather"),
    "GATHER_ND": Trait(Nature.GATHER, 2),
    "GELU": Trait(Nature.UNARY, options="Gelu", parameter="approximate", table=tables.gelu_table),
    "GREATER": Trait(Nature.COMPARISON, 2),
    "GREATER_EQUAL": Trait(Nature.COMPARISON, 2),
    "HARD_SWISH": Trait(Nature.UNARY, table=tables.hard_swish_table, single=True),
    "L2_NORMALIZATION": Trait(Nature.NORMALIZATION, options="L2Norm"),
    "L2_POOL_2D": Trait(Nature.POOL, options="Pool2D"),
    "LEAKY_RELU": Trait(
        Nature.UNARY, options="LeakyRelu", parameter="alpha", table=tables.leaky_relu_table, single=True
    ),
    "LESS": Trait(Nature.COMPARISON, 2),
    "LESS_EQUAL": Trait(Nature.COMPARISON, 2),
    "LOG": Trait(Nature.UNARY),
    "LOGICAL_AND": Trait(Nature.COMPARISON, 2),
    "LOGICAL_NOT": Trait(Nature.CAST),
    "LOGICAL_OR": Trait(Nature.COMPARISON, 2),
    "LOGISTIC": Trait(Nature.UNARY, table=tables.logistic_table),
    "LOG_SOFTMAX": Trait(Nature.SOFTMAX),
    "MAXIMUM": Trait(Nature.BINARY, 2),
    "MAX_POOL_2D": Trait(Nature.POOL, options="Pool2D", joins=("CONV_2D",)),
    "MEAN": Trait(Nature.REDUCTION, 2, options="Reducer"),
    "MINIMUM": Trait(Nature.BINARY, 2),
    "MIRROR_PAD": Trait(Nature.MIRROR, 2, options="MirrorPad"),
    "MUL": Trait(Nature.BINARY, 2, options="Mul"),
    "NEG": Trait(Nature.UNARY),
    "NOT_EQUAL": Trait(Nature.COMPARISON, 2),
    "PACK": Trait(Nature.PACK, optional=MANY, options="Pack"),
    "PAD": Trait(Nature.PAD, 2),
    "PADV2": Trait(Nature.PAD, 3),
    "PRELU": Trait(Nature.BINARY, 2),
    "QUANTIZE": Trait(Nature.CONVERSION, table=tables.requantize_table),
    "READ_VARIABLE": Trait(Nature.READ, states=(0,)),
    "REDUCE_MAX": Trait(Nature.REDUCTION, 2, options="Reducer"),
    "REDUCE_MIN": Trait(Nature.REDUCTION, 2, options="Reducer"),
    "RELU": Trait(Nature.UNARY, table=tables.relu_table, single=True),
    "RELU6": Trait(Nature.UNARY, table=tables.relu6_table),
    "RESHAPE": Trait(Nature.VIEW, optional=1, options="Reshape"),
    "RESIZE_BILINEAR": Trait(Nature.BILINEAR, 2, options="ResizeBilinear"),
    "RESIZE_NEAREST_NEIGHBOR": Trait(Nature.NEAREST, 2, options="ResizeNearestNeighbor"),
    "REVERSE_V2": Trait(Nature.PERMUTATION, 2),
    "ROUND": Trait(Nature.UNARY),
    "RSQRT": Trait(Nature.UNARY, table=tables.rsqrt_table),
    "SELECT_V2": Trait(Nature.SELECTION, 3),
    "SIN": Trait(Nature.UNARY),
    "SLICE": Trait(Nature.SLICE, 3),
    "SOFTMAX": Trait(Nature.SOFTMAX, options="Softmax"),
    "SPACE_TO_BATCH_ND": Trait(Nature.BLOCKS, 3),
    "SPACE_TO_DEPTH": Trait(Nature.PERMUTATION, options="SpaceToDepth"),
    "SPLIT": Trait(Nature.SPLIT, 2, outputs=MANY, options="Split"),
    "SPLIT_V": Trait(Nature.SPLIT, 3, outputs=MANY, options="SplitV"),
    "SQRT": Trait(Nature.UNARY),
    "SQUARE": Trait(Nature.UNARY),
    "SQUARED_DIFFERENCE": Trait(Nature.BINARY, 2),
    "SQUEEZE": Trait(Nature.VIEW, options="Squeeze"),
    "STRIDED_SLICE": Trait(Nature.SLICE, 4, options="StridedSlice"),
    "SUB": Trait(Nature.BINARY, 2, options="Sub", single=True),
    "SUM": Trait(Nature.REDUCTION, 2, options="Reducer"),
    "SVDF": Trait(Nature.MEMORY, 3, optional=2, options="SVDF", single=True, states=(4,)),
    "TANH": Trait(Nature.UNARY, table=tables.tanh_table),
    "TILE": Trait(Nature.REPETITION, 2),
    "TRANSPOSE": Trait(Nature.PERMUTATION, 2, options="Transpose"),
    "TRANSPOSE_CONV": Trait(Nature.TRANSPOSED, 3, optional=1, options="TransposeConv"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Trait(
        Nature.RECURRENT, 9, optional=15, options="UnidirectionalSequenceLSTM", single=True, states=(18, 19)
    ),
    "UNPACK": Trait(Nature.UNPACK, outputs=MANY, options="Unpack"),
    "VAR_HANDLE": Trait(Nature.HANDLE, 0, options="VarHandle"),
    "ZEROS_LIKE": Trait(Nature.FILL),
}
OTHER = Trait(Nature.OTHER)

# Pairs of kinds that one call can run, where the answer stays the same to the bit (`aiedge.memory.steps`).
FUSABLE = tuple((first, kind) for kind, trait in TRAITS.items() for first in trait.joins)
