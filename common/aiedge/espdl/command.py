"""`aiedge espdl`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from aiedge.errors import Parser, UserError
from aiedge.espdl.quantize import CHIPS


def espdl(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the command's arguments; return what it does."""
    parser.add_argument("model", type=Path, nargs="?", help="a float .tflite, or .onnx")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder for the files")
    parser.add_argument(
        "--samples", type=Path, metavar="FILE|FOLDER", help="inputs for calibration, as for convert"
    )
    parser.add_argument(
        "--bits", type=int, choices=(8, 16), default=8, help="of weights and activations (default: 8)"
    )
    parser.add_argument("--chip", choices=CHIPS, default=CHIPS[0], help="whose arithmetic (default: esp32)")
    parser.add_argument(
        "--onnx", action="store_true", help="only write the ONNX file, which needs no esp-ppq"
    )
    parser.add_argument(
        "--setup", action="store_true", help="install esp-ppq and PyTorch, in a place of their own"
    )
    parser.add_argument(
        "--index", default="", metavar="URL", help="with --setup: where PyTorch's CPU build is"
    )
    return _espdl


def _espdl(options: argparse.Namespace) -> None:
    from aiedge.convert.samples import load_samples
    from aiedge.convert.source import FloatSource, load
    from aiedge.espdl import environment
    from aiedge.espdl.onnx_writer import to_onnx
    from aiedge.espdl.quantize import quantize_espdl
    from aiedge.files import write_atomic

    if options.setup:
        print(f"installs {', '.join(environment.PACKAGES)} into {environment.folder()}: {environment.SIZE},")
        print(
            "several GB with that of PyPI for Linux; --index names another place (pytorch.org lists them)",
            flush=True,
        )
        print(f"esp-ppq is ready: {environment.setup(options.index)}")
        return
    if not options.model or not options.output:
        raise UserError("there is no model, or no folder", "aiedge espdl model.tflite -o DIR --samples FILE")
    source = load(options.model)
    if not isinstance(source, FloatSource):
        raise UserError(
            f"{options.model} is no .tflite and no .onnx", "aiedge convert makes a float .tflite of it"
        )
    name = options.model.stem
    if options.onnx:
        path = write_atomic(options.output / f"{name}.onnx", to_onnx(source.graph))
        print(f"wrote {path}: {path.stat().st_size:,} bytes")
        return
    if not options.samples:
        raise UserError(
            "esp-ppq needs samples, by which it finds the ranges", "--samples with some hundred inputs"
        )
    if len(source.shapes) != 1:
        raise UserError(f"the model has {len(source.shapes)} inputs", "one is supported")
    # What a person can mend at once is told before what is installed for minutes.
    (samples,) = load_samples(options.samples, source.shapes, source.names, source.planes)
    environment.python()
    made = quantize_espdl(source.graph, samples, options.output, name, options.chip, options.bits)
    print(f"wrote {made.path}: {made.path.stat().st_size:,} bytes, {options.bits} bits for {options.chip}")
    apart = f", by {made.largest} steps at most" if made.different else ""
    print(f"the twin in NumPy: {made.different} of {made.values} values differ from esp-ppq's{apart}")
