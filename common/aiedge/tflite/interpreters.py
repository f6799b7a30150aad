"""Run a .tflite model in TensorFlow Lite Micro or in LiteRT on this computer."""

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.tflite.reader import read

ARENA_BYTES = 2**26
# Of what TensorFlow Lite Micro prints, the line that says why it does not run a model.
REFUSED = r"not supported|Didn't find|Failed to get|type|Hybrid"


def has_tflm() -> bool:
    """Whether TensorFlow Lite Micro's wheel is installed (it exists for Linux on x86-64)."""
    return find_spec("tflite_micro") is not None


def _require_tflm() -> None:
    if not has_tflm():
        raise UserError(
            "TensorFlow Lite Micro is not installed",
            "pip install 'aiedge[tflm]' on Linux and x86-64: there is no wheel of it for other systems",
        )


def run_tflm(model: bytes, inputs: NDArray, arena_bytes: int = ARENA_BYTES) -> NDArray:
    """Outputs of TensorFlow Lite Micro for `inputs` [n, ...] in the model's own type, as [n, ...]."""
    return run_tflm_all(model, [inputs], arena_bytes)[0]


def run_tflm_all(model: bytes, inputs: Sequence[NDArray], arena_bytes: int = ARENA_BYTES) -> list[NDArray]:
    """`run_tflm` for a model of several inputs and outputs: one array [n, ...] for each.

    A model that keeps state takes the samples as one sequence, from its first values on.
    """
    _require_tflm()
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
    graph = read(model)
    outputs: list[list[NDArray]] = [[] for _ in graph.outputs]
    for samples in zip(*inputs, strict=True):
        # The planner may give the inputs' bytes to later tensors: set them before every run.
        for i, (entry, sample) in enumerate(zip(graph.inputs, samples, strict=True)):
            interpreter.set_input(np.ascontiguousarray(sample).reshape(entry.shape), i)
        interpreter.invoke()
        for i, result in enumerate(graph.outputs):
            outputs[i].append(interpreter.get_output(i).reshape(result.sample_shape).copy())
    return [np.array(rows) for rows in outputs]


def tensor_after_run(model: bytes, inputs: NDArray, index: int) -> NDArray:
    """What tensor `index` holds after a run on one sample, without the batch of 1.

    TensorFlow Lite Micro's bits; where it is not installed, those of LiteRT's reference kernels, which agree with it in
    every operator but FULLY_CONNECTED.
    """
    graph = read(model)
    sample = np.ascontiguousarray(inputs).reshape(graph.inputs[0].shape)
    if has_tflm():
        from tflite_micro import runtime

        keep = runtime.InterpreterConfig.kPreserveAllTensors
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_BYTES, intrepreter_config=keep)
        interpreter.set_input(sample, 0)
        interpreter.invoke()
        found = interpreter.GetTensor(index, 0)
        values = found["tensor_data"] if isinstance(found, dict) else found
    else:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        litert = Interpreter(
            model_content=model,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        litert.allocate_tensors()
        litert.set_tensor(litert.get_input_details()[0]["index"], sample)
        litert.invoke()
        values = litert.get_tensor(index)
    return np.array(values).reshape(graph.tensors[index].sample_shape)


def run_litert(model: bytes, inputs: NDArray, reference: bool = False) -> NDArray:
    """Outputs of LiteRT for `inputs` [n, ...] in the model's own type, as [n, ...].

    `reference` picks its plain kernels instead of XNNPACK's fast ones.
    """
    return run_litert_all(model, [inputs], reference)[0]


def run_litert_all(model: bytes, inputs: Sequence[NDArray], reference: bool = False) -> list[NDArray]:
    """`run_litert` for a model of several inputs and outputs: one array [n, ...] for each."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    entries, results = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [tensor.sample_shape for tensor in read(model).outputs]
    outputs: list[list[NDArray]] = [[] for _ in results]
    for samples in zip(*inputs, strict=True):
        for entry, sample in zip(entries, samples, strict=True):
            interpreter.set_tensor(entry["index"], np.ascontiguousarray(sample).reshape(entry["shape"]))
        interpreter.invoke()
        for rows, result, shape in zip(outputs, results, shapes, strict=True):
            rows.append(interpreter.get_tensor(result["index"]).reshape(shape).copy())
    return [np.array(rows) for rows in outputs]


def tflm_arena_bytes(model: bytes, step: int = 16) -> int:
    """The smallest arena, in bytes, with which TensorFlow Lite Micro runs the model on this computer.

    Found by bisection, each try in a process of its own, since a small arena can end the process. Rounded up to `step`.
    """
    _require_tflm()
    low, high = 0, step
    while not _fits(model, high):
        low, high = high, high * 2
        if high > ARENA_BYTES:
            raise UserError(
                "TensorFlow Lite Micro cannot run the model", "it may use an operator that TFLM lacks"
            )
    while high - low > step:
        middle = (low + high) // 2 // step * step
        low, high = (low, middle) if _fits(model, middle) else (middle, high)
    return high


def tflm_report(model: bytes) -> tuple[int, str]:
    """Bytes of arena that TensorFlow Lite Micro says it took for a run on zeros, and "" where it ran; else 0 and why.

    In a process of its own, which a model may end. They are the runtime's on this computer, of 64 bits.
    """
    _require_tflm()
    code = (
        "import sys, numpy as np; from tflite_micro import runtime\n"
        f"i = runtime.Interpreter.from_bytes(sys.stdin.buffer.read(), arena_size={ARENA_BYTES})\n"
        "d = i.get_input_details(0); i.set_input(np.zeros(d['shape'], d['dtype']), 0); i.invoke()\n"
        "i.print_allocations()"
    )
    run = subprocess.run([sys.executable, "-c", code], input=model, capture_output=True, check=False)
    text = run.stderr.decode(errors="replace")
    arena = re.search(r"Arena allocation total (\d+)", text)
    if run.returncode == 0 and arena:
        return int(arena[1]), ""
    why = next((line for line in text.splitlines() if re.search(REFUSED, line)), "it ends with an error")
    return 0, re.sub(r"^\S+\.(cc|h)[:\d]*\s*", "", why).strip()


def _fits(model: bytes, arena_bytes: int) -> bool:
    code = (
        "import sys; from tflite_micro import runtime\n"
        f"runtime.Interpreter.from_bytes(sys.stdin.buffer.read(), arena_size={arena_bytes}).invoke()"
    )
    run = subprocess.run([sys.executable, "-c", code], input=model, capture_output=True, check=False)
    return run.returncode == 0
