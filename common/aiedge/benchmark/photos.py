"""Some photographs through a board, with the likeliest classes of each: `./run_serial.py --photos`."""

from pathlib import Path

import numpy as np

from aiedge import tflite
from aiedge.benchmark.data import Samples, samples
from aiedge.benchmark.image import TOP, class_shares, entry_of
from aiedge.benchmark.metrics import ranked
from aiedge.benchmark.models import Choice
from aiedge.benchmark.result import BenchmarkResult
from aiedge.errors import UserError
from aiedge.text import table
from aiedge.train.datasets.photos import SUFFIXES, load_image, pictures

UNKNOWN = -1


def photos(project: str, path: Path | None = None) -> Samples:
    """Pictures for a project: of each kind the first in its test set, or your own.

    `path` is a picture, or a folder with pictures, or with one folder of them per class. What a picture shows is said
    by the name of its folder or the beginning of its own ("cat.jpg", "cat-2.png"); else `expected` is UNKNOWN. `kinds`
    are the pictures' names. Raises `UserError` for a project without pictures, where there is none, and what
    `load_image` raises.
    """
    entry = entry_of(project)
    if path is None:
        return _of_test_set(samples(project))
    files = sorted(_files(path), key=lambda file: (file.parent, file.name))
    if not files:
        raise UserError(f"{path} holds no picture", f"put some there: {', '.join(SUFFIXES)}")
    return Samples(
        np.stack([load_image(file, entry.side) for file in files]),
        np.array([_label(file, entry.classes) for file in files], np.int64),
        entry.classes,
        np.array([file.name for file in files]),
        source=str(path),
    )


def report(result: BenchmarkResult, model: str = "") -> str:
    """A table of the pictures with the likeliest classes by the board's answers, and how many are right.

    `model` is that of `Options`.
    """
    setting = result.setting
    solution, floats = setting.built_from == "solution", setting.variant == "float32"
    choice = Choice(setting.project, solution, floats, model)
    graph = tflite.read(choice.require())
    classes, known = setting.classes, result.expected != UNKNOWN
    shares = np.stack([class_shares(output, graph) for output in result.outputs])
    best = ranked(shares)[:, :TOP]
    rows = [
        (
            name,
            classes[label] if label != UNKNOWN else "",
            ", ".join(f"{classes[i]} {100 * share[i]:.1f} %" for i in top),
            "" if label == UNKNOWN else "right" if label == top[0] else "wrong",
        )
        for name, label, share, top in zip(result.kinds, result.expected, shares, best, strict=True)
    ]
    lines = table(("picture", "class", f"top {min(TOP, len(classes))}", "answer"), rows)
    if known.any():
        labels = result.expected[known]
        tops = best[known]
        right, among = (tops[:, 0] == labels).sum(), (tops == labels[:, None]).any(axis=1).sum()
        lines.append(f"{right} of {len(labels)} right, {among} among the top {tops.shape[1]}")
    if result.verified:
        lines.append(f"{result.verified.outputs} answers differ from {result.verified.runtime}'s")
    return "\n".join(lines)


def _of_test_set(data: Samples) -> Samples:
    kinds = np.array(data.classes)[data.expected] if data.kinds is None else data.kinds
    _, first = np.unique(kinds, return_index=True)
    first.sort()
    names = np.array([f"{kinds[i]}, test picture {data.places[i]}" for i in first])
    return Samples(
        data.inputs[first], data.expected[first], data.classes, names, data.places[first], data.source
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    folders = [path, *(entry for entry in path.iterdir() if entry.is_dir() and entry.name[0] not in "._")]
    return [file for folder in folders for file in pictures(folder)]


def _label(file: Path, classes: tuple[str, ...]) -> int:
    """The class that the picture's folder is named like, or that its own name begins with."""
    stem = file.stem.lower()
    for i in sorted(range(len(classes)), key=lambda i: -len(classes[i])):
        if file.parent.name.lower() == classes[i] or stem.startswith(classes[i]):
            return i
    return UNKNOWN
