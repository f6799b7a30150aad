"""TensorFlow Lite Micro on models that may end it: in a process that begins again behind each that it does not survive.

    python -m tests.fuzz.oracle FOLDER [NUMBER...]

Of each FOLDER/N.tflite with inputs and the number of outputs in FOLDER/N.npz it writes the outputs to FOLDER/N.out.npz;
a model that it refuses, that ends it, or that takes more than `SECONDS`, has none.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SECONDS = 5
ARENA = 2**21
MOST_VARIABLES = 16


def run(path: Path) -> None:
    """The outputs of one model."""
    from tflite_micro import runtime

    # Counting them would unpack each model.
    runtime.count_resource_variables = lambda model: MOST_VARIABLES
    with np.load(path.with_suffix(".npz")) as file:
        *inputs, count = (file[name] for name in file.files)
    interpreter = runtime.Interpreter.from_bytes(path.read_bytes(), arena_size=ARENA)
    outputs: list[list[NDArray]] = [[] for _ in range(count)]
    for samples in zip(*inputs, strict=True):
        for i, sample in enumerate(samples):
            interpreter.set_input(sample, i)
        interpreter.invoke()
        for i, results in enumerate(outputs):
            results.append(interpreter.get_output(i).copy())
    np.savez(path.with_suffix(".out.npz"), *map(np.array, outputs))


def write(folder: Path, number: int, model: bytes, inputs: list[NDArray], outputs: int) -> None:
    """What `run` reads."""
    (folder / f"{number}.tflite").write_bytes(model)
    np.savez(folder / f"{number}.npz", *inputs, np.array(outputs))


def outputs(folder: Path, number: int) -> list[NDArray] | None:
    """What was written of a model, or None."""
    path = folder / f"{number}.out.npz"
    if not path.exists():
        return None
    with np.load(path) as file:
        return [file[f"arr_{i}"] for i in range(len(file.files))]


def run_some(paths: list[Path]) -> int:
    """Run the models until one ends the process; returns how many were done with."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for path in paths:
            signal.alarm(SECONDS)
            with contextlib.suppress(Exception):  # refused
                run(path)
            os.write(writer, b".")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as done:
        count = len(done.read())
    os.waitpid(child, 0)
    return count


def main() -> None:
    from tflite_micro import runtime  # noqa: F401  once, before the processes part

    folder, *numbers = sys.argv[1:]
    paths = sorted(path for path in Path(folder).glob("*.tflite") if not numbers or path.stem in numbers)
    while paths:
        paths = paths[run_some(paths) + 1 :]


if __name__ == "__main__":
    main()
