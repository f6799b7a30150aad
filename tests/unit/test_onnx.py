"""ONNX to .tflite: onnxruntime's answers, bit for bit the same int8 in TFLM and in C, and what is refused."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from aiedge import CompiledModel, tflite
from aiedge.cli import main
from aiedge.convert import load
from aiedge.convert.onnx_file import load_onnx
from aiedge.convert.onnx_translation import Translation, onnx_to_tflite
from aiedge.convert.quantizer import quantized
from aiedge.errors import UserError
from aiedge.quantization import dequantize, quantize
from aiedge.tflite import has_tflm
from tests.support.onnx_networks import NETWORKS, OnnxFile, run
from tests.support.random_onnx import RandomOnnx

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
SIDE_BY_SIDE = (0, 2, 3, 1)


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


def images(count: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(1).random((count, *shape), dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("resnet8", {"CONV_2D": 9, "ADD": 3, "PAD": 2}),
        ("mobilenet_v2", {"DEPTHWISE_CONV_2D": 17, "CONV_2D": 35, "ADD": 11}),
        ("ds_cnn", {"DEPTHWISE_CONV_2D": 4, "CONV_2D": 5, "PAD": 0}),
    ],
)
def test_known_networks(name: str, kinds: dict[str, int], tmp_path: Path, need_tool) -> None:
    model = NETWORKS[name]()
    source = load(saved(model, tmp_path))
    made = source.convert("none")
    graph = tflite.read(made)
    counts = [op.kind for op in graph.operators]
    assert {
        kind: counts.count(kind) for kind in kinds
    } == kinds and "MUL" not in counts  # all folded and fused
    assert "TRANSPOSE" not in counts
    sizes = {each.name: list(each.dims) for each in model.graph.initializer}
    weights = [sizes[node.input[1]] for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
    assert graph.parameters == sum(int(np.prod(shape)) + shape[0] for shape in weights)
    x = images(4, graph.inputs[0].sample_shape)
    wanted = np.concatenate([run(model, sample[None].transpose(0, 3, 1, 2))[0] for sample in x])
    np.testing.assert_allclose(tflite.run_litert(made, x), wanted, atol=1e-5)
    int8 = source.convert("int8", [x])
    graph = tflite.read(int8)
    assert {t.dtype.name for op in graph.operators for t in op.outputs} == {"int8"}
    need_tool("cc", "apt install gcc")
    integers = quantize(x, graph.inputs[0].quantization)
    answers = CompiledModel(graph, flags=("-O1",)).predict(integers)
    assert (
        np.abs(dequantize(answers, graph.outputs[0].quantization) - wanted).max()
        < 0.05 * np.abs(wanted).max()
    )
    if has_tflm():
        np.testing.assert_array_equal(answers, tflite.run_tflm(int8, integers))


def check_random(seeds: range, folder: Path, integers: bool) -> None:
    """Random graphs have onnxruntime's answers; of int8 C and TFLM have the same bits."""
    count = 0
    for seed in seeds:
        drawn = RandomOnnx(seed)
        model = drawn.draw(8)
        if not model.graph.output:
            continue
        x = np.random.default_rng(seed).normal(0, 1, drawn.shape).astype(np.float32)
        wanted = run(model, x)
        translation = Translation(load_onnx(saved(model, folder)))
        made = translation.build()
        own = x.transpose(SIDE_BY_SIDE) if translation.turned and x.ndim == 4 else x
        for w, y in zip(wanted, tflite.run_litert_all(made, [own]), strict=True):
            w = w.transpose(SIDE_BY_SIDE) if translation.turned and w.ndim == 4 else w
            limit = 1e-5 * max(1, np.abs(w).max())
            np.testing.assert_allclose(y.reshape(w.shape), w, atol=limit, rtol=0, err_msg=f"seed {seed}")
        count += 1
        if integers:
            int8 = quantized(tflite.read(made), [np.stack([own[0], own[0] * 0.5])])
            graph = tflite.read(int8)
            entry = quantize(own, graph.inputs[0].quantization)
            answers = CompiledModel(graph, flags=("-O0",)).predict(entry)
            answers = answers if isinstance(answers, list) else [answers]
            for a, b in zip(answers, tflite.run_tflm_all(int8, [entry]), strict=True):
                np.testing.assert_array_equal(a, b, err_msg=f"seed {seed}")
    assert count > 0.9 * len(seeds)


