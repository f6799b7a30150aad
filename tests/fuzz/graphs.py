"""Random graphs of all operators: branches that part and join, several inputs and outputs, any shape."""

from collections.abc import Callable

import numpy as np

from aiedge.tflite.traits import TRAITS, Nature
from tests.support.model_files import TYPES
from tests.support.random_layers import Draw, behind, not_negative
from tests.support.random_operators import OPERATORS, WITHOUT_TFLM, dtypes, positive
from tests.support.random_streams import STREAMED, end, filtered

# What follows an operator's drawing: where its input comes from.
LAYERS = 2, 9
NAMES = {number: name for name, number in TYPES.items()}


class Branching(Draw):
    """A model in the making, in which an operator's input is often what an earlier one has made."""

    def __init__(self, rng: np.random.Generator, dtype: str):
        super().__init__(rng, dtype)
        self.made: list[int] = []

    def fitting(self, shape: list[int]) -> int | None:
        """An activation of so many elements, in the model's type, or None."""
        count = int(np.prod(shape))
        found = [
            t for t in self.made if int(np.prod(self.shapes[t])) == count and self.type_of(t) == self.dtype
        ]
        return found[self.rng.integers(len(found))] if found else None

    def type_of(self, tensor: int) -> str:
        """The tensor's type."""
        return NAMES[self.file.model.subgraphs[0].tensors[tensor].type]

    def image(self, largest: int = 9, channels: int = 9) -> list[int]:
        """The shape of an activation that is an image of a batch, or a new one."""
        images = [
            s
            for t in self.made
            if len(s := self.shapes[t]) == 4 and max(s[1:3]) <= largest and s[3] <= channels
        ]
        return (
            list(images[self.rng.integers(len(images))])
            if images and self.rng.random() < 0.8
            else super().image(largest, channels)
        )

    def shape(self, lowest: int = 1, highest: int = 4, largest: int = 6) -> list[int]:
        """The shape of an activation, or a new one."""
        shapes = [
            s
            for t in self.made
            if lowest <= len(s := self.shapes[t]) <= highest and max(s, default=1) <= largest
        ]
        return (
            list(shapes[self.rng.integers(len(shapes))])
            if shapes and self.rng.random() < 0.8
            else super().shape(lowest, highest, largest)
        )

    def input(self, shape: list[int], scale: float | None = None, zero_point: int | None = None) -> int:
        """What an operator reads: an activation, a view of one in this shape, or a new input of the model."""
        source = self.fitting(shape) if self.rng.random() < 0.9 else None
        if source is None or scale is not None or zero_point is not None:
            return super().input(shape, scale, zero_point)
        if self.shapes[source] == shape:
            return source
        return self.add("RESHAPE", [source, self.integers(shape)], [self.like(source, shape)])[0]


def random_graph(rng: np.random.Generator, dtype: str) -> bytes:
    """A model of two to eight operators that read each other's outputs; what nobody reads is an output.

    Where all of it turns out to be constant, or is read, another one.
    """
    d = Branching(rng, dtype)
    kinds: list[tuple[str, Callable]] = [
        (kind, draw)
        for kind, draw in OPERATORS.items()
        if kind not in ("QUANTIZE", "DEQUANTIZE", *WITHOUT_TFLM) and dtype in dtypes(kind)
    ]
    for _ in range(int(rng.integers(*LAYERS))):
        kind, draw = kinds[rng.integers(len(kinds))]
        made = draw(d, kind)
        d.dtype = dtype  # what has another type is an output of the model
        d.made += [tensor for tensor in made if d.type_of(tensor) == dtype]
    graph = d.file.model.subgraphs[0]
    read = dict.fromkeys(int(index) for operator in graph.operators for index in operator.inputs)
    written = dict.fromkeys(int(index) for operator in graph.operators for index in operator.outputs)
    inputs = [
        index
        for index in read
        if index >= 0  # an operator may leave an input out
        and index not in written
        and graph.tensors[index].buffer == 0
        and not graph.tensors[index].isVariable
    ]
    for index, tensor in enumerate(graph.tensors):
        if (
            tensor.buffer == 0 and index not in read and index not in written
        ):  # an input that its operator did without
            tensor.shape = [0]
    outputs = [index for index in written if index not in read]
    if not inputs or not outputs:
        return random_graph(rng, dtype)
    return d.file.build(inputs, outputs)


def random_rows(rng: np.random.Generator, dtype: str) -> bytes:
    """A picture's way through layers that can run row by row: of any kind, from any map before, joined now and then.

    Here and there a map is an output, too.
    """
    d = Draw(rng, dtype)
    x = d.input([1, *(int(n) for n in rng.integers(5, 20, 2)), int(rng.integers(1, 6))], 0.05)
    maps = [filtered(d, "CONV_2D", x, same_size=True) if rng.random() < 0.7 else x]
    kinds = [
        kind
        for kind, trait in TRAITS.items()
        if trait.nature in STREAMED and trait.nature is not Nature.CONVERSION and dtype in dtypes(kind)
    ]
    for _ in range(int(rng.integers(*LAYERS))):
        source = maps[-1] if rng.random() < 0.7 else d.pick(*maps)
        alike = [m for m in maps if m != source and d.shapes[m] == d.shapes[source]]
        if alike and rng.random() < 0.4:
            pair = [source, d.pick(*alike)]
            target = d.tensor(d.shapes[source], 1.5 * max(d.params[m][0] for m in pair))
            maps += d.add(d.pick("ADD", "SUB"), pair, [target], fusedActivationFunction=d.activation(1, 3))
            continue
        kind = d.pick(*kinds)
        if OPERATORS.get(kind) is positive:
            source = not_negative(d, source)
        elif kind == "EXP":  # beyond the largest number TFLM stops there, and C at infinity
            (source,) = behind(d, "TANH", source)
        maps.append(STREAMED[TRAITS[kind].nature](d, source, kind))
    graph = d.file.model.subgraphs[0]
    read = {int(index) for operator in graph.operators for index in operator.inputs}
    outputs = [m for m in maps[1:-1] if m not in read or rng.random() < 0.1]
    return d.file.build([x], [*outputs, end(d, maps[-1])])
