"""A model's int8 weights and biases in one binary file whose sections are found by their sizes; images as `.bin`.

All numbers are little-endian. The file begins with the letters AEW1, its length (uint32), the layout (uint8: 0 HWC,
1 CHW, 2 packed), a 0, the number of sections (uint16) and the SHA-256 of the .tflite. For each section follow its bytes
(uint32), its number (uint16), the bytes of a value (uint8: 1 int8, 2 int16, 4 int32 or float32) and a 0. Then come the
sections themselves, each filled up with zeros to a multiple of 4 bytes, and the CRC-32 of all before (uint32).

In HWC the channels of a pixel lie side by side, as TensorFlow Lite stores filters. In CHW each channel is a plane. Both
hold the model's tensors, whose numbers are the sections', for programs of one's own. Packed files hold the constants of
the C that `aiedge compile --weights` writes, numbered from 0, as the engine's kernels read them: filters in pairs; the
bias, multiplier and shift of each channel together, twice, for cores of two kinds. That C uses the file where it lies.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.text import table
from aiedge.tflite.graph import Graph, Tensor

MAGIC = b"AEW1"
LAYOUTS = ("hwc", "chw", "packed")
HEAD = struct.Struct("<4sIBBH32s")
ENTRY = struct.Struct("<IHBB")
CRC = struct.Struct("<I")
WORD = 4  # bytes: sections begin at a multiple of them
PER_LINE = 24
HINT = "export it again from its model"


@dataclass(frozen=True)
class FileSize:
    """Bytes of the same values as a C header with decimal numbers and as a binary file, and the published sizes."""

    name: str
    header: int
    binary: int
    published: str

    @property
    def ratio(self) -> float:
        """How much smaller the binary file is."""
        return self.header / self.binary


@dataclass(frozen=True, eq=False)
class Section:
    """A tensor of weights or biases, and how its values are seen to exchange HWC and CHW.

    `shape` is the tensor's, or for a dense layer after a map of features [outputs, h, w, c].
    """

    tensor: Tensor
    shape: tuple[int, ...]

    def arranged(self, layout: str) -> NDArray:
        """The values in one of the layouts."""
        return self.tensor.values.reshape(self.shape).transpose(self._axes(layout))

    def restored(self, values: NDArray, layout: str) -> NDArray:
        """The tensor's values out of those of `arranged`, flat."""
        axes = self._axes(layout)
        planes = values.reshape([self.shape[axis] for axis in axes])
        return planes.transpose(np.argsort(axes)).reshape(self.tensor.shape).astype(self.tensor.dtype)

    def _axes(self, layout: str) -> tuple[int, ...]:
        moves = is_chw(layout) and len(self.shape) == 4
        return (0, 3, 1, 2) if moves else tuple(range(len(self.shape)))


def sections(graph: Graph) -> list[Section]:
    """The int8 and int32 constants that operators calculate with, in execution order.

    Raises `UserError` for a model without any, or with float weights.
    """
    found: dict[int, Section] = {}
    # The map that a tensor is a flat view of.
    flat: dict[int, Tensor] = {}
    for operator in graph.operators:
        first = operator.inputs[0] if operator.inputs else None
        if operator.kind == "RESHAPE" and first is not None:
            flat[operator.outputs[0].index] = flat.get(first.index, first)
        for tensor in operator.inputs:
            if tensor is None or not tensor.is_constant:
                continue
            if tensor.dtype.kind == "f":
                raise UserError(f"{tensor} is not int8", "export the int8 model")
            if tensor.quantization is not None and tensor.dtype not in (np.int8, np.int32):
                raise UserError(f"{tensor} is neither int8 nor int32", "export the int8 model")
            if tensor.quantization is not None:
                shape = tensor.shape
                if operator.kind == "FULLY_CONNECTED" and len(shape) == 2 and first is not None:
                    source = flat.get(first.index, first)
                    if len(source.shape) == 4 and source.elements == shape[1]:
                        shape = (shape[0], *source.shape[1:])
                found.setdefault(tensor.index, Section(tensor, shape))
    if not found:
        raise UserError("the model has no int8 weights", "export the int8 model")
    return list(found.values())