def test_random_graphs_have_the_answers_of_onnxruntime(tmp_path: Path) -> None:
    check_random(range(60), tmp_path, integers=False)


@needs_tflm
def test_random_graphs_have_the_same_bits_in_c_and_tflm(tmp_path: Path, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    check_random(range(100, 112), tmp_path, integers=True)


@pytest.mark.slow
@needs_tflm
def test_many_random_graphs(tmp_path: Path, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    check_random(range(1000, 3000), tmp_path, integers=False)
    check_random(range(5000, 5200), tmp_path, integers=True)


def test_what_torch_exports(tmp_path: Path) -> None:
    if find_spec("torch") is None:
        pytest.skip("needs torch: pip install torch onnxscript")
    import torch
    from torch import nn

    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1)),
        *(nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Hardswish(), nn.Conv2d(8, 12, 1), nn.ReLU6()),
        *(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(48, 5), nn.Softmax(1)),
    ).eval()
    x = torch.rand(1, 3, 16, 16)
    path = tmp_path / "torch.onnx"
    torch.onnx.export(network, (x,), str(path), dynamo=False)
    made, _ = onnx_to_tflite(path)
    wanted = network(x).detach().numpy()
    found = tflite.run_litert(made, x.numpy().transpose(SIDE_BY_SIDE))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_shapes_that_the_model_computes_are_constants(tmp_path: Path) -> None:
    """What older exports make of `x.view(x.size(0), -1)`."""
    file = OnnxFile(["n", 3, 4, 4])
    x = file.relu(file.conv("input", 2, 3))
    size = file.node("Gather", [file.node("Shape", [x]), file.constant(0, np.int64)], axis=0)
    first = file.node("Unsqueeze", [size, file.constant([0], np.int64)])
    shape = file.node("Concat", [first, file.constant([-1], np.int64)], axis=0)
    model = file.model(file.linear(file.node("Reshape", [x, shape]), 32, 3))
    made, _ = onnx_to_tflite(saved(model, tmp_path))
    assert [op.kind for op in tflite.read(made).operators] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    x = images(1, (3, 4, 4))
    found = tflite.run_litert(made, x.transpose(SIDE_BY_SIDE))
    np.testing.assert_allclose(found, run(model, x)[0], atol=1e-5)


def test_pictures_with_channels_last_stay_so(tmp_path: Path) -> None:
    """What converters from TensorFlow write: a Transpose first, and one last."""
    file = OnnxFile([1, 5, 4, 3])
    x = file.node("Transpose", ["input"], perm=[0, 3, 1, 2])
    file.channels[x] = 3
    model = file.model(file.node("Transpose", [file.relu(file.conv(x, 2, 3))], perm=[0, 2, 3, 1]))
    made, planes = onnx_to_tflite(saved(model, tmp_path))
    graph = tflite.read(made)
    assert [op.kind for op in graph.operators] == ["CONV_2D"] and planes == [()]
    x = images(1, (5, 4, 3))
    np.testing.assert_allclose(tflite.run_litert(made, x), run(model, x)[0], atol=1e-5)


