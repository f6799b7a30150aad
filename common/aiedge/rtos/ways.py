"""Build the firmware of `c` each way, run it on the emulated Cortex-M4, and read what it measured.

QEMU counts instructions as time, 32 ns each (`-icount shift=5`), so that all figures come out the same each time. They
hold no waits for buses, flash and caches, which a real chip adds.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen import generate
from aiedge.codegen.toolchain import CORTEX_M4, ENGINE
from aiedge.cost.harness import run_tool
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.progress import tqdm
from aiedge.tflite.graph import Graph

C_SOURCES = Path(__file__).with_name("c")
FREERTOS = "FREERTOS_KERNEL"  # the environment variable that names a source tree of it
OF_FREERTOS = ("tasks.c", "list.c", "portable/GCC/ARM_CM4F/port.c")
PERIOD_US, SAMPLES = 1000, 600  # the network runs until so many were offered
FLAGS = ("-O2", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror")
LINK = ("-nostartfiles", "--specs=nosys.specs", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments")
EMULATOR = (
    *("qemu-system-arm", "-M", "mps2-an386", "-icount", "shift=5", "-nographic", "-monitor", "none"),
    *("-serial", "none", "-chardev", "stdio,id=out"),
    *("-semihosting-config", "enable=on,target=native,chardev=out", "-kernel"),
)


@dataclass(frozen=True)
class Way:
    """A way to build the firmware: its name, WAY of main.cpp, and the sources of its tasks."""

    name: str
    way: str
    tasks: str = ""
    kernel: str = ""

    @property
    def is_freertos(self) -> bool:
        """Whether it needs a source tree of FreeRTOS."""
        return self.tasks == "tasks_freertos.c"


WAYS = (
    Way("super-loop", "SUPER_LOOP"),
    Way("super-loop that polls", "POLLING"),
    Way("interrupt", "INTERRUPT"),
    Way("two tasks, own kernel", "TASKS", "tasks_kernel.c", "kernel.c"),
    Way("two tasks, FreeRTOS", "TASKS", "tasks_freertos.c"),
)


@dataclass(frozen=True)
class Measured:
    """What one way did: samples taken and missed, lateness and time of an inference in nanoseconds, bytes.

    `histogram[0]` counts samples less than 1 µs late, `histogram[i]` those from 2^(i−1) µs on, less than 2^i. `stack`
    is what was used of the stacks, which `ram` holds whole. `output` is the network's, int8.
    """

    way: Way
    taken: int
    missed: int
    earliest_ns: int
    mean_ns: int
    latest_ns: int
    inference_ns: int
    inferences: int
    histogram: tuple[int, ...]
    stack: int
    flash: int
    ram: int
    output: NDArray[np.int8]

    def switch_ns(self, interrupt: "Measured") -> float:
        """What waking a task and going back costs more than the interrupt that takes the sample itself."""
        samples = self.taken / self.inferences
        return (self.inference_ns - interrupt.inference_ns) / samples


def measure(graph: Graph, way: Way, sample: NDArray[np.int8], freertos: Path | None = None) -> Measured:
    """Build and run the firmware one way, with an int8 network of one input and one output on `sample`.

    Raises `UserError` where a compiler, the emulator or FreeRTOS is missing.
    """
    target = TARGETS["cortex-m4"]
    target.require()
    if way.is_freertos and freertos is None:
        raise missing_freertos()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = _build(graph, way, sample, folder, freertos)
        printed = run_tool([*EMULATOR, str(program)], folder).decode()
        flash, ram = _sizes(program)
    numbers = {name: list(map(int, rest)) for name, *rest in map(str.split, printed.splitlines())}
    single = {name: values[0] for name, values in numbers.items() if name not in ("histogram", "output")}
    return Measured(
        way=way,
        histogram=tuple(numbers["histogram"]),
        output=np.array(numbers["output"], np.uint8).view(np.int8).reshape(graph.outputs[0].shape),
        flash=flash,
        ram=ram,
        **single,
    )


def measure_all(graph: Graph, sample: NDArray[np.int8], freertos: Path | None = None) -> list[Measured]:
    """Every way, that of FreeRTOS only where `freertos` names its source tree."""
    ways = [way for way in WAYS if freertos or not way.is_freertos]
    return [measure(graph, way, sample, freertos) for way in tqdm(ways, unit=" ways", delay=1.0, leave=False)]


def freertos_folder() -> Path | None:
    """The source tree of FreeRTOS that the environment names; raises `UserError` where that is none."""
    named = os.environ.get(FREERTOS)
    if not named:
        return None
    folder = Path(named).absolute()
    if not all((folder / name).exists() for name in OF_FREERTOS):
        raise UserError(f"{FREERTOS}={named} has no {', '.join(OF_FREERTOS)}", _how_to_get())
    return folder


def missing_freertos() -> UserError:
    """Why the way of FreeRTOS is left out."""
    return UserError(f"the way of FreeRTOS needs its sources, and {FREERTOS} is not set", _how_to_get())


def _how_to_get() -> str:
    return f"git clone https://github.com/FreeRTOS/FreeRTOS-Kernel, and let {FREERTOS} name that folder"


def write_network(graph: Graph, sample: NDArray[np.int8], folder: Path) -> list[Path]:
    """Write the network's C, and network.h: what main.cpp needs of it, and how long it runs."""
    entry, result = graph.inputs[0], graph.outputs[0]
    if len(graph.inputs) + len(graph.outputs) > 2 or {entry.dtype.name, result.dtype.name} != {"int8"}:
        raise UserError(
            "the firmware runs networks of one int8 input and one int8 output", "convert the model to int8"
        )
    source = generate(graph, "model")
    values = ", ".join(map(str, np.asarray(sample, np.int8).ravel()))
    header = f"""\
#pragma once
#include "model.h"
#ifdef __cplusplus
extern "C" {{
#endif
void network_step(void);
#ifdef __cplusplus
}}
#endif
#define network_invoke model_invoke
enum {{ PERIOD_US = {PERIOD_US}, SAMPLES = {SAMPLES} }};
enum {{ OUTPUT_COUNT = {result.elements}, ARENA_BYTES = {max(source.plan.arena_bytes, 1)} }};
static const int8_t network_input[{entry.elements}] = {{{values}}};
"""
    steps = "#pragma once\nvoid network_step(void);\n#define AIEDGE_STEP(index) network_step()\n"
    return [
        *source.write(folder),
        write_atomic(folder / "network.h", header),
        write_atomic(folder / "step.h", steps),
    ]


