"""A model compiled for this computer, to be run from Python."""

import atexit
import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.source import Core, CSource, generate
from aiedge.codegen.toolchain import ENGINE, host_compiler, run_compiler
from aiedge.codegen.weights import Weights
from aiedge.errors import UserError
from aiedge.files import cache_folder
from aiedge.tflite import read
from aiedge.tflite.graph import Graph, Tensor

SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
BAR_AFTER_S = 1.0


class CompiledModel:
    """A .tflite (its path, its bytes, or the `Graph` read from it) as machine code; used like LiteRT's interpreter.

    All values are of the model's own types, such as int8 or float32. The library lies in the user's cache folder under
    the hash of the generated C, the engine, the compiler and its flags, so that a model is compiled once. `stream`,
    `weights`, `core` and `flash` are those of `generate`.

    Raises `UserError` where no C compiler is installed, or for a model that cannot become C.
    """

    def __init__(
        self,
        model: str | Path | bytes | Graph,
        flags: Sequence[str] = ("-O3",),
        stream: bool = False,
        weights: Weights = "linked",
        core: Core = "any",
        flash: int = 0,
    ):
        if not isinstance(model, Graph):
            model = read(model)
        self.graph = model
        self.source = generate(model, "model", stream, weights, core, flash)
        # ctypes keeps a loaded library for good.
        library, self.library = _loaded(self.source, tuple(flags))
        self._invoke = library["model_invoke"]
        if self.source.weights:
            _load_weights(library, self.library, self.source.weights)
        self._inputs = [np.zeros(tensor.shape, tensor.dtype) for tensor in model.inputs]
        self._outputs = [np.zeros(tensor.shape, tensor.dtype) for tensor in model.outputs]
        self._arena = np.zeros(self.source.plan.arena_bytes // 8 + 1, np.uint64)
        arrays = [*self._inputs, *self._outputs, self._arena]
        self._arguments = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        self._reset = library["model_reset"] if model.states else None
        self.reset()

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

    def reset(self) -> None:
        """Give what the network keeps from one run to the next its first values; it has them when it is made."""
        if self._reset:
            status = self._reset(self._arguments[-1])
            assert status == 0, f"the compiled network returned {status}"

    def invoke(self) -> None:
        """Run the network once; one that keeps state goes on from the last run, or from `reset`."""
        status = self._invoke(*self._arguments)
        if status:
            raise RuntimeError(f"the compiled network returned {status}")

    def get_output(self, i: int = 0) -> NDArray:
        """A copy of output `i` of the last run, with the shape that the model gives it."""
        return self._outputs[i].copy()

    def predict(self, *batches: NDArray | Mapping[str, NDArray]) -> Any:
        """Outputs [n, ...] for a batch [n, ...] of each input: an array, or a list where the model has several outputs.

        Inputs and outputs come in the order of `inputs` and `outputs`, which for a model of `aiedge.train.convert` is
        that of the Keras model. One mapping from the inputs' names, `graph.input_names`, to their batches gives a
        mapping from the outputs' names. A network that keeps state runs the samples in their order, as one sequence
        that begins with `reset`. A batch that takes long shows a progress bar.
        """
        from aiedge.progress import tqdm  # later than above, for the start of `aiedge compile`

        if len(batches) == 1 and isinstance(batches[0], Mapping):
            outputs = self.predict(*self._by_name(batches[0]))
            return dict(
                zip(self.graph.output_names, outputs if len(self.outputs) > 1 else [outputs], strict=True)
            )
        if len(batches) != len(self.inputs):
            raise ValueError(f"the model has {len(self.inputs)} inputs, not {len(batches)}")
        lengths = {len(batch) for batch in batches}
        if len(lengths) > 1:
            raise ValueError(f"the inputs have different numbers of samples: {sorted(lengths)}")
        (runs,) = lengths
        self.reset()
        results = [np.empty((runs, *t.sample_shape), t.dtype) for t in self.outputs]
        for run in tqdm(range(runs), unit="run", delay=BAR_AFTER_S, leave=False):
            for i, batch in enumerate(batches):
                self.set_input(batch[run], i)
            self.invoke()
            for result, output in zip(results, self._outputs, strict=True):
                result[run] = output.reshape(result.shape[1:])
        return results if len(results) > 1 else results[0]

    def _by_name(self, batches: Mapping[str, NDArray]) -> list[NDArray]:
        """The batches in the inputs' order; raises `UserError` where their names are not the inputs'."""
        names = self.graph.input_names
        if set(batches) != set(names) or len(set(names)) < len(names):
            raise UserError(
                f"the batches are named {', '.join(map(repr, batches))}",
                f"the model's inputs are {', '.join(map(repr, names))}",
            )
        return [batches[name] for name in names]


# The weights that loaded libraries point to, by the libraries' paths.
_weights: dict[Path, NDArray] = {}


def _load_weights(library: ctypes.CDLL, path: Path, weights: bytes) -> None:
    """Hand the file of weights to the library, which is one for all models with the same C."""
    array = _weights.setdefault(path, np.frombuffer(weights, np.uint32).copy())
    load = library["model_load_weights"]
    load.restype = ctypes.c_bool
    load.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    if not load(array.ctypes.data, array.nbytes):
        raise RuntimeError("the compiled network refuses its weights")


def _loaded(source: CSource, flags: tuple[str, ...]) -> tuple[ctypes.CDLL, Path]:
    """The shared library and its path: from the cache, or made now where it is not there or does not load.

    Where nothing can be written into the cache or run from it, the library lies in a folder that ends with the process.
    """
    problem: Exception | None = None
    for folder in (cache_folder("compiled"), _temporary):
        try:
            place = folder() if callable(folder) else folder
            for fresh in (False, True):
                library = _library(source, flags, place, fresh)
                try:
                    return ctypes.CDLL(str(library)), library
                except OSError as error:
                    problem = error
        except OSError as error:  # of the folder
            problem = error
    raise UserError(
        f"the compiled network cannot be loaded: {problem}",
        "is CC a compiler for this computer, and is there a folder whose files may be run (AIEDGE_CACHE, TMPDIR)?",
    )


@cache
def _temporary() -> Path:
    """A folder that is removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="aiedge-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _library(source: CSource, flags: tuple[str, ...], folder: Path, fresh: bool = False) -> Path:
    """The shared library in a folder, made now where it is not there, is cut, or is to be `fresh`.

    Its name ends in its hash, so that a damaged one is not taken for it: loading that can end the process.
    """
    compiler = host_compiler()
    command = [*compiler, *flags, "-shared", *(() if sys.platform == "win32" else ("-fPIC",))]
    # -march=native means another machine code on another computer with the same home folder.
    build = "\0".join([*command, _version(compiler), platform.machine(), platform.node()])
    digest = hashlib.sha256("\0".join([build, source.header, source.c, _engine()]).encode()).hexdigest()[:32]
    if not fresh:
        for library in folder.glob(f"{digest}-*{SUFFIX}"):
            if library.stem == f"{digest}-{_hash(library)}":
                return library
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        source.write(name)
        made = Path(name) / f"made{SUFFIX}"
        run_compiler([*command, str(Path(name) / f"{source.name}.c"), "-o", str(made), "-lm"])
        library = folder / f"{digest}-{_hash(made)}{SUFFIX}"
        os.replace(made, library)
    return library


def _hash(path: Path) -> str:
    """SHA-256 of a file's bytes, 32 hex digits of it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


@cache
def _version(compiler: tuple[str, ...]) -> str:
    """What the compiler says about itself."""
    path = shutil.which(compiler[0]) or compiler[0]
    # Of one with flags in CC its program alone is asked: a flag may want a file to compile.
    command = [path, *compiler[1:]] if "ziglang" in compiler else [path]
    try:
        run = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return path  # `run_compiler` says what is wrong
    return path + run.stdout


def _engine() -> str:
    """All of the engine's headers."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(ENGINE.glob("*.h")))
