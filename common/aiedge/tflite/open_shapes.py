"""Models whose inputs leave dimensions open: what they are read as, and `--shape`."""

import argparse
import sys
from pathlib import Path

from aiedge.errors import Parser, UserError
from aiedge.tflite.graph import Graph
from aiedge.tflite.reader import read
from aiedge.tflite.writer import resized

LARGEST = 2**31 - 1


def add_model(parser: Parser) -> None:
    """Add the model that a command reads, and `--shape`."""
    parser.add_argument("model", type=Path, help="a .tflite file or its C array")
    parser.add_argument(
        "--shape",
        action="append",
        metavar="[NAME=]1,N,...",
        default=[],
        help="the shape of an input that the model leaves open; once for each input, in their order or by name",
    )


def read_shaped(options: argparse.Namespace) -> Graph:
    """The model of a command line; says on stderr what open dimensions are taken for where `--shape` does not."""
    if options.shape:
        ends = read(options.model, ends=True)
        return read(resized(ends.source, _shapes(ends, options.shape)))
    graph = read(options.model)
    for name, tensor in zip(graph.input_names, graph.inputs, strict=True):
        if tensor.free:
            text = [-1 if i in tensor.free else n for i, n in enumerate(tensor.shape)]
            print(
                f"note: input {name!r} has the open shape {text} and is taken as {list(tensor.shape)};"
                " --shape gives another",
                file=sys.stderr,
            )
    return graph


def _shapes(graph: Graph, words: list[str]) -> dict[int, list[int]]:
    """The shapes by the inputs' places.

    Raises `UserError` for one that is none, or that changes a dimension that is not open.
    """
    shapes: dict[int, list[int]] = {}
    for place, word in enumerate(words):
        name, _, numbers = word.rpartition("=")
        if name:
            if name not in graph.input_names:
                raise UserError(
                    f"--shape names {name!r}, which is no input", f"there are {', '.join(graph.input_names)}"
                )
            place = graph.input_names.index(name)
        try:
            shape = [int(number) for number in numbers.replace("x", ",").split(",")]
        except ValueError as error:
            raise UserError(f"--shape {word!r} is no list of numbers", "as in --shape 1,96,96,3") from error
        if place >= len(graph.inputs):
            raise UserError(f"the model has {len(graph.inputs)} inputs", "give --shape once for each")
        tensor = graph.inputs[place]
        wanted = [-1 if i in tensor.free else n for i, n in enumerate(tensor.shape)]
        if len(shape) != len(wanted) or any(
            not 0 < n <= LARGEST or w not in (-1, n) for n, w in zip(shape, wanted, strict=True)
        ):
            raise UserError(
                f"--shape {shape} does not fit input {graph.input_names[place]!r}, {wanted}",
                "only what is -1 there can be set, to 1 or more",
            )
        shapes[place] = shape
    return shapes