def test_padding_before_a_maximum_is_outside_of_the_range(tmp_path: Path) -> None:
    file = OnnxFile([1, 2, 6, 6])
    pooled = file.node("MaxPool", ["input"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    file.channels[pooled] = 2
    made, _ = onnx_to_tflite(saved(file.model(pooled), tmp_path))
    graph = tflite.read(quantized(tflite.read(made), [images(8, (6, 6, 2)) - 2]))
    scales = {t.quantization.scale for op in graph.operators for t in op.outputs}
    assert len(scales) == 1 and max(scales) < 2 / 255
    negative = quantize(images(2, (6, 6, 2)) - 2, graph.inputs[0].quantization)
    assert (
        tflite.run_litert(graph.source, negative, reference=True).max()
        < graph.outputs[0].quantization.zero_point
    )


def test_dead_channels_keep_their_bias(tmp_path: Path) -> None:
    """Channels that training left with weights of nothing, or next to it, and a bias of 1."""
    file = OnnxFile([1, 2, 4, 4])
    weights = np.random.default_rng(0).normal(0, 1, (3, 2, 1, 1))
    weights[0], weights[1] = 0, 1e-12
    conv = file.node(
        "Conv", ["input", file.constant(weights), file.constant([1.0, 1.0, 0.5])], kernel_shape=[1, 1]
    )
    made, _ = onnx_to_tflite(saved(file.model(conv), tmp_path))
    x = images(8, (4, 4, 2))
    int8 = quantized(tflite.read(made), [x])
    graph = tflite.read(int8)
    answers = tflite.run_litert(int8, quantize(x, graph.inputs[0].quantization), reference=True)
    reals = dequantize(answers, graph.outputs[0].quantization)
    assert np.abs(reals[..., :2] - 1).max() <= graph.outputs[0].quantization.scale


def spoilt(change: Callable[[onnx.ModelProto], object], folder: Path) -> Path:
    """A small network with a change."""
    file = OnnxFile([1, 2, 6, 6])
    x = file.relu(file.conv("input", 4, 3))
    model = file.model(file.linear(file.node("Flatten", [x]), 144, 3))
    change(model)
    return saved(model, folder)


def weight(model: onnx.ModelProto, **fields: object) -> None:
    """Give the first weights other fields."""
    tensor = model.graph.initializer[0]
    for name, value in fields.items():
        if isinstance(value, list):
            del getattr(tensor, name)[:]
            getattr(tensor, name).extend(value)
        else:
            setattr(tensor, name, value)


def outside(model: onnx.ModelProto, place: str) -> None:
    """Keep the first weights in another file."""
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", place


def attribute(model: onnx.ModelProto, node: int, **values: object) -> None:
    """Give a node other attributes."""
    for name, value in values.items():
        kept = [each for each in model.graph.node[node].attribute if each.name != name]
        del model.graph.node[node].attribute[:]
        model.graph.node[node].attribute.extend([*kept, helper.make_attribute(name, value)])


HOSTILE: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "huge": (lambda m: weight(m, dims=[2**40, 2**20]), "has a constant 'constant_0' of the shape"),
    "negative": (lambda m: weight(m, dims=[-1, 4]), "has a constant 'constant_0' of the shape"),
    "other dims": (lambda m: weight(m, dims=[4, 2, 3, 2]), "is damaged"),
    "cut": (lambda m: weight(m, raw_data=b"123"), "is damaged"),
    "elsewhere": (lambda m: outside(m, "../secret"), "'../secret', outside of its folder"),
    "absolute": (lambda m: outside(m, "/etc/hostname"), "'/etc/hostname', outside of its folder"),
    "missing": (lambda m: outside(m, "w.bin"), "'w.bin', which is not there"),
    "no folder": (lambda m: outside(m, "."), "which is not there"),
    "unread": (lambda m: m.graph.node[0].input.__setitem__(0, "nobody"), "reads 'nobody' before"),
    "twice": (
        lambda m: m.graph.node[1].output.__setitem__(0, m.graph.node[0].output[0]),
        "has a value already",
    ),
    "no output": (lambda m: m.graph.output[0].__setattr__("name", "x"), "nothing writes the output 'x'"),
    "no nodes": (lambda m: m.graph.node.__delitem__(slice(None)), "it has no nodes and outputs"),
    "opset": (lambda m: m.opset_import[0].__setattr__("version", 3), "is of opset 3"),
    "group": (lambda m: attribute(m, 0, group=3), r"node 0 \(Conv '/conv_0'\) is impossible"),
    "stride": (lambda m: attribute(m, 0, strides=[0, 1]), r"node 0 \(Conv '/conv_0'\) is impossible"),
    "pads": (lambda m: attribute(m, 0, pads=[2**40] * 4), r"node 0 \(Conv '/conv_0'\) is impossible"),
    "gemm": (lambda m: attribute(m, 4, transB=0), "its bias has 3 values for 144"),
    "integers": (
        lambda m: m.graph.input[0].type.tensor_type.__setattr__("elem_type", TensorProto.INT64),
        "the input 'input' of .* is INT64",
    ),
    "open": (
        lambda m: m.graph.input[0].type.tensor_type.shape.dim[2].__setattr__("dim_param", "h"),
        r"has the open shape \[1, 2, 'h', 6\]",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused(case: str, tmp_path: Path) -> None:
    change, message = HOSTILE[case]
    with pytest.raises(UserError, match=message) as raised:
        onnx_to_tflite(spoilt(change, tmp_path))
    assert raised.value.hint


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(4 * 72))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="outside of its folder"):
        onnx_to_tflite(spoilt(lambda m: outside(m, "w.bin"), folder))


def test_weights_in_a_file_beside_it_are_read(tmp_path: Path) -> None:
    model = NETWORKS["ds_cnn"]()
    wanted, _ = onnx_to_tflite(saved(model, tmp_path))
    path = tmp_path / "apart" / "model.onnx"
    path.parent.mkdir()
    onnx.save(model, path, save_as_external_data=True, location="model.bin", size_threshold=0)
    assert onnx_to_tflite(path)[0] == wanted
    with (path.parent / "model.bin").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(UserError, match="ends before the values"):
        onnx_to_tflite(path)


def test_bytes_changed_at_random_are_refused_or_read(tmp_path: Path) -> None:
    data = spoilt(lambda m: None, tmp_path).read_bytes()
    rng, outcomes = np.random.default_rng(0), set()
    for _ in range(300):
        broken = bytearray(data)
        # The structure begins and ends the file; between lie the weights.
        place = int(rng.integers(700)) if rng.random() < 0.7 else int(rng.integers(len(data)))
        broken[place] = int(rng.integers(256))
        (tmp_path / "broken.onnx").write_bytes(bytes(broken[: len(data) if rng.random() < 0.9 else place]))
        try:
            tflite.read(onnx_to_tflite(tmp_path / "broken.onnx")[0])
            outcomes.add("read")
        except UserError as error:
            assert error.hint
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_all_operators_that_are_not_supported_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    file = OnnxFile([1, 2, 6, 6])
    x = file.node("Erf", [file.node("Einsum", [file.node("Erf", ["input"])], equation="abcd->abcd")])
    path = saved(file.model(x), tmp_path)
    assert main(["convert", str(path), "-o", str(tmp_path / "out.tflite")]) == 2
    error = capsys.readouterr().err
    assert "not supported: Erf (nodes 0, 2: 2 times), Einsum (node 1)" in error
    assert "hint: supported are Abs, Add, " in error
    assert not (tmp_path / "out.tflite").exists()


def test_quantized_files_are_told_what_to_do(tmp_path: Path) -> None:
    file = OnnxFile([1, 2])
    x = file.node("QuantizeLinear", ["input", file.constant(0.1), file.constant(0, np.int8)])
    with pytest.raises(UserError) as raised:
        onnx_to_tflite(saved(file.model(x), tmp_path))
    assert "quantizes it itself" in raised.value.hint


def test_constants_that_would_fill_the_memory_are_not_made(tmp_path: Path) -> None:
    file = OnnxFile([1, 2])
    large = file.constant([2**20, 2**20], np.int64)
    for kind, inputs in (("ConstantOfShape", [large]), ("Expand", [file.constant([1.0]), large])):
        x = file.node("Add", ["input", file.node(kind, inputs)])
    with pytest.raises(UserError, match="more values than a microcontroller has"):
        onnx_to_tflite(saved(file.model(x), tmp_path))


def test_the_command_converts_and_compares(tmp_path: Path, capsys: pytest.CaptureFixture, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    path = spoilt(lambda m: None, tmp_path)
    samples = images(16, (2, 6, 6))  # as PyTorch has them
    np.save(tmp_path / "samples.npy", samples)
    words = ["convert", str(path), "--samples", str(tmp_path / "samples.npy")]
    output = tmp_path / "out.tflite"
    assert main([*words, "--quantize", "int8", "-o", str(output), "--compare"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "int8, per tensor" in out and "differences are from the ONNX model's answers" in out
    graph = tflite.read(output)
    assert graph.inputs[0].shape == (1, 6, 6, 2) and graph.inputs[0].dtype == np.int8
    assert main([*words, "--quantize", "float16", "-o", str(output)]) == 2
    assert "float16 is made of Keras models only" in capsys.readouterr().err
    assert main(["convert", str(output), "--quantize", "none", "-o", str(tmp_path / "b.tflite")]) == 2
    assert "it is quantized already" in capsys.readouterr().err


def test_float_operators_without_integers_are_all_named(tmp_path: Path) -> None:
    file = OnnxFile([1, 4])
    other = file.node("Sigmoid", ["input"])
    model = file.model(file.node("Div", [file.node("Div", ["input", other]), other]))
    source = load(saved(model, tmp_path))
    with pytest.raises(UserError, match=r"no integers: DIV \(2 times: operators 1, 2\)"):
        source.convert("int8", [images(2, (4,))])
    assert len(source.convert("none"))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    (tmp_path / "empty.onnx").write_bytes(b"")
    for name, message in {
        "text": "no ONNX file, or damaged",
        "empty": "no ONNX file",
        "none": "no file",
    }.items():
        with pytest.raises(UserError, match=message):
            onnx_to_tflite(tmp_path / f"{name}.onnx")