def to_bin(graph: Graph, layout: str = "hwc") -> bytes:
    """The file of a model's weights."""
    is_chw(layout)
    return to_file(
        [(part.tensor.index, part.arranged(layout)) for part in sections(graph)], layout, graph.sha256
    )


def to_file(arrays: Sequence[tuple[int, NDArray]], layout: str, sha256: str) -> bytes:
    """The file of these sections, numbers and values, for the model with this SHA-256."""
    table = _table(arrays)
    little = [values.astype(values.dtype.newbyteorder("<")) for _, values in arrays]
    data = b"".join(_padded(values.tobytes()) for values in little)
    length = HEAD.size + len(table) + len(data) + CRC.size
    head = HEAD.pack(MAGIC, length, LAYOUTS.index(layout), 0, len(arrays), bytes.fromhex(sha256))
    body = head + table + data
    return body + CRC.pack(zlib.crc32(body))


def starts(sizes: Sequence[int]) -> list[int]:
    """Where in a file each section begins; `sizes` are all sections' bytes.

    >>> starts([3, 8])
    [60, 64]
    """
    first = HEAD.size + ENTRY.size * len(sizes)
    return list(accumulate((_multiple(size) for size in sizes[:-1]), initial=first))


def write_bin(graph: Graph, path: str | Path, layout: str = "hwc") -> Path:
    """Write a model's weights to a `.bin` file."""
    return write_atomic(path, to_bin(graph, layout))


def read_bin(path: str | Path, graph: Graph) -> dict[int, NDArray]:
    """The weights in a `.bin` file by the numbers of their tensors, with the shapes that they have in the model.

    Raises `UserError` for a file that is missing, of another kind, cut off or damaged, or of another model.
    """
    data, layout = _checked(path, graph)
    if layout == "packed":
        raise UserError(
            f"{path} is packed for the C that was written with it",
            "`aiedge weights` writes files of the model's tensors",
        )
    parts = sections(graph)
    table = _table([(part.tensor.index, part.tensor.values) for part in parts])
    if data[HEAD.size : HEAD.size + ENTRY.size * HEAD.unpack_from(data)[4]] != table:
        raise _damaged(path, "its sections are not the model's")
    weights = {}
    for part, start in zip(parts, starts([part.tensor.bytes for part in parts]), strict=True):
        values = np.frombuffer(data, part.tensor.dtype.newbyteorder("<"), part.tensor.elements, start)
        weights[part.tensor.index] = part.restored(values, layout)
    return weights


def check_bin(path: str | Path, graph: Graph) -> str:
    """Layout, sections and bytes of a file, as text, where it is one of the model's; raises `UserError` otherwise.

    A file of tensors must have the model's values, too.
    """
    data, layout = _checked(path, graph)
    if layout != "packed":
        values = {part.tensor.index: part.tensor.values for part in sections(graph)}
        for index, read in read_bin(path, graph).items():
            if not np.array_equal(read, values[index]):
                raise UserError(f"{path} has other values than the model in tensor {index}", HINT)
    return f"{layout}, {HEAD.unpack_from(data)[4]} sections, {len(data):,} bytes"


