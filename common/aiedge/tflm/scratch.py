"""Bytes that the kernels of TensorFlow Lite Micro ask for while they run, beside the tensors.

- `reference`: the plain kernels, which the tflite-micro wheel has (tensorflow/tflite-micro at 90b983c,
  kernels/reduce_common.cc, transpose_conv.cc, add_n.cc, mirror_pad.cc)
- `cmsis_nn`: Arm's kernels on a core with the DSP extension and no Helium, such as the Cortex-M4
  (ARM-software/CMSIS-NN at 99f736a, arm_*_get_buffer_sizes_s8.c; tflite-micro's kernels/cmsis_nn)
- `esp_nn`: Espressif's kernels in their generic C, which the ESP32 runs (espressif/esp-nn at d45b843, *_opt.c;
  espressif/esp-tflite-micro at 99f49e1, kernels/esp_nn)
"""

from collections.abc import Callable
from math import prod

import numpy as np

from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature
from aiedge.tflite.window import windows

# Bytes of each request, in order; pointers and ints as on a 32-bit core where they differ.
Scratch = Callable[[Operator], tuple[int, ...]]
FILTERING = (Nature.CONVOLUTION, Nature.DEPTHWISE)


def none(operator: Operator) -> tuple[int, ...]:
    """No scratch: the tensors alone."""
    return ()


def reference(operator: Operator) -> tuple[int, ...]:
    """TFLM's plain kernels."""
    source = next((t for t in operator.inputs if t is not None), None)
    if source is None or not operator.outputs:
        return ()
    target = operator.outputs[0]
    integer = source.dtype in (np.int8, np.int16)
    if operator.kind in ("MEAN", "SUM"):
        sums = (4 * target.elements,) if integer else ()
        return *sums, 4 * len(source.shape), 4 * _elements(operator, 1)
    if operator.kind in ("REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"):
        return 4 * len(source.shape), 4 * _elements(operator, 1)
    if operator.nature is Nature.TRANSPOSED:
        # Here the first input is the shape of the output.
        wide = {np.dtype(np.int8): 4, np.dtype(np.int16): 8}.get(operator.input(2).dtype, 0)
        bias = operator.inputs[3] if len(operator.inputs) > 3 else None
        # A bias of int16 is converted.
        biases = (8 * bias.elements,) if bias is not None and bias.dtype == np.int16 else ()
        return (wide * target.elements, *biases) if wide else ()
    if operator.nature is Nature.MEMORY:
        rows, filters = source.shape[0], operator.input(1).shape[0]
        return 4 * rows * filters, *((4 * target.elements,) if integer else ())
    if operator.nature is Nature.RECURRENT:
        cell = operator.input(19)
        return (cell.bytes,) * 4  # of the four gates
    if operator.kind == "MIRROR_PAD":
        return 4 * len(source.shape), 4 * len(source.shape)
    if operator.kind == "ADD_N" and target.dtype in (np.float32, np.int8):
        return (np.dtype(np.intp).itemsize * len(operator.inputs),)
    return ()


def cmsis_nn(operator: Operator) -> tuple[int, ...]:
    """CMSIS-NN's int8 kernels on a Cortex-M with the DSP extension, built by GCC; the plain kernels' for the rest."""
    if not operator.inputs or operator.inputs[0] is None or operator.inputs[0].dtype != np.int8:
        return reference(operator)
    source, nature = operator.input(0), operator.nature
    averages = nature is Nature.POOL and operator.trait.sums
    if (nature in FILTERING or averages) and not _has_four_dimensions(operator):
        return ()  # no kernel takes it
    if nature is Nature.CONVOLUTION:
        # Two columns of int16, their lengths rounded up to 4.
        return () if _is_pointwise(operator) else (16 * -(-prod(operator.input(1).shape[1:]) // 4),)
    if nature is Nature.DEPTHWISE:
        height, width = operator.input(1).shape[1:3]
        same = source.shape[-1] == operator.outputs[0].shape[-1] and source.shape[0] == 1
        if (
            not same
            or _dilation(operator) != (1, 1)
            or ((height, width) == (3, 3) and max(_padding(operator)) <= 1)
        ):
            return ()
        return (2 * source.shape[-1] * height * width,)
    if averages:
        return (4 * source.shape[-1],)
    return reference(operator)


def esp_nn(operator: Operator) -> tuple[int, ...]:
    """ESP-NN's generic kernels on the ESP32: only the softmax has a buffer, of 4 bytes for each of its columns."""
    if operator.kind == "SOFTMAX" and operator.input(0).dtype == np.int8 and len(operator.input(0).shape) > 1:
        return (4 * operator.input(0).shape[1],)
    return reference(operator)


RUNTIMES: dict[str, Scratch] = {
    "TFLM's own kernels": reference,
    "CMSIS-NN (Cortex-M4)": cmsis_nn,
    "ESP-NN (ESP32)": esp_nn,
}


def _elements(operator: Operator, position: int) -> int:
    """Values of an input, 0 where a damaged file leaves it out."""
    tensor = operator.inputs[position] if position < len(operator.inputs) else None
    return tensor.elements if tensor else 0


def _has_four_dimensions(operator: Operator) -> bool:
    """Whether the image, its result and, for a convolution, the filters have as many dimensions as they must."""
    inputs = operator.trait.inputs
    tensors = (*operator.inputs[:inputs], *operator.outputs[:1])
    return len(tensors) == inputs + 1 and all(t is not None and len(t.shape) == 4 for t in tensors)


def _dilation(operator: Operator) -> tuple[int, int]:
    return operator.integer("dilationHFactor"), operator.integer("dilationWFactor")


def _padding(operator: Operator) -> tuple[int, int]:
    """Rows above and columns to the left of the image."""
    rows, columns = windows(operator)
    return rows.before, columns.before


def _is_pointwise(operator: Operator) -> bool:
    """Whether a convolution takes CMSIS-NN's 1×1 kernel, which needs no buffer with GCC."""
    filters = operator.input(1)
    return (
        filters.shape[1:3] == (1, 1)
        and _padding(operator) == (0, 0)
        and _dilation(operator) == (1, 1)
        and filters.shape[3] == operator.input(0).shape[3]
    )
