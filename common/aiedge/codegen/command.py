"""`aiedge compile`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from aiedge.errors import Parser
from aiedge.tflite.open_shapes import add_shape


def compile_(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    from aiedge.codegen.source import Core

    parser.add_argument("model", type=Path, help="a .tflite file or its C array")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the files"
    )
    parser.add_argument("--name", help="what the C names begin with (default: the model's file name)")
    parser.add_argument(
        "--engine", action="store_true", help="also copy the engine's headers, which the C includes"
    )
    parser.add_argument(
        "--firmware", action="store_true", help="also write aiedge_model.h for the kit's firmware"
    )
    parser.add_argument(
        "--stream", action="store_true", help="run layers row by row: less SRAM, the input by rows"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="write weights and tables into FILE.bin, for the program to load, and not into the C",
    )
    parser.add_argument(
        "--target",
        choices=get_args(Core),
        default="any",
        help="esp32: kernels of the ESP32's core, by aiedge_lx6.S, and scratch for them in the arena",
    )
    add_shape(parser)
    return _compile


def _compile(options: argparse.Namespace) -> None:
    from aiedge.codegen import Weights, copy_engine, generate
    from aiedge.files import write_atomic
    from aiedge.tflite.names import c_name
    from aiedge.tflite.open_shapes import read_shaped

    graph = read_shaped(options)
    weights: Weights = "loaded" if options.weights else "linked"
    name = options.name or c_name(options.model.stem)
    source = generate(graph, name, options.stream, weights, options.target)
    paths = source.write(options.output, options.firmware)
    if options.weights:
        paths.append(write_atomic(options.weights, source.weights))
    headers = copy_engine(options.output) if options.engine else []
    for path in paths:
        print(f"wrote {path}")
    if headers:
        print(f"wrote the {len(headers)} files of the engine into {options.output}")
    print(f"arena {source.plan.arena_bytes:,} bytes, weights and tables {source.constant_bytes:,} bytes")
    if kept := source.plan.state_bytes:
        print(f"{kept:,} bytes of the arena are kept from one inference to the next: {name}_reset() begins")
    if options.weights:
        print(f"{options.weights.name}: {len(source.weights):,} bytes, with what all cores need")
    if source.plan.stream:
        print(f"{source.plan.steps_by_rows} of {len(source.plan.steps)} layers run row by row")
