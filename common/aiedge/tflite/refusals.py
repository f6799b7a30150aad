"""True words for sound files that hold what the kit does not run; "damaged" is for damage alone."""

from ai_edge_litert import schema_py_generated as schema

from aiedge.errors import UserError

TYPE_NAMES = {code: name for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
# What a tensor of another type tells of its model, and what avoids it.
TYPE_HINTS = {
    "STRING": "text is prepared before the network: give it numbers",
    "RESOURCE": "variables keep state between calls: give the state as an input and take it as an output",
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
    """Raise `UserError` for a model of several subgraphs, which says what they are for; nothing is unpacked yet."""
    count = model.SubgraphsLength()
    if count < 2:
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
