"""Weights as one binary file: the way there and back, both layouts, and files that are refused."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.errors import UserError
from aiedge.paths import COMMON
from aiedge.tflite import bin_file
from aiedge.tflite.bin_file import (
    file_sizes,
    header_bytes,
    header_text,
    image_bytes,
    read_bin,
    sections,
    size_table,
    to_bin,
    write_bin,
)
from aiedge.tflite.graph import Graph
from tests.support.model_files import ModelFile, dense_float

HEAD, ENTRY = 44, 8


def small_cnn(seed: int = 0, side: int = 4, filters: int = 3, scale: float = 40) -> Graph:
    """A convolution, a depthwise one, both of them 3×3, and a dense layer that gets the map by a RESHAPE."""
    rng = np.random.default_rng(seed)
    file = ModelFile()

    def weights(*shape: int) -> int:
        values = np.clip(np.round(rng.normal(0, scale, shape)), -127, 127)
        return file.tensor(list(shape), scale=0.01, data=values)

    def bias(count: int) -> int:
        return file.tensor([count], "int32", scale=0.001, data=rng.integers(-3000, 3000, count))

    image = file.tensor([1, side, side, 2], scale=0.1)
    maps = [file.tensor([1, side, side, filters], scale=0.1) for _ in range(2)]
    strides = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    file.operator("CONV_2D", [image, weights(filters, 3, 3, 2), bias(filters)], [maps[0]], **strides)
    file.operator(
        "DEPTHWISE_CONV_2D", [maps[0], weights(1, 3, 3, filters), bias(filters)], [maps[1]],
        depthMultiplier=1, **strides,
    )  # fmt: skip
    features = side * side * filters
    flat, out = file.tensor([1, features], scale=0.1), file.tensor([1, 5], scale=0.1)
    shape = file.tensor([2], "int32", data=np.array([1, features]))
    file.operator("RESHAPE", [maps[1], shape], [flat])
    file.operator("FULLY_CONNECTED", [flat, weights(5, features), bias(5)], [out])
    return tflite.read(file.build([image], [out]))


@pytest.mark.parametrize("layout", ["hwc", "chw"])
def test_weights_survive_the_way_to_a_file_and_back(layout: str, tmp_path: Path) -> None:
    graph = small_cnn()
    weights = read_bin(write_bin(graph, tmp_path / "w.bin", layout), graph)
    assert list(weights) == [part.tensor.index for part in sections(graph)] and len(weights) == 6
    for tensor in graph.constants:
        if tensor.quantization:
            np.testing.assert_array_equal(weights[tensor.index], tensor.values)
            assert weights[tensor.index].dtype == tensor.dtype


def test_sections_are_found_by_their_sizes() -> None:
    """A reader of its own, by the format as documented."""
    graph = small_cnn(filters=3)
    data = to_bin(graph)
    magic, length, layout, _, count, digest = struct.unpack_from("<4sIBBH32s", data)
    assert (magic, length, layout, count, digest.hex()) == (b"AEW1", len(data), 0, 6, graph.sha256)
    assert struct.unpack("<I", data[-4:])[0] == zlib.crc32(data[:-4])
    position = HEAD + count * ENTRY
    tensors = {tensor.index: tensor for tensor in graph.tensors}
    for i in range(count):
        size, index, value_bytes, _ = struct.unpack_from("<IHBB", data, HEAD + i * ENTRY)
        values = np.frombuffer(data, {1: "<i1", 4: "<i4"}[value_bytes], size // value_bytes, position)
        np.testing.assert_array_equal(values, tensors[index].values.reshape(-1))
        assert position % 4 == 0
        position += -(-size // 4) * 4
    assert position == len(data) - 4


def test_the_firmware_knows_the_same_head() -> None:
    header = (COMMON / "firmware/src/weights.h").read_text(encoding="utf-8")
    (fields,) = re.findall(r"^struct WeightsHead {\n(.*?)^};", header, re.MULTILINE | re.DOTALL)
    codes = {"char": "s", "uint8_t": "B", "uint16_t": "H", "uint32_t": "I"}
    layout = ""
    for kind, _, count in re.findall(r"^  (\w+) (\w+)(?:\[(\d+)\])?;$", fields, re.MULTILINE):
        layout += f"{count}s" if count else codes[kind]
    assert "<" + layout == bin_file.HEAD.format
    assert struct.calcsize(f"@{layout}") == bin_file.HEAD.size  # the C++ compiler leaves no gaps
    assert f'kWeightsMagic[] = "{bin_file.MAGIC.decode()}";' in header
    assert f"kPackedWeights = {bin_file.LAYOUTS.index('packed')};" in header


def test_chw_is_the_order_in_which_planes_are_convolved() -> None:
    """The network's sums, from planes and CHW weights by einsum, are those from HWC."""
    graph = small_cnn(side=4, filters=3)
    planes = [part.arranged("chw") for part in sections(graph)]
    hwc = [part.tensor.values for part in sections(graph)]
    assert [p.shape for p in planes] == [(3, 2, 3, 3), (3,), (1, 3, 3, 3), (3,), (5, 3, 4, 4), (5,)]
    rng = np.random.default_rng(1)
    window = rng.integers(-128, 128, (3, 3, 2))
    np.testing.assert_array_equal(
        np.einsum("chw,ochw->o", window.transpose(2, 0, 1), planes[0].astype(int)),
        np.einsum("hwc,ohwc->o", window, hwc[0].astype(int)),
    )
    features = rng.integers(-128, 128, (4, 4, 3))
    np.testing.assert_array_equal(
        planes[4].reshape(5, -1).astype(int) @ features.transpose(2, 0, 1).reshape(-1),
        hwc[4].astype(int) @ features.reshape(-1),
    )