def _build(graph: Graph, way: Way, sample: NDArray[np.int8], folder: Path, freertos: Path | None) -> Path:
    """The program, in `folder`."""
    write_network(graph, sample, folder)
    compiler = [*CORTEX_M4, *FLAGS, f"-I{folder}", f"-I{C_SOURCES}", f"-I{ENGINE}"]
    steps = ["-include", "step.h"] if way.way == "POLLING" else []
    run_tool([*compiler, "-std=c11", *steps, "-c", "model.c", "-o", "model.o"], folder)
    objects = ["model.o"]
    parts = [C_SOURCES / name for name in ("board_cortex_m4.c", way.tasks, way.kernel) if name]
    more: list[str] = []
    if way.is_freertos:
        assert freertos
        port = (freertos / OF_FREERTOS[-1]).parent
        more = [f"-I{freertos / 'include'}", f"-I{port}"]
    for part in parts:
        run_tool([*compiler, *more, "-std=gnu11", "-c", str(part), "-o", f"{part.stem}.o"], folder)
        objects.append(f"{part.stem}.o")
    if way.is_freertos:
        for name in OF_FREERTOS:
            made = f"freertos_{Path(name).stem}.o"
            quiet = [flag for flag in compiler if flag != "-Werror"]
            run_tool([*quiet, *more, "-c", str(freertos) + "/" + name, "-o", made], folder)
            objects.append(made)
    cxx = [compiler[0].replace("gcc", "g++"), *compiler[1:], "-std=c++17", "-fno-exceptions", "-fno-rtti"]
    cxx += ["-fno-threadsafe-statics"]
    run_tool([*cxx, f"-DWAY={way.way}", "-c", str(C_SOURCES / "main.cpp"), "-o", "main.o"], folder)
    run_tool(
        [*compiler, "main.o", *objects, *LINK, "-T", str(C_SOURCES / "mps2.ld"), "-o", "program"], folder
    )
    return folder / "program"


def _sizes(program: Path) -> tuple[int, int]:
    """Bytes of flash and RAM of a program."""
    size = [CORTEX_M4[0].replace("gcc", "size"), str(program)]
    said = subprocess.run(size, capture_output=True, text=True, check=True).stdout
    text, data, bss = map(int, said.splitlines()[1].split()[:3])
    return text + data, data + bss


def total_bytes(sources: Sequence[Path], folder: Path) -> int:
    """Bytes of flash that these C files become."""
    total = 0
    for source in sources:
        made = folder / f"{source.stem}.o"
        run_tool([*CORTEX_M4, *FLAGS, "-std=gnu11", "-c", str(source), "-o", str(made)], folder)
        total += _sizes(made)[0]
    return total
