"""`aiedge weights`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.errors import Parser
from aiedge.tflite.bin_file import LAYOUTS, check_bin, header_bytes, write_bin
from aiedge.tflite.reader import read


def add_layout(parser: Parser) -> None:
    """Add `--layout` to a command that writes values of images."""
    parser.add_argument(
        "--layout",
        choices=LAYOUTS[:2],
        default=LAYOUTS[0],
        help="channels side by side (default), or in planes",
    )


def weights(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument("model", type=Path, help="a .tflite file or its C array")
    either = parser.add_mutually_exclusive_group(required=True)
    either.add_argument("-o", "--output", type=Path, metavar="FILE", help="FILE.bin")
    either.add_argument(
        "--check", type=Path, metavar="FILE", help="say whether a file, packed or not, is this model's"
    )
    add_layout(parser)
    return _weights


def _weights(options: argparse.Namespace) -> None:
    graph = read(options.model)
    if options.check:
        print(f"{options.check} is this model's: {check_bin(options.check, graph)}")
        return
    path = write_bin(graph, options.output, options.layout)
    size = path.stat().st_size
    print(f"wrote {path}: {size:,} bytes; as a C header {header_bytes(graph) / size:.2f} times that")
