"""What a page shows of a network: its inputs and outputs, its layers, its arena."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from aiedge.codegen import generate
from aiedge.codegen.source import operator_names
from aiedge.tflite.graph import Graph, Tensor


def page_facts(graph: Graph, title: str, classes: Sequence[str] = ()) -> dict[str, Any]:
    """The network for a page, as JSON takes it; all of its texts are for people, and none is HTML.

    `classes` are the names of the outputs, in their order; with one output those of its 0 and its 1. Each buffer of
    the arena has its place in bytes, and the first and the last step that it lives in; each layer its name and step.
    """
    plan = generate(graph, "model").plan
    step_of = {operator.index: i for i, step in enumerate(plan.steps) for operator in step.operators}
    names = operator_names(graph, plan)
    return {
        "title": title,
        "classes": list(classes),
        "inputs": [_tensor(tensor) for tensor in graph.inputs],
        "outputs": [_tensor(tensor) for tensor in graph.outputs],
        "layers": [{"name": name, "step": step_of.get(i, -1)} for i, name in enumerate(names)],
        "steps": len(plan.steps),
        "arena": {
            "bytes": plan.arena_bytes,
            "buffers": [
                {"offset": b.offset, "bytes": b.bytes, "first": max(b.first, 0), "last": b.last}
                for b in plan.buffers
            ],
        },
        "states": bool(graph.states),
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    quantized = tensor.quantization
    return {
        "shape": list(tensor.shape),
        "type": tensor.dtype.name,
        "scale": float(np.ravel(quantized.scale)[0]) if quantized else 1.0,
        "zero_point": int(np.ravel(quantized.zero_point)[0]) if quantized else 0,
    }
