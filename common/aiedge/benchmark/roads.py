"""One int8 network by every road to the chip: each road is a function whose result is one row.

A row says what the road costs in flash and RAM, how many instructions, how many lines one writes, who maintains it, and
how many values differ from TensorFlow Lite Micro's. `./run_serial.py` asks a single board; this compares roads.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.board.micropython import MODULE, MicroPythonBoard, unix_port
from aiedge.codegen import CompiledModel, footprint, generate
from aiedge.cost.emulator import instructions, program_instructions
from aiedge.cost.runtimes import reference
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.espdl import as_floats, load_quantization, run
from aiedge.micropython import Emitter
from aiedge.micropython.native import write_native
from aiedge.progress import tqdm
from aiedge.quantization import dequantize, quantize
from aiedge.tflite.graph import Graph
from aiedge.tflite.integer import params_of

HEAD = (
    "road",
    "flash",
    "RAM",
    "instructions a MAC",
    "lines you write",
    "maintained by",
    "values that differ",
)
SHORT_MACS = 200_000  # a network of fewer is run more often, to be seen beside the program around it
TFLM_LINES = """\
#include "model_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
static uint8_t arena[ARENA_BYTES];
static tflite::MicroMutableOpResolver<OPERATORS> resolver;
resolver.AddFullyConnected();
static tflite::MicroInterpreter interpreter(tflite::GetModel(model_data), resolver, arena, sizeof arena);
if (interpreter.AllocateTensors() != kTfLiteOk) return 1;
memcpy(interpreter.input(0)->data.int8, x, interpreter.input(0)->bytes);
if (interpreter.Invoke() != kTfLiteOk) return 1;
memcpy(y, interpreter.output(0)->data.int8, interpreter.output(0)->bytes);"""
C_LINES = """\
#include "model.h"
static uint8_t arena[MODEL_ARENA_BYTES];
model_invoke(x, y, arena);"""
ESPDL_LINES = """\
#include "dl_model_base.hpp"
extern const uint8_t model_espdl[] asm("_binary_model_espdl_start");
static dl::Model model(reinterpret_cast<const char *>(model_espdl), fbs::MODEL_LOCATION_IN_FLASH_RODATA);
dl::TensorBase *input = model.get_inputs().begin()->second;
memcpy(input->get_element_ptr<int8_t>(), x, input->get_bytes());
model.run();
dl::TensorBase *output = model.get_outputs().begin()->second;
memcpy(y, output->get_element_ptr<int8_t>(), output->get_bytes());"""
MICROPYTHON_LINES = """\
import model
model.invoke(x, y)"""


@dataclass(frozen=True)
class Road:
    """One road of one network: bytes of flash and RAM, instructions, the lines that one writes.

    `flash` and `ram` are words, since roads differ in what is counted; so is `instructions`, with its core. `differ` is
    how many of `values` outputs are not TensorFlow Lite Micro's.
    """

    name: str
    flash: str
    ram: str
    instructions: str
    lines: int
    maintainer: str
    differ: int
    values: int

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of a table, as `HEAD` names them."""
        differ = f"{self.differ:,} of {self.values:,}"
        return (
            *(self.name, self.flash, self.ram, self.instructions),
            *(str(self.lines), self.maintainer, differ),
        )


def tflm(graph: Graph, inputs: NDArray[np.int8]) -> Road:
    """TensorFlow Lite Micro, the reference."""
    arena = tflite.tflm_arena_bytes(graph.source)
    kinds = {operator.kind for operator in graph.operators}
    return Road(
        "TensorFlow Lite Micro",
        f"{len(graph.source):,} B of .tflite, and the interpreter",
        f"{arena:,} B of arena, on 64 bits",
        "",
        _lines(TFLM_LINES) - 1 + len(kinds),
        "Google, and the chips' makers for their kernels",
        0,
        len(inputs) * graph.outputs[0].elements,
    )


def compiled_c(graph: Graph, inputs: NDArray[np.int8]) -> Road:
    """The kit's C."""
    model = CompiledModel(graph)
    size = footprint(model.source)
    if size is None:
        TARGETS["cortex-m4"].require()
    assert size
    count = instructions(graph, "cortex-m4")
    return Road(
        "compiled C",
        f"{size.code + size.constants:,} B",
        f"{size.arena:,} B of arena",
        f"{count / graph.macs:.1f}, Cortex-M4 (emulated)",
        _lines(C_LINES),
        "this kit",
        *_differ(graph, model.predict(inputs), inputs),
    )


def micropython(graph: Graph, inputs: NDArray[np.int8], emitter: Emitter) -> Road:
    """MicroPython, on its port to this computer."""
    outputs, board = _asked(graph, inputs, emitter=emitter)
    source = board.source
    return Road(
        f"MicroPython, {emitter}",
        f"{len(source.text) + len(source.weights):,} B of .py and .bin, and MicroPython",
        f"{board.heap_taken - len(source.weights):,} B of heap, and the .bin where it is not in ROM",
        _counted(graph, {f"{MODULE}.py": source.text.encode(), f"{MODULE}.bin": source.weights}),
        _lines(MICROPYTHON_LINES),
        "the MicroPython project; the kernels this kit",
        *_differ(graph, outputs, inputs),
    )


