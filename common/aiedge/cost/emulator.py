"""Run a generated network on an emulated core, and count its instructions, operator by operator.

The network is compiled twice into one program: as it is, for the total, and with a marker before each operator, for
the parts. A plugin of QEMU notes at each marker how many instructions have run, and where their timings are published,
about how many cycles. What a marker costs is subtracted.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen import CSource, generate
from aiedge.codegen.toolchain import ESP32_KERNELS, assemble, host_compiler
from aiedge.cost.cycles import instruction_cycles
from aiedge.cost.harness import (
    C_SOURCES,
    Runs,
    compile_network,
    from_memory,
    memory_bytes,
    random_inputs,
    run_tool,
    to_memory,
    write_sources,
)
from aiedge.cost.targets import TARGETS, Target
from aiedge.errors import UserError
from aiedge.files import cache_folder
from aiedge.tflite.graph import Graph

USER_EMULATOR = "qemu-x86_64"
QUIET = ("-nographic", "-monitor", "none", "-serial", "none")


@dataclass(frozen=True)
class Count:
    """What a network did on an emulated core.

    `total` is the number of instructions of one inference, call and return included; `operators` maps an operator's
    index to its part. `outputs` has for each of the model's outputs an array [runs, ...]. `cycles` is an estimate, see
    `aiedge.cost.cycles`, or None for a core without one.
    """

    total: int
    operators: dict[int, int]
    outputs: list[NDArray]
    cycles: int | None = None


def count_instructions(
    graph: Graph, source: CSource, target: Target, inputs: Runs, optimize: str = "-O2"
) -> Count:
    """Run the network on `inputs` and count during the first run.

    Raises `UserError` where a compiler or the emulator is missing, or where the program cannot be built or run.
    """
    target.require()
    if not target.floats and any(tensor.dtype == np.float32 for tensor in graph.tensors):
        raise UserError(f"{target.name} runs no float32 networks", "quantize the model to int8")
    plugin = _plugin()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sources(folder, graph, source, len(inputs))
        (folder / "weights.bin").write_bytes(source.weights)
        (folder / "inputs.bin").write_bytes(b"".join(to_memory(x, graph.inputs) for x in inputs))
        command = compile_network([*target.compiler, optimize], source, folder)
        files = [str(C_SOURCES / "harness.c"), *map(str, target.sources)]
        if target.assembler:
            files.append(str(assemble(ESP32_KERNELS, folder, target.compiler, target.assembler)))
        command += [*files, "-nostartfiles", *target.link, "-T", str(next(target.platform.glob("*.ld")))]
        run_tool([*command, "-o", "program", "-lm"], folder)
        addresses = _addresses(target, folder / "program")
        mark = f"{plugin},mark={addresses['aiedge_step']:#x},out=marks"
        if "uncounted" in addresses:
            mark += f",skip={addresses['uncounted']:#x}:{addresses['uncounted_end']:#x}"
        if target.estimates_cycles:
            objdump = target.compiler[0].replace("gcc", "objdump")
            timings = instruction_cycles(folder / "program", objdump, target.name)
            (folder / "timings").write_text("".join(f"{a} {each} {taken}\n" for a, each, taken in timings))
            mark += ",cycles=timings"
        emulate = [*target.emulator.split(), *QUIET, "-kernel", "program", "-plugin", mark]
        written = run_tool(emulate, folder)
        marks = np.loadtxt(folder / "marks", np.int64, ndmin=2)
    # Each marker with the instructions since the one before it. The first four are the harness's own: an empty pair,
    # and one before and one after the plain network.
    steps = np.frombuffer(written[len(inputs) * memory_bytes(graph.outputs) :], "<i4")[4:]
    empty, _, total, _, *parts = np.diff(marks[:, 0]).tolist()
    cycles = np.diff(marks[:, 1])
    operators: dict[int, int] = {}
    for step, part in zip(steps[:-1].tolist(), parts, strict=True):
        if step == len(graph.operators):  # on the way to the next row
            continue
        operators[step] = operators.get(step, 0) + part - empty
    return Count(
        total - empty,
        operators,
        from_memory(written, graph.outputs, len(inputs)),
        int(cycles[2] - cycles[0]) if target.estimates_cycles else None,
    )


def count(graph: Graph, target: str, stream: bool = False) -> Count:
    """One inference on a core of `TARGETS`, with its own kernels, for a random input.

    Raises `UserError` as `count_instructions`, and where the network cannot run row by row but is to.
    """
    core = TARGETS[target]
    source = generate(graph, "model", stream, core=core.kernels)
    return count_instructions(graph, source, core, random_inputs(graph, 1))


def instructions(graph: Graph, target: str, stream: bool = False) -> int:
    """Instructions of that inference; errors as `count`."""
    return count(graph, target, stream).total


def program_instructions(command: Sequence[str], folder: Path) -> int:
    """Instructions of a whole program of this computer, an x86-64, run in `folder`; those of its libraries count.

    Raises `UserError` where the emulator is missing or the program fails.
    """
    if not shutil.which(USER_EMULATOR):
        raise UserError(f"{USER_EMULATOR} is missing", "Debian and Ubuntu: apt install qemu-user")
    with tempfile.NamedTemporaryFile("r") as counted:
        same = ("-E", "PYTHONHASHSEED=0")  # of a Python program: the order of its sets, and so its way
        run_tool([USER_EMULATOR, *same, "-plugin", f"{_plugin()},out={counted.name}", *command], folder)
        return int(counted.read())


def _addresses(target: Target, program: Path) -> dict[str, int]:
    """Where the program's functions lie."""
    command = [target.compiler[0].replace("gcc", "nm"), str(program)]
    symbols = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: int(address, 16) for address, _, name in map(str.split, symbols)}


@cache
def _plugin() -> Path:
    """The compiled plugin, from the user's cache folder or made now."""
    code = C_SOURCES / "count.c"
    library = cache_folder("qemu") / f"count-{hashlib.sha256(code.read_bytes()).hexdigest()[:16]}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            made = Path(folder) / library.name
            flags = ["-O2", "-shared", "-fPIC"]
            run_tool([*host_compiler(), *flags, str(code), "-o", str(made)], Path(folder))
            made.replace(library)
    return library
