"""What a model keeps from one inference to the next: the resource variables of a .tflite file.

VAR_HANDLE names a variable, READ_VARIABLE and ASSIGN_VARIABLE copy its value. What it is at first is assigned by a
subgraph of its own, which CALL_ONCE runs before the first inference. In a `Graph` the tensor that holds the handle
stands for the variable itself: it has its shape, its type and its first values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from aiedge.errors import UserError
from aiedge.tflite.graph import Tensor

# What of a file is looked at before anything is unpacked.
MOST_LOOKED_AT = 10_000
HANDLE, READ, ASSIGN, ONCE = "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"
# What TensorFlow Lite Micro runs all the same, with zeros: only `from_keras_model` knows the weights of Keras 3.
LOST = (
    "convert the Keras model itself, `aiedge convert model.keras` or TFLiteConverter.from_keras_model; "
    "from_concrete_functions([f], model) leaves the weights out, and so does from_saved_model after "
    "tf.saved_model.save: `aiedge convert FOLDER` reads such a folder"
)
# Container and name of a variable.
Key = tuple[bytes, bytes]


def first_value(tensor: Tensor) -> np.ndarray:
    """What TensorFlow Lite Micro fills a variable of this tensor's type with: the zero point of int8, else zeros."""
    params = tensor.quantization
    zero_point = int(np.ravel(params.zero_point)[0]) if params and tensor.dtype == np.int8 else 0
    return np.array(zero_point, tensor.dtype)


def initial_subgraphs(model: schema.Model, kinds: Mapping[int, str]) -> list[int]:
    """The subgraphs that run once before the first inference, in order."""
    found = []
    for _, operator in _operators(model, model.Subgraphs(0), kinds, {ONCE}):
        options = operator.BuiltinOptions()
        once = schema.CallOnceOptions()
        if options is not None:
            once.Init(options.Bytes, options.Pos)
            found.append(once.InitSubgraphIndex())
    return found


def variables(
    name: str,
    model: schema.Model,
    kinds: Mapping[int, str],
    tensors: Sequence[Tensor | None],
    constant: Callable[[schema.SubGraph, int], Tensor],
) -> dict[int, Tensor]:
    """The variables of a file, by the main subgraph's tensors that stand for them; one for all that name the same.

    `tensors` are the main subgraph's, None where they hold handles; `constant` reads a tensor of another subgraph.
    Raises `UserError` for an initialization that does more than assign constants.
    """
    if all(tensor is not None for tensor in tensors):
        return {}
    main = model.Subgraphs(0)
    keys = _keys(model, main, kinds)
    values: dict[Key, Tensor] = {}
    for index in initial_subgraphs(model, kinds):
        subgraph = model.Subgraphs(index)
        own = _keys(model, subgraph, kinds)
        for kind, operator in _operators(model, subgraph, kinds):
            if kind == ASSIGN:
                place, source = _pair(operator)
                value = constant(subgraph, source)
                if value.is_constant:
                    values[own[place]] = replace(value, data=None, state=value.data)
                    continue
            elif kind == HANDLE:
                continue
            raise UserError(
                f"{name} computes what its variables are at first ({kind} in subgraph {index}), "
                "which is not supported",
                "give them constants as their first values",
            )
    touched = False
    for kind, operator in _operators(model, main, kinds, {READ, ASSIGN, ONCE}):
        if kind == ONCE and touched:
            raise UserError(
                f"{name} uses its variables before it gives them their first values",
                "export it again, with the initialization first",
            )
        touched = touched or kind != ONCE
        if kind == ASSIGN:
            place, source = _pair(operator)
            given = tensors[source] if 0 <= source < len(tensors) else None
            if given is not None and place in keys:
                values.setdefault(keys[place], replace(given, data=None, state=first_value(given)))
    if lost := sorted({key[1].decode(errors="replace") for key in keys.values() if key not in values}):
        several = (
            f"{len(lost)} variables, such as {lost[0]!r}," if len(lost) > 1 else f"a variable {lost[0]!r}"
        )
        raise UserError(f"{name} has {several} that nothing gives a value: it has lost its weights", LOST)
    found: dict[int, Tensor] = {}
    places: dict[Key, int] = {}
    for index, key in keys.items():
        first = places.setdefault(key, index)
        label = key[1].decode(errors="replace")
        found[index] = found.get(first) or replace(values[key], index=first, name=label, free=())
    return found


def _keys(model: schema.Model, subgraph: schema.SubGraph, kinds: Mapping[int, str]) -> dict[int, Key]:
    """The variables that a subgraph's tensors name."""
    keys = {}
    for _, operator in _operators(model, subgraph, kinds, {HANDLE}):
        options, handle = operator.BuiltinOptions(), schema.VarHandleOptions()
        if operator.OutputsLength() != 1 or options is None:
            raise ValueError("a variable has no name")
        handle.Init(options.Bytes, options.Pos)
        keys[operator.Outputs(0)] = (handle.Container() or b"", handle.SharedName() or b"")
    return keys


def _pair(operator: schema.Operator) -> tuple[int, int]:
    if operator.InputsLength() != 2:
        raise ValueError(f"{ASSIGN} has {operator.InputsLength()} inputs")
    return operator.Inputs(0), operator.Inputs(1)


def _operators(
    model: schema.Model, subgraph: schema.SubGraph, kinds: Mapping[int, str], wanted: set[str] | None = None
) -> Iterator[tuple[str, schema.Operator]]:
    """The subgraph's operators of the wanted kinds, or all, with their kinds."""
    codes = model.OperatorCodesLength()
    for i in range(min(subgraph.OperatorsLength(), MOST_LOOKED_AT)):
        operator = subgraph.Operators(i)
        if not 0 <= operator.OpcodeIndex() < codes:
            raise ValueError(f"it refers to item {operator.OpcodeIndex()} of a list of {codes}")
        code = model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = kinds.get(number, f"BUILTIN_{number}")
        if wanted is None or kind in wanted:
            yield kind, operator
