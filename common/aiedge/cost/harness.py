"""What all benchmarks share: the C files that run a network on given inputs, and the reading of what came out.

Inputs and outputs of a run lie in memory one after the other, each at a multiple of 16 bytes.
"""

import subprocess
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen import CSource
from aiedge.codegen.operators.call import C_TYPES
from aiedge.codegen.toolchain import ENGINE
from aiedge.errors import UserError
from aiedge.tflite.graph import Graph, Tensor

C_SOURCES = Path(__file__).parent / "c"
ALIGNMENT = 16
TIMEOUT_S = 300

# For each run of the network an array for each of its inputs.
Runs = Sequence[Sequence[NDArray]]


def random_inputs(graph: Graph, runs: int) -> list[list[NDArray]]:
    """Random inputs, the same at every call: all values of an integer type, floats from a normal distribution."""
    rng = np.random.default_rng(0)
    return [[_random(rng, tensor) for tensor in graph.inputs] for _ in range(runs)]


def _random(rng: np.random.Generator, tensor: Tensor) -> NDArray:
    if tensor.dtype.kind == "f":
        return rng.normal(size=tensor.shape).astype(tensor.dtype)
    bounds = np.iinfo(tensor.dtype)
    return rng.integers(bounds.min, bounds.max, tensor.shape, tensor.dtype, endpoint=True)


def write_sources(folder: Path, graph: Graph, source: CSource, runs: int) -> None:
    """Write the network, and bench.h: sizes, and how to call the network with the memory of all inputs and outputs."""
    pointers = [f"(const void *)((input) + {offset})" for offset in _offsets(graph.inputs)]
    pointers += [f"(void *)((output) + {offset})" for offset in _offsets(graph.outputs)]
    types = [f"const {C_TYPES[t.dtype.name]} *" for t in graph.inputs]
    types += [f"{C_TYPES[t.dtype.name]} *" for t in graph.outputs]
    parameters = ", ".join([*types, "uint8_t *"])
    source.write(folder)
    (folder / "bench.h").write_text(
        f"#define RUNS {runs}\n"
        f"#define STEPS {most_marks(graph, source)}\n"
        f"#define ARENA_BYTES {source.plan.arena_bytes}\n"
        f"#define STATE_BYTES {source.plan.state_bytes}\n"
        f"#define INPUT_BYTES {memory_bytes(graph.inputs)}\n"
        f"#define OUTPUT_BYTES {memory_bytes(graph.outputs)}\n"
        f"#define INVOKE(network, input, output) network({', '.join(pointers)}, arena)\n"
        f"#define WEIGHTS_BYTES {len(source.weights)}\n"
        f"int plain({parameters});\n"
        f"int stepped({parameters});\n"
        "int plain_reset(uint8_t *);\n"
        "int stepped_reset(uint8_t *);\n"
    )


def most_marks(graph: Graph, source: CSource) -> int:
    """A number of markers that one inference does not reach, with those of the harness."""
    by_rows = sum(section.runs + section.input_rows for section in source.plan.sections)
    return len(graph.operators) + by_rows + 16


def compile_network(command: Sequence[str], source: CSource, folder: Path) -> list[str]:
    """Compile the network twice: as `plain`, as it is, and as `stepped`, which calls aiedge_step() at each operator.

    `command` is the compiler with its flags. Returns it with the folders of headers and both object files: what is left
    is to add the harness and to link.
    """
    command = [*command, f"-I{ENGINE}", f"-I{folder}", f"-I{C_SOURCES}"]
    model = str(folder / f"{source.name}.c")

    def renamed(invoke: str) -> list[str]:
        names = {"invoke": invoke, "begin": f"{invoke}_begin", "push_row": f"{invoke}_push_row"}
        names |= {name: f"{invoke}_{name}" for name in ("load_weights", "reset")}
        return [f"-D{source.name}_{old}={new}" for old, new in names.items()]

    stepped = [*renamed("stepped"), "-DAIEDGE_STEP=aiedge_step", "-include", "step.h"]
    run_tool([*command, "-std=c11", "-c", *renamed("plain"), model, "-o", "plain.o"], folder)
    run_tool([*command, "-std=c11", "-c", *stepped, model, "-o", "stepped.o"], folder)
    return [*command, "plain.o", "stepped.o"]


def run_tool(command: Sequence[str], folder: Path) -> bytes:
    """Standard output of a program that runs in `folder`; raises `UserError` where it fails."""
    name = Path(command[0]).name
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=TIMEOUT_S)
    except FileNotFoundError:
        raise UserError(f"{name} is missing", "see `aiedge doctor`") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{name} did not end within {TIMEOUT_S} s", "try a smaller model") from None
    if run.returncode:
        said = run.stderr.decode(errors="replace").strip()[-800:]
        raise UserError(f"{name} ended with status {run.returncode}: {said}", "see `aiedge doctor`")
    return run.stdout


def memory_bytes(tensors: Sequence[Tensor]) -> int:
    """Bytes of all the tensors in memory."""
    return sum(_padded(tensor) for tensor in tensors)


def to_memory(arrays: Sequence[NDArray], tensors: Sequence[Tensor]) -> bytes:
    """The memory that holds the arrays of one run."""
    parts = []
    for array, tensor in zip(arrays, tensors, strict=True):
        data = np.ascontiguousarray(array, tensor.dtype).tobytes()
        assert len(data) == tensor.bytes, f"{tensor} gets {len(data)} bytes"
        parts.append(data.ljust(_padded(tensor), b"\0"))
    return b"".join(parts)


def from_memory(memory: bytes, tensors: Sequence[Tensor], runs: int) -> list[NDArray]:
    """For each tensor the array [runs, ...] out of the memory of all runs."""
    rows = np.frombuffer(memory, np.uint8, runs * memory_bytes(tensors)).reshape(runs, -1)
    return [
        np.ascontiguousarray(rows[:, offset : offset + t.bytes]).view(t.dtype).reshape(runs, *t.sample_shape)
        for t, offset in zip(tensors, _offsets(tensors), strict=True)
    ]


def _padded(tensor: Tensor) -> int:
    return -(-tensor.bytes // ALIGNMENT) * ALIGNMENT


def _offsets(tensors: Sequence[Tensor]) -> list[int]:
    """Where each tensor begins."""
    return [0, *accumulate(_padded(tensor) for tensor in tensors[:-1])]
