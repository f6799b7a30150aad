"""The `aiedge` command: inspect a model, compile it to C, look at what this computer has."""

import argparse
from pathlib import Path

from aiedge import __version__
from aiedge.errors import Parser, exit_cleanly


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 2 after an error that the person can mend."""
    parser = Parser(prog="aiedge", description="Small neural networks on microcontrollers.")
    parser.add_argument("--version", action="version", version=f"aiedge {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(metavar="command", required=True, parser_class=Parser)

    inspect = commands.add_parser("inspect", help="operators, tensors, flash and arena of a model")
    inspect.add_argument("model", type=Path, help="a .tflite file or its C array")
    inspect.add_argument(
        "--tflm", action="store_true", help="also find the smallest arena for TensorFlow Lite Micro"
    )
    inspect.set_defaults(run=_inspect)

    compile_ = commands.add_parser("compile", help="write a model as a C file and header")
    compile_.add_argument("model", type=Path, help="a .tflite file or its C array")
    compile_.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the files"
    )
    compile_.add_argument("--name", help="what the C names begin with (default: the model's file name)")
    compile_.add_argument(
        "--firmware", action="store_true", help="also write aiedge_model.h for the kit's firmware"
    )
    compile_.add_argument(
        "--stream", action="store_true", help="run the first layers row by row: less SRAM, the input by rows"
    )
    compile_.set_defaults(run=_compile)

    bench = commands.add_parser("bench", help="instructions, time and bytes of a model, operator by operator")
    bench.add_argument("model", type=Path, help="a .tflite file or its C array")
    bench.add_argument(
        "--target",
        choices=["host", "cortex-m4", "xtensa"],
        default="host",
        help="this computer, or an emulated core",
    )
    bench.add_argument("--quick", action="store_true", help="leave the other runtimes out")
    bench.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the figures (JSON) and a plot"
    )
    bench.set_defaults(run=_bench)

    doctor = commands.add_parser("doctor", help="one screen about this computer, to paste into a question")
    doctor.set_defaults(run=_doctor)

    options = parser.parse_args(arguments)
    return exit_cleanly(lambda: options.run(options), options.debug)


def _inspect(options: argparse.Namespace) -> None:
    from aiedge import tflite
    from aiedge.report import describe

    graph = tflite.read(options.model)
    print(describe(graph, options.model.name))
    if options.tflm:
        print(
            f"arena, interpreter   {tflite.tflm_arena_bytes(graph.source):,} bytes"
            " (the smallest for TensorFlow Lite Micro on this computer)"
        )


def _compile(options: argparse.Namespace) -> None:
    from aiedge import tflite
    from aiedge.codegen import generate

    graph = tflite.read(options.model)
    source = generate(graph, options.name or options.model.stem, options.stream)
    for path in source.write(options.output, options.firmware):
        print(f"wrote {path}")
    print(f"arena {source.plan.arena_bytes:,} bytes, weights and tables {source.constant_bytes:,} bytes")
    if source.plan.stream:
        print(f"{len(source.plan.stream.flows)} of {len(source.plan.steps)} layers run row by row")


def _bench(options: argparse.Namespace) -> None:
    from aiedge import tflite
    from aiedge.bench import bench

    model = tflite.load_model(options.model)
    report = bench(model, options.model.stem, options.target, peers=not options.quick)
    print(report)
    if options.output:
        for path in report.write(options.output, f"{options.model.stem}-{options.target}"):
            print(f"wrote {path}")


def _doctor(options: argparse.Namespace) -> None:
    from aiedge.doctor import report

    print(report())
