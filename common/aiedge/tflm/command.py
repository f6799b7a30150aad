"""`aiedge optimize`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.boards import Board, board, boards
from aiedge.errors import Parser, UserError
from aiedge.files import write_atomic
from aiedge.tflite import write_c_array
from aiedge.tflite.labels import labels_of, with_labels
from aiedge.tflite.open_shapes import add_model, read_shaped
from aiedge.tflm.optimize import optimize as optimized
from aiedge.tflm.order import NODES
from aiedge.tflm.scratch import RUNTIMES


def optimize(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the smaller model: .tflite, or .cpp"
    )
    parser.add_argument(
        "--in-place", action="store_true", help="element-wise outputs over inputs, for TFLM's own kernels"
    )
    add_model_and_board(parser)
    return _optimize


def add_model_and_board(parser: Parser) -> None:
    """Add the arguments of a command that plans a model's memory for a board."""
    add_model(parser)
    parser.add_argument("--board", help=f"say what fits it: {', '.join(boards())}")
    parser.add_argument("--nodes", type=int, help="limit of the search for the best order, in states")


def node_limit(nodes: int | None) -> int:
    """The limit that `--nodes` gives; raises `UserError` for a negative one."""
    if nodes is not None and nodes < 0:
        raise UserError(f"{nodes} is no number of states", "give 0 or more with --nodes")
    return NODES if nodes is None else nodes


def _optimize(options: argparse.Namespace) -> None:
    """Write a model that takes a smaller arena, and print what it takes before and after."""
    fitted, output = board(options.board) if options.board else None, options.output
    if output.suffix not in (".tflite", ".cpp"):
        raise UserError(f"{output} is no name of a model", "end it in .tflite, or in .cpp for a C array")
    result = optimized(
        read_shaped(options),
        in_place=options.in_place,
        nodes=node_limit(options.nodes),
        progress=True,
    )
    print(result)
    if fitted:
        print(f"\n{_fit(fitted, max(result.heads(scratch)[1] for scratch in RUNTIMES.values()))}")
    labels = labels_of(result.before.source)
    smaller = with_labels(result.after.source, labels) if labels else result.after.source
    if output.suffix == ".cpp":
        write_c_array(smaller, output)
    else:
        write_atomic(output, smaller)
    print(f"\nwrote {output}")


def _fit(target: Board, head: int) -> str:
    """Whether an arena's head fits the board beside the kit's firmware, in words."""
    room = target.room()["SRAM"]
    verdict = f"fits, {room - head:,} left" if head <= room else "does NOT fit"
    return f"{target.name}: {head:,} of {room:,} bytes of SRAM: {verdict}; the runtime's tail is extra"