def test_the_xor_model_has_all_its_parameters_in_the_file(xormodel: bytes) -> None:
    graph = tflite.read(xormodel)
    assert sum(part.tensor.elements for part in sections(graph)) == graph.parameters


def damaged(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", "no file of weights"),
        (lambda data: b"hello", "no file of weights"),
        (lambda data: data[:20], "cut off"),
        (lambda data: data[:-10], "is damaged: it has"),
        (lambda data: data + b"\0", "is damaged: it has"),
        (lambda data: damaged(data, 100), "checksum differs"),
        (lambda data: damaged(data, len(data) - 1), "checksum differs"),
        (lambda data: damaged(data, 13), "checksum differs"),
    ],
)
def test_a_damaged_file_is_refused(change, message: str, tmp_path: Path) -> None:
    graph = small_cnn()
    path = tmp_path / "w.bin"
    path.write_bytes(change(to_bin(graph)))
    with pytest.raises(UserError, match=message) as error:
        read_bin(path, graph)
    assert error.value.hint


@pytest.mark.parametrize(
    ("position", "value"), [(8, 7), (10, 200), (HEAD, 255), (HEAD + 4, 99), (HEAD + 6, 4)]
)
def test_a_file_with_a_right_checksum_and_wrong_sections_is_refused(
    position: int, value: int, tmp_path: Path
) -> None:
    graph = small_cnn()
    data = bytearray(to_bin(graph)[:-4])
    data[position] = value
    path = tmp_path / "w.bin"
    path.write_bytes(bytes(data) + struct.pack("<I", zlib.crc32(data)))
    with pytest.raises(UserError, match="sections are not the model's"):
        read_bin(path, graph)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = write_bin(small_cnn(seed=1), tmp_path / "w.bin")
    with pytest.raises(UserError, match="of another network"):
        read_bin(path, small_cnn(seed=2))


def test_a_missing_file_a_float_model_and_a_layout_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read_bin(tmp_path / "none.bin", small_cnn())
    with pytest.raises(UserError, match="not int8"):
        to_bin(tflite.read(dense_float(np.random.default_rng(0), [2, 3])))
    with pytest.raises(UserError, match="no layout 'nhwc'"):
        to_bin(small_cnn(), "nhwc")
    with pytest.raises(UserError, match="no layout"):
        write_bin(small_cnn(), tmp_path / "w.bin", "")
    assert not list(tmp_path.iterdir())


def test_a_header_holds_the_same_values() -> None:
    for dtype in (np.int8, np.int32):
        values = np.arange(-100, 100, dtype=dtype)
        text = header_text("x", values)
        inside = text[text.index("{") + 1 : text.index("}")].replace("\n", "").strip(",")
        assert [int(word) for word in inside.split(",")] == values.tolist()
    assert "signed char" in header_text("x", np.zeros(1, np.int8))


def test_headers_compile_to_the_binary_files(tmp_path: Path, need_tool) -> None:
    import subprocess

    cc = need_tool("cc", "apt install gcc")
    values = np.random.default_rng(0).integers(-128, 128, 100).astype(np.int8)
    (tmp_path / "x.h").write_text(header_text("x", values))
    main = '#include <stdio.h>\n#include "x.h"\nint main(void) { return fwrite(x, 1, sizeof x, stdout) != 100; }\n'
    (tmp_path / "main.c").write_text(main)
    subprocess.run([cc, "-Wall", "-Wextra", "-Werror", "main.c", "-o", "main"], cwd=tmp_path, check=True)
    run = subprocess.run([tmp_path / "main"], capture_output=True, check=True)
    assert run.stdout == values.tobytes()


def test_sizes_stand_beside_the_published_ones() -> None:
    """Evenly spread values take 3.65 characters with their commas, as the published picture does."""
    graph = small_cnn(side=32, filters=16)
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    weights, picture = file_sizes(graph, image)
    assert (weights.header, weights.binary) == (header_bytes(graph), len(to_bin(graph)))
    assert picture.binary == 3072 and picture.ratio == pytest.approx(3.65, abs=0.08)
    assert weights.ratio == pytest.approx(3.43, abs=0.15)
    text = size_table([weights, picture])
    assert "3.43×" in text and "3.65×" in text and "3,072" in text


def test_an_image_in_both_layouts() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3)).astype(np.uint8)
    back = np.frombuffer(image_bytes(image, "chw"), np.int8).reshape(3, 4, 5)
    np.testing.assert_array_equal(back.transpose(1, 2, 0) + np.int16(128), image)
    assert image_bytes(image) == (image ^ 0x80).tobytes()
