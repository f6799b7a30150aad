"""Time a generated network on this computer, operator by operator, and other runtimes beside it.

All take turns, round after round, and each keeps its best time: whatever else the computer does hits all alike, and
ratios say more than times.
"""

import ctypes
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import CSource
from aiedge.codegen.toolchain import host_compiler
from aiedge.cost.harness import (
    C_SOURCES,
    Runs,
    compile_network,
    from_memory,
    memory_bytes,
    most_marks,
    run_tool,
    to_memory,
    write_sources,
)
from aiedge.tflite.graph import Graph

FLAGS = ("-O3", "-march=native")
ROUNDS = 8
ROUND_S = 0.05  # of each runtime in a round
SHORTEST_NS = 20_000  # shorter inferences are timed several at once, so that the clock does not matter


@dataclass(frozen=True)
class Timing:
    """Nanoseconds of one inference, of each operator by its index, and of other runtimes by their names.

    `outputs` has for each of the model's outputs an array [runs, ...]. Other runtimes are called from Python, which
    adds about a microsecond.
    """

    total: float
    operators: dict[int, float]
    outputs: list[NDArray]
    peers: dict[str, float]


def time_network(
    graph: Graph, source: CSource, inputs: Runs, peers: bool = True, flags: Sequence[str] = FLAGS
) -> Timing:
    """Time the network compiled with `flags` on the first of `inputs`; with `peers` TFLM and LiteRT (XNNPACK), too.

    All run on one core. Raises `UserError` where no C compiler is installed.
    """
    memory = [np.frombuffer(to_memory(x, graph.inputs), np.uint8).copy() for x in inputs]
    outputs = np.empty((len(inputs), memory_bytes(graph.outputs)), np.uint8)
    others = _peers(graph, inputs) if peers else {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        library = _library(graph, source, flags, Path(folder))
        assert library.reset() == 0, "the network returned an error"
        for x, y in zip(memory, outputs, strict=True):
            status = library.time_plain(x.ctypes.data, y.ctypes.data, 1)
            assert status >= 0, "the network returned an error"
        outputs_of_runs = from_memory(outputs.tobytes(), graph.outputs, len(inputs))
        first, answer = memory[0].ctypes.data, outputs[0].ctypes.data
        runs = {"": lambda loops: library.time_plain(first, answer, loops)} | others
        loops = {name: max(1, int(SHORTEST_NS / min(run(1), run(1)))) for name, run in runs.items()}
        best, parts = dict.fromkeys(runs, np.inf), _Best()
        for _ in range(ROUNDS):
            for name, run in runs.items():
                end = time.perf_counter() + ROUND_S
                while time.perf_counter() < end:
                    best[name] = min(best[name], run(loops[name]) / loops[name])
            end = time.perf_counter() + ROUND_S
            while time.perf_counter() < end:
                parts.take(*_steps(library, first, answer, most_marks(graph, source)))
    return Timing(best.pop(""), parts.operators(), outputs_of_runs, best)


def _library(graph: Graph, source: CSource, flags: Sequence[str], folder: Path) -> ctypes.CDLL:
    """The network with the functions of host.c."""
    write_sources(folder, graph, source, 1)
    pic = () if sys.platform == "win32" else ("-fPIC",)
    command = compile_network([*host_compiler(), *flags, *pic], source, folder)
    made = folder / "network.so"
    run_tool([*command, "-std=c11", "-shared", str(C_SOURCES / "host.c"), "-o", str(made), "-lm"], folder)
    library = ctypes.CDLL(str(made))
    library.time_plain.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32]
    library.time_plain.restype = ctypes.c_double
    library.time_stepped.argtypes = [ctypes.c_void_p] * 4
    return library


def _steps(library: ctypes.CDLL, x: int, y: int, most: int) -> tuple[list[int], list[float]]:
    """The steps of one inference, and the nanoseconds from each to the next."""
    index, times = np.empty(most, np.int32), np.empty(most)
    count = library.time_stepped(x, y, index.ctypes.data, times.ctypes.data)
    return index[:count].tolist(), np.diff(times[:count]).tolist()


class _Best:
    """The shortest time from each step to the next, over all inferences."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.spans: list[float] = []

    def take(self, steps: list[int], spans: list[float]) -> None:
        self.spans = [min(pair) for pair in zip(self.spans, spans, strict=True)] if self.steps else spans
        self.steps = steps

    def operators(self) -> dict[int, float]:
        """Nanoseconds of each operator, less those of an empty pair of steps."""
        empty, _, *parts = self.spans
        times: dict[int, float] = {}
        end = self.steps[-1]
        for i, part in zip(self.steps[2:-1], parts, strict=True):
            if i != end:  # which also stands before the way to the next row
                times[i] = times.get(i, 0.0) + max(0.0, part - empty)
        return times


def _peers(graph: Graph, inputs: Runs) -> dict[str, Callable[[int], float]]:
    """For each other runtime that is installed a function that runs it some times and returns nanoseconds."""
    peers: dict[str, Callable[[int], float]] = {}
    if tflite.has_tflm():
        from tflite_micro import runtime

        tflm = runtime.Interpreter.from_bytes(graph.source, arena_size=tflite.interpreters.ARENA_BYTES)

        def run_tflm(loops: int) -> float:
            total = 0
            for _ in range(loops):
                for i, x in enumerate(inputs[0]):  # its planner may give an input's bytes to a later tensor
                    tflm.set_input(x, i)
                start = time.perf_counter_ns()
                tflm.invoke()
                total += time.perf_counter_ns() - start
            return float(total)

        peers["TFLM"] = run_tflm
    from ai_edge_litert.interpreter import Interpreter

    litert = Interpreter(model_content=graph.source, num_threads=1)
    litert.allocate_tensors()
    for detail, x in zip(litert.get_input_details(), inputs[0], strict=True):
        litert.set_tensor(detail["index"], x)

    def run_litert(loops: int) -> float:
        start = time.perf_counter_ns()
        for _ in range(loops):
            litert.invoke()
        return float(time.perf_counter_ns() - start)

    peers["LiteRT"] = run_litert
    return peers
