"""All that a model has and that cannot become C, named at once: which operators, where, and what avoids them."""

from collections.abc import Iterator

import numpy as np

from aiedge.codegen.operators import EMITTERS
from aiedge.errors import UserError
from aiedge.memory.offline import check_offline_plan
from aiedge.tflite.graph import MACS, Graph, Operator
from aiedge.tflite.traits import TRAITS, Nature

MOST_PLACES = 8  # of one kind that are listed
# What in the conversion makes an operator, and what avoids it.
FIXED_BATCH = (
    "give the input a fixed batch (keras.Input(shape, batch_size=1)), as the kit's own converter does"
)
AVOIDED = {
    "PACK": FIXED_BATCH,
    "FILL": FIXED_BATCH,
    "RANGE": FIXED_BATCH,
    "BROADCAST_ARGS": FIXED_BATCH,
    "LSTM": "unroll the layer (unroll=True)",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "unroll the layer (unroll=True)",
}
FLEX = "convert without OpsSet.SELECT_TF_OPS, and the layer that needs it"
VENDOR = "give the model as it was before a vendor's compiler made it for one chip"
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
    found: dict[str, list[int]] = {}
    hints: list[str] = []
    for operator in (each for each in graph.operators if not each.folded):
        for what, hint in _problems(operator):
            found.setdefault(what, []).append(operator.index)
            if hint and hint not in hints:
                hints.append(hint)
    if not found:
        check_offline_plan(graph)
        return
    supported = sorted(kind for kind, trait in TRAITS.items() if trait.nature in EMITTERS)
    hint = "; ".join([*hints, f"supported are {', '.join(supported)}"])
    if sum(map(len, found.values())) == 1:
        ((what, places),) = found.items()
        raise UserError(f"operator {places[0]} ({what}) is not supported", hint)
    parts = [f"{what} ({where(indices)})" for what, indices in found.items()]
    raise UserError(f"operators that are not supported: {', '.join(parts)}", hint)


def _problems(operator: Operator) -> Iterator[tuple[str, str]]:
    """What of an operator is not supported, if anything, and what avoids it."""
    kind = operator.kind
    if operator.nature not in EMITTERS:
        if kind.startswith("CUSTOM"):
            yield kind, FLEX if kind.startswith("CUSTOM Flex") else VENDOR
        else:
            yield kind, AVOIDED.get(kind, "")
    elif operator.nature is Nature.CONVERSION and operator.input(0).dtype == np.float16:
        yield FLOAT16, HINTS[FLOAT16]
    elif operator.nature in MACS or operator.nature is Nature.TRANSPOSED:
        source = operator.input(2 if operator.nature is Nature.TRANSPOSED else 0)
        if source.dtype == np.float32 and operator.input(1).dtype == np.int8:
            yield HYBRID.format(kind=kind), HINTS[HYBRID]


def where(indices: list[int]) -> str:
    """Where operators of one kind are: `operator 0`, `2 times: operators 1, 4`."""
    if len(indices) == 1:
        return f"operator {indices[0]}"
    listed = ", ".join(map(str, indices[:MOST_PLACES])) + (", ..." if len(indices) > MOST_PLACES else "")
    return f"{len(indices)} times: operators {listed}"
