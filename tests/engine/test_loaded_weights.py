"""Networks whose constants are in a file: the same bits as TensorFlow Lite Micro, and every wrong file refused."""

import ctypes
import struct
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from aiedge import include_dir, tflite
from aiedge.cli import main
from aiedge.codegen import CompiledModel, CSource, footprint, generate
from aiedge.codegen.operators import Constant
from aiedge.codegen.source import LINE, _rows
from aiedge.cost.emulator import count_instructions
from aiedge.cost.harness import random_inputs
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.tflite.bin_file import ENTRY, HEAD, LAYOUTS, MAGIC
from aiedge.tflite.interpreters import has_tflm
from tests.support.batch import STRICT, run_batch
from tests.support.model_files import ModelFile, dense_float, dense_int8
from tests.support.networks import network
from tests.support.oracles import right_outputs
from tests.support.random_operators import KINDS_AND_TYPES, random_model
from tests.support.random_streams import random_network
from tests.support.streams import far_streams

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def compare(models: list[bytes], folder: Path, compiler: list[str], stream: bool = False) -> None:
    """Compare int8 models with loaded weights, on four random inputs each, with TFLM."""
    rng = np.random.default_rng(0)
    graphs = [tflite.read(model) for model in models]
    inputs = [[rng.integers(-128, 128, (4, *t.shape), np.int8) for t in graph.inputs] for graph in graphs]
    with far_streams():
        results = run_batch(graphs, inputs, folder, compiler, stream=stream, weights="loaded")
    for model, x, outputs in zip(models, inputs, results, strict=True):
        for y, expected in zip(outputs, right_outputs(model, x), strict=True):
            np.testing.assert_array_equal(y, expected)


def has_constants(model: bytes) -> bool:
    return generate(tflite.read(model), "net").constant_bytes > 0


@needs_tflm
def test_all_operators_that_have_constants_under_sanitizers(tmp_path: Path, need_tool) -> None:
    rng = np.random.default_rng(1)
    kinds = [kind for kind, dtype in KINDS_AND_TYPES if dtype == "int8"]
    drawn = {kind: [random_model(rng, kind, "int8") for _ in range(3)] for kind in kinds}
    found = {kind: [m for m in models if has_constants(m)] for kind, models in drawn.items()}
    models = {kind: rest[0] for kind, rest in found.items() if rest}
    assert {"ADD", "LOGISTIC", "RESIZE_BILINEAR", "SOFTMAX", "TRANSPOSE_CONV"} < set(models)
    convolutions = [random_network(rng, "int8") for _ in range(2)]
    dense = dense_int8(rng, [7, 5, 3], end="TANH")
    all_models = [*models.values(), *convolutions, dense]
    compare(all_models, tmp_path, [need_tool("clang", "apt install clang"), *SANITIZE])


@needs_tflm
def test_float_networks() -> None:
    model = dense_float(np.random.default_rng(6), [6, 5, 3])
    x = np.random.default_rng(7).normal(0, 1, (5, 6)).astype(np.float32)
    outputs = CompiledModel(model, weights="loaded").predict(x)
    np.testing.assert_allclose(outputs, tflite.run_tflm(model, x), rtol=1e-5, atol=1e-6)


@needs_tflm
def test_row_by_row_under_sanitizers(tmp_path: Path, need_tool) -> None:
    models = [random_network(np.random.default_rng(seed), "int8") for seed in range(30, 35)]
    models = [model for model in models if has_constants(model)]
    assert len(models) >= 3
    compare(models, tmp_path, [need_tool("clang", "apt install clang"), *SANITIZE], stream=True)


@pytest.mark.parametrize("flags", [("-O2",), ("-O3", "-march=native")], ids=" ".join)
@pytest.mark.parametrize("stream", [False, True])
def test_a_known_network_gives_the_same_bits(flags: tuple[str, ...], stream: bool) -> None:
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    x = np.random.default_rng(2).integers(-128, 128, (20, *graph.inputs[0].sample_shape), np.int8)
    loaded = CompiledModel(graph, flags, stream, weights="loaded")
    np.testing.assert_array_equal(loaded.predict(x), CompiledModel(graph).predict(x))
    # Two of the same C are one library.
    np.testing.assert_array_equal(CompiledModel(graph, flags, stream, "loaded").predict(x), loaded.predict(x))


