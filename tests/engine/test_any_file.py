"""Sound files of the field that hold more than the kit runs: they are called what they are, or are right."""

import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

import aiedge
from aiedge import include_dir, tflite
from aiedge.cli import main
from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.tflite.interpreters import has_tflm, run_tflm
from aiedge.tflite.names import HEADERS, KEYWORDS, LIBRARY, array_name, c_name, header_name, is_c_name
from tests.support.model_files import TYPES, ModelFile

PERSON_DETECT = [3, 3, 2]  # quantized dimension of weights and bias


def chain(*kinds: str, dtype: str = "float32") -> ModelFile:
    """Operators of one input and output, one behind the other."""
    file = ModelFile()
    tensors = [file.tensor([1, 4], dtype) for _ in range(len(kinds) + 1)]
    for kind, a, b in zip(kinds, tensors, tensors[1:], strict=False):
        file.operator(kind, [a], [b])
    return file


def said(file: ModelFile) -> str:
    """What the compiler says of a model."""
    last = len(file.model.subgraphs[0].tensors) - 1
    with pytest.raises(UserError) as caught:
        generate(tflite.read(file.build([0], [last])), "net")
    assert caught.value.hint
    return str(caught.value)


def second_subgraph(file: ModelFile) -> None:
    file.model.subgraphs.append(chain("RELU").model.subgraphs[0])


def loop(file: ModelFile) -> None:
    second_subgraph(file)
    file.operator("WHILE", [0], [1])


def two_signatures(file: ModelFile) -> None:
    second_subgraph(file)
    file.model.signatureDefs = [schema.SignatureDefT(), schema.SignatureDefT()]


def of_type(name: str) -> Callable[[ModelFile], None]:
    def change(file: ModelFile) -> None:
        file.model.subgraphs[0].tensors[1].type = getattr(schema.TensorType, name)

    return change


def sparse(file: ModelFile) -> None:
    file.model.subgraphs[0].tensors[1].sparsity = schema.SparsityParametersT()


def state(file: ModelFile) -> None:
    index = file.tensor([1, 20], "float32")
    file.model.subgraphs[0].tensors[index].isVariable = True
    file.operator("SVDF", [1, index], [file.tensor([1, 4], "float32")])


def outside(file: ModelFile) -> None:
    buffer = schema.BufferT()
    buffer.offset, buffer.size = 4096, 16
    file.model.buffers.append(buffer)
    file.model.subgraphs[0].tensors[1].buffer = len(file.model.buffers) - 1


def vendor(file: ModelFile) -> None:
    scratch = file.tensor([1, 20], "float32")
    file.operator("CUSTOM", [1, scratch], [file.tensor([1, 4], "float32")])
    file.model.operatorCodes[-1].customCode = "ethos-u"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (second_subgraph, "holds 2 subgraphs, for several networks"),
        (loop, "for control flow (WHILE)"),
        (two_signatures, "for 2 signatures"),
        *((of_type(name), f"values of type {name}") for name in ("STRING", "COMPLEX64", "INT4", "RESOURCE")),
        (sparse, "holds sparse weights (tensor 1"),
        (outside, "outside of the flatbuffer"),
        (vendor, "(CUSTOM ethos-u), which is not supported"),
    ],
)
def test_sound_files_are_called_what_they_are(change: Callable[[ModelFile], None], words: str) -> None:
    file = chain("RELU")
    change(file)
    text = said(file)
    assert words in text and "damaged" not in text and "truncated" not in text


def test_every_unsupported_operator_is_named_with_place_and_count() -> None:
    text = said(chain("RANK", "RELU", "SIGN", "RANK"))
    assert "operators that are not supported: RANK (2 times: operators 0, 3), SIGN (operator 2)" in text
    assert "supported are ABS, ADD, " in text
    assert "operator 1 (SIGN) is not supported" in said(chain("RELU", "SIGN"))
    assert "batch_size=1" in said(chain("RANGE"))


