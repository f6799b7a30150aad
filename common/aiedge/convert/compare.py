"""A network in all the ways in which it can be converted, side by side: what each costs, and what runs it."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import CompiledModel
from aiedge.convert.source import Source
from aiedge.errors import UserError
from aiedge.progress import tqdm
from aiedge.quantization import dequantize, quantize
from aiedge.text import table
from aiedge.tflite.graph import Graph, Tensor

SAMPLES = 16  # on which the answers are compared
HEAD = ("conversion", "file", "arena", "TFLM", "compiled C", "differs by")
WIDTH = 72  # columns: what a notebook's cell shows beside the file browser in a window of 1,024 pixels


@dataclass(frozen=True)
class Row:
    """One conversion: its file's and its arena's bytes, what runs it, and the largest difference of its answers.

    `tflm` is empty where TensorFlow Lite Micro runs it, else why not; so is `compiled`. `arena` is what TensorFlow Lite
    Micro takes of it on this computer, or 0; `same_bits` says whether compiled C gives its answers.
    """

    name: str
    model: bytes
    arena: int
    tflm: str
    compiled: str
    same_bits: bool | None
    difference: float
    operators: tuple[str, ...]


def compare(source: Source, samples: Sequence[NDArray[np.float32]]) -> list[Row]:
    """All conversions that the source knows, calibrated by the samples and tried on the first of them."""
    few = [each[:SAMPLES] for each in samples]
    wanted = source.predict(few)
    ways = [(kind, True) for kind in source.kinds] + ([("int8", False)] if "int8" in source.kinds else [])
    rows = []
    for kind, per_channel in tqdm(ways, unit="conversion", leave=False):
        name = kind if per_channel else f"{kind}, per tensor"
        given = samples if kind in ("int8", "int16x8") else None
        rows.append(_row(name, source.convert(kind, given, per_channel), few, wanted))
    return rows


def report(rows: Sequence[Row], of: str) -> str:
    """The table as text, with the reasons where something does not run; differences are from the answers of `of`.

    Behind it the operators: those of the first row, and of each other one what it has besides.
    """
    in_c = {None: "yes", True: "same bits", False: "yes"}
    cells = [
        (
            row.name,
            f"{len(row.model):,}",
            f"{row.arena:,}" if row.arena else "",
            "no" if row.tflm else "yes",
            "no" if row.compiled else in_c[row.same_bits],
            f"{row.difference:.2g}",
        )
        for row in rows
    ]
    reasons = [
        f"{row.name}: {runtime}: {why}"
        for row in rows
        for runtime, why in (("TFLM", row.tflm), ("compiled C", row.compiled))
        if why
    ]
    legend = (
        f"file and arena in bytes, the arena TFLM's on this computer; differences are from {of}'s answers"
    )
    usual = rows[0].operators
    others = {row.name: [kind for kind in row.operators if kind not in usual] for row in rows}
    operators = [f"operators: {', '.join(usual)}"]
    operators += [f"{name}: {', '.join(kinds)} besides" for name, kinds in others.items() if kinds]
    notes = (textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in (legend, *operators, *reasons))
    return "\n".join([*table(HEAD, cells), *notes])


def _row(name: str, model: bytes, samples: Sequence[NDArray], wanted: Sequence[NDArray]) -> Row:
    graph = tflite.read(model)
    arena, why = tflite.tflm_report(model) if tflite.has_tflm() else (0, "it is not installed")
    inputs = [_integers(x, tensor) for x, tensor in zip(samples, graph.inputs, strict=True)]
    compiled, by_c = _in_c(graph, inputs)
    answers = tflite.run_tflm_all(model, inputs) if not why else by_c or tflite.run_litert_all(model, inputs)
    same = None if why or by_c is None else all(map(np.array_equal, answers, by_c))
    reals = [_reals(y, tensor) for y, tensor in zip(answers, graph.outputs, strict=True)]
    difference = max(float(np.abs(y.reshape(w.shape) - w).max()) for y, w in zip(reals, wanted, strict=True))
    kinds = tuple(dict.fromkeys(op.kind for op in graph.operators))
    return Row(name, model, arena, why, compiled, same, difference, kinds)


def _in_c(graph: Graph, inputs: Sequence[NDArray]) -> tuple[str, list[NDArray] | None]:
    """Why there is no C of the model, if so, and else its answers."""
    try:
        found = CompiledModel(graph, flags=("-O1",)).predict(*inputs)
    except UserError as error:
        return error.message, None
    return "", found if isinstance(found, list) else [found]


def _integers(x: NDArray, tensor: Tensor) -> NDArray:
    return quantize(x, tensor.quantization, tensor.dtype) if tensor.quantization else x.astype(tensor.dtype)


def _reals(y: NDArray, tensor: Tensor) -> NDArray:
    return dequantize(y, tensor.quantization) if tensor.quantization else y