@pytest.mark.parametrize("target", TARGETS)
def test_on_an_emulated_core(target: str) -> None:
    """The same file serves cores whose biases differ; the file costs a thousandth of the instructions at most."""
    try:
        TARGETS[target].require()
    except UserError as error:
        pytest.skip(error.message)
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    inputs = random_inputs(graph, 2)
    linked, loaded = (
        count_instructions(
            graph, generate(graph, "net", True, weights, TARGETS[target].kernels), TARGETS[target], inputs
        )
        for weights in ("linked", "loaded")
    )
    np.testing.assert_array_equal(loaded.outputs[0], linked.outputs[0])
    assert loaded.total <= 1.001 * linked.total


@pytest.mark.parametrize("target", TARGETS)
def test_all_layers_with_weights_on_an_emulated_core(target: str) -> None:
    try:
        TARGETS[target].require()
    except UserError as error:
        pytest.skip(error.message)
    graph = tflite.read(random_network(np.random.default_rng(34), "int8"))
    kinds = {operator.kind for operator in graph.operators}
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"} <= kinds
    inputs = random_inputs(graph, 4)
    count = count_instructions(
        graph, generate(graph, "net", weights="loaded", core=TARGETS[target].kernels), TARGETS[target], inputs
    )
    expected = CompiledModel(graph).predict(*(np.stack(x) for x in zip(*inputs, strict=True)))
    for y, z in zip(count.outputs, expected if isinstance(expected, list) else [expected], strict=True):
        np.testing.assert_array_equal(y, z)


def test_no_weights_are_left_in_the_program(need_tool) -> None:
    need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    linked, loaded = (footprint(generate(graph, "net", True, weights)) for weights in ("linked", "loaded"))
    assert linked is not None and loaded is not None
    assert linked.constants > graph.parameters and loaded.constants < 128
    assert loaded.code < linked.code + 512 and loaded.arena == linked.arena