def test_a_model_of_uint8_is_called_so_with_all_its_operators() -> None:
    """Before its output is: int64 is no type that the kit gives away."""
    file = ModelFile()
    scale = {"scale": 0.1, "zero_point": 128}
    tensors = [file.tensor([1, 4, 4, 2], "uint8", **scale) for _ in range(4)]
    for a, b in pairwise(tensors):
        file.operator("AVERAGE_POOL_2D", [a], [b], strideH=1, strideW=1, filterHeight=1, filterWidth=1)
    file.operator("RELU", [tensors[-1]], [file.tensor([1, 4, 4, 2], "uint8", **scale)])
    axis = file.tensor([], "int32", data=np.array(3))
    file.operator("ARG_MAX", [4, axis], [file.tensor([1, 4, 4], "int64")], outputType=TYPES["int64"])
    text = said(file)
    assert (
        "AVERAGE_POOL_2D of uint8 (3 times: operators 0, 1, 2), RELU of uint8 (operator 3), ARG_MAX" in text
    )
    assert "quantized to uint8" in text and "representative_dataset" in text and "damaged" not in text


def test_all_operators_that_are_not_supported_as_they_are_there_are_named() -> None:
    """Kinds that are supported, but not of these types: each with its place, and what it needs."""
    file = ModelFile()
    a, b, c = (file.tensor([1, 4], "int16", scale=0.1) for _ in range(3))
    d, e = (file.tensor([1, 4], scale=0.1) for _ in range(2))
    file.operator("ELU", [a], [b])
    file.operator("ELU", [b], [c])
    file.operator("RELU6", [c], [d])
    file.operator("SOFTMAX", [d], [e])
    text = said(file)
    assert (
        "operators that are not supported: ELU (2 times: operators 0, 1), RELU6 (operator 2), SOFTMAX" in text
    )
    assert "ELU: its input and output must both be int8" in text and "SOFTMAX: its output must have" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("FlexErf", "SELECT_TF_OPS"),
        ("edgetpu-custom-op", "before a vendor's compiler"),
        ("TFLite_Detection_PostProcess", "end the network before it"),
        ("SignalRfft", "an audio front end, of operators that are not supported: SignalRfft"),
    ],
)
def test_custom_operators_are_called_what_they_are(name: str, words: str) -> None:
    file = chain("RELU", "CUSTOM")
    file.model.operatorCodes[1].customCode = name
    text = said(file)
    assert name in text and words in text


