"""`aiedge convert`: every form of a network, every option, and what is wrong with them."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from aiedge import tflite
from aiedge.cli import main
from aiedge.convert import compare, load, load_samples, report
from aiedge.errors import UserError
from aiedge.tflite import has_tflm
from aiedge.tflite.labels import labels_of, with_labels
from aiedge.train.framework import keras, quiet, tensorflow

L = keras.layers
SHAPE = (6, 6, 1)
X = np.random.default_rng(0).random((8, *SHAPE), dtype=np.float32)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A convolution and a layer behind a Flatten, which an open batch makes three operators of."""
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [
            keras.Input(SHAPE),
            L.Conv2D(4, 3, activation="relu"),
            L.BatchNormalization(),
            L.Flatten(),
            L.Dense(3),
        ]
    )
    network.layers[1].set_weights(
        [np.float32([1, 2, 0.5, 1]), *[np.float32([0.1] * 4)] * 2, np.float32([1] * 4)]
    )
    return network


@pytest.fixture
def run(capsys: pytest.CaptureFixture) -> Run:
    """Runs `aiedge`: its exit status, what it prints, and its errors."""

    def call(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    np.save(tmp_path / "samples.npy", X)
    return tmp_path / "samples.npy"


BUILD = """
import keras, pathlib

def build():
    return keras.saving.load_model(pathlib.Path(__file__).parent / "inner.keras")
"""


def save(model: keras.Model, form: str, folder: Path) -> str:
    """The model in a file or folder of that form."""
    path = folder / f"net{form}"
    with quiet():
        if form == ".export":
            model.export(path, verbose=False)
        elif form == ".tf":
            tensorflow.saved_model.save(model, str(path))
        elif form == ".py":
            model.save(folder / "inner.keras")
            path.write_text(BUILD)
            return f"{path}:build"
        else:
            model.save(path)
    return str(path)


@pytest.mark.parametrize("form", [".keras", ".h5", ".export", ".tf", ".py"])
def test_every_form_is_the_same_network_for_one_sample(
    model: keras.Model, form: str, tmp_path: Path, run: Run
) -> None:
    output = tmp_path / "out.tflite"
    status, out, _ = run("convert", save(model, form, tmp_path), "-o", output)
    assert status == 0 and out.startswith(f"wrote {output}: ") and out.endswith("operators, none\n")
    made = output.read_bytes()
    graph = tflite.read(made)
    assert graph.inputs[0].shape == (1, *SHAPE) and not graph.inputs[0].free
    assert {op.kind for op in graph.operators} <= {"CONV_2D", "MUL", "ADD", "RESHAPE", "FULLY_CONNECTED"}
    np.testing.assert_allclose(tflite.run_litert(made, X), model.predict(X, verbose=0), atol=1e-5)


@pytest.mark.parametrize(
    ("quantize", "activations", "weights"),
    [
        ("none", "float32", "float32"),
        ("float16", "float32", "float16"),
        ("int8", "int8", "int8"),
        ("int16x8", "int16", "int8"),
    ],
)
def test_each_quantization_makes_its_types(
    model: keras.Model, quantize: str, activations: str, weights: str, tmp_path: Path, samples: Path, run: Run
) -> None:
    output = tmp_path / "out.tflite"
    source = save(model, ".keras", tmp_path)
    assert run("convert", source, "-o", output, "--quantize", quantize, "--samples", samples)[0] == 0
    graph = tflite.read(output)
    assert graph.inputs[0].dtype == graph.outputs[0].dtype == activations
    filters = [t for t in graph.constants if t.shape == (4, 3, 3, 1)]
    assert [t.dtype.name for t in filters] == [weights]


def test_per_tensor_gives_a_layer_one_scale(
    model: keras.Model, tmp_path: Path, samples: Path, run: Run
) -> None:
    source, output = save(model, ".keras", tmp_path), tmp_path / "out.tflite"
    words = ["convert", source, "-o", output, "--quantize", "int8", "--samples", samples]
    for options, channels in (([], True), (["--per-tensor"], False)):
        assert run(*words, *options)[0] == 0
        (filters,) = (t for t in tflite.read(output).constants if t.shape == (4, 3, 3, 1))
        assert filters.quantization and filters.quantization.per_channel is channels


def lost(model: keras.Model) -> bytes:
    """A file of a Keras 3 model whose weights the converter leaves out, without a word."""
    function = tensorflow.function(
        lambda x: model(x, training=False), input_signature=[tensorflow.TensorSpec((1, *SHAPE))]
    )
    with quiet():
        concrete = function.get_concrete_function()
        return tensorflow.lite.TFLiteConverter.from_concrete_functions([concrete], model).convert()


def test_a_file_without_its_weights_is_refused_with_the_cure(
    model: keras.Model, tmp_path: Path, run: Run
) -> None:
    made = lost(model)
    assert len(made) < 8000
    if has_tflm():  # which is what makes it a trap
        assert tflite.tflm_report(made)[1] == ""
    path = tmp_path / "lost.tflite"
    path.write_bytes(made)
    status, _, err = run("inspect", path)
    assert status == 2
    assert "it has lost its weights" in err and "aiedge convert model.keras" in err


LABELS = "cat\ndog\nother\n"


def test_labels_lie_behind_the_model_as_other_tools_read_them(
    model: keras.Model, tmp_path: Path, samples: Path, run: Run
) -> None:
    source, labels, output = save(model, ".keras", tmp_path), tmp_path / "names.txt", tmp_path / "out.tflite"
    labels.write_text(LABELS)
    words = ["convert", source, "--quantize", "int8", "--samples", samples]
    plain = tmp_path / "plain.tflite"
    assert run(*words, "-o", plain)[0] == run(*words, "-o", output, "--labels", labels)[0] == 0
    made = output.read_bytes()
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.read("labels.txt").decode() == LABELS
    assert "labels               3: cat, dog, other" in run("inspect", output)[1]
    # The entry in the flatbuffer names the file, of the axis of the output's values.
    root = schema.ModelT.InitFromPackedBuf(made, 0)
    (entry,) = (each for each in root.metadata if each.name == b"TFLITE_METADATA")
    metadata = bytes(root.buffers[entry.buffer].data)
    assert metadata[4:8] == b"M001"
    subgraph = vector(metadata, field(metadata, struct.unpack_from("<I", metadata)[0], 3))[0]
    outputs = vector(metadata, field(metadata, subgraph, 3))
    assert len(outputs) == 1 and len(vector(metadata, field(metadata, subgraph, 2))) == 1
    (file,) = vector(metadata, field(metadata, outputs[0], 6))
    place = indirect(metadata, field(metadata, file, 0))
    length = struct.unpack_from("<I", metadata, place)[0]
    assert metadata[place + 4 : place + 4 + length] == b"labels.txt"
    assert metadata[field(metadata, file, 2)] == 2  # TENSOR_AXIS_LABELS
    x = np.random.default_rng(1).integers(-128, 128, (4, *SHAPE), dtype=np.int8)
    np.testing.assert_array_equal(
        tflite.run_litert(made, x, reference=True), tflite.run_litert(plain.read_bytes(), x, reference=True)
    )


def indirect(data: bytes, place: int) -> int:
    return place + struct.unpack_from("<I", data, place)[0]


def field(data: bytes, table: int, slot: int) -> int:
    """The place of a table's field, as the format of flatbuffers says."""
    virtual = table - struct.unpack_from("<i", data, table)[0]
    offset = struct.unpack_from("<H", data, virtual + 4 + 2 * slot)[0]
    assert offset, f"field {slot} is not there"
    return table + offset


def vector(data: bytes, place: int) -> list[int]:
    """The places of the tables of a vector."""
    start = indirect(data, place)
    return [indirect(data, start + 4 + 4 * i) for i in range(struct.unpack_from("<I", data, start)[0])]


def test_a_smaller_arena_keeps_the_labels(repo: Path, tmp_path: Path, run: Run) -> None:
    names = [f"class {i}" for i in range(10)]
    (tmp_path / "in.tflite").write_bytes(
        with_labels((repo / "tests/golden/resnet8.tflite").read_bytes(), names)
    )
    assert run("optimize", tmp_path / "in.tflite", "-o", tmp_path / "out.tflite")[0] == 0
    assert labels_of((tmp_path / "out.tflite").read_bytes()) == names


def test_archives_that_are_none_have_no_labels(repo: Path) -> None:
    model = with_labels((repo / "tests/golden/resnet8.tflite").read_bytes(), [str(i) for i in range(10)])
    assert labels_of(model) == [str(i) for i in range(10)]
    end = model.rindex(b"PK\x01\x02")
    rng = np.random.default_rng(0)
    for place in rng.integers(len(model) - 300, len(model), 200):
        broken = bytearray(model)
        broken[place] ^= int(rng.integers(1, 256))
        assert isinstance(labels_of(bytes(broken)), list)
    assert labels_of(model[:end]) == []
    large = io.BytesIO()
    with zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("labels.txt", b"\n" * (2**20 + 1))
    assert labels_of(large.getvalue()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cat\ndog\n", "there are 2 labels, and the model's output has 3 values"),
        (b"", "holds no label"),
        (b"cat\n\ndog\n", "line 2 of .* is empty"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_labels_that_do_not_fit_write_nothing(
    model: keras.Model, content: bytes | None, message: str, tmp_path: Path, run: Run
) -> None:
    labels, output = tmp_path / "names.txt", tmp_path / "out.tflite"
    if content is not None:
        labels.write_bytes(content)
    status, _, err = run("convert", save(model, ".keras", tmp_path), "-o", output, "--labels", labels)
    assert status == 2 and "\nhint: " in err and not output.exists()
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(err)


def test_samples_that_do_not_fit_are_named(model: keras.Model, tmp_path: Path, run: Run) -> None:
    source, output = save(model, ".keras", tmp_path), tmp_path / "out.tflite"
    np.save(tmp_path / "wide.npy", np.zeros((4, 7, 6, 1), np.float32))
    np.save(tmp_path / "nan.npy", np.full((2, *SHAPE), np.nan))
    np.save(tmp_path / "objects.npy", np.array([None, {}]), allow_pickle=True)
    np.savez(tmp_path / "two.npz", a=X, b=X)
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY")
    (tmp_path / "empty").mkdir()
    for name, message in {
        "wide.npy": "have the shape [4, 7, 6, 1], and the model takes ['n', 6, 6, 1]",
        "nan.npy": "calibration sample 0 has NaN",
        "objects.npy": "objects.npy cannot be read",
        "two.npz": "holds 2 arrays (a, b), and the model has 1 inputs",
        "cut.npz": "cut.npz cannot be read",
        "cut.npy": "cut.npy cannot be read",
        "empty": "empty holds no picture",
        "none.npy": "there is no file or folder",
    }.items():
        words = ["--quantize", "int8", "--samples", tmp_path / name]
        status, _, err = run("convert", source, "-o", output, *words)
        assert status == 2 and message in err and "\nhint: " in err, err
    status, _, err = run("convert", source, "-o", output, "--quantize", "int8")
    assert status == 2 and "--quantize int8 needs samples" in err
    assert not output.exists()


def test_samples_of_every_kind_are_the_same(tmp_path: Path) -> None:
    from PIL import Image

    grey = np.random.default_rng(0).integers(0, 256, (3, *SHAPE), np.uint8)
    np.save(tmp_path / "a.npy", grey)
    np.savez(tmp_path / "b.npz", first=grey)
    np.savez(tmp_path / "c.npz", other=X, image=grey)
    folder = tmp_path / "pictures"
    for i, picture in enumerate(grey):
        (folder / "class").mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture[..., 0]).save(folder / "class" / f"{i}.png")
    for name in ("a.npy", "b.npz", "c.npz", "pictures"):
        (found,) = load_samples(tmp_path / name, [SHAPE], ["image"])
        np.testing.assert_array_equal(found, grey.astype(np.float32) / np.float32(255), err_msg=name)
    with pytest.raises(UserError, match="would be pictures, and the model takes"):
        load_samples(folder, [(4,)], ["x"])


FUNCTIONS = """
def make(): return 3
def fails(): raise RuntimeError("no data")
"""


def test_what_is_no_model_is_named(tmp_path: Path, run: Run) -> None:
    (tmp_path / "f.py").write_text(FUNCTIONS)
    (tmp_path / "broken.py").write_text("import nothing_of_the_kind\n")
    (tmp_path / "cut.keras").write_bytes(b"PK")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF")
    (tmp_path / "folder").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/saved_model.pb").write_bytes(b"\x00\x01")
    (tmp_path / "net.pt").write_bytes(b"")
    for name, message in {
        "missing.keras": "there is no file or folder",
        "net.pt": "is no model that can be converted",
        "cut.keras": "cut.keras cannot be loaded",
        "cut.h5": "cut.h5 cannot be loaded",
        "folder": "holds no SavedModel",
        "damaged": "damaged cannot be loaded",
        "f.py": "make() of {} returns a int, not a Keras model",
        "f.py:fails": "fails() of {} failed: RuntimeError: no data",
        "f.py:other": "has no function 'other'\nhint: it has make, fails",
        "broken.py": "cannot be run: ModuleNotFoundError",
        "none.py": "there is no file",
    }.items():
        status, _, err = run("convert", tmp_path / name, "-o", tmp_path / "out.tflite")
        assert status == 2 and message.format(tmp_path / "f.py") in err, err
    assert not (tmp_path / "out.tflite").exists()


def test_a_command_line_without_sense_is_told(tmp_path: Path, run: Run) -> None:
    for words, message in {
        (): "there is nothing to do",
        ("-o", str(tmp_path / "out.bin")): "is no name of a model",
        ("--compare",): "--compare needs samples",
    }.items():
        status, _, err = run("convert", "net.keras", *words)
        assert status == 2 and message in err


def test_all_ways_side_by_side(model: keras.Model, tmp_path: Path, samples: Path, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    source = load(save(model, ".keras", tmp_path))
    rows = {row.name: row for row in compare(source, load_samples(samples, source.shapes, source.names))}
    assert list(rows) == ["none", "dynamic", "float16", "int8", "int16x8", "int8, per tensor"]
    assert not any(rows[name].compiled for name in ("none", "int8", "int16x8", "int8, per tensor"))
    assert "float16" in rows["float16"].compiled
    assert rows["none"].difference < 1e-5 < rows["int8"].difference < 0.1
    if has_tflm():
        assert "DEQUANTIZE" in rows["float16"].operators and rows["float16"].tflm
        assert rows["int8"].same_bits and rows["int16x8"].same_bits and 0 < rows["int8"].arena < 4096
    text = report(list(rows.values()), source.name)
    assert "float16: compiled C: operators that are not supported" in text
    assert "float16: DEQUANTIZE besides" in text
    assert max(map(len, text.splitlines())) <= 72


def test_inputs_keep_their_names_and_order(tmp_path: Path) -> None:
    b, a = keras.Input((4,), name="b"), keras.Input((3,), name="a")
    dense = [L.Dense(2, kernel_initializer="glorot_normal")(x) for x in (b, a)]
    model = keras.Model({"b": b, "a": a}, L.Subtract()(dense))
    batches = {"a": X.reshape(8, -1)[:, :3], "b": X.reshape(8, -1)[:, :4]}
    np.savez(tmp_path / "samples.npz", **batches)
    for form in (".keras", ".export"):
        source = load(save(model, form, tmp_path))
        samples = load_samples(tmp_path / "samples.npz", source.shapes, source.names)
        made = source.convert("none")
        graph = tflite.read(made)
        inputs = [batches["a" if tensor.shape == (1, 3) else "b"] for tensor in graph.inputs]
        wanted = model.predict(batches, verbose=0)
        np.testing.assert_allclose(tflite.run_litert_all(made, inputs)[0], wanted, atol=1e-5)
        np.testing.assert_allclose(source.predict(samples)[0], wanted, atol=1e-5)
        assert {t.dtype.name for t in tflite.read(source.convert("int8", samples)).inputs} == {"int8"}
