"""Networks that take their pictures row by row, in the firmware: no picture is kept, and every answer is TFLM's."""

import random
import re
import shutil
import subprocess
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from test_camera import CAMERA, classify, picture
from test_project import TOOLS, pio

from aiedge import tflite
from aiedge.board import UNPACED, Board, FaultyTransport, SerialTransport, StandIn
from aiedge.board.line.protocol import RESULT_HEAD, ErrorCode, FrameType
from aiedge.paths import REPO
from tests.firmware.test_serial import GREETING, Line, board
from tests.support.firmware import (
    BUILDS,
    HERE,
    LIBRARY,
    car_main,
    compile_cpp,
    firmware,
    generated,
    need,
    oracle,
    wire,
)

MODEL = REPO / "tests/golden/cifar_cnn_25_51_76.tflite"  # 32×32×3 → 10
ROW = 96  # bytes, six units of 16
STREAM = ("--stream",)
UNIT = 16
AHEAD = 1024  # RowSink::kAhead


@pytest.fixture(scope="module")
def program():
    """The firmware that takes pictures of 32×32 pixels, row by row."""
    return firmware(*BUILDS["gcc-sanitized"], HERE / "cpp/images.cpp", MODEL, ["-DWIDTH=32"], STREAM)


@pytest.fixture(scope="module")
def images() -> NDArray[np.int8]:
    return np.random.default_rng(1).integers(-128, 128, (12, 32, 32, 3)).astype(np.int8)


@pytest.fixture(scope="module")
def expected(images) -> list[bytes]:
    return [output.tobytes() for output in oracle(MODEL.read_bytes(), images)]


