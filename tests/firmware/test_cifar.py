"""The firmware of cifar_cnn: the classes that it names, the time per layer, the memory, weights apart from it."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image
from test_camera import picture
from test_image import area_mean
from test_mlperf import client, quantized
from test_project import TOOLS, pio

from aiedge import benchmark, tflite
from aiedge.benchmark.models import Choice
from aiedge.benchmark.photos import photos, report
from aiedge.board import Board, StandIn
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.tflite.bin_file import write_bin
from aiedge.train.datasets.drawn_small import draw_classes
from aiedge.train.datasets.sets import CLASSES
from tests.firmware.test_serial import running
from tests.support.firmware import (
    BOARD,
    BUILDS,
    HERE,
    LIBRARY,
    QUICK,
    SANITIZED,
    cifar_main,
    compile_cpp,
    firmware,
    generated,
    need,
    oracle,
)

TOP = r"(\w+) (\d+\.\d) %, (\w+) (\d+\.\d) %, (\w+) (\d+\.\d) %"
VSCODE = REPO / "cifar_cnn/vscode"
LAYERS = ["conv1+max_pool1", "conv2+max_pool2", "average_pool1", "dense1", "dense2"]


@pytest.fixture(scope="module", params=QUICK)  # with assertions, and without
def program(request, tmp_path_factory, cifar_model):
    main = cifar_main(tmp_path_factory.mktemp("cifar"))
    return firmware(*BUILDS[request.param], main, cifar_model, ["-DAIEDGE_PROFILE"])


def run(program, *arguments) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def answers(text: str) -> list[list[tuple[str, float]]]:
    """The three classes and per cents of each line that names them."""
    return [[(found[i], float(found[i + 1])) for i in (0, 2, 4)] for found in re.findall(TOP, text)]


def expected(model: bytes, inputs: np.ndarray) -> list[list[tuple[str, float]]]:
    """The three likeliest classes by TensorFlow Lite Micro, and their softmax in per cent; inputs are int8 [n, ...]."""
    quant = tflite.read(model).outputs[0].quantization
    logits = (oracle(model, inputs).reshape(-1, 10).astype(float) - quant.zero_point) * float(quant.scale)
    shares = 100 * np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return [[(CLASSES[i], row[i]) for i in np.argsort(-row, kind="stable")[:3]] for row in shares]


def same(found: list, wanted: list) -> None:
    assert [[name for name, _ in row] for row in found] == [[name for name, _ in row] for row in wanted]
    for row, other in zip(found, wanted, strict=True):
        assert [share for _, share in row] == pytest.approx([share for _, share in other], abs=0.0501)


def test_the_names_are_those_of_the_data_set():
    text = (LIBRARY / "cifar10.h").read_text()
    assert tuple(re.findall(r'"(\w+)"', text)) == CLASSES


def test_it_names_the_three_likeliest_classes_of_a_grey_picture(program, cifar_model):
    done = run(program)
    assert done.returncode == 0 and done.stderr == ""
    model = tflite.load_model(cifar_model)
    quant = tflite.read(model).inputs[0].quantization
    grey = np.floor(0.5 / float(quant.scale) + 0.5) + quant.zero_point
    same(answers(done.stdout), expected(model, np.full((1, 32, 32, 3), grey, np.int8)))


def test_pictures_from_the_line_are_named_and_answered(program, cifar_model):
    model = tflite.load_model(cifar_model)
    images = np.random.default_rng(5).integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
    images[1:] >>= np.arange(4, dtype=np.uint8)[:, None, None, None]
    inputs = quantized(images, tflite.read(model))
    lines: list[str] = []
    with StandIn(program) as stand_in, Board(stand_in.port, log=lines.append) as line:
        outputs = [output for output, _ in line.infer_all(image.tobytes() for image in inputs)]
    assert outputs == [row.tobytes() for row in oracle(model, inputs)]
    same(answers("\n".join(lines))[-5:], expected(model, inputs))


def test_the_camera_gives_it_pictures_of_its_size(tmp_path, cifar_model):
    camera = firmware(*BUILDS["gcc-sanitized"], cifar_main(tmp_path), cifar_model, ["-DAIEDGE_CAMERA"])
    folder = tmp_path / "pictures"
    folder.mkdir()
    pictures = [picture(*size, seed) for seed, size in enumerate([(32, 32), (320, 240), (77, 99)])]
    for i, image in enumerate(pictures):
        image.save(folder / f"{i}.ppm")
    done = run(camera, "--images", folder)
    assert done.returncode == 0, done.stderr
    resized = np.stack([area_mean(np.asarray(image), 32, 32) for image in pictures])
    model = tflite.load_model(cifar_model)
    same(answers(done.stdout)[1:], expected(model, quantized(resized, tflite.read(model))))


def test_ten_photographs_with_their_top_3(program, cifar_model, tmp_path, monkeypatch):
    images, labels, _ = draw_classes(60, seed=3)
    first = [labels.tolist().index(label) for label in range(10)]
    for i in first:
        Image.fromarray(images[i]).resize((320, 240)).save(tmp_path / f"{CLASSES[labels[i]]}.jpg")
    chosen = photos("cifar_cnn", tmp_path)
    assert chosen.expected.tolist() == list(range(10))
    model = tflite.load_model(cifar_model)
    with StandIn(program) as stand_in, Board(stand_in.port) as board:
        result = benchmark.run(board, stand_in.port, model, chosen, True, benchmark.Options(verify=True))
    monkeypatch.setattr(Choice, "path", cifar_model)
    lines = report(result).splitlines()
    wanted = expected(model, quantized(chosen.inputs, tflite.read(model)))
    same(answers("\n".join(lines)), wanted)
    right = [top[0][0] == CLASSES[i] for i, top in enumerate(wanted)]
    assert [line.split()[-1] for line in lines[2:12]] == ["right" if each else "wrong" for each in right]
    among = sum(CLASSES[i] in [name for name, _ in top] for i, top in enumerate(wanted))
    assert lines[12:14] == [
        f"{sum(right)} of 10 right, {among} among the top 3",
        "0 answers differ from TensorFlow Lite Micro's",
    ]


@pytest.mark.parametrize("compiler", ["g++", "clang++", "arm-none-eabi-g++"])
def test_every_stage_of_the_lesson_compiles_without_a_warning(compiler, tmp_path):
    need(compiler)
    for solved in range(6):
        for flags in [[], ["-DAIEDGE_CAMERA", "-DNDEBUG"]][: 1 + solved // 5]:
            flags = [*flags, "-Wno-unused-parameter", "-fsyntax-only"]
            compile_cpp(compiler, flags, [cifar_main(tmp_path, solved)], tmp_path / "none")


@pytest.mark.parametrize("solved", [0, 1, 2, 3, 4])
def test_unfinished_firmware_stops_at_its_next_todo(solved, tmp_path, cifar_model):
    main = cifar_main(tmp_path, solved)
    done = run(firmware(*BUILDS["clang-release"], main, cifar_model, ["-DAIEDGE_PROFILE"]))
    assert done.returncode == 3
    assert re.findall(r"^TODO (\d): .+ \(main.cpp line \d+\)$", done.stdout, re.MULTILINE) == [
        str(solved + 1)
    ]


def test_the_time_of_each_layer_by_this_computers_clock(program):
    text = run(program).stdout
    assert "time per layer, mean of 1 run, by the clock of this computer" in text and "ESP" not in text
    with client(program) as line:
        line.load(bytes(32 * 32 * 3))
        line.infer(20, 0)
        lines = line.ask("layers")
    assert lines[0] == "time per layer, mean of 21 runs, by the clock of this computer"
    rows = [re.fullmatch(r"  (\S+) +(\d+\.\d) us( +\d+\.\d %)?", row) for row in lines[1:]]
    assert [row[1] for row in rows] == [*LAYERS, "all"]
    times = [float(row[2]) for row in rows]
    assert sum(times[:-1]) == pytest.approx(times[-1], abs=0.5) and times[-1] > 0
    assert max(times[:-1]) == times[1]  # the second convolution has two thirds of the multiplications
    shares = [float(row[3].strip(" %")) for row in rows[:-1]]
    assert shares == pytest.approx([100 * time / times[-1] for time in times[:-1]], abs=0.5)


def test_the_memory_as_far_as_this_computer_knows_it(program, cifar_model):
    source = (REPO / "tests/golden/cifar_cnn_25_51_76.tflite").read_bytes()
    with client(program) as line:
        lines = line.ask("memory")
        assert {"memory", "layers"} <= {row.split()[0] for row in line.ask("help")}
    assert lines[0] == "memory, on this computer"
    rows = {row[2:22].strip(): row[22:].strip() for row in lines[1:]}
    assert rows.keys() == {"arena", "input and output", "weights and tables", "stack"}
    assert rows["input and output"] == f"{32 * 32 * 3 + 10} bytes"
    assert rows["stack"].startswith("unknown")
    with StandIn(program) as stand_in, Board(stand_in.port) as board:
        assert rows["arena"] == f"{board.hello().arena_bytes} bytes"
    # Each weight is a byte, each bias four; what the kernels make of a scale comes on top.
    weights = [
        t for op in tflite.read(source).operators for t in op.inputs[1:] if t is not None and t.is_constant
    ]
    least = sum(t.bytes for t in weights if t.dtype == np.int8)
    assert least <= int(rows["weights and tables"].split()[0]) <= sum(t.bytes for t in weights) + 4096
    assert rows["weights and tables"].endswith("in the program")


def test_without_the_clock_there_is_no_time_per_layer(tmp_path, cifar_model):
    plain = firmware(*BUILDS["gcc-sanitized"], cifar_main(tmp_path), cifar_model)
    assert "time per layer" not in run(plain).stdout
    with client(plain) as line:
        assert re.fullmatch(r"e-\[.+AIEDGE_PROFILE\]", line.ask("layers")[0])


@pytest.fixture(scope="module")
def loading(tmp_path_factory, cifar_model):
    """The firmware whose weights are in a file, and the file."""
    folder = tmp_path_factory.mktemp("loading")
    weights, main = folder / "cifar_cnn.bin", cifar_main(folder)
    flags = BUILDS["gcc-sanitized"]
    return firmware(*flags, main, cifar_model, ["-DAIEDGE_PROFILE"], ("--weights", str(weights))), weights


def test_weights_from_a_file_give_the_same_answers(loading, program):
    done = run(loading[0], "--weights", loading[1])
    assert done.returncode == 0 and done.stderr == ""
    assert answers(done.stdout) == answers(run(program).stdout) != []
    assert "apart from the program" in done.stdout


def another(cifar_model) -> bytes:
    """The weights file of the same network after one more step of training: one weight differs."""
    model = bytearray(tflite.load_model(cifar_model))
    weights = tflite.read(bytes(model)).operators[0].inputs[1].values.tobytes()
    model[bytes(model).index(weights)] ^= 1
    path = cifar_model.parent / "another.tflite"
    path.write_bytes(model)
    generated(path, "--weights", str(path.with_suffix(".bin")))
    return path.with_suffix(".bin").read_bytes()


def as_tensors(cifar_model) -> bytes:
    """The weights as `aiedge weights` writes them, for other programs."""
    path = cifar_model.parent / "tensors.bin"
    return write_bin(tflite.read(cifar_model), path).read_bytes()


DAMAGED, NO_FILE = "the weights are damaged, or of another version of the kit", "there is no file of weights"
BAD = {
    "one bit": (lambda data, _: data[:2000] + bytes([data[2000] ^ 4]) + data[2001:], DAMAGED),
    "cut off": (lambda data, _: data[:-4], DAMAGED),
    "too long": (lambda data, _: data + bytes(4), DAMAGED),
    "text": (lambda data, _: b"These are my weights.\n", NO_FILE),
    "only the letters": (lambda data, _: data[:4], NO_FILE),
    "zeros": (lambda data, _: bytes(len(data)), NO_FILE),
    "erased flash": (lambda data, _: b"\xff" * len(data), NO_FILE),
    "another network's": (lambda data, model: another(model), "the weights are another network's"),
    "tensors": (lambda data, model: as_tensors(model), "the weights are arranged for other programs"),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_weights_are_told_and_the_board_goes_on_answering(name, loading, cifar_model, tmp_path):
    program, good = loading
    bad, (make, problem) = tmp_path / "bad.bin", BAD[name]
    bad.write_bytes(make(good.read_bytes(), cifar_model))
    done = run(program, "--weights", bad)
    assert done.returncode == 2
    assert re.match(rf"error: {problem}\nhint: .+\n", done.stdout)
    assert answers(done.stdout) == [] and "memory, on" in done.stdout

    with running(program, "--weights", bad, "--tcp", "0") as process:
        port = re.search(r"socket://\S+", process.stdout.readline())[0]
        with Board(port) as board:
            for _ in range(2):
                assert board.hello().project == "cifar_cnn"
                with pytest.raises(UserError, match=problem):
                    list(board.infer_all([bytes(32 * 32 * 3)]))
    with client(program, "--weights", bad) as line:
        line.load(bytes(32 * 32 * 3))
        assert line.ask("infer 1 0")[-1] == f"e-[The inference failed: {problem}]"
        assert line.ask("name") == ["m-name-dut-[cifar_cnn]"]


def test_weights_in_the_wrong_place_are_an_error_with_a_hint(loading, program, tmp_path):
    for firmware_, arguments in (
        (loading[0], []),
        (loading[0], ["--weights"]),
        (loading[0], ["--weights", tmp_path / "none.bin"]),
        (loading[0], ["--weights", tmp_path]),
        (program, ["--weights", loading[1]]),
    ):
        done = run(firmware_, *arguments)
        assert done.returncode == 2 and re.fullmatch(r"error: .+\nhint: .+\n", done.stderr), done


def test_the_board_reads_the_partition_in_place(tmp_path):
    """esp32/weights.cpp with partitions of this computer: one with the weights, a small one, none, one that fails."""
    for compiler in "g++", "clang++":
        sources = [HERE / "cpp/partition.cpp", LIBRARY / "esp32/weights.cpp", LIBRARY / "print.cpp"]
        flags = [*SANITIZED, f"-I{HERE / 'esp_idf'}"]
        done = run(compile_cpp(compiler, flags, sources, tmp_path / compiler))
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(re.findall(r"^error: .+\nhint: .+$", done.stdout, re.MULTILINE)) == 3


def test_an_upload_writes_the_weights_where_the_partition_is(tmp_path, cifar_model):
    shutil.copy(cifar_model, tmp_path)
    images = load_script("espressif32", tmp_path, "loaded")
    rows = [line.split(",") for line in (BOARD / "partitions.csv").read_text().splitlines()]
    (offset,) = [row[3].strip() for row in rows if row[0] == "weights"]
    weights = tmp_path / "build/model/cifar_cnn.bin"
    assert images == [(offset, str(weights))] and weights.is_file()
    assert load_script("espressif32", tmp_path, "linked") == load_script("host", tmp_path, "loaded") == []


def load_script(platform: str, folder: Path, weights: str) -> list[tuple[str, str]]:
    """What compile_model.py, run by a stand-in for SCons, has an upload write beside the program."""

    class Environment(dict):
        options: ClassVar = {
            "custom_model": "cifar_cnn",
            "custom_project": "cifar_cnn",
            "custom_weights": weights,
            "board_build.partitions": "../../common/boards/esp-eye/partitions.csv",
        }
        IsIntegrationDump = IsCleanTarget = staticmethod(lambda: False)
        BuildSources = staticmethod(lambda *arguments: None)
        StringifyMacro = staticmethod(str)

        def GetProjectOption(self, name, default=None):
            return self.options.get(name, default)

        def subst(self, text):
            folders = {"$PROJECT_DIR": VSCODE, "$PROJECT_SRC_DIR": folder, "$BUILD_DIR": folder / "build"}
            return str(folders.get(text, ""))

        def Append(self, **values):
            for name, value in values.items():
                self[name] = [*self.get(name, []), *value]

    environment = Environment(PIOPLATFORM=platform, SPAWN=None)
    script = REPO / "common/platforms/compile_model.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIEDGE_PYTHON", sys.executable)
        runpy.run_path(str(script), {"env": environment, "Import": lambda name: None})
    return environment.get("FLASH_EXTRA_IMAGES", [])


@pytest.mark.parametrize(
    ("environment", "model"),
    [
        ("cortex-m4", "cifar_cnn"),
        ("host-bin", "cifar_cnn"),
        pytest.param("host-tiny", "cifar_tiny", marks=pytest.mark.slow),
    ],
)
def test_the_project_builds_and_reports(environment, model, tmp_path, cifar_model):
    need(*TOOLS[environment.removesuffix("-bin").removesuffix("-tiny")])
    workspace = tmp_path / "a folder"
    sources = workspace / "main"
    sources.mkdir(parents=True)
    # The network past the paper has its own weights and the same name of the project.
    tflite.write_c_array(tflite.load_model(cifar_model), sources / f"{model}.cpp")
    cifar_main(sources)
    arguments = ["-a", f"--weights {workspace}/build/host-bin/model/cifar_cnn.bin"]
    command = ["run", "-e", environment, "-t", "exec", *(arguments if environment == "host-bin" else [])]
    done = pio(*command, sources=sources, workspace=workspace, vscode=VSCODE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^cifar_cnn, compiled, with \d+ bytes of arena, on ", done.stdout, re.MULTILINE)
    assert len(answers(done.stdout)) == 1 and "warning:" not in done.stdout + done.stderr
    assert re.findall(r"^  (\S+) +\d+\.\d us +\d", done.stdout, re.MULTILINE) == LAYERS
    if environment == "cortex-m4":
        assert "by the clock of an emulated Cortex-M4" in done.stdout
        stack, static = (
            int(n) for n in re.findall(r"^  (?:stack|DRAM, static) +(\d+) bytes", done.stdout, re.MULTILINE)
        )
        arena = int(re.search(r"^  arena +(\d+) bytes", done.stdout, re.MULTILINE)[1])
        assert 500 < stack < 16384 and static > arena + 3082
