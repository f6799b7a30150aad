"""A model compiled for this computer, to be run from Python."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.source import CSource, generate
from aiedge.codegen.toolchain import ENGINE, host_compiler, run_compiler
from aiedge.codegen.weights import Weights
from aiedge.files import cache_folder, write_atomic
from aiedge.tflite import read
from aiedge.tflite.graph import Graph, Tensor

SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
BAR_AFTER_S = 1.0


class CompiledModel:
    """A .tflite (its path, its bytes, or the `Graph` read from it) as machine code; used like LiteRT's interpreter.

    All values are of the model's own types, int8 or float32. The library lies in the user's cache folder under the
    hash of the generated C, the engine, the compiler and its flags, so that a model is compiled once. `stream` and
    `weights` are those of `generate`.

    Raises `UserError` where no C compiler is installed, or for a model that cannot become C.
    """

    def __init__(
        self,
        model: str | Path | bytes | Graph,
        flags: Sequence[str] = ("-O3",),
        stream: bool = False,
        weights: Weights = "linked",
    ):
        if not isinstance(model, Graph):
            model = read(model)
        self.graph = model
        self.source = generate(model, "model", stream, weights)
        self.library = _library(self.source, tuple(flags))
        # ctypes keeps a loaded library for good.
        library = ctypes.CDLL(str(self.library))
        self._invoke = library["model_invoke"]
        if self.source.weights:
            _load_weights(library, self.library, self.source.weights)
        self._inputs = [np.zeros(tensor.shape, tensor.dtype) for tensor in model.inputs]
        self._outputs = [np.zeros(tensor.shape, tensor.dtype) for tensor in model.outputs]
        self._arena = np.zeros(self.source.plan.arena_bytes // 8 + 1, np.uint64)
        arrays = [*self._inputs, *self._outputs, self._arena]
        self._arguments = [ctypes.c_void_p(array.ctypes.data) for array in arrays]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The model's inputs: shape, type, quantization."""
        return self.graph.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The model's outputs."""
        return self.graph.outputs

    def set_input(self, x: NDArray, i: int = 0) -> None:
        """Set input `i`; `x` has its number of values, and its type."""
        x = np.asarray(x)
        tensor = self.inputs[i]
        if x.dtype != tensor.dtype or x.size != tensor.elements:
            raise ValueError(f"input {i} is {tensor}, not {x.dtype.name} {list(x.shape)}")
        self._inputs[i][...] = x.reshape(tensor.shape)

    def invoke(self) -> None:
        """Run the network once."""
        status = self._invoke(*self._arguments)
        assert status == 0, f"the compiled network returned {status}"

    def get_output(self, i: int = 0) -> NDArray:
        """A copy of output `i` of the last run, with the shape that the model gives it."""
        return self._outputs[i].copy()

    def predict(self, *batches: NDArray) -> Any:
        """Outputs [n, ...] for a batch [n, ...] of each input: an array, or a list where the model has several outputs.

        A batch that takes long shows a progress bar.
        """
        from tqdm import tqdm  # later than above, for the start of `aiedge compile`

        if len(batches) != len(self.inputs):
            raise ValueError(f"the model has {len(self.inputs)} inputs, not {len(batches)}")
        runs = len(batches[0])
        results = [np.empty((runs, *t.sample_shape), t.dtype) for t in self.outputs]
        for run in tqdm(range(runs), unit="run", delay=BAR_AFTER_S, leave=False):
            for i, batch in enumerate(batches):
                self.set_input(batch[run], i)
            self.invoke()
            for result, output in zip(results, self._outputs, strict=True):
                result[run] = output.reshape(result.shape[1:])
        return results if len(results) > 1 else results[0]


# The weights that loaded libraries point to, by the libraries' paths.
_weights: dict[Path, NDArray] = {}


def _load_weights(library: ctypes.CDLL, path: Path, weights: bytes) -> None:
    """Hand the file of weights to the library, which is one for all models with the same C."""
    array = _weights.setdefault(path, np.frombuffer(weights, np.uint32).copy())
    load = library["model_load_weights"]
    load.restype = ctypes.c_bool
    load.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    loaded = load(array.ctypes.data, array.nbytes)
    assert loaded, "the compiled network refuses its weights"


def _library(source: CSource, flags: tuple[str, ...]) -> Path:
    """The shared library, from the cache or made now."""
    compiler = host_compiler()
    command = [compiler, *flags, "-shared", *(() if sys.platform == "win32" else ("-fPIC",))]
    # -march=native means another machine code on another computer with the same home folder.
    build = "\0".join([*command, _version(compiler), platform.machine(), platform.node()])
    digest = hashlib.sha256("\0".join([build, source.header, source.c, _engine()]).encode()).hexdigest()
    library = cache_folder("compiled") / f"{digest[:32]}{SUFFIX}"
    # Its hash lies beside it: a damaged library could end this process when it is loaded.
    proof = library.with_suffix(".sha256")
    if not _is_whole(library, proof):
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as name:
            folder = Path(name)
            source.write(folder)
            made = folder / library.name
            run_compiler([*command, str(folder / f"{source.name}.c"), "-o", str(made), "-lm"])
            write_atomic(proof, _hash(made))
            os.replace(made, library)
    return library


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_whole(library: Path, proof: Path) -> bool:
    try:
        return proof.read_text(encoding="utf-8") == _hash(library)
    except (OSError, ValueError):
        return False


@cache
def _version(compiler: str) -> str:
    """What the compiler says about itself."""
    path = shutil.which(compiler) or compiler
    run = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return path + run.stdout


def _engine() -> str:
    """All of the engine's headers."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(ENGINE.glob("*.h")))