def _checked(path: str | Path, graph: Graph) -> tuple[bytes, str]:
    """A file's bytes and its layout; raises `UserError` unless it is whole, and of this model."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", HINT) from error
    if data[:4] != MAGIC:
        raise UserError(f"{path} is no file of weights", f"such a file begins with {MAGIC.decode()}")
    if len(data) < HEAD.size + CRC.size:
        raise UserError(f"{path} is cut off: it has {len(data)} bytes", HINT)
    _, length, layout, _, _, digest = HEAD.unpack_from(data)
    if len(data) != length:
        raise _damaged(path, f"it has {len(data):,} bytes and says {length:,}")
    if CRC.unpack_from(data, length - CRC.size)[0] != zlib.crc32(data[: -CRC.size]):
        raise _damaged(path, "its checksum differs")
    if digest.hex() != graph.sha256:
        raise UserError(
            f"{path} holds the weights of another network",
            f"its model has the SHA-256 {digest.hex()[:12]}…, this one {graph.sha256[:12]}…",
        )
    if layout >= len(LAYOUTS):
        raise _damaged(path, "its sections are not the model's: there is no such layout")
    return data, LAYOUTS[layout]


def _damaged(path: str | Path, why: str) -> UserError:
    return UserError(f"{path} is damaged: {why}", HINT)


def image_bytes(image: NDArray[np.uint8], layout: str = "hwc") -> bytes:
    """A picture [h, w, c] as the kit's int8 networks take it, pixel − 128, in one of the layouts.

    >>> image_bytes(np.array([[[0, 128, 255]]], np.uint8)).hex(" ")
    '80 00 7f'
    """
    values = (image.astype(np.int16) - 128).astype(np.int8)
    return (values.transpose(2, 0, 1) if is_chw(layout) else values).tobytes()


def header_text(name: str, values: NDArray) -> str:
    """A C header with int8 or int32 values as decimal numbers, which is what a `.bin` file replaces.

    >>> print(header_text("tiny", np.array([1, -1], np.int8)), end="")
    static const signed char tiny[2] = {
    1,-1,
    };
    """
    numbers = [f"{value}," for value in values.reshape(-1)]
    lines = ["".join(numbers[i : i + PER_LINE]) for i in range(0, len(numbers), PER_LINE)]
    kind = "signed char" if values.dtype == np.int8 else "int"
    return "\n".join([f"static const {kind} {name}[{len(numbers)}] = {{", *lines, "};", ""])


def header_bytes(graph: Graph) -> int:
    """Bytes of a C header that holds the same weights as decimal numbers."""
    return sum(len(header_text(f"tensor_{p.tensor.index}", p.tensor.values)) for p in sections(graph))


def file_sizes(graph: Graph, image: NDArray[np.uint8]) -> list[FileSize]:
    """A model's weights and a picture as headers and as binary files, with the published sizes beside them."""
    picture = image_bytes(image)
    header = header_text("image", np.frombuffer(picture, np.int8))
    return [
        FileSize("weights", header_bytes(graph), len(to_bin(graph)), "96 KB → 28 KB, 3.43×"),
        FileSize("image", len(header), len(picture), "3 KB, 3.65× smaller than .h"),
    ]


def size_table(sizes: Sequence[FileSize]) -> str:
    """The sizes as a table."""
    head = ("file", ".h, bytes", ".bin, bytes", "ratio", "published")
    rows: list[tuple[str, ...]] = [
        (s.name, f"{s.header:,}", f"{s.binary:,}", f"{s.ratio:.2f}", s.published) for s in sizes
    ]
    return "\n".join(table(head, rows))


def is_chw(layout: str) -> bool:
    """Whether the layout is CHW; raises `UserError` for one that is not known."""
    if layout not in LAYOUTS[:2]:
        raise UserError(f"there is no layout {layout!r}", f"the layouts are {' and '.join(LAYOUTS[:2])}")
    return layout == "chw"


def _table(arrays: Sequence[tuple[int, NDArray]]) -> bytes:
    return b"".join(ENTRY.pack(values.nbytes, number, values.dtype.itemsize, 0) for number, values in arrays)


def _padded(data: bytes) -> bytes:
    return data.ljust(_multiple(len(data)), b"\0")


def _multiple(size: int) -> int:
    """The size up to whole words."""
    return -(-size // WORD) * WORD