class Sender:
    """Pieces of pictures to a board, in any order; `seq` counts the frames."""

    def __init__(self, line: Line):
        self.line, self.seq = line, 1
        line.ask(FrameType.HELLO, 1, GREETING)

    def send(self, number: int, data: bytes, start: int, end: int) -> int:
        """Send bytes `start` to `end` of a picture."""
        self.seq += 1
        head = bytes([number]) + (start // UNIT).to_bytes(2, "little")
        self.line.send(wire(FrameType.WRITE, self.seq, head + data[start:end]))
        return self.seq

    def acknowledged(self, *piece) -> bytes:
        """Send a piece that the board takes; the history in the answer."""
        seq = self.send(*piece)
        kind, newest, history = self.line.frame()
        assert (kind, newest) == (FrameType.ACK, seq)
        return history

    def result(self, number: int, data: bytes) -> bytes:
        """The output, after the second acknowledgement of the last piece."""
        assert self.line.frame()[:2] == (FrameType.ACK, self.seq)
        kind, _, payload = self.line.frame()
        assert kind == FrameType.RESULT and payload[:5] == bytes([number]) + zlib.crc32(data).to_bytes(
            4, "little"
        )
        assert (
            int.from_bytes(payload[5:9], "little") > 0
        )  # the work of all rows, though invoke() had none left
        return payload[RESULT_HEAD.size : RESULT_HEAD.size + 10]

    def whole(self, number: int, data: bytes, size: int = 480) -> bytes:
        """Send a picture from its first byte to its last; the output."""
        for start in range(0, len(data), size):
            self.acknowledged(number, data, start, min(start + size, len(data)))
        return self.result(number, data)


@pytest.mark.parametrize("noise", [0.0, 0.01], ids=["clean", "noise"])
def test_every_answer_is_right(program, images, expected, noise):
    with StandIn(program, True) as stand_in:
        line = FaultyTransport(SerialTransport(stand_in.port), noise, seed=1)
        with Board(line, UNPACED) as there:
            answers = [output for output, _ in there.infer_all(image.tobytes() for image in images)]
            assert answers == expected
            assert not noise or there.retries > 0


def test_no_buffer_holds_a_picture(tmp_path):
    need("g++")
    folders = [generated(MODEL, *options) for options in ((), STREAM)]
    whole, arena = (
        int(re.search(r"AIEDGE_MODEL_ARENA_BYTES (\d+)", (folder / "aiedge_model.h").read_text())[1])
        for folder in folders
    )
    assert arena + ROW + AHEAD < whole and arena < 32 * 32 * 3
    flags = ["-c", "-DAIEDGE_RUNTIME_COMPILED", f"-I{folders[1]}", f"-I{REPO / 'common/aiedge/engine'}"]
    program = compile_cpp("g++", flags, [LIBRARY / "CompiledModel.cpp"], tmp_path / "model.o")
    symbols = subprocess.run(["nm", "-S", "-C", program], capture_output=True, text=True, check=True).stdout
    sizes = {m[2]: int(m[1], 16) for m in re.finditer(r"^\w+ (\w+) [bB] .*?(\w+)$", symbols, re.MULTILINE)}
    assert sizes["input_data"] == ROW + AHEAD and sizes["arena"] == arena + 1


def test_repeated_pieces_push_no_row_twice(program, images, expected):
    rng = random.Random(2)
    with board(program) as line:
        sender = Sender(line)
        for number, (image, output) in enumerate(zip(images[:4], expected, strict=False)):
            data, at = image.tobytes(), 0
            while at < len(data):
                end = min(at + UNIT * rng.randrange(1, 30), len(data))
                # What came before comes again, in pieces of other sizes, also across the border of a row.
                start = max(0, at - UNIT * rng.randrange(40))
                if start < at:
                    sender.acknowledged(number, data, start, min(start + UNIT * rng.randrange(1, 60), at))
                sender.acknowledged(number, data, max(start, at - UNIT * 3), end)
                at = end
            assert sender.result(number, data) == output
            # Of a picture that has its result, nothing is run.
            for start in 0, ROW, len(data) - ROW:
                sender.acknowledged(number, data, start, start + ROW)
            assert (
                line.ask(FrameType.FETCH, 9, bytes([number]))[2][RESULT_HEAD.size : RESULT_HEAD.size + 10]
                == output
            )


def test_pieces_in_any_order_that_the_buffer_holds(program, images, expected):
    rng = random.Random(3)
    with board(program) as line:
        sender = Sender(line)
        for number, (image, output) in enumerate(zip(images[:4], expected, strict=False)):
            data, taken = image.tobytes(), 0
            missing = set(range(0, len(data), UNIT))
            while missing:
                reach = [at for at in missing if at + UNIT <= taken + ROW + AHEAD]
                at = rng.choice(reach)
                sender.acknowledged(number, data, at, at + UNIT)
                missing.remove(at)
                taken = min(missing, default=len(data)) // ROW * ROW
            assert sender.result(number, data) == output


def test_a_piece_too_far_ahead_is_as_if_lost(program, images, expected):
    data = images[0].tobytes()
    with board(program) as line:
        sender = Sender(line)
        sender.acknowledged(7, data, 0, 32)
        sender.send(7, data, ROW + AHEAD, ROW + AHEAD + UNIT)  # no answer
        sender.send(7, data, len(data) - ROW, len(data))
        history = sender.acknowledged(7, data, AHEAD, ROW + AHEAD)  # the last that has room
        assert history == b"\x0c\0\0\0"  # the first piece and HELLO, not the two between
        assert sender.whole(7, data) == expected[0]


def test_a_picture_that_is_aborted_half_way_leaves_no_trace(program, images, expected):
    with board(program) as line:
        sender = Sender(line)
        for number, cut in enumerate([16, 96, 1000 // 16 * 16, 2976, 3056]):
            for start in range(0, cut, 96):
                sender.acknowledged(2 * number, images[0].tobytes(), start, min(start + 96, cut))
            if number % 2:  # another picture, or a computer that starts anew
                assert sender.whole(2 * number + 1, images[1].tobytes()) == expected[1]
            else:
                line.ask(FrameType.HELLO, sender.seq, GREETING)
                assert sender.whole(2 * number, images[1].tobytes()) == expected[1]


def test_a_command_that_runs_the_network_ends_the_picture_that_is_coming(program, images, expected):
    """The picture is answered as failed, never with a wrong result; the next one is right again."""
    data, other = images[0].tobytes(), images[1].tobytes()
    with board(program) as line:
        sender = Sender(line)
        for start in range(0, 960, 480):
            sender.acknowledged(1, data, start, start + 480)
        line.send(b"db load 3072%")
        line.read(rb"m-ready\r\n")
        for start in range(0, 3072, 32):
            line.send(b"db " + other[start : start + 32].hex().encode() + b"%")
            line.read(rb"m-ready\r\n")
        line.send(b"infer 3 2%")
        numbers = line.read(rb"m-results-\[([^\]]*)\]\r\nm-ready\r\n")[1].decode().split(",")
        graph = tflite.read(MODEL.read_bytes())
        into, out = graph.inputs[0].quantization, graph.outputs[0].quantization
        pixels = np.frombuffer(other, np.uint8).astype(np.float32) / np.float32(255)
        x = np.clip(np.round(pixels / np.float32(into.scale)) + into.zero_point, -128, 127).astype(np.int8)
        y = oracle(MODEL.read_bytes(), x.reshape(1, 32, 32, 3))[0].ravel().astype(np.float32)
        assert numbers == [f"{v:.6f}" for v in (y - out.zero_point) * np.float32(out.scale)]
        for start in range(960, 3072, 480):
            sender.acknowledged(1, data, start, min(start + 480, 3072))
        assert line.frame()[0] == FrameType.ACK
        kind, _, message = line.frame()
        assert (kind, message[0]) == (FrameType.ERROR, ErrorCode.INFERENCE_FAILED)
        assert sender.whole(2, data) == expected[0]


def test_camera_pictures_are_classified_row_by_row_as_whole_ones_are(car_models, tmp_path):
    """Brightness changes each row as it changes the whole."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed, size in enumerate([(96, 96), (101, 96), (240, 321)]):
        picture(*size, seed).save(folder / f"{seed}.ppm")
    model = car_models / "carclassifier.cpp"
    main = car_main(tmp_path)
    for brightness in "0.0f", "0.2f":
        main.write_text(re.sub(r"kBrightness = \S+;", f"kBrightness = {brightness};", main.read_text()))
        programs = [firmware(*BUILDS["gcc-sanitized"], main, model, CAMERA, o) for o in ((), STREAM)]
        lines = [classify(program, "--images", folder).stdout.splitlines() for program in programs]
        whole, by_rows = ([re.sub(r"\(\d+ us\)", "", line) for line in lines_[1:]] for lines_ in lines)
        assert sum("result" in line for line in whole) == 4 and whole == by_rows
        assert "compiled" in lines[0][0] and lines[0][0] != lines[1][0]  # another arena


@pytest.mark.parametrize(
    "environment", ["host-stream", pytest.param("cortex-m4-stream", marks=pytest.mark.slow)]
)
def test_the_car_project_streams_in_its_own_environment(environment, car_models, tmp_path):
    need(*TOOLS[environment.removesuffix("-stream")])
    sources = tmp_path / "main"
    shutil.copytree(car_models, sources)
    car_main(sources)
    vscode = REPO / "carclassifier_hard/vscode"
    done = pio("run", "-e", environment, "-t", "exec", sources=sources, workspace=tmp_path, vscode=vscode)
    assert done.returncode == 0, done.stdout + done.stderr
    header = (generated(car_models / "carclassifier.cpp", *STREAM) / "aiedge_model.h").read_text()
    arena = re.search(r"AIEDGE_MODEL_ARENA_BYTES (\d+)", header)[1]
    assert f"carclassifier_hard, compiled, with {arena} bytes of arena, on " in done.stdout
    assert re.search(r"^(no )?car   (LED on   )?result 0\.\d{4} \(\d+ us\)$", done.stdout, re.MULTILINE)
    assert "warning:" not in done.stdout + done.stderr


def test_a_network_that_cannot_run_row_by_row_stops_the_build(tmp_path):
    need("g++")
    sources = tmp_path / "main"
    sources.mkdir()
    shutil.copy(REPO / "xormodel/solution/xormodel.cpp", sources / "carclassifier.cpp")
    car_main(sources)
    vscode = REPO / "carclassifier_hard/vscode"
    done = pio("run", "-e", "host-stream", sources=sources, workspace=tmp_path, vscode=vscode)
    assert done.returncode != 0 and "error: the network cannot run row by row\nhint: " in done.stderr
