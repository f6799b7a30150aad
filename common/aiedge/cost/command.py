"""`aiedge inspect`, `aiedge bench` and `aiedge memory`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge import tflite
from aiedge.boards import board
from aiedge.codegen.command import add_fast_flash, add_target, target_of
from aiedge.cost.targets import TARGETS
from aiedge.errors import Parser
from aiedge.files import write_atomic
from aiedge.tflite.labels import labels_of
from aiedge.tflite.open_shapes import add_model, read_shaped
from aiedge.tflm.command import add_model_and_board, node_limit

BOARD = "esp-eye"  # the workshop's
MOST_LABELS = 20  # that are shown


def inspect(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    add_model(parser)
    parser.add_argument(
        "--tflm", action="store_true", help="also find the smallest arena for TensorFlow Lite Micro"
    )
    return _inspect


def _inspect(options: argparse.Namespace) -> None:
    from aiedge.cost.description import describe
    from aiedge.tflite.versions import rounded_apart

    graph = read_shaped(options)
    print(describe(graph, options.model.name))
    if labels := labels_of(graph.source):
        shown = ", ".join(labels[:MOST_LABELS]) + (", ..." if len(labels) > MOST_LABELS else "")
        print(f"labels               {len(labels)}: {shown}")
    if apart := rounded_apart(graph):
        names = ", ".join(map(str, apart))
        text = (
            "a TensorFlow Lite Micro that rounds its scales to float32 may answer otherwise in the last bit"
        )
        print(f"other versions       {names}: {text}")
    if options.tflm:
        print(
            f"arena, interpreter   {tflite.tflm_arena_bytes(graph.source):,} bytes"
            " (the smallest for TensorFlow Lite Micro on this computer)"
        )


def bench(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    add_model(parser)
    parser.add_argument(
        "--target", choices=["host", *TARGETS], default="host", help="this computer, or an emulated core"
    )
    parser.add_argument("--quick", action="store_true", help="leave the other runtimes out")
    parser.add_argument("--stream", action="store_true", help="with layers that run row by row")
    add_fast_flash(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the figures (JSON) and a plot"
    )
    return _bench


def _bench(options: argparse.Namespace) -> None:
    from aiedge.cost.plot import require_matplotlib
    from aiedge.cost.report import bench

    if options.output:
        require_matplotlib()
    model = read_shaped(options).source
    peers, flash = not options.quick, options.fast_flash
    report = bench(model, options.model.stem, options.target, peers, stream=options.stream, flash=flash)
    print(report)
    if options.output:
        for path in report.write(options.output, f"{options.model.stem}-{options.target}"):
            print(f"wrote {path}")


def memory(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder for a CSV and two pictures")
    parser.add_argument(
        "--build",
        metavar="STEP",
        help="only what fits, with the step marked that a firmware runs: TFLM, fused, streamed",
    )
    parser.add_argument("--camera", action="store_true", help="the firmware has the camera's driver")
    parser.add_argument(
        "--reserved", type=int, default=0, metavar="BYTES", help="what it keeps for TFLM's arena"
    )
    add_model_and_board(parser)
    add_target(parser)
    return _memory


def _memory(options: argparse.Namespace) -> None:
    """Print a model's memory map and ladder, and what fits the board; into a folder go a CSV and two pictures.

    With `--build`, the rung that a firmware runs, only what fits: that is what a build of the firmware prints.
    """
    from aiedge.cost.ladder import ladder
    from aiedge.cost.pictures import ladder_figure, map_figure, png
    from aiedge.cost.plot import require_matplotlib
    from aiedge.tflm.map import memory_map

    path, build, folder = options.model, options.build, options.output
    if folder:
        require_matplotlib()
    fitted = board(options.board or BOARD) if options.board or build else None
    graph = read_shaped(options)
    map_ = memory_map(graph)
    # A build compiles the model in its file's order.
    nodes = node_limit(options.nodes)
    steps = ladder(graph, nodes=nodes, progress=True, file_order=bool(build), core=target_of(options, fitted))
    firmware = {"camera": options.camera, "reserved": options.reserved}
    if fitted and build:
        print("\n".join([f"Memory of {path.name}", *map_.summary, "", steps.fits(fitted, build, **firmware)]))
    else:
        print(f"{map_}\n\n{steps}")
        if fitted:
            sources = (f"  {name}: {text}" for name, text in fitted.sources.items())
            print("\n".join(["", steps.fits(fitted, **firmware), "", "Sources:", *sources]))
    if folder:
        pictures = {
            "memory": map_figure(map_, path.stem),
            "ladder": ladder_figure(steps, path.stem, (fitted,) if fitted else ()),
        }
        print(f"wrote {write_atomic(folder / f'{path.stem}-memory.csv', map_.csv)}")
        for name, figure in pictures.items():
            print(f"wrote {write_atomic(folder / f'{path.stem}-{name}.png', png(figure))}")
