"""True words for sound files that hold what the kit does not run; "damaged" is for damage alone."""

from collections.abc import Sequence

from ai_edge_litert import schema_py_generated as schema

from aiedge.errors import UserError
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.states import initial_subgraphs
from aiedge.tflite.traits import Nature

TYPE_NAMES = {code: name for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
# What a tensor of another type tells of its model, and what avoids it.
TYPE_HINTS = {
    "STRING": "text is prepared before the network: give it numbers",
    "RESOURCE": "variables are supported, tables and datasets are not: look things up before the network",
    "VARIANT": "lists of tensors come from loops: unroll them (keras.layers.GRU(..., unroll=True))",
    "COMPLEX64": "take real and imaginary part as two tensors, or compute the spectrum before the network",
    "COMPLEX128": "take real and imaginary part as two tensors, or compute the spectrum before the network",
    "INT2": "convert with int8 weights",
    "INT4": "convert with int8 weights",
    "UINT4": "convert with int8 weights",
    "BFLOAT16": "convert to float32 or int8",
}
# Operators that run other subgraphs.
CONTROL = ("IF", "WHILE", "CALL", "CALL_ONCE", "STABLEHLO_WHILE", "STABLEHLO_COMPOSITE")
MOST_CODES = 1000  # that are looked at before anything is unpacked


def refuse_subgraphs(name: str, model: schema.Model, kinds: dict[int, str]) -> None:
    """Raise `UserError` for a model of several subgraphs, which says what they are for; nothing is unpacked yet.

    Those that only give variables their first values are no networks.
    """
    count = model.SubgraphsLength()
    once = set(initial_subgraphs(model, kinds)) if count > 1 else set()
    # A damaged count is never run through.
    if count < 2 or (len(once) == count - 1 and min(once) > 0 and max(once) < count):
        return
    codes = map(model.OperatorCodes, range(min(model.OperatorCodesLength(), MOST_CODES)))
    found = {kinds.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "") for code in codes}
    control = sorted(found & set(CONTROL))
    signatures = model.SignatureDefsLength()
    if control:
        text = f"control flow ({', '.join(control)})"
        hint = "unroll loops (keras.layers.GRU(..., unroll=True)), give state as inputs and outputs, leave branches out"
    elif signatures > 1:
        text, hint = f"{signatures} signatures", "convert each of its functions to a file of its own"
    else:
        text, hint = "several networks", "export each to a file of its own"
    raise UserError(f"{name} holds {count} subgraphs, for {text}; one is supported", hint)


def refuse_front_end(name: str, model: schema.Model) -> None:
    """Raise `UserError` for a model of TensorFlow Lite Micro's operators for sound; nothing is unpacked yet."""
    codes = [model.OperatorCodes(i) for i in range(min(model.OperatorCodesLength(), MOST_CODES))]
    names = [code.CustomCode() for code in codes]
    signal = sorted({name.decode(errors="replace") for name in names if name and name.startswith(b"Signal")})
    if signal:
        raise UserError(
            f"{name} is an audio front end, of operators that are not supported: {', '.join(signal)}",
            "compute the features in the program, and compile the network that takes them",
        )


def refuse_type(name: str, index: int, tensor: schema.Tensor) -> None:
    """Raise `UserError` for a tensor of a type that the schema has and the kit has not."""
    kind = TYPE_NAMES.get(tensor.Type())
    if kind is None:
        raise ValueError(f"tensor {index} has a type that the schema does not have ({tensor.Type()})")
    label = (tensor.Name() or b"").decode(errors="replace")
    raise UserError(
        f"{name} holds values of type {kind} (tensor {index}, {label!r}), which are not supported",
        TYPE_HINTS.get(kind, "convert it to int8 or float32"),
    )


def refuse_storage(name: str, index: int, tensor: schema.Tensor, buffer: schema.Buffer) -> None:
    """Raise `UserError` for values that are stored in another way than one after the other in the file."""
    label = (tensor.Name() or b"").decode(errors="replace")
    if tensor.Sparsity() is not None:
        raise UserError(
            f"{name} holds sparse weights (tensor {index}, {label!r}), which are not supported",
            "convert without Optimize.EXPERIMENTAL_SPARSITY",
        )
    if buffer.Offset() > 1:
        raise UserError(
            f"{name} keeps the values of tensor {index} ({label!r}) outside of the flatbuffer",
            "export it in one piece, below 2 GB",
        )


def refuse_open_states(name: str, tensors: Sequence[Tensor]) -> None:
    """Raise `UserError` for a state that is an input or an output of the model, too."""
    for tensor in tensors:
        if tensor.keeps_state:
            raise UserError(
                f"{name} gives the state {tensor} away, or takes it, which is not supported",
                "a state is the network's own: give a copy of it as an output",
            )


def refuse_states(name: str, operator: Operator) -> None:
    """Raise `UserError` for an operator that reads state as if it were an activation.

    Raises `ValueError` where what it has to keep is no state.
    """
    if operator.nature is Nature.OTHER:
        return
    for position, tensor in enumerate(operator.inputs):
        if tensor is None or tensor.keeps_state == (position in operator.trait.states):
            continue
        if not tensor.keeps_state:
            raise ValueError(f"{operator} has {tensor} for its state, which keeps nothing")
        raise UserError(
            f"{name} keeps state between calls ({tensor} of {operator}), which is not supported",
            "give the state as an input and take it as an output, or unroll the layer (unroll=True)",
        )
