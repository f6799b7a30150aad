"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM: layers that keep a state; int8 and float32."""

import math

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Struct,
    activation_fields,
    kernel_suffix,
    unsupported,
    zero_point,
)
from aiedge.quantization import int16, quantize_multiplier
from aiedge.quantization.fixed_point import INT32_MAX, INT32_MIN
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import params_of
from aiedge.tflite.recurrent import CELL, HIDDEN, OF_INPUT, OF_STATE, cell_factors, gate_factors, svdf_factors
from aiedge.tflite.traits import Nature

TANH = 4  # of the schema's ActivationFunctionType
BIASES = (13, 12, 14, 15)  # of the LSTM's gates: forget, input, cell, output
VARIANTS = {"peepholes": range(9, 12), "a projection": range(16, 18), "normalized layers": range(20, 24)}


def _svdf(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    feature, time, state = (operator.input(position) for position in (1, 2, 4))
    suffix = kernel_suffix(operator, source, target)
    _constant(operator, feature, source.dtype)
    rank = operator.integer("rank")
    rows, units = target.shape
    sizes: dict[str, Field] = {"rows": rows, "inputs": source.shape[1], "units": units, "rank": rank}
    sizes["memory"] = time.shape[1]
    i = operator.index
    bias = operator.inputs[3]
    add = np.zeros(units, np.float32 if suffix == "f32" else np.int32)
    if bias is not None:
        add = _constant(operator, bias, add.dtype).ravel()
    names: dict[str, Field] = {name: f"{name}_{i}" for name in ("feature", "time", "bias")}
    constants = [Constant(f"feature_{i}", feature.values), Constant(f"bias_{i}", add)]
    if suffix == "f32":
        _constant(operator, time, np.dtype(np.float32))
        if state.dtype != np.float32:
            raise unsupported(operator, "its state must be float32, as its input is")
        fields = names | sizes | activation_fields(operator)
    else:
        if time.dtype not in (np.int8, np.int16) or state.dtype != time.dtype:
            raise unsupported(
                operator, "its weights over time and its state must both be int8, or both int16"
            )
        _constant(operator, time, time.dtype)
        suffix = time.dtype.name
        fields = names | sizes | _svdf_integers(operator) | {"filters": f"filters_{i}"}
        constants.append(Constant(f"filters_{i}", _folded(operator, feature.values, source)))
    constants.append(Constant(f"time_{i}", time.values))
    arguments = f"&layer_{i}, {at(source)}, {at(state)}, {at(target)}"
    return Call(
        '"aiedge_svdf.h"',
        (f"aiedge_svdf_{suffix}({arguments})",),
        tuple(constants),
        Struct(f"aiedge_svdf_{suffix}_layer", fields),
    )


def _svdf_integers(operator: Operator) -> dict[str, Field]:
    """Multipliers and zero points; the fused activation is none of them, as TensorFlow Lite Micro has it."""
    names = ("state_multiplier", "state_shift", "multiplier", "shift")
    return {
        **dict(zip(names, _factors(operator, *svdf_factors(operator)), strict=True)),
        "state_zero_point": zero_point(operator.input(4)),
        "zero_point": zero_point(operator.outputs[0]),
    }


def _lstm(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    suffix = kernel_suffix(operator, source, target)
    hidden, cell = operator.input(HIDDEN), operator.input(CELL)
    for what, positions in VARIANTS.items():
        if any(operator.inputs[position] is not None for position in positions):
            raise unsupported(operator, f"it must have no {what}, as Keras's LSTM has none")
    if operator.integer("fusedActivationFunction") != TANH:
        raise unsupported(operator, "its activation must be tanh")
    if hidden.dtype != source.dtype or cell.dtype != (np.float32 if suffix == "f32" else np.int16):
        raise unsupported(operator, "its states must be float32, or int8 and, of the cells, int16")
    weights = [
        np.concatenate([_constant(operator, operator.input(p), source.dtype) for p in pair], axis=1)
        for pair in zip(OF_INPUT, OF_STATE, strict=True)
    ]
    add = [
        _constant(operator, operator.input(p), np.dtype(np.float32 if suffix == "f32" else np.int32))
        for p in BIASES
    ]
    first, second, inputs = source.shape
    cells = weights[0].shape[0]
    time_major = operator.flag("timeMajor")
    batches, steps = (second, first) if time_major else (first, second)
    i = operator.index
    fields: dict[str, Field] = {"weights": f"weights_{i}", "biases": f"biases_{i}"}
    fields |= {"batches": batches, "steps": steps, "inputs": inputs, "cells": cells}
    fields |= {"sequence": 1 if time_major else steps, "step": batches if time_major else 1}
    constants = [Constant(f"weights_{i}", np.stack(weights, axis=1))]
    if suffix == "f32":
        biases = np.stack(add, axis=1)
        fields["clip"] = float(operator.real("cellClip"))
    else:
        sides = [
            np.stack([_folded(operator, operator.input(p).values, tensor) for p in positions], axis=1)
            for positions, tensor in ((OF_INPUT, source), (OF_STATE, hidden))
        ]
        sides[0] = _sum(operator, sides[0], np.stack(add, axis=1))
        for side, places in zip(sides, (OF_INPUT, OF_STATE), strict=True):
            reach = [128 * np.abs(operator.input(p).values.astype(np.int64)).sum(axis=1) for p in places]
            if (np.abs(side.astype(np.int64)) + np.stack(reach, axis=1)).max() > INT32_MAX:
                raise unsupported(operator, "its sums leave the range of int32")
        biases = np.stack(sides, axis=2)
        fields |= _lstm_integers(operator) | {"sigmoid": f"sigmoid_{i}"}
        constants.append(Constant(f"sigmoid_{i}", int16.sigmoids()))
    arguments = ", ".join(at(tensor) for tensor in (source, hidden, cell, target))
    return Call(
        '"aiedge_lstm.h"',
        (f"aiedge_lstm_{suffix}(&layer_{i}, {arguments})",),
        (*constants, Constant(f"biases_{i}", biases)),
        Struct(f"aiedge_lstm_{suffix}_layer", fields),
    )


def _lstm_integers(operator: Operator) -> dict[str, Field]:
    """Multipliers, shifts and zero points."""
    of_input, of_state = gate_factors(operator)
    scale = float(np.float32(params_of(operator.input(CELL)).scale))
    power = round(math.log2(scale))
    shift = 12 + power
    if abs(math.log2(scale) - power) > 1e-3 or not -15 <= shift <= 14:
        raise unsupported(operator, "the scale of its cells must be a power of two from 2^-27 to 4")
    clip = operator.real("cellClip")
    return {
        "x_factors": _factors(operator, *of_input),
        "h_factors": _factors(operator, *of_state),
        **{name: _factors(operator, factor) for name, factor in cell_factors(operator).items()},
        "tanh_multiplier": 3 << max(shift, 0),
        "tanh_shift": max(-shift, 0),
        "clip": int(min(clip / scale, 32767.0)) if clip > 0 else 0,
        "zero_point": zero_point(operator.input(HIDDEN)),
    }


def _factors(operator: Operator, *factors: float) -> list[int]:
    """The multiplier and the shift of each."""
    pairs = [quantize_multiplier(factor) for factor in factors]
    if max(shift for _, shift in pairs) > 30:
        raise unsupported(operator, "its scales are too far apart: by 2^30 or more")
    return [number for pair in pairs for number in pair]


def _constant(operator: Operator, tensor: Tensor, dtype: np.dtype) -> NDArray:
    """The values of weights or biases; raises `UserError` where they are none of this type."""
    if not tensor.is_constant or tensor.dtype != dtype:
        raise unsupported(
            operator, f"its weights and biases must be constants: {tensor} must be of {dtype.name}"
        )
    if dtype == np.int8 and zero_point(tensor):
        raise unsupported(operator, "its weights must be symmetric (zero point 0)")
    return tensor.values


def _folded(operator: Operator, weights: NDArray[np.int8], source: Tensor) -> NDArray[np.int32]:
    """What the zero point of the input adds to each sum: − zero point · Σ weights."""
    return _sum(operator, -zero_point(source) * weights.sum(axis=1, dtype=np.int64), np.int64(0))


def _sum(operator: Operator, a: NDArray, b: NDArray | np.int64) -> NDArray[np.int32]:
    total = np.asarray(a, np.int64) + b
    if total.min() < INT32_MIN or total.max() > INT32_MAX:
        raise unsupported(operator, "its bias leaves the range of int32")
    return total.astype(np.int32)


EMITTERS = {Nature.MEMORY: _svdf, Nature.RECURRENT: _lstm}
