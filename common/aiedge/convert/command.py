"""`aiedge convert`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.errors import Parser, UserError
from aiedge.train.convert import BY_SAMPLES, QUANTIZED


def convert(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument(
        "source",
        metavar="INPUT",
        help="a SavedModel folder, .keras, .h5, FILE.py:FUNCTION, .onnx, or a float .tflite",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="the .tflite to write, or .cpp, a C array"
    )
    parser.add_argument(
        "--quantize",
        choices=QUANTIZED,
        default="none",
        help="none: float32 (default); int8: for microcontrollers; dynamic and float16: not for them",
    )
    parser.add_argument(
        "--samples",
        type=Path,
        metavar="FILE|FOLDER",
        help="inputs for the ranges of int8 and int16x8: .npy, .npz, or a folder of pictures (values 0 to 1)",
    )
    parser.add_argument("--per-tensor", action="store_true", help="one scale for all of a layer's weights")
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="names of the classes, one a line, for the file"
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="all conversions side by side: file, arena, what runs it, differences",
    )
    return _convert


def _convert(options: argparse.Namespace) -> None:
    from aiedge.convert.compare import compare, report
    from aiedge.convert.samples import load_samples
    from aiedge.convert.source import load
    from aiedge.files import write_atomic
    from aiedge.tflite import read, write_c_array
    from aiedge.tflite.labels import read_labels, with_labels

    output, kind = options.output, options.quantize
    if not output and not options.compare:
        raise UserError(
            "there is nothing to do", "-o FILE.tflite writes the model, --compare shows what each way costs"
        )
    if output and output.suffix not in (".tflite", ".cpp"):
        raise UserError(f"{output} is no name of a model", "end it in .tflite, or in .cpp for a C array")
    if not options.samples and (options.compare or kind in BY_SAMPLES):
        what = "--compare" if options.compare else f"--quantize {kind}"
        raise UserError(
            f"{what} needs samples, by which it finds the activations' ranges",
            "--samples with some hundred typical inputs: a .npy or .npz file, or a folder of pictures",
        )
    # What is wrong with them is said before a conversion, which takes seconds.
    labels = read_labels(options.labels) if options.labels else []
    source = load(options.source)
    samples = (
        load_samples(options.samples, source.shapes, source.names, source.planes) if options.samples else None
    )
    if options.compare and samples:
        print(report(compare(source, samples), source.name))
    if not output:
        return
    given = samples if kind in BY_SAMPLES else None
    model = source.convert(kind, given, not options.per_tensor)
    graph = read(model)  # raises where the weights are lost
    if labels:
        model = with_labels(model, labels)
    write_c_array(model, output) if output.suffix == ".cpp" else write_atomic(output, model)
    extra = f", {len(labels)} labels" if labels else ""
    print(f"wrote {output}: {len(model):,} bytes, {len(graph.operators)} operators, {kind}{extra}")
