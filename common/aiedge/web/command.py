"""`aiedge web`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.errors import Parser
from aiedge.tflite.reader import read
from aiedge.web.folder import labels_in, model_facts, write_folder


def web(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument("model", type=Path, help="a .tflite file or its C array")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the page and its files"
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="a label a line (default: the model's own)"
    )
    parser.add_argument("--title", help="the page's title (default: the model's file name)")
    parser.add_argument(
        "--pixels",
        nargs=2,
        type=float,
        metavar=("BLACK", "WHITE"),
        help="numbers of a black and a white pixel (default: by the input's scale 0 1, -1 1 or 0 255)",
    )
    return _web


def _web(options: argparse.Namespace) -> None:
    graph = read(options.model)
    given = options.labels.read_text(encoding="utf-8").splitlines() if options.labels else None
    labels = labels_in(options.model) if given is None else given
    if given is None and len(labels) != graph.outputs[0].elements:
        labels = []  # those of another output
    pixels = tuple(options.pixels) if options.pixels else None
    facts = model_facts(graph, options.title or options.model.stem, labels, pixels)
    page, *others = write_folder(graph, facts, options.output)
    size = sum(path.stat().st_size for path in (page, *others))
    print(
        f"wrote {page} and {len(others)} files beside it, {size:,} bytes: open it, or put the folder on a web server"
    )
