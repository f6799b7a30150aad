"""What a model is and what it costs, as text."""

from aiedge.codegen import CSource, Weights, footprint, generate
from aiedge.errors import UserError
from aiedge.text import table
from aiedge.tflite.graph import Graph, Tensor

LARGE = 2**21  # bytes of a model


def describe(graph: Graph, name: str) -> str:
    """Operators, tensors, parameters, MACs, flash and arena of a model, as a page of text."""
    lines = [
        f"{name}: {len(graph.source):,} bytes, {graph.parameters:,} parameters, {graph.macs:,} MACs",
        f"SHA-256 {graph.sha256}",
        "",
        *table(
            ("#", "operator", "input", "output", "parameters", "MACs"),
            [
                (
                    str(op.index),
                    f"{op.kind} (constant)" if op.folded else op.kind,
                    *(
                        " ".join(str(list(t.shape)) for t in side if t and not t.is_stored)
                        for side in (op.inputs, op.outputs)
                    ),
                    f"{sum(t.elements for t in op.inputs if t and t.is_constant and op.macs):,}",
                    f"{op.macs:,}",
                )
                for op in graph.operators
            ],
        ),
        "",
        *table(
            ("#", "tensor", "type", "shape", "bytes", "scale", "zero point"),
            [
                (
                    str(t.index),
                    _short(t.name),
                    t.dtype.name,
                    str(list(t.shape)),
                    f"{t.bytes:,}",
                    *_quantization(t),
                )
                for t in graph.tensors
            ],
        ),
        "",
        f"flash, interpreter   {len(graph.source):,} bytes of model, and TensorFlow Lite Micro's code",
    ]
    # C with megabytes of numbers takes minutes to write and to compile: the code is the same without them.
    weights: Weights = "loaded" if len(graph.source) > LARGE else "linked"
    try:
        source = generate(graph, "model", weights=weights)
    except UserError as error:
        return "\n".join([*lines, f"flash, compiled      cannot be compiled: {error.message} ({error.hint})"])
    return "\n".join([*lines, *memory_lines(source)])


def memory_lines(source: CSource) -> list[str]:
    """Flash and arena of the compiled network; code bytes where the Cortex-M4 compiler is installed."""
    measured = footprint(source)
    if measured:
        constants = source.constant_bytes if source.weights else measured.constants
        parts = f"{measured.code:,} of code, {constants:,} of constants"
        flash = f"{measured.code + constants:,} bytes: {parts} (Cortex-M4, -Os)"
    else:
        flash = f"{source.constant_bytes:,} bytes of weights and tables; code: install arm-none-eabi-gcc to see it"
    arena = f"{source.plan.arena_bytes:,} bytes ({source.plan.verdict})"
    lines = [f"flash, compiled      {flash}", f"arena, compiled      {arena}"]
    if kept := source.plan.state_bytes:
        text = f"{kept:,} bytes of the arena are kept from one inference to the next: call {source.name}_reset() first"
        lines.append(f"state                {text.replace(source.name, 'NAME')}")
    return lines


def _quantization(tensor: Tensor) -> tuple[str, str]:
    params = tensor.quantization
    if params is None:
        return "", ""
    if params.per_channel:
        scales = params.scales(tensor.shape[params.axis])  # type: ignore[index]
        return f"{scales.min():.3g} ... {scales.max():.3g}", "per channel"
    return f"{params.scale:.6g}", str(params.zero_point)


def _short(name: str, width: int = 40) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in name)
    return clean if len(clean) <= width else clean[: width - 3] + "..."