@pytest.mark.skipif(sys.platform == "win32", reason="a library is built otherwise there")
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("stream", [False, True])
def test_weights_that_the_assembler_links_give_the_same_bits(
    compiler: str, stream: bool, tmp_path: Path, need_tool
) -> None:
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    source = generate(graph, "net", stream, "incbin")
    assert source.assembly and len(source.c) < 20_000
    source.write(tmp_path)
    library = tmp_path / "net.so"
    command = [need_tool(compiler, f"apt install {compiler}"), "-O2", "-Wall", "-Werror", "-shared", "-fPIC"]
    files = [tmp_path / "net.c", tmp_path / "net.S"]
    subprocess.run([*command, "-I", include_dir(), "-I", tmp_path, *files, "-lm", "-o", library], check=True)
    invoke = ctypes.CDLL(str(library)).net_invoke
    inputs = np.random.default_rng(3).integers(-128, 128, (5, *graph.inputs[0].sample_shape), np.int8)
    expected = CompiledModel(graph, stream=stream).predict(inputs)
    arena = np.zeros(source.plan.arena_bytes // 8 + 1, np.int64)
    for x, y in zip(inputs, expected, strict=True):
        output = np.empty(graph.outputs[0].elements, np.int8)
        assert invoke(*(array.ctypes.data_as(ctypes.c_void_p) for array in (x, output, arena))) == 0
        np.testing.assert_array_equal(output, y.ravel())


@pytest.mark.parametrize("tool", ["arm-none-eabi-", "xtensa-lx106-elf-"])
def test_microcontrollers_assemblers_link_weights(tool: str, tmp_path: Path, need_tool) -> None:
    gcc = need_tool(
        f"{tool}gcc", f"apt install gcc-{'xtensa-lx106' if 'xtensa' in tool else 'arm-none-eabi'}"
    )
    (tmp_path / "model.tflite").write_bytes(network("cifar_cnn_25_51_76"))
    assert (
        main(["compile", str(tmp_path / "model.tflite"), "-o", str(tmp_path), "--incbin", "--name", "net"])
        == 0
    )
    subprocess.run([gcc, "-c", "net.S", "-o", "net.o"], cwd=tmp_path, check=True)
    dumped = [gcc.replace("gcc", "objcopy"), "-O", "binary", "-j", ".rodata.net_weights", "net.o", "dump.bin"]
    subprocess.run(dumped, cwd=tmp_path, check=True)
    assert (tmp_path / "dump.bin").read_bytes() == (tmp_path / "net.bin").read_bytes()


def test_numbers_of_c_are_lines_of_words() -> None:
    rng = np.random.default_rng(4)
    for values in (
        rng.integers(-128, 128, 5000).astype(np.int8),
        rng.integers(-(2**31), 2**31, 500).astype(np.int32),
        rng.normal(0, 1, 500).astype(np.float32),
        np.array([-1], np.int8),
    ):
        lines = _rows(Constant("x", values)).split("\n    ")
        assert max(map(len, lines)) <= LINE and not any(line != line.strip() for line in lines)
        read = np.array([float(word.rstrip("f,")) for word in " ".join(lines).split()])
        np.testing.assert_array_equal(read.astype(values.dtype), values)
        # No line has room for the next one's first word.
        pairs = pairwise(lines)
        assert all(len(line) + 1 + len(after.split()[0]) > LINE for line, after in pairs)


def convolution(seed: int) -> bytes:
    """A 3x3 convolution of a picture of 4 rows; the scales, and so the C, are the same for all seeds."""
    file = ModelFile()
    x, y = (file.tensor([1, 4, 5, 2], scale=0.1) for _ in range(2))
    rng = np.random.default_rng(seed)
    weights = file.tensor([2, 3, 3, 2], scale=0.01, data=rng.integers(-127, 128, (2, 3, 3, 2)))
    bias = file.tensor([2], "int32", scale=0.001, data=rng.integers(-3000, 3000, 2))
    options = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    file.operator("CONV_2D", [x, weights, bias], [y], version=3, padding=0, **options)
    return file.build([x], [y])


def loaded(model: bytes, stream: bool = False) -> CSource:
    return generate(tflite.read(model), "net", stream, "loaded")


def test_the_file_as_documented() -> None:
    """A reader of its own: head, table of sections, filters in pairs, both forms of the biases, CRC-32."""
    model = convolution(3)
    data = loaded(model).weights
    magic, length, layout, _, count, digest = HEAD.unpack_from(data)
    assert (magic, length, LAYOUTS[layout], count) == (MAGIC, len(data), "packed", 3)
    assert digest.hex() == tflite.read(model).sha256 and struct.unpack("<I", data[-4:])[0] == zlib.crc32(
        data[:-4]
    )
    table = [ENTRY.unpack_from(data, HEAD.size + ENTRY.size * i) for i in range(count)]
    assert [(number, size) for _, number, size, _ in table] == [(0, 1), (1, 4), (2, 4)]
    first = HEAD.size + ENTRY.size * count
    starts = [first + sum(-(-t[0] // 4) * 4 for t in table[:i]) for i in range(count)]
    weights, plain, offset = (
        np.frombuffer(data, f"<i{size}", bytes_ // size, start)
        for (bytes_, _, size, _), start in zip(table, starts, strict=True)
    )
    filters = tflite.read(model).operators[0].input(1).values.reshape(2, 18)
    unpacked = weights.reshape(-1, 2, 4).transpose(1, 0, 2).reshape(2, -1)
    np.testing.assert_array_equal(unpacked[:, :18], filters)
    assert not unpacked[:, 18:].any()
    np.testing.assert_array_equal(plain.reshape(2, 3)[:, 1:], offset.reshape(2, 3)[:, 1:])
    np.testing.assert_array_equal(plain[::3] - offset[::3], 128 * filters.sum(axis=1, dtype=int))


def test_weights_and_biases_take_about_a_byte_a_parameter() -> None:
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    assert len(generate(graph, "net", weights="loaded").weights) < 1.16 * graph.parameters


REFUSALS = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
static _Alignas(4) uint8_t file[NET_WEIGHTS_BYTES + 4], other[NET_WEIGHTS_BYTES + 4], arena[NET_ARENA_BYTES + 4];
static int8_t x[NET_INPUT_COUNT], y[NET_OUTPUT_COUNT], again[NET_OUTPUT_COUNT];
int main(void) {
  if (fread(file, 1, NET_WEIGHTS_BYTES, stdin) != NET_WEIGHTS_BYTES) return 1;
  if (fread(other, 1, NET_WEIGHTS_BYTES, stdin) != NET_WEIGHTS_BYTES) return 2;
  if (net_invoke(x, y, arena) != 5) return 3;
#ifdef NET_ROWS
  const int32_t left = NET_ROWS;
  for (int i = 0; i < NET_ARENA_BYTES; i += 4) memcpy(arena + i, &left, 4);  // as if begun
  if (net_begin(arena) != 5 || net_push_row(x, y, arena) != 5) return 4;
#endif
  if (net_load_weights(other, NET_WEIGHTS_BYTES)) return 5;
  if (net_load_weights(NULL, NET_WEIGHTS_BYTES) || net_load_weights(file, 0)) return 6;
  if (net_load_weights(file, NET_WEIGHTS_BYTES - 4) || net_load_weights(file, NET_WEIGHTS_BYTES + 4)) return 7;
  if (net_load_weights(file, NET_WEIGHTS_BYTES - 1) || net_load_weights(file, NET_WEIGHTS_BYTES + 1)) return 8;
  for (int bit = 0; bit < 8 * NET_WEIGHTS_BYTES; bit++) {
    file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (net_load_weights(file, NET_WEIGHTS_BYTES)) return 9;
    file[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  memmove(file + 1, file, NET_WEIGHTS_BYTES);
  if (net_load_weights(file + 1, NET_WEIGHTS_BYTES)) return 10;
  memmove(file, file + 1, NET_WEIGHTS_BYTES);
  if (net_invoke(x, y, arena) != 5) return 11;
  if (!net_load_weights(file, NET_WEIGHTS_BYTES) || net_invoke(x, y, arena) != 0) return 12;
  if (net_load_weights(other, NET_WEIGHTS_BYTES) || net_invoke(x, again, arena) != 0) return 13;
  return memcmp(y, again, sizeof y) ? 14 : 0;
}
"""


@pytest.mark.parametrize("stream", [False, True])
def test_wrong_files_are_refused(stream: bool, tmp_path: Path, need_tool) -> None:
    """Any bit that differs, other sizes, an odd address, weights of a network of the same shape; then the right one."""
    compiler = need_tool("gcc", "apt install gcc")
    source, other = loaded(convolution(3), stream), loaded(convolution(4), stream)
    assert len(source.weights) == len(other.weights)
    source.write(tmp_path)
    (tmp_path / "main.c").write_text(REFUSALS)
    files = [tmp_path / "net.c", tmp_path / "main.c", "-o", tmp_path / "main"]
    subprocess.run([compiler, *STRICT, "-Wshadow", *SANITIZE, *files], check=True)
    data = source.weights + other.weights
    assert subprocess.run([tmp_path / "main"], input=data, check=False).returncode == 0


def test_a_model_without_constants_has_no_file() -> None:
    file = ModelFile()
    a, b = file.tensor([1, 4], scale=0.1), file.tensor([1, 4], scale=0.1)
    file.operator("ADD", [a, a], [b])
    with pytest.raises(UserError, match="has no weights"):
        loaded(file.build([a], [b]))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with two networks."""
    for seed in (3, 4):
        (tmp_path / f"net{seed}.tflite").write_bytes(convolution(seed))
    return tmp_path


def test_the_command_writes_the_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = str(files / "net3.tflite"), files / "out"
    assert main(["compile", model, "-o", str(out), "--weights", str(files / "w.bin"), "--firmware"]) == 0
    assert "w.bin: " in capsys.readouterr().out
    assert "bool net3_load_weights(" in (out / "net3.h").read_text()
    assert "MODEL_LOAD_WEIGHTS net3_load_weights" in (out / "aiedge_model.h").read_text()
    assert (files / "w.bin").read_bytes() == loaded(convolution(3)).weights
    assert main(["weights", model, "--check", str(files / "w.bin")]) == 0
    assert "packed, 3 sections" in capsys.readouterr().out
    assert main(["compile", model, "-o", str(out), "--firmware"]) == 0
    assert "load_weights" not in (out / "net3.h").read_text() + (out / "aiedge_model.h").read_text()


def test_the_command_checks_files_of_tensors(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, file = str(files / "net3.tflite"), str(files / "w.bin")
    for layout in ("hwc", "chw"):
        assert main(["weights", model, "-o", file, "--layout", layout]) == 0
        assert main(["weights", model, "--check", file]) == 0
        assert f"{layout}, 2 sections" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:90] + bytes([data[90] ^ 4]) + data[91:], "is damaged: its checksum"),
        (lambda data: data[:-4], "is damaged: it has"),
        (lambda data: data[:30], "is cut off"),
        (lambda data: data + bytes(4), "is damaged: it has"),
        (lambda data: loaded(convolution(4)).weights, "weights of another network"),
        (lambda data: convolution(3), "is no file of weights"),
    ],
    ids=["bit", "truncated", "stump", "longer", "other", "model"],
)
def test_the_command_refuses_wrong_files(
    change, message: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "w.bin").write_bytes(change(loaded(convolution(3)).weights))
    assert main(["weights", str(files / "net3.tflite"), "--check", str(files / "w.bin")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and "\nhint: " in error


def test_commands_without_a_usable_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(files / "net3.tflite")
    (files / "w.bin").write_bytes(loaded(convolution(3)).weights)
    for arguments in (
        ["weights", model, "--check", str(files / "missing.bin")],
        ["weights", str(files / "w.bin"), "-o", str(files / "again.bin")],  # no model
        ["compile", model, "-o", str(files / "out"), "--weights", str(files / "net3.tflite" / "w.bin")],
        ["compile", str(files / "w.bin"), "-o", str(files / "out"), "--weights", str(files / "x.bin")],
    ):
        assert main(arguments) == 2, arguments
        error = capsys.readouterr().err
        assert error.startswith("error: ") and "\nhint: " in error
    assert sorted(path.name for path in files.glob("*.bin")) == ["w.bin"]


def test_packed_weights_are_no_tensors(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(loaded(convolution(3)).weights)
    with pytest.raises(UserError, match="is packed for the C"):
        tflite.bin_file.read_bin(tmp_path / "w.bin", tflite.read(convolution(3)))


PROFILE = """
#include <stdio.h>
#include "net.h"
static _Alignas(4) uint8_t arena[NET_ARENA_BYTES + 4];
static int8_t x[NET_INPUT_COUNT], y[NET_OUTPUT_COUNT];
void aiedge_profile(int32_t index) { printf("%d ", (int)index); }
int main(void) {
  for (int i = -1; i <= NET_OPERATORS; i++) printf("[%s] ", net_operator_name(i));
#ifdef NET_ROWS
  net_begin(arena);
  for (int i = 0; i < NET_ROWS; i++) {
    printf("\\n");
    net_push_row(x + i * NET_ROW_COUNT, y, arena);
  }
#else
  printf("\\n");
  net_invoke(x, y, arena);
#endif
  return 0;
}
"""


def profile(source: CSource, folder: Path) -> list[str]:
    """The lines that the profiled network prints."""
    source.write(folder)
    (folder / "main.c").write_text(PROFILE)
    command = ["gcc", *STRICT, "-DAIEDGE_PROFILE", folder / "net.c", folder / "main.c", "-o", folder / "main"]
    subprocess.run([*command, "-lm"], check=True)
    return subprocess.run([folder / "main"], capture_output=True, text=True, check=True).stdout.splitlines()


def test_each_operator_is_announced(tmp_path: Path, need_tool) -> None:
    need_tool("gcc", "apt install gcc")
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    names, whole = profile(generate(graph, "net"), tmp_path)
    assert names.split() == [
        "[]", "[conv1+max_pool1]", "[max_pool1]", "[conv2+max_pool2]", "[max_pool2]", "[average_pool1]",
        "[reshape1]", "[dense1]", "[dense2]", "[]",
    ]  # fmt: skip
    assert whole.split() == ["0", "2", "4", "6", "7", "8"]
    source = generate(graph, "net", True)
    _, *rows = [line.split() for line in profile(source, tmp_path)]
    assert len(rows) == 32 and all(row[-1] == "8" and row.count("8") == 1 for row in rows)
    assert source.plan.stream is not None
    assert sum(len(row) - 1 for row in rows) == source.plan.stream.runs + 2
    assert rows[0] == ["8"] and rows[-1][-3:] == ["6", "7", "8"]


def test_without_the_macro_nothing_of_it_is_compiled(tmp_path: Path, need_tool) -> None:
    compiler, nm = need_tool("gcc", "apt install gcc"), need_tool("nm", "apt install binutils")
    generate(tflite.read(dense_int8(np.random.default_rng(5), [3, 2])), "net").write(tmp_path)
    for flags, expected in (([], False), (["-DAIEDGE_PROFILE"], True)):
        files = ["-c", tmp_path / "net.c", "-o", tmp_path / "net.o"]
        subprocess.run([compiler, *STRICT, "-O1", *flags, *files], check=True)
        names = subprocess.run([nm, tmp_path / "net.o"], capture_output=True, text=True, check=True).stdout
        assert ("aiedge_profile" in names) == ("net_operator_name" in names) == expected
