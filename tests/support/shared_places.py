"""Flatbuffers whose tables and vectors share one place in the file: small, and endless when unpacked."""

import flatbuffers
from ai_edge_litert import schema_py_generated as schema


def shared_places(
    tensors: int = 2,
    operators: int = 1,
    constant: int = 0,
    name: int = 4,
    signatures: int = 0,
    scales: int = 0,
) -> bytes:
    """A model of RELUs of which all tables of a kind are one.

    `constant` is the size of the one buffer, which all tensors but the first two hold, `name` the length of a name,
    `scales` the number of scales of each tensor; each of the `signatures` has as many inputs as there are signatures.
    """
    b = flatbuffers.Builder(1024)
    text = b.CreateString("n" * name)

    def vector(items: list[int]) -> int:
        b.StartVector(4, len(items), 4)
        for item in reversed(items):
            b.PrependUOffsetTRelative(item)
        return b.EndVector()

    def numbers(values: list[int]) -> int:
        b.StartVector(4, len(values), 4)
        for value in reversed(values):
            b.PrependInt32(value)
        return b.EndVector()

    quantization = None
    if scales:
        b.StartVector(4, scales, 4)
        for _ in range(scales):
            b.PrependFloat32(1.0)
        ones = b.EndVector()
        schema.QuantizationParametersStart(b)
        schema.QuantizationParametersAddScale(b, ones)
        quantization = schema.QuantizationParametersEnd(b)

    def tensor(size: int, buffer: int) -> int:
        shape = numbers([size])
        schema.TensorStart(b)
        schema.TensorAddShape(b, shape)
        schema.TensorAddType(b, schema.TensorType.INT8)
        schema.TensorAddBuffer(b, buffer)
        schema.TensorAddName(b, text)
        if quantization is not None:
            schema.TensorAddQuantization(b, quantization)
        return schema.TensorEnd(b)

    data = b.CreateByteVector(bytes(constant))
    schema.BufferStart(b)
    none = schema.BufferEnd(b)
    schema.BufferStart(b)
    schema.BufferAddData(b, data)
    filled = schema.BufferEnd(b)
    ends = [tensor(4, 0), tensor(4, 0)]
    filler = tensor(constant, 1) if constant else ends[0]
    x, y = numbers([0]), numbers([1])
    schema.OperatorStart(b)
    schema.OperatorAddInputs(b, x)
    schema.OperatorAddOutputs(b, y)
    operator = schema.OperatorEnd(b)
    all_tensors, all_operators = vector([*ends, *[filler] * (tensors - 2)]), vector([operator] * operators)
    schema.SubGraphStart(b)
    schema.SubGraphAddTensors(b, all_tensors)
    schema.SubGraphAddInputs(b, x)
    schema.SubGraphAddOutputs(b, y)
    schema.SubGraphAddOperators(b, all_operators)
    subgraph = schema.SubGraphEnd(b)
    schema.TensorMapStart(b)
    schema.TensorMapAddName(b, text)
    entry = schema.TensorMapEnd(b)
    entries = vector([entry] * signatures)
    schema.SignatureDefStart(b)
    schema.SignatureDefAddInputs(b, entries)
    signature = schema.SignatureDefEnd(b)
    signature_vector = vector([signature] * signatures)
    schema.OperatorCodeStart(b)
    schema.OperatorCodeAddDeprecatedBuiltinCode(b, schema.BuiltinOperator.RELU)
    schema.OperatorCodeAddBuiltinCode(b, schema.BuiltinOperator.RELU)
    code = schema.OperatorCodeEnd(b)
    codes, graphs, buffers = vector([code]), vector([subgraph]), vector([none, filled])
    schema.ModelStart(b)
    schema.ModelAddVersion(b, 3)
    schema.ModelAddOperatorCodes(b, codes)
    schema.ModelAddSubgraphs(b, graphs)
    schema.ModelAddBuffers(b, buffers)
    schema.ModelAddSignatureDefs(b, signature_vector)
    b.Finish(schema.ModelEnd(b), b"TFL3")
    return bytes(b.Output())
