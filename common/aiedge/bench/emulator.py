"""Run a generated network on an emulated core, and count its instructions, operator by operator.

The network is compiled twice into one program: as it is, for the total, and with a marker before each operator, for
the parts. A plugin of QEMU notes at each marker how many instructions have run. What a marker costs is subtracted.
"""

import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.bench.targets import C_SOURCES, Target
from aiedge.codegen import CSource
from aiedge.codegen.operators.call import C_TYPES
from aiedge.codegen.toolchain import ENGINE, host_compiler
from aiedge.errors import UserError
from aiedge.files import cache_folder
from aiedge.tflite.graph import Graph, Tensor

ALIGNMENT = 16
TIMEOUT_S = 120


@dataclass(frozen=True)
class Count:
    """What a network did on an emulated core.

    `total` is the number of instructions of one inference, call and return included; `operators` maps an operator's
    index to its part. `outputs` has for each of the model's outputs an array [runs, ...].
    """

    total: int
    operators: dict[int, int]
    outputs: list[NDArray]


def count_instructions(
    graph: Graph, source: CSource, target: Target, inputs: list[list[NDArray]], optimize: str = "-O2"
) -> Count:
    """Run the network on `inputs` (for each run an array for each of the model's inputs); count during the first run.

    Raises `UserError` where a compiler or the emulator is missing, or where the program cannot be built or run.
    """
    target.require()
    plugin = _plugin()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source.write(folder)
        blob = b"".join(_bytes(x, t) for run in inputs for x, t in zip(run, graph.inputs, strict=True))
        (folder / "inputs.bin").write_bytes(blob)
        (folder / "bench.h").write_text(_header(graph, source, len(inputs)))
        program = _build(source, target, folder, optimize)
        marks = folder / "marks"
        command = [
            *target.emulator.split(),
            *"-nographic -monitor none -serial none".split(),
            "-kernel",
            str(program),
            "-plugin",
            f"{plugin},mark={_address(target, program):#x},out={marks}",
        ]
        run = _run(command, folder)
        counts = [int(line) for line in marks.read_text().split()]
    size = _total(graph.outputs)
    outputs = np.frombuffer(run, np.uint8, size * len(inputs)).reshape(len(inputs), size)
    steps = np.frombuffer(run[outputs.nbytes :], "<i4")[4:]  # the first four were the harness's own
    # Each marker with the instructions since the one before it.
    empty, _, total, _, *parts = [after - before for before, after in pairwise(counts)]
    operators = {int(step): part - empty for step, part in zip(steps, parts, strict=False)}
    return Count(total - empty, operators, _arrays(outputs, graph.outputs))


def _build(source: CSource, target: Target, folder: Path, optimize: str) -> Path:
    """Compile and link the harness with the network, plain and with markers."""
    common = [*target.compiler, optimize, "-std=gnu11", f"-I{ENGINE}", f"-I{folder}", f"-I{C_SOURCES}"]
    model, invoke = str(folder / f"{source.name}.c"), f"{source.name}_invoke"
    objects = {
        "plain.o": [f"-D{invoke}=plain", model],
        "stepped.o": [f"-D{invoke}=stepped", "-DAIEDGE_STEP=aiedge_step", "-include", "step.h", model],
    }
    for name, arguments in objects.items():
        _run([*common, "-c", *arguments, "-o", name], folder)
    program = folder / "program"
    script = next(target.platform.glob("*.ld"))
    files = [str(C_SOURCES / "harness.c"), *map(str, target.sources), *objects]
    _run(
        [*common, "-nostartfiles", *target.link, "-T", str(script), *files, "-o", str(program), "-lm"], folder
    )
    return program


def _header(graph: Graph, source: CSource, runs: int) -> str:
    """The text of bench.h: sizes, and how the network is called with byte pointers to all inputs and all outputs."""
    pointers = [f"(const void *)((input) + {offset})" for offset in _offsets(graph.inputs)]
    pointers += [f"(void *)((output) + {offset})" for offset in _offsets(graph.outputs)]
    types = [f"const {C_TYPES[t.dtype.name]} *" for t in graph.inputs]
    types += [f"{C_TYPES[t.dtype.name]} *" for t in graph.outputs]
    parameters = ", ".join([*types, "uint8_t *"])
    return (
        f"#define RUNS {runs}\n"
        f"#define STEPS {len(graph.operators) + 16}\n"
        f"#define ARENA_BYTES {source.plan.arena_bytes}\n"
        f"#define INPUT_BYTES {_total(graph.inputs)}\n"
        f"#define OUTPUT_BYTES {_total(graph.outputs)}\n"
        f"#define INVOKE(network, input, output) network({', '.join(pointers)}, arena)\n"
        f"int plain({parameters});\n"
        f"int stepped({parameters});\n"
    )


def _padded_bytes(tensor: Tensor) -> int:
    return -(-tensor.bytes // ALIGNMENT) * ALIGNMENT


def _offsets(tensors: tuple[Tensor, ...]) -> list[int]:
    """Where each tensor begins when all lie one after the other."""
    return [0, *accumulate(_padded_bytes(tensor) for tensor in tensors[:-1])]


def _total(tensors: tuple[Tensor, ...]) -> int:
    return sum(_padded_bytes(tensor) for tensor in tensors)


def _bytes(x: NDArray, tensor: Tensor) -> bytes:
    data = np.ascontiguousarray(x, tensor.dtype).tobytes()
    assert len(data) == tensor.bytes, f"{tensor} gets {len(data)} bytes"
    return data.ljust(_padded_bytes(tensor), b"\0")


def _arrays(memory: NDArray[np.uint8], tensors: tuple[Tensor, ...]) -> list[NDArray]:
    """The outputs, each [runs, ...], out of the memory of all runs."""
    return [
        np.ascontiguousarray(memory[:, offset : offset + t.bytes]).view(t.dtype).reshape(-1, *t.sample_shape)
        for t, offset in zip(tensors, _offsets(tensors), strict=True)
    ]


def _address(target: Target, program: Path) -> int:
    """Where the marker function lies in the program."""
    table = subprocess.run(
        [target.compiler[0].replace("gcc", "nm"), str(program)], capture_output=True, text=True, check=True
    ).stdout
    return next(int(line.split()[0], 16) for line in table.splitlines() if line.endswith(" aiedge_step"))


@cache
def _plugin() -> Path:
    """The compiled plugin, from the user's cache folder or made now."""
    code = C_SOURCES / "count.c"
    library = cache_folder("qemu") / f"count-{hashlib.sha256(code.read_bytes()).hexdigest()[:16]}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            made = Path(folder) / library.name
            _run([host_compiler(), "-O2", "-shared", "-fPIC", str(code), "-o", str(made)], Path(folder))
            made.replace(library)
    return library


def _run(command: list[str], folder: Path) -> bytes:
    """Standard output of a tool; raises `UserError` where it fails."""
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise UserError(f"{command[0]} did not end within {TIMEOUT_S} s", "try a smaller model") from None
    if run.returncode:
        said = run.stderr.decode(errors="replace").strip()[-800:]
        raise UserError(
            f"{Path(command[0]).name} ended with status {run.returncode}: {said}", "see `aiedge doctor`"
        )
    return run.stdout
