"""A picture of any kind as a network's input file, and the network's answer to it: `aiedge image`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.lesson import Data, find_project, projects
from aiedge.tflite.bin_file import header_text, image_bytes
from aiedge.tflite.graph import Graph
from aiedge.train.datasets import load_image

TOP = 3  # answers that are shown, of more classes


def entry_of(project: str) -> Data:
    """What the project's network takes and answers; raises `UserError` for a project without pictures."""
    entries = {name: find_project(name).lesson.data for name in projects()}
    known = {name: data for name, data in entries.items() if data and data.side}
    if project not in known:
        raise UserError(f"no project named {project!r} takes pictures", f"these do: {', '.join(known)}")
    return known[project]


def convert(photo: Path, project: str, output: Path, layout: str = "hwc", c_array: bool = False) -> list[str]:
    """Write the middle square of a picture as the project's network takes it; return a line for each file.

    `output` is a `.bin` of int8, pixel − 128, or a `.ppm` to look at. With `c_array` a `.h` is written beside it.
    """
    image = load_image(photo, entry_of(project).side)
    if output.suffix not in (".bin", ".ppm"):
        raise UserError(f"{output} is neither a .bin nor a .ppm", "name the output so, for example photo.bin")
    if output.suffix == ".ppm" and layout != "hwc":
        raise UserError("a .ppm has one layout only", "leave --layout out, or write a .bin")
    side = image.shape[0]
    data = image_bytes(image, layout)
    content = data if output.suffix == ".bin" else b"P6\n%d %d\n255\n" % (side, side) + image.tobytes()
    lines = [f"wrote {write_atomic(output, content)}: {side}×{side}×3, {layout}, {len(content):,} bytes"]
    if c_array:
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in output.stem)
        text = header_text(f"image_{name}", np.frombuffer(data, np.int8))
        path = write_atomic(output.with_suffix(".h"), text)
        lines.append(f"wrote {path}: {len(text):,} bytes, {len(text) / len(data):.2f} times the .bin")
    return lines


def answers(model: Graph, image: NDArray[np.uint8], classes: Sequence[str]) -> list[tuple[str, float]]:
    """All classes with their probabilities, the likeliest first, by a model of integers compiled for this computer.

    Raises `UserError` for a model of other pictures or other classes.
    """
    from aiedge.benchmark.metrics import ranked
    from aiedge.codegen import CompiledModel
    from aiedge.quantization import dequantize, quantize

    source, target = model.inputs[0], model.outputs[0]
    if source.quantization is None or source.dtype.kind not in "iu" or target.quantization is None:
        raise UserError("the model is not int8", "give the int8 model, not the float one")
    if source.sample_shape != image.shape:
        raise UserError(
            f"the model takes {list(source.sample_shape)}, not {list(image.shape)}",
            "give the project's model",
        )
    if target.elements != len(classes) and not (target.elements == 1 and len(classes) == 2):
        raise UserError(
            f"the model has {target.elements} outputs for {len(classes)} classes", "give the project's model"
        )
    compiled = CompiledModel(model, ("-O1",))  # compiled sooner; it runs once
    compiled.set_input(quantize(image.astype(np.float32) / 255, source.quantization, source.dtype))
    compiled.invoke()
    shares = class_shares(dequantize(compiled.get_output(), target.quantization), model)
    return [(classes[i], float(shares[i])) for i in ranked(shares[None])[0]]


def class_shares(outputs: NDArray, model: Graph) -> NDArray[np.float64]:
    """Probabilities of the classes [classes] out of a model's outputs as real numbers.

    A single output is the probability of the second of two classes; outputs that are no probabilities yet become them
    by the sigmoid or softmax function.
    """
    values, last = outputs.reshape(-1).astype(np.float64), model.operators[-1].kind
    if len(values) == 1:
        one = values[0] if last == "LOGISTIC" else 1 / (1 + np.exp(-values[0]))
        return np.array([1 - one, one])
    if last == "SOFTMAX":
        return values
    powers = np.exp(values - values.max())
    return powers / powers.sum()


def in_colours(image: NDArray[np.uint8]) -> str:
    """A picture [rows, columns, 3] for a terminal with 24-bit colours: a character is two pixels, one above the other.

    >>> in_colours(np.zeros((2, 1, 3), np.uint8))
    '\\x1b[38;2;0;0;0m\\x1b[48;2;0;0;0m▀\\x1b[0m'
    """
    if len(image) % 2:
        image = np.concatenate([image, image[-1:]])

    def character(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> str:
        return "\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m▀".format(*upper, *lower)

    return "\n".join(
        "".join(map(character, upper, lower)) + "\x1b[0m"
        for upper, lower in zip(image[::2], image[1::2], strict=True)
    )


def project_model(project: str) -> Path:
    """The project's int8 model: the student's where there is one, else the solution's."""
    from aiedge.benchmark.models import Choice

    choices = [Choice(project, solution) for solution in (False, True)]
    for choice in choices:
        if choice.path.exists():
            return choice.path
    return choices[0].require()


def run(photo: Path, project: str, model: Path | None = None) -> list[str]:
    """What the project's int8 model, or the one given, says about a picture: a line for each of the top 3."""
    from aiedge.tflite.reader import read

    entry = entry_of(project)
    image = load_image(photo, entry.side)
    path = model or project_model(project)
    found = answers(read(path), image, entry.classes)[:TOP]
    width = max(len(name) for name, _ in found)
    return [f"{photo} by {path}:", *(f"  {name:{width}}  {100 * share:5.1f} %" for name, share in found)]


def demo(photo: Path, project: str, output: Path, layout: str = "hwc", colours: bool = False) -> list[str]:
    """What `convert` says, with `colours` the picture as the network sees it, and what `run` says, if it can."""
    lines = convert(photo, project, output, layout)
    if colours:
        lines.append(in_colours(load_image(photo, entry_of(project).side)))
    try:
        return [*lines, *run(photo, project)]
    except UserError as error:  # no model yet, or no compiler
        return [*lines, f"what it shows is not known yet: {error.message}", f"hint: {error.hint}"]