def test_shapes_that_are_open_within_are_no_damage(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A converter leaves what a view of an open input makes as [1, 1]."""
    file = ModelFile()
    x, y = file.tensor([1, 2, 3], scale=0.1), file.tensor([1, 1], scale=0.1)
    file.operator("RESHAPE", [x, file.tensor([2], "int32", data=np.array([-1, 6]))], [y], newShape=[-1, 6])
    tensors = file.model.subgraphs[0].tensors
    tensors[x].shapeSignature, tensors[y].shapeSignature = [-1, 2, 3], [-1, -1]
    path = tmp_path / "net.tflite"
    path.write_bytes(file.build([x], [y]))
    words = ["compile", str(path), "-o", str(tmp_path / "out")]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "leaves the shape of tensor" in error and "--shape" in error and "damaged" not in error
    assert main([*words, "--shape", "2,2,3"]) == 0
    assert "NET_OUTPUT_COUNT 12" in (tmp_path / "out/net.h").read_text()


def test_float16_and_hybrid_models_are_told_how_to_convert() -> None:
    file = ModelFile()
    x, y = (file.tensor([1, 2], "float32") for _ in range(2))
    half, whole = file.tensor([2, 2], "float32"), file.tensor([2, 2], "float32")
    file.model.subgraphs[0].tensors[half].type = schema.TensorType.FLOAT16
    file.model.buffers.append(schema.BufferT())
    file.model.buffers[-1].data = np.ones((2, 2), np.float16).tobytes()
    file.model.subgraphs[0].tensors[half].buffer = len(file.model.buffers) - 1
    file.operator("DEQUANTIZE", [half], [whole])
    file.operator("FULLY_CONNECTED", [x, whole, -1], [y])
    with pytest.raises(UserError, match="DEQUANTIZE of float16 weights") as caught:
        generate(tflite.read(file.build([x], [y])), "net")
    assert "supported_types" in caught.value.hint
    file = ModelFile()
    x, y = (file.tensor([1, 2], "float32") for _ in range(2))
    weights = file.tensor([2, 2], scale=0.1, data=np.ones((2, 2), np.int8))
    file.operator("FULLY_CONNECTED", [x, weights, -1], [y])
    with pytest.raises(UserError, match="with int8 weights and float32 activations") as caught:
        generate(tflite.read(file.build([x], [y])), "net")
    assert "representative_dataset" in caught.value.hint


@pytest.mark.skipif(not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
@pytest.mark.parametrize("axis", PERSON_DETECT)
def test_a_bias_may_name_any_quantized_dimension(axis: int) -> None:
    rng = np.random.default_rng(axis)
    file = ModelFile()
    x = file.tensor([1, 6, 6, 2], scale=0.1)
    scales = [0.02, 0.05]
    weights = file.tensor(
        [1, 3, 3, 2], scale=scales, axis=3, data=rng.integers(-127, 128, (1, 3, 3, 2), np.int8)
    )
    bias = file.tensor(
        [2], "int32", scale=[0.1 * s for s in scales], axis=axis, data=rng.integers(-99, 99, 2)
    )
    y = file.tensor([1, 6, 6, 2], scale=0.3)
    options = {"strideH": 1, "strideW": 1, "depthMultiplier": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    file.operator("DEPTHWISE_CONV_2D", [x, weights, bias], [y], version=3, **options)
    model = file.build([x], [y])
    values = rng.integers(-128, 128, (4, 6, 6, 2), np.int8)
    np.testing.assert_array_equal(aiedge.CompiledModel(model).predict(values), run_tflm(model, values))


@pytest.mark.parametrize(
    ("kind", "before", "after", "options"),
    [
        ("SQUEEZE", [1, 4], [4], {"squeezeDims": [7]}),
        ("SQUEEZE", [1, 4], [4], {"squeezeDims": [1]}),
        ("SQUEEZE", [1, 4], [4], {"squeezeDims": [-3]}),
        ("SQUEEZE", [1, 2, 1, 2], [1, 4], {"squeezeDims": [0]}),
        ("EXPAND_DIMS", [1, 4], [1, 1, 4], {"axis": 9}),
        ("EXPAND_DIMS", [1, 4], [1, 4, 1], {"axis": 0}),
    ],
)
def test_an_axis_that_is_not_there_is_refused(
    kind: str, before: list[int], after: list[int], options: dict
) -> None:
    file = ModelFile()
    x, y = file.tensor(before, scale=0.1), file.tensor(after, scale=0.1)
    axis = [file.tensor([1], "int32", data=np.array([options.pop("axis")]))] if kind == "EXPAND_DIMS" else []
    file.operator(kind, [x, *axis], [y], **options)
    with pytest.raises(UserError, match=rf"operator 0 \({kind}\) is not supported"):
        generate(tflite.read(file.build([x], [y])), "net")


def open_model(path: Path) -> Path:
    file = chain("RELU")
    for tensor in file.model.subgraphs[0].tensors:
        tensor.shapeSignature = [-1, 4]
    path.write_bytes(file.build([0], [1]))
    return path


def test_open_dimensions_are_said_and_take_a_shape(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = open_model(tmp_path / "net.tflite")
    out = ["-o", str(tmp_path / "out")]
    assert main(["compile", str(path), *out]) == 0
    assert "input 't0' has the open shape [-1, 4] and is taken as [1, 4]" in capsys.readouterr().err
    for shape in ("5,4", "t0=5,4"):
        assert main(["compile", str(path), *out, "--shape", shape]) == 0
        assert "NET_OUTPUT_COUNT 20" in (tmp_path / "out/net.h").read_text()
        assert "open shape" not in capsys.readouterr().err
    for shape, words in (
        ("5,3", "does not fit"),
        ("0,4", "does not fit"),
        ("a", "no list of numbers"),
        ("q=1,4", "'q'"),
    ):
        assert main(["compile", str(path), *out, "--shape", shape]) == 2
        assert words in capsys.readouterr().err
    for words in (
        ["inspect"],
        ["bench", "--quick"],
        ["memory"],
        ["optimize", "-o", str(tmp_path / "smaller.tflite")],
    ):
        command, *more = words
        assert main([command, str(path), *more]) == 0
        assert "input 't0' has the open shape" in capsys.readouterr().err
        assert main([command, str(path), *more, "--shape", "5,4"]) == 0
        assert "open shape" not in capsys.readouterr().err
    assert tflite.read(tmp_path / "smaller.tflite").inputs[0].shape == (5, 4)


NAMES = ["model", "engine", "dot", "conv_2d", "requantize", "string", "math", "stdint", "features", "int"]
NAMES += [
    "index",
    "main",
    "class",
    "aiedge_model",
    "aiedge_engine",
    "modèle",
    "my-net.v2",
    "8bit",
    "日本",
    "a b",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_gives_c_that_builds(name: str, tmp_path: Path, need_tool) -> None:
    gcc, gxx = need_tool("gcc", "apt install gcc"), need_tool("g++", "apt install g++")
    path, out = tmp_path / f"{name}.tflite", tmp_path / "out"
    path.write_bytes(chain("TANH").build([0], [1]))
    assert main(["compile", str(path), "-o", str(out), "--firmware", "--engine"]) == 0
    engine = {header.name for header in include_dir().glob("*.[hS]")}
    made = [each for each in out.iterdir() if each.name not in engine]
    assert len(made) == 3 and all((out / header).read_bytes() for header in engine)
    (source,) = (each for each in made if each.suffix == ".c")
    assert source.stem.isascii()
    tflite.write_c_array(path.read_bytes(), out / "data" / f"{name}.cpp")
    program = (
        '#include "aiedge_model.h"\n#include AIEDGE_MODEL_HEADER\n#include <string.h>\n#include <math.h>\n'
        "int run(const float *x, float *y, uint8_t *a) {\n"
        "  return AIEDGE_MODEL_INVOKE(x, y, a) + AIEDGE_MODEL_DATA[0] + (int)AIEDGE_MODEL_DATA_LEN;\n}\n"
    )
    (out / "data" / "use.cpp").write_text(program + (out / "data" / f"{name}.cpp").read_text())
    strict = ["-Wall", "-Wextra", "-Werror", f"-I{out}", "-c", "-o", str(tmp_path / "a.o")]
    subprocess.run([gcc, "-std=c11", *strict, str(source)], check=True)
    subprocess.run([gxx, "-std=c++17", *strict, str(out / "data" / "use.cpp")], check=True)


@settings(max_examples=300)
@given(st.text())
def test_any_text_becomes_a_name_in_c(text: str) -> None:
    name = c_name(text)
    assert is_c_name(name) and name.isascii() and array_name(name) not in KEYWORDS | LIBRARY
    assert header_name(name).removesuffix(".h") not in HEADERS


DATA = bytes(range(4)) + b"TFL3" + bytes(range(240, 256))
DECLARATIONS = [
    "unsigned char net_tflite[] = {VALUES};\nunsigned int net_tflite_len = 24;",
    "const uint8_t x[4800] = {VALUES};",
    "static const std::uint8_t x[24] __attribute__((aligned(16))) = {\n  // a { brace }\n  VALUES,\n};",
    "alignas(16) const unsigned char x[] PROGMEM = {VALUES};",
    "const unsigned char DATA_ALIGN_ATTRIBUTE g_model[] = {/* TFL3; */ VALUES};",
    "const int table[] = {1, 2};\nconst unsigned char label[] = {1};\nconst unsigned char\n  x[] = {VALUES};",
    "constexpr unsigned char x[]{VALUES};",
    "const std::array<uint8_t, 24> x = {{VALUES}};",
    "const int8_t x[] = {SIGNED};",
    "unsigned char const x[24u] = {WITH_SUFFIX};",
]


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_c_arrays_as_others_write_them(declaration: str, tmp_path: Path) -> None:
    forms = {
        "VALUES": ", ".join(f"0x{byte:02X}" for byte in DATA),
        "SIGNED": ",".join(str(byte - 256 if byte > 127 else byte) for byte in DATA),
        "WITH_SUFFIX": ",".join(f"{byte}u" for byte in DATA),
    }
    for word, values in forms.items():
        declaration = declaration.replace(word, values)
    (tmp_path / "net.h").write_text(declaration)
    assert tflite.load_model(tmp_path / "net.h") == DATA
