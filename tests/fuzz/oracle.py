"""TensorFlow Lite Micro on models that may end it: each in a process of its own.

    python -m tests.fuzz.oracle FOLDER

Of each FOLDER/N.tflite with inputs in FOLDER/N.npz it writes the outputs to FOLDER/N.out.npz; a model that it refuses,
that ends it, or that takes more than `SECONDS`, has none.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SECONDS = 5


def run(path: Path) -> None:
    """The outputs of one model."""
    from aiedge.tflite import run_tflm_all

    with np.load(path.with_suffix(".npz")) as file:
        inputs = [file[f"arr_{i}"] for i in range(len(file.files))]
    np.savez(path.with_suffix(".out.npz"), *run_tflm_all(path.read_bytes(), inputs))


def outputs(folder: Path, number: int) -> list[NDArray] | None:
    """What was written of a model, or None."""
    path = folder / f"{number}.out.npz"
    if not path.exists():
        return None
    with np.load(path) as file:
        return [file[f"arr_{i}"] for i in range(len(file.files))]


def main() -> None:
    from tflite_micro import runtime  # noqa: F401  once, before the processes part

    for path in sorted(Path(sys.argv[1]).glob("*.tflite")):
        if (child := os.fork()) == 0:
            signal.alarm(SECONDS)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                run(path)
            finally:
                os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