def native(graph: Graph, inputs: NDArray[np.int8]) -> Road:
    """The kit's C as a native module, in the same port; MICROPYTHON_DIR names MicroPython's sources."""
    named = os.environ.get("MICROPYTHON_DIR")
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(named) if named else None
        mpy = write_native(graph, MODULE, "x64", sources, Path(folder)).read_bytes()
    outputs, _ = _asked(graph, inputs, native=mpy)
    arena = generate(graph, "network").plan.arena_bytes + graph.inputs[0].bytes
    return Road(
        "MicroPython, the kit's C",
        f"{len(mpy):,} B of .mpy, and MicroPython",
        f"{arena:,} B of heap while it runs, and the .mpy, which is loaded",
        _counted(graph, {f"{MODULE}.mpy": mpy}),
        _lines(MICROPYTHON_LINES),
        "the MicroPython project; the C this kit",
        *_differ(graph, outputs, inputs),
    )


def espdl(graph: Graph, inputs: NDArray[np.int8], stored: Path) -> Road:
    """ESP-DL, whose answers are the twin's: real numbers, which count as the int8 values that stand for them.

    `stored` is what esp-ppq made of `espdl.as_floats(graph)`: NAME-quantization.json of `aiedge espdl`, and in it the
    `bytes` of the .espdl file.
    """
    quantization, _ = load_quantization(stored)
    size = json.loads(stored.read_text(encoding="utf-8"))["bytes"]
    answers = run(as_floats(graph), quantization, dequantize(inputs, params_of(graph.inputs[0])))
    outputs = quantize(answers, params_of(graph.outputs[0]), np.int8)
    return Road(
        "ESP-DL, twin of its arithmetic",
        f"{size:,} B of .espdl, and the library",
        "",
        "",
        _lines(ESPDL_LINES),
        "Espressif",
        *_differ(graph, outputs, inputs),
    )


def _asked(graph: Graph, inputs: NDArray[np.int8], **how: Any) -> tuple[NDArray[np.int8], MicroPythonBoard]:
    """Outputs [n, ...] of a network in MicroPython on this computer, and the board, which has ended."""
    with unix_port() as repl:
        board = MicroPythonBoard(repl, graph, "", **how)
        rows = tqdm(inputs, unit=" runs", desc=board.runtime, delay=1.0, leave=False)
        answers = [output for output, _ in board.infer_all(row.tobytes() for row in rows)]
    outputs = np.frombuffer(b"".join(answers), np.int8)
    return outputs.reshape(len(inputs), *graph.outputs[0].sample_shape), board


def _counted(graph: Graph, files: dict[str, bytes]) -> str:
    """Instructions a MAC of the module in these files: of a program that runs it, less those of one that does not."""
    repeats = max(1, SHORT_MACS // graph.macs)
    with tempfile.TemporaryDirectory() as name:
        for file, data in files.items():
            (Path(name) / file).write_bytes(data)
        none, some = (_run(graph, Path(name), runs) for runs in (0, repeats))
    each = (some - none) / repeats / graph.macs
    return f"{each:,.{0 if each > 10 else 1}f}, x86-64"


def _run(graph: Graph, folder: Path, runs: int) -> int:
    """Instructions of a program that runs the module so often."""
    program = Path(sys.executable).with_name("micropython")
    command = (
        [sys.executable, str(program)] if program.exists() else [shutil.which("micropython") or "micropython"]
    )
    sizes = [tensor.elements for tensor in (graph.inputs[0], graph.outputs[0])]
    (folder / "run.py").write_text(
        f"import {MODULE}\nx, y = bytearray({sizes[0]}), bytearray({sizes[1]})\n"
        f"for i in range({runs}):\n    {MODULE}.invoke(x, y)\n"
    )
    return program_instructions([*command, "run.py"], folder)


ROADS: tuple[Callable[[Graph, NDArray[np.int8]], Road], ...] = (
    tflm,
    compiled_c,
    lambda graph, inputs: micropython(graph, inputs, "viper"),
    lambda graph, inputs: micropython(graph, inputs, "native"),
    lambda graph, inputs: micropython(graph, inputs, "bytecode"),
    native,
)


def roads(
    graph: Graph, inputs: NDArray[np.int8], stored: Path | None = None
) -> tuple[list[Road], list[UserError]]:
    """The network by every road, run on `inputs` [n, ...]; and what the roads lack that are left out.

    ESP-DL is among them where esp-ppq's quantization of the network is `stored`, as `espdl` takes it.
    """
    found, lacking = [], []
    every = list(ROADS)
    if stored:
        every.append(partial(espdl, stored=stored))
    for road in every:
        try:
            found.append(road(graph, inputs))
        except UserError as error:
            lacking.append(error)
    return found, lacking


def _differ(graph: Graph, outputs: NDArray, inputs: NDArray) -> tuple[int, int]:
    """How many values differ from the reference's, and of how many."""
    exact = reference(graph.source)
    if exact is None or exact.name not in ("TensorFlow Lite Micro", "compiled C"):
        raise UserError("nothing here has TensorFlow Lite Micro's bits", "install its wheel or a C compiler")
    return int(np.sum(outputs != exact.run(inputs))), outputs.size


def _lines(text: str) -> int:
    return len(text.splitlines())
