"""`aiedge compile`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from aiedge.boards import Board, Core, board, boards
from aiedge.errors import Parser
from aiedge.tflite.open_shapes import add_model, read_shaped


def compile_(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    add_model(parser)
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
    places = parser.add_mutually_exclusive_group()
    places.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="write weights and tables into FILE.bin, for the program to load, and not into the C",
    )
    places.add_argument(
        "--incbin",
        action="store_true",
        help="write weights and tables into a .bin that a .S links: quick to build, however many they are",
    )
    parser.add_argument("--board", help=f"compile for its core: {', '.join(boards())}")
    add_target(parser)
    add_fast_flash(parser)
    return _compile


def add_target(parser: Parser) -> None:
    """Add the argument of a command, with a `--board`, that says whose kernels compiled C has."""
    parser.add_argument(
        "--target",
        choices=get_args(Core),
        help="any, or esp32: kernels of the ESP32's core, by aiedge_lx6.S, and scratch for them in the arena "
        "(default: the board's, or any)",
    )


def target_of(options: argparse.Namespace, fitted: Board | None) -> Core:
    """The core that `--target` names, or else the board's; "any" without a board."""
    return options.target or (fitted.kernels if fitted else "any")


def add_fast_flash(parser: Parser) -> None:
    """Add the option that takes flash for int16 weights."""
    parser.add_argument(
        "--fast-flash",
        type=int,
        default=0,
        metavar="BYTES",
        help="esp32: int16 weights in at most so many bytes more of flash, where they save the most instructions",
    )


def _compile(options: argparse.Namespace) -> None:
    from aiedge.codegen import Weights, copy_engine, generate
    from aiedge.files import write_atomic
    from aiedge.tflite.names import c_name

    graph = read_shaped(options)
    weights: Weights = "loaded" if options.weights else "incbin" if options.incbin else "linked"
    name = options.name or c_name(options.model.stem)
    core = target_of(options, board(options.board) if options.board else None)
    source = generate(graph, name, options.stream, weights, core, options.fast_flash)
    paths = source.write(options.output, options.firmware)
    if options.weights:
        paths.append(write_atomic(options.weights, source.weights))
    headers = copy_engine(options.output) if options.engine else []
    for path in paths:
        print(f"wrote {path}")
    if headers:
        print(f"wrote the {len(headers)} files of the engine into {options.output}")
    print(f"arena {source.plan.arena_bytes:,} bytes, weights and tables {source.constant_bytes:,} bytes")
    if options.fast_flash:
        print(source.wide)
    if kept := source.plan.state_bytes:
        print(f"{kept:,} bytes of the arena are kept from one inference to the next: {name}_reset() begins")
    if source.weights:
        file = options.weights.name if options.weights else f"{name}.bin"
        print(f"{file}: {len(source.weights):,} bytes, with what all cores need")
    if source.plan.stream:
        print(f"{source.plan.steps_by_rows} of {len(source.plan.steps)} layers run row by row")
