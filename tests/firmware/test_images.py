"""Large inputs through the firmware built for this computer: every answer is TensorFlow Lite Micro's."""

import os

import numpy as np
import pytest

from aiedge import tflite
from aiedge.board import UNPACED, Board, FaultyTransport, PacedTransport, SerialTransport, StandIn
from aiedge.errors import UserError
from aiedge.paths import REPO
from tests.support.firmware import BUILDS, HERE, QUICK, firmware

MODEL = REPO / "tests/golden/cifar_cnn_25_51_76.tflite"  # 32×32×3 → 10
COUNT = 30


def receiver(build: str, width: int):
    """The program that takes pictures of a width."""
    return firmware(*BUILDS[build], HERE / "cpp/images.cpp", MODEL, [f"-DWIDTH={width}"])


@pytest.fixture(scope="module", params=QUICK)  # with assertions, and without
def program(request):
    return receiver(request.param, 32)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).integers(-128, 128, (COUNT, 32, 32, 3)).astype(np.int8)


@pytest.fixture(scope="module")
def expected(images):
    if not tflite.has_tflm():
        pytest.skip("needs the tflite-micro wheel (Linux on x86-64)")
    return [output.tobytes() for output in tflite.run_tflm(MODEL.read_bytes(), images)]


def outputs(board, images):
    return [output for output, _ in board.infer_all(image.tobytes() for image in images)]


@pytest.mark.parametrize(
    "tcp",
    [
        pytest.param(False, id="pty", marks=pytest.mark.skipif(os.name == "nt", reason="Windows has none")),
        pytest.param(True, id="tcp"),
    ],
)
@pytest.mark.parametrize("noise", [0.0, 0.01], ids=["clean", "noise"])
def test_every_answer_is_right(program, images, expected, tcp, noise):
    with StandIn(program, tcp) as stand_in:
        line = FaultyTransport(SerialTransport(stand_in.port), noise, seed=1)
        with Board(line, UNPACED) as board:
            assert outputs(board, images) == expected
            print(f"\n{board.retries} frames again, {board.bytes_sent} bytes for {board.payload_bytes}")
            assert board.payload_bytes == images.nbytes
            if noise:
                assert board.retries > COUNT * 20
                assert board.frame_payload <= 64


def test_a_paced_line_carries_little_but_payload(program, images, expected):
    baud = 921600
    with StandIn(program) as stand_in:
        board = Board(PacedTransport(SerialTransport(stand_in.port), baud), baud)
        assert outputs(board, images) == expected
        # What a busy computer made it send again is no part of the account.
        assert board.payload_bytes / board.bytes_sent > 0.95 or board.retries


def test_the_speed_is_negotiated_with_the_firmware(program, images, expected):
    with StandIn(program) as stand_in:
        line = PacedTransport(SerialTransport(stand_in.port), 115200)
        with Board(line, 115200) as board:
            assert board.set_baud(921600) == board.baud == 921600
            assert outputs(board, images[:3]) == expected[:3]
            with pytest.raises(UserError, match="is no speed of a serial port"):
                board.set_baud(6_000_000)
            line._inner.set_baud = lambda rate: None  # a port that takes what the board does not
            with pytest.raises(UserError, match="takes 115200 to 5000000 baud") as caught:
                board.set_baud(6_000_000)
            assert "460800" in caught.value.hint
            assert outputs(board, images[:1]) == expected[:1]


def test_a_speed_that_the_line_does_not_carry_is_given_up(program, images, expected):
    class Slow(FaultyTransport):
        """Above 115200 baud everything is damaged."""

        def set_baud(self, rate):
            super().set_baud(rate)
            self._rate = 0.5 if rate > 115200 else 0.0
            self._good = self._gap()

    log = []
    with StandIn(program) as stand_in:
        line = Slow(SerialTransport(stand_in.port), 0.0, seed=1)
        with Board(line, 115200, log=log.append) as board:
            assert board.set_baud(921600) == board.baud == 115200
            assert any("does not carry 921600 baud" in text for text in log)
            assert outputs(board, images[:2]) == expected[:2]


def test_a_board_that_resets_in_the_middle_of_an_image_gets_it_again(program, images, expected):
    """The program is ended and started anew behind an open line: its state is new, as a board's after a reset."""

    class Switch(SerialTransport):
        def __init__(self, ports):
            super().__init__(ports[0])
            self.ports = ports[1:]
            self.written = 0

        def write(self, data):
            self.written += len(data)
            if self.ports and self.written > 10_000:
                self.close()
                super().__init__(self.ports.pop())
                super().write(b"")
                return
            super().write(data)

    with StandIn(program) as first, StandIn(program) as second:
        line = Switch([first.port, second.port])
        with Board(line, UNPACED) as board:
            assert outputs(board, images[:8]) == expected[:8]
            assert board.resets == 1


def test_a_line_that_is_unplugged_is_an_error_and_the_rest_goes_on_later(program, images, expected):
    got = []
    with (
        pytest.raises(UserError, match="was ended by SIGKILL"),
        StandIn(program) as stand_in,
        Board(stand_in.port, 921600) as board,
    ):
        for output, _ in board.infer_all(image.tobytes() for image in images):
            got.append(output)
            if len(got) == 5:
                stand_in._process.kill()
    assert 5 <= len(got) < COUNT
    with StandIn(program) as stand_in, Board(stand_in.port, 921600) as board:
        got += outputs(board, images[len(got) :])
    assert got == expected


def test_garbage_between_the_frames_costs_time_only(program, images, expected):
    class Noisy(SerialTransport):
        rng = np.random.default_rng(1)

        def write(self, data):
            garbage = self.rng.choice([0, 0, 37, 110, 255, 3, 200], self.rng.integers(200)).astype(np.uint8)
            super().write(garbage.tobytes() + b"\0" + data)

    with StandIn(program) as stand_in, Board(Noisy(stand_in.port), UNPACED) as board:
        assert outputs(board, images[:10]) == expected[:10]


def test_images_of_another_size_than_the_models_are_named():
    small = receiver("gcc-sanitized", 16)
    with pytest.raises(UserError) as caught, StandIn(small) as stand_in, Board(stand_in.port) as board:
        board.hello()
    assert "16x16x3 = 768 values, the model takes 3072" in caught.value.message
    assert "main.cpp" in caught.value.hint


def test_reading_does_not_depend_on_assertions():
    """No expression inside assert() or its kin does anything: there is none in the library."""
    sources = [*(REPO / "common/firmware/src").rglob("*.cpp"), *(REPO / "common/firmware/src").rglob("*.h")]
    assert not [path for path in sources if "assert(" in path.read_text().replace("static_assert(", "")]
    assert "-DNDEBUG" in BUILDS["gcc-release"][1]
