"""The `aiedge` command: a list of what it can do, and where that is written."""

import sys
from argparse import HelpFormatter
from collections.abc import Callable
from functools import partial
from importlib import import_module

from aiedge import __version__
from aiedge.errors import Parser, UserError, exit_cleanly
from aiedge.paths import in_checkout

# Each command's module and the function in it that adds arguments to a parser and returns what the command does. Only
# the module of the command that is asked for is imported.
COMMANDS = {
    "convert": (
        "convert.command:convert",
        "a trained network of Keras or ONNX as a .tflite, float or quantized",
    ),
    "espdl": ("espdl.command:espdl", "a float model for Espressif's ESP-DL, quantized by esp-ppq"),
    "inspect": ("cost.command:inspect", "operators, tensors, flash and arena of a model"),
    "compile": ("codegen.command:compile_", "write a model as a C file and header"),
    "web": ("web.command:web", "a page that runs a model in any browser, camera in"),
    "micropython": ("micropython.command:micropython", "write a model as a MicroPython module"),
    "bench": ("cost.command:bench", "instructions, time and bytes of a model, operator by operator"),
    "memory": ("cost.command:memory", "who needs the SRAM, operator by operator, and what fits a board"),
    "optimize": ("tflm.command:optimize", "write a model that takes a smaller arena in TFLM"),
    "weights": ("tflite.command:weights", "write an int8 model's weights as one binary file"),
    "image": ("benchmark.command:image", "a picture as a project's network takes it, and the answer to it"),
    "rtos": ("rtos.command:rtos", "the network as super-loop, interrupt and tasks beside a sensor"),
    "energy": ("energy.command:energy", "published figures beside ours, a model here, a recorded current"),
    "search": ("search.command:search", "from a board and an accuracy to the network"),
    "progress": ("workshop.progress:progress", "how far you are in each project, and what comes next"),
    "lessons": ("workshop.lessons.command:lessons", "build and check the lessons"),
    "doctor": ("workshop.doctor:doctor", "one screen about this computer, to paste into a question"),
}

# Commands about the lessons, which are no part of the package.
OF_THE_KIT = {"image", "lessons", "progress"}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 2 after an error that the person can mend."""
    words = sys.argv[1:] if arguments is None else arguments
    return exit_cleanly(lambda: _run(words), "--debug" in words)


def _run(words: list[str]) -> int | None:
    parser = Parser(
        prog="aiedge",
        description="Small neural networks on microcontrollers.",
        formatter_class=partial(HelpFormatter, max_help_position=30),  # beside the longest name, not below
    )
    parser.add_argument("--version", action="version", version=f"aiedge {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(metavar="command", required=True, parser_class=Parser)
    asked = next((word for word in words if not word.startswith("-")), "")
    if asked in OF_THE_KIT and not in_checkout():
        raise UserError(
            f"`aiedge {asked}` works in the workshop kit's folder, and the package was installed alone",
            "clone the kit's repository; there, ./start-notebook.sh --setup prepares all that it needs",
        )
    for name, (where, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == asked:
            module, _, function = where.partition(":")
            add: Callable[[Parser], Callable] = getattr(import_module(f"aiedge.{module}"), function)
            command.set_defaults(run=add(command))
    options = parser.parse_args(words)
    return options.run(options)
