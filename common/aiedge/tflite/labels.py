"""Names of a model's classes, kept in the .tflite file where the tools of its ecosystem look for them.

Two things make them known (tensorflow/tflite-support, metadata_schema.fbs): the file `labels.txt` in a zip archive that
begins where the flatbuffer ends, and a buffer `TFLITE_METADATA` in the flatbuffer, which says that the file names the
values along the output's last axis. What runs the model reads neither.
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import flatbuffers  # type: ignore[import-untyped]

from aiedge.errors import UserError
from aiedge.tflite.graph import Graph
from aiedge.tflite.reader import read
from aiedge.tflite.writer import with_metadata

NAME = "labels.txt"
METADATA = b"TFLITE_METADATA"
IDENTIFIER = b"M001"  # of the metadata's own flatbuffer
TENSOR_AXIS_LABELS = 2  # of the schema's AssociatedFileType
# An archive that says more of itself is not looked into.
MOST_FILES, MOST_BYTES = 100, 2**20


def read_labels(path: str | Path) -> list[str]:
    """The labels of a text file, one a line; raises `UserError` for a file that has none, or is no text."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}", "give a text file with a label a line"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8", "give a text file with a label a line") from error
    labels = [line.strip() for line in text.rstrip().splitlines()]
    if not labels or "" in labels:
        what = f"line {labels.index('') + 1} of {path} is empty" if labels else f"{path} holds no label"
        raise UserError(what, "write a label a line, in the order of the output's values")
    return labels


def with_labels(model: bytes, labels: Sequence[str]) -> bytes:
    """The model with the labels of its first output's values; raises `UserError` where their number is another."""
    graph = read(model)
    count = graph.outputs[0].shape[-1] if graph.outputs[0].shape else 1
    if len(labels) != count:
        raise UserError(
            f"there are {len(labels)} labels, and the model's output has {count} values",
            "write a label a line, in the order of the output's values",
        )
    archive = io.BytesIO(with_metadata(model, METADATA, _metadata(graph)))
    archive.seek(0, io.SEEK_END)
    with zipfile.ZipFile(archive, "a") as file:
        # Without a time stamp: the same model gives the same bytes.
        file.writestr(zipfile.ZipInfo(NAME), "".join(f"{label}\n" for label in labels))
    return archive.getvalue()


def labels_of(model: bytes) -> list[str]:
    """The labels in a model's file, none where it has none; an archive that is damaged counts as none."""
    try:
        with zipfile.ZipFile(io.BytesIO(model)) as file:
            names = [each for each in file.infolist()[:MOST_FILES] if each.filename.endswith(".txt")]
            found = next((each for each in names if "label" in each.filename), names[0] if names else None)
            if found is None or found.file_size > MOST_BYTES:
                return []
            with file.open(found) as text:
                return text.read(MOST_BYTES).decode("utf-8", errors="replace").splitlines()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError):
        return []


def _metadata(graph: Graph) -> bytes:
    """The flatbuffer that says of the first output that `labels.txt` names its values."""
    builder = flatbuffers.Builder(512)

    def strings(*texts: str) -> list[int]:
        return [builder.CreateString(text) for text in texts]

    def table(fields: int, values: dict[int, int]) -> int:
        builder.StartObject(fields)
        for slot, offset in values.items():
            builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        return builder.EndObject()

    def vector(items: Sequence[int]) -> int:
        builder.StartVector(4, len(items), 4)
        for item in reversed(items):
            builder.PrependUOffsetTRelative(item)
        return builder.EndVector()

    file_name, what = strings(NAME, "names of the output's values")
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(0, file_name, 0)
    builder.PrependUOffsetTRelativeSlot(1, what, 0)
    builder.PrependInt8Slot(2, TENSOR_AXIS_LABELS, 0)
    files = vector([builder.EndObject()])
    outputs = [table(7, {0: builder.CreateString(name)}) for name in graph.output_names[1:]]
    first = builder.CreateString(graph.output_names[0])
    outputs.insert(0, table(7, {0: first, 6: files}))
    inputs = vector([table(7, {0: builder.CreateString(name)}) for name in graph.input_names])
    subgraph = table(8, {2: inputs, 3: vector(outputs)})
    name, version = strings("model", "1.0.0")
    builder.Finish(table(8, {0: name, 3: vector([subgraph]), 7: version}), IDENTIFIER)
    return bytes(builder.Output())
