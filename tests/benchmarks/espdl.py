"""TensorFlow Lite's int8 beside ESP-DL's 8 and 16 bits: differences from float, accuracy, bytes.

    python -m tests.benchmarks.espdl            prints the tables, of the first 1,000 of CIFAR-10's test pictures
    python -m tests.benchmarks.espdl --full     of all 10,000
    python -m tests.benchmarks.espdl --write    also renews those of docs/results.md

Needs CIFAR-10 and a C compiler, and no esp-ppq: its quantizations lie in tests/golden, where python -m
tests.support.espdl_reference puts them, and the answers are those of their twin in NumPy.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import CompiledModel
from aiedge.errors import Parser, exit_cleanly
from aiedge.espdl import integers_of, load_quantization, run
from aiedge.espdl.quantize import TRIED
from aiedge.paths import REPO
from aiedge.progress import tqdm
from aiedge.quantization import dequantize, quantize
from aiedge.text import markdown, renew
from aiedge.tflite.graph import Graph
from aiedge.tflite.integer import params_of
from tests.support.espdl_reference import NETWORKS, pictures, samples, stored

COUNT, CHUNK, SIDE = 1_000, 250, 81
HEAD = ("arithmetic", "largest difference", "mean", "{}", "file", "twin's values that are not esp-ppq's")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """A float network, the same as int8 .tflite, inputs [n, ...]; `name` is that of its stored quantizations.

    `right` is the share of answers that are right, `calibration` what esp-ppq was given.
    """

    name: str
    network: Graph
    int8: bytes
    inputs: Floats
    calibration: Floats
    right: Callable[[Floats], float]


def xor() -> Case:
    """The shipped network, asked on a grid of points; right is the float network's class."""
    line = np.linspace(-0.5, 1.5, SIDE, dtype=np.float32)
    inputs = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    network = NETWORKS["xor"]()
    wanted = tflite.run_litert(network.source, inputs) > 0.5
    shipped = tflite.read(REPO / "xormodel/solution/xormodel.cpp").source
    return Case(
        *("xor", network, shipped, inputs, samples(network)),
        lambda given: float(np.mean((given > 0.5) == wanted)),
    )


def cifar(count: int) -> Case:
    """The CIFAR network with its float weights, and the converter's int8 of them, calibrated with the same pictures."""
    from aiedge.train import datasets, models

    model = models.pretrained("cifar_pruned")
    test, calibration = datasets.cifar10("real").test.take(count), pictures()
    return Case(
        "cifar_pruned",
        tflite.read(tflite.convert_float(model)),
        tflite.convert_int8(model, calibration),
        test.inputs,
        calibration,
        lambda given: float(np.mean(given.argmax(axis=1) == test.labels)),
    )


def rows(case: Case) -> list[tuple[str, ...]]:
    """A row for the float network and one for each arithmetic, as `HEAD` names the cells."""
    exact = in_parts(lambda x: tflite.run_litert(case.network.source, x), case.inputs, "float")
    made: list[tuple[str, ...]] = [
        ("float32", "", "", f"{case.right(exact):.2%}", f"{len(case.network.source):,} B of .tflite", "")
    ]

    def add(name: str, answer: Callable[[Floats], NDArray], file: str, apart: str) -> None:
        given = in_parts(answer, case.inputs, name)
        differences = np.abs(given - exact)
        made.append(
            (
                *(name, f"{differences.max():.4f}", f"{differences.mean():.5f}"),
                *(f"{case.right(given):.2%}", file, apart),
            )
        )

    int8 = CompiledModel(case.int8)
    entry, result = (params_of(each) for each in (int8.inputs[0], int8.outputs[0]))
    add(
        "TensorFlow Lite, int8",
        lambda x: dequantize(int8.predict(quantize(x, entry, np.int8)), result),
        f"{len(case.int8):,} B of .tflite",
        "",
    )
    for bits in (8, 16):
        path = stored(case.name, "esp32", bits)
        quantization, wanted = load_quantization(path)
        tried = integers_of(case.network, quantization, case.calibration[:TRIED]).reshape(wanted.shape)
        add(
            f"ESP-DL, w{bits}a{bits}",
            lambda x, quantization=quantization: run(case.network, quantization, x),
            f"{json.loads(path.read_text(encoding='utf-8'))['bytes']:,} B of .espdl",
            f"{np.sum(tried != wanted)} of {wanted.size}",
        )
    return made


def in_parts(answer: Callable[[Floats], NDArray], inputs: Floats, name: str) -> NDArray:
    """Answers [n, ...], asked for a few at a time."""
    starts = tqdm(range(0, len(inputs), CHUNK), desc=name, unit=" parts", delay=1.0, leave=False)
    return np.concatenate([answer(inputs[start : start + CHUNK]) for start in starts])


def table(title: str, case: Case, right: str) -> str:
    """One network's table, whose column of right answers is called `right`."""
    head = tuple(each.format(right) for each in HEAD)
    return f"{title}, {len(case.inputs):,} inputs\n\n{markdown(head, rows(case))}"


def xor_table() -> str:
    """That of XOR, which needs no pictures."""
    return table("XOR", xor(), "the float network's class")


def main() -> None:
    """Print the tables; with --write renew what is shown of them."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="all test pictures of CIFAR-10")
    parser.add_argument("--write", action="store_true", help="renew the tables of docs/results.md")
    options = parser.parse_args()
    count = 10_000 if options.full else COUNT
    text = f"{xor_table()}\n{table('CIFAR CNN 25-51-76', cifar(count), 'accuracy')}"
    print(text)
    if options.write:
        renew(REPO / "docs/results.md", "espdl.py", text)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
