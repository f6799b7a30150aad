"""`aiedge micropython`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from aiedge.errors import Parser, UserError
from aiedge.tflite.graph import Graph
from aiedge.tflite.open_shapes import add_model


def micropython(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    from aiedge.micropython.native import ARCHITECTURES
    from aiedge.micropython.source import Emitter

    add_model(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for NAME.py and NAME.bin"
    )
    parser.add_argument("--name", help="the module's name (default: the model's file name)")
    parser.add_argument(
        "--emit",
        choices=get_args(Emitter),
        default="viper",
        help="machine code by viper (default) or the native emitter, or bytecode, which every MicroPython takes",
    )
    parser.add_argument(
        "--native", action="store_true", help="the kit's C as a native module, NAME.mpy, instead of NAME.py"
    )
    parser.add_argument(
        "--arch", choices=list(ARCHITECTURES), help="of --native: the board's, in MicroPython's words"
    )
    parser.add_argument(
        "--mpy-dir",
        type=Path,
        metavar="DIR",
        help="of --native: MicroPython's sources, at the board's version",
    )
    parser.add_argument(
        "--heap",
        type=int,
        default=0,
        metavar="BYTES",
        help="what gc.mem_free() says on the board: refuse a model that it cannot hold",
    )
    return _micropython


def _micropython(options: argparse.Namespace) -> None:
    from aiedge.micropython.source import generate
    from aiedge.tflite.names import c_name
    from aiedge.tflite.open_shapes import read_shaped

    graph, name = read_shaped(options), options.name or c_name(options.model.stem)
    if options.native:
        _native(graph, name, options)
        return
    source = generate(graph, name, options.emit)
    buffer, file = source.plan.arena_bytes, len(source.weights)
    if options.heap and buffer > options.heap:
        raise UserError(
            f"the model needs a buffer of {buffer:,} bytes, and the heap has {options.heap:,}",
            "prune the model, give it a smaller input, or compile it to C row by row: aiedge compile --stream",
        )
    for path in source.write(options.output):
        print(f"wrote {path}")
    print(f"heap {buffer:,} bytes for the buffer, and about 2 KB for the module")
    print(f"{source.name}.bin: {file:,} bytes, in the heap too, but not from a file system of ROM")
    if options.heap and buffer + file > options.heap:
        print(f"the heap has {options.heap:,} bytes: put {source.name}.bin into a file system of ROM")


def _native(graph: Graph, name: str, options: argparse.Namespace) -> None:
    from aiedge.micropython.native import bytecode_of, write_native

    if not options.arch:
        raise UserError(
            "--native needs the board's architecture", "--arch xtensawin for an ESP32, armv7m, x64"
        )
    path = write_native(graph, name, options.arch, options.mpy_dir, options.output)
    mpy = path.read_bytes()
    print(f"wrote {path}: {len(mpy):,} bytes, bytecode {bytecode_of(mpy)}")
