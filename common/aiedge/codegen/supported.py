"""All that a model has and that cannot become C, named at once: which operators, where, and what avoids them."""

from collections.abc import Iterable, Iterator

import numpy as np

from aiedge.codegen.operators import EMITTERS, emit
from aiedge.errors import UserError
from aiedge.memory.offline import check_offline_plan
from aiedge.tflite.graph import MACS, Graph, Operator
from aiedge.tflite.traits import TRAITS, Nature

MOST_PLACES = 8  # of one kind that are listed
MOST_HINTS = 4
# What in the conversion makes an operator, and what avoids it.
FIXED_BATCH = (
    "give the input a fixed batch (keras.Input(shape, batch_size=1)), as the kit's own converter does"
)
AVOIDED = {
    "FILL": FIXED_BATCH,
    "RANGE": FIXED_BATCH,
    "BROADCAST_ARGS": FIXED_BATCH,
    "LSTM": "unroll the layer (unroll=True)",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "unroll the layer (unroll=True)",
}
UINT8 = (
    "the model is quantized to uint8, as converters did before int8: convert the float model with Optimize.DEFAULT "
    "and a representative_dataset; inference_input_type = tf.uint8 keeps uint8 inputs"
)
# The custom operators of compilers for one chip.
VENDORS = ("edgetpu-custom-op", "ethos-u")
FLEX = "convert without OpsSet.SELECT_TF_OPS, and the layer that needs it"
VENDOR = "give the model as it was before a vendor's compiler made it for one chip"
CUSTOM = (
    "end the network before it, and do in the program what it does: no file says what a custom operator is"
)
FLOAT16 = "DEQUANTIZE of float16 weights"
HYBRID = "{kind} with int8 weights and float32 activations"
HINTS = {
    FLOAT16: "convert without target_spec.supported_types = [tf.float16]",
    HYBRID: "give the converter a representative_dataset (int8), or leave Optimize.DEFAULT out (float32)",
}


def check(graph: Graph) -> None:
    """Raise `UserError` that names every operator that is not supported, and what is.

    Then, too, where the model's own memory plan is none with which TensorFlow Lite Micro could answer.
    """
    found = [
        (operator, what, hint)
        for operator in graph.operators
        if not operator.folded
        for what, hint in _problems(operator)
    ]
    if not found:
        check_offline_plan(graph)
        return
    supported = sorted(kind for kind, trait in TRAITS.items() if trait.nature in EMITTERS)
    unknown = any(operator.nature not in EMITTERS for operator, _, _ in found)
    raise _named(found, [f"supported are {', '.join(supported)}"] if unknown else [])


def name_all(graph: Graph) -> None:
    """Raise `UserError` that names every operator of a kind that is supported, but not as it is there."""
    found = [
        (operator, operator.kind, hint)
        for operator in graph.operators
        if not operator.folded and (hint := _refused(operator))
    ]
    if found:
        raise _named(found, each=True)


def _named(
    found: Iterable[tuple[Operator, str, str]], more: Iterable[str] = (), each: bool = False
) -> UserError:
    """The error of operators, of what each is, and of what avoids it, or with `each` what it needs."""
    places: dict[str, list[int]] = {}
    hints: dict[str, set[str]] = {}
    for operator, what, hint in found:
        places.setdefault(what, []).append(operator.index)
        if hint:
            hints.setdefault(hint, set()).add(what)
    # What an operator needs is said of which it is; what avoids operators says so itself.
    texts = [
        f"{', '.join(sorted(of))}: {hint}" if each and len(places) > 1 else hint for hint, of in hints.items()
    ]
    text = "; ".join([*texts[:MOST_HINTS], *more])
    if sum(map(len, places.values())) == 1:
        ((what, indices),) = places.items()
        return UserError(f"operator {indices[0]} ({what}) is not supported", text)
    parts = [f"{what} ({where(indices)})" for what, indices in places.items()]
    return UserError(f"operators that are not supported: {', '.join(parts)}", text)


def _refused(operator: Operator) -> str:
    """What an operator's C needs, where that cannot be made of it."""
    try:
        emit((operator,), lambda tensor: "")
    except UserError as error:
        return error.hint if error.message.startswith(str(operator)) else ""
    return ""


def _problems(operator: Operator) -> Iterator[tuple[str, str]]:
    """What of an operator is not supported, if anything, and what avoids it."""
    kind = operator.kind
    if operator.nature not in EMITTERS:
        if kind.startswith("CUSTOM"):
            yield kind, _of_custom(kind.removeprefix("CUSTOM "))
        else:
            yield kind, AVOIDED.get(kind, "")
    elif operator.nature is Nature.CONVERSION and operator.input(0).dtype == np.float16:
        yield FLOAT16, HINTS[FLOAT16]
    elif operator.nature in MACS or operator.nature is Nature.TRANSPOSED:
        source = operator.input(2 if operator.nature is Nature.TRANSPOSED else 0)
        if source.dtype == np.float32 and operator.input(1).dtype == np.int8:
            yield HYBRID.format(kind=kind), HINTS[HYBRID]
        elif _is_uint8(operator):
            yield f"{kind} of uint8", UINT8
    elif _is_uint8(operator) and _refused(operator):
        yield f"{kind} of uint8", UINT8


def _is_uint8(operator: Operator) -> bool:
    """Whether an operator computes with uint8."""
    tensors = [tensor for tensor in (*operator.inputs, *operator.outputs) if tensor is not None]
    return any(tensor.dtype == np.uint8 and tensor.quantization is not None for tensor in tensors)


def _of_custom(name: str) -> str:
    """What avoids a custom operator."""
    if name.startswith("Flex"):
        return FLEX
    return VENDOR if name in VENDORS else CUSTOM


def where(indices: list[int]) -> str:
    """Where operators of one kind are: `operator 0`, `2 times: operators 1, 4`."""
    if len(indices) == 1:
        return f"operator {indices[0]}"
    listed = ", ".join(map(str, indices[:MOST_PLACES])) + (", ..." if len(indices) > MOST_PLACES else "")
    return f"{len(indices)} times: operators {listed}"
