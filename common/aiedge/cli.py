"""The `aiedge` command: inspect a model, compile it to C, look at what this computer has."""

import argparse
import sys
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
        "--stream", action="store_true", help="run layers row by row: less SRAM, the input by rows"
    )
    compile_.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="write weights and tables into FILE.bin, for the program to load, and not into the C",
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

    memory = commands.add_parser(
        "memory", help="who needs the SRAM, operator by operator, and what fits a board"
    )
    memory.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder for a CSV and two pictures")
    memory.add_argument(
        "--build",
        metavar="STEP",
        help="only what fits, with the step marked that a firmware runs: TFLM, fused, streamed",
    )
    memory.set_defaults(run=_memory)

    optimize = commands.add_parser("optimize", help="write a model that takes a smaller arena in TFLM")
    optimize.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the smaller model: .tflite, or .cpp"
    )
    optimize.add_argument(
        "--in-place", action="store_true", help="element-wise outputs over inputs, for TFLM's own kernels"
    )
    optimize.set_defaults(run=_optimize)
    for command in (memory, optimize):
        command.add_argument("model", type=Path, help="a .tflite file or its C array")
        command.add_argument("--board", help="say what fits it: esp-eye, pico, nano33ble, bluepill, ...")
        command.add_argument("--nodes", type=int, help="limit of the search for the best order, in states")

    image = commands.add_parser(
        "image",
        help="a picture as a project's network takes it, and the answer to it",
        description="Without options: write PHOTO.bin, show the picture as the network sees it, and its top 3.",
    )
    image.add_argument("photo", type=Path, help="a picture of any size and format")
    image.add_argument("--project", required=True, metavar="NAME", help="carclassifier_easy, cifar_cnn, ...")
    image.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="FILE.bin (default: named like the photo) or .ppm"
    )
    image.add_argument("--c-array", action="store_true", help="also write FILE.h, the same as a C array")
    image.add_argument(
        "--run", dest="ask", action="store_true", help="ask the project's int8 model what it shows"
    )
    image.add_argument("--model", type=Path, help="ask this one: a .tflite file or its C array")
    image.set_defaults(run=_image)

    weights = commands.add_parser("weights", help="write an int8 model's weights as one binary file")
    weights.add_argument("model", type=Path, help="a .tflite file or its C array")
    either = weights.add_mutually_exclusive_group(required=True)
    either.add_argument("-o", "--output", type=Path, metavar="FILE", help="FILE.bin")
    either.add_argument(
        "--check", type=Path, metavar="FILE", help="say whether a file, packed or not, is this model's"
    )
    weights.set_defaults(run=_weights)
    for command in (image, weights):
        command.add_argument(
            "--layout",
            choices=["hwc", "chw"],
            default="hwc",
            help="channels side by side (default), or in planes",
        )

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
    from aiedge.codegen import Weights, generate
    from aiedge.files import write_atomic

    graph = tflite.read(options.model)
    weights: Weights = "loaded" if options.weights else "linked"
    source = generate(graph, options.name or options.model.stem, options.stream, weights)
    paths = source.write(options.output, options.firmware)
    if options.weights:
        paths.append(write_atomic(options.weights, source.weights))
    for path in paths:
        print(f"wrote {path}")
    print(f"arena {source.plan.arena_bytes:,} bytes, weights and tables {source.constant_bytes:,} bytes")
    if options.weights:
        print(f"{options.weights.name}: {len(source.weights):,} bytes, with what all cores need")
    if source.plan.stream:
        print(f"{source.plan.steps_by_rows} of {len(source.plan.steps)} layers run row by row")


def _bench(options: argparse.Namespace) -> None:
    from aiedge import tflite
    from aiedge.bench import bench

    model = tflite.load_model(options.model)
    report = bench(model, options.model.stem, options.target, peers=not options.quick)
    print(report)
    if options.output:
        for path in report.write(options.output, f"{options.model.stem}-{options.target}"):
            print(f"wrote {path}")


def _memory(options: argparse.Namespace) -> None:
    from aiedge.memory.command import memory

    memory(options.model, options.board, options.output, options.nodes, options.build)


def _optimize(options: argparse.Namespace) -> None:
    from aiedge.memory.command import optimize

    optimize(options.model, options.output, options.board, options.nodes, options.in_place)


def _image(options: argparse.Namespace) -> None:
    from aiedge import image

    photo, project, ask = options.photo, options.project, options.ask or options.model
    output = options.output or Path(f"{photo.stem}.bin")
    if options.output or options.c_array:
        print(*image.convert(photo, project, output, options.layout, options.c_array), sep="\n")
    elif not ask:
        print(*image.demo(photo, project, output, options.layout, sys.stdout.isatty()), sep="\n")
    if ask:
        print(*image.run(photo, project, options.model), sep="\n")


def _weights(options: argparse.Namespace) -> None:
    from aiedge import tflite
    from aiedge.tflite.bin_file import check_bin, header_bytes, write_bin

    graph = tflite.read(options.model)
    if options.check:
        print(f"{options.check} is this model's: {check_bin(options.check, graph)}")
        return
    path = write_bin(graph, options.output, options.layout)
    size = path.stat().st_size
    print(f"wrote {path}: {size:,} bytes; as a C header {header_bytes(graph) / size:.2f} times that")


def _doctor(options: argparse.Namespace) -> None:
    from aiedge.doctor import report

    print(report())
