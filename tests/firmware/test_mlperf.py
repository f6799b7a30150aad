"""MLPerf Tiny's ASCII commands, by a client written from the published protocol.

The client does what the public runner of mlcommons/tiny does on a serial port: it writes commands that end in '%',
reads lines, and takes everything up to the line with "m-ready" as the answer.
"""

import contextlib
import os
import re
import socket
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray

from aiedge import tflite
from tests.support.firmware import BUILDS, MODEL, QUICK, car_main, firmware, main_cpp, oracle
from tests.support.model_files import with_ends

BYTES_AT_ONCE = 31  # of the public runner


class Client:
    """Of anything that has an unbuffered file's `read` and `write`."""

    def __init__(self, stream):
        self.stream = stream
        self.lines = b""

    def ask(self, command: str | bytes) -> list[str]:
        """The lines of the answer, "m-ready" left out."""
        self.stream.write(command if isinstance(command, bytes) else f"{command}%".encode())
        lines: list[str] = []
        while not lines or lines[-1] != "m-ready":
            while b"\n" not in self.lines:
                self.lines += self.stream.read(4096)
            line, self.lines = self.lines.split(b"\n", 1)
            assert line.endswith(b"\r") or not line.startswith((b"m-", b"e-"))
            lines.append(line.decode().strip("\r\n"))
        return lines[:-1]

    def load(self, data: bytes) -> None:
        assert self.ask(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        for i in range(0, len(data), BYTES_AT_ONCE):
            answer = self.ask(f"db {data[i : i + BYTES_AT_ONCE].hex()}")
            assert answer == (["m-load-done"] if i + BYTES_AT_ONCE >= len(data) else [])

    def infer(self, times: int, warmups: int) -> tuple[list[float], int]:
        """The output, and the microseconds of `times` inferences."""
        answer = self.ask(f"infer {times} {warmups}")
        laps = [int(lap[1]) for line in answer if (lap := re.fullmatch(r"m-lap-us-([0-9]+)", line))]
        assert [re.sub(r"m-lap-us-\d+", "m-lap-us", line) for line in answer[:-1]] == [
            f"m-warmup-start-{warmups}", "m-warmup-done", f"m-infer-start-{times}", "m-lap-us", "m-lap-us",
            "m-infer-done",
        ]  # fmt: skip
        results = re.fullmatch(r"m-results-\[([^]]+)\]", answer[-1])
        assert results and self.ask("results") == answer[-1:]
        return [float(x) for x in results[1].split(",")], (laps[1] - laps[0]) % 2**32


@contextlib.contextmanager
def client(program, *arguments):
    """A client of a program behind a pseudo-terminal, or behind TCP where there are none."""
    line = "--tcp" if os.name == "nt" else "--pty"
    command = [program, *arguments, line, *(["0"] if line == "--tcp" else [])]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        where = re.search(r"listening on (\S+)", process.stdout.readline())[1]
        if line == "--tcp":
            file = socket.create_connection(("127.0.0.1", int(where.rsplit(":", 1)[1]))).detach()
        else:
            import tty

            file = os.open(where, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(file)
        board = Client(os.fdopen(file, "r+b", buffering=0))
        board.ask("name")  # and what the firmware has printed before
        yield board
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def quantized(pixels: NDArray[np.uint8], graph: tflite.Graph) -> NDArray:
    """The pixels as the network's input."""
    quant, dtype = graph.inputs[0].quantization, graph.inputs[0].dtype
    bounds = np.iinfo(dtype)
    steps = pixels.astype(np.float32) / np.float32(255) / np.float32(quant.scale)
    return np.clip(np.floor(steps + np.float32(0.5)) + quant.zero_point, bounds.min, bounds.max).astype(dtype)


def expected(pixels: NDArray[np.uint8], model: bytes) -> list[float]:
    """TensorFlow Lite Micro's output for a picture."""
    graph = tflite.read(model)
    stored = oracle(model, quantized(pixels, graph).reshape(1, *graph.inputs[0].sample_shape))
    quant = graph.outputs[0].quantization
    return (np.float32(quant.scale) * (stored.astype(np.float32) - quant.zero_point)).ravel().tolist()


@pytest.fixture(params=QUICK, scope="module")
def xor(request, tmp_path_factory):
    return firmware(*BUILDS[request.param], main_cpp(5, tmp_path_factory.mktemp("xor")))


@pytest.fixture(scope="module")
def car(tmp_path_factory, car_models):
    main = car_main(tmp_path_factory.mktemp("car"))
    return firmware(*BUILDS["gcc-sanitized"], main, car_models / "carclassifier.cpp")


@pytest.fixture(scope="module")
def car_float(tmp_path_factory, car_models):
    main = car_main(tmp_path_factory.mktemp("car"))
    return firmware(*BUILDS["gcc-sanitized"], main, car_models / "carclassifier_float.cpp")


def test_name_profile_timestamp_and_help(xor):
    with client(xor) as board:
        assert board.ask("name")[-1] == "m-name-dut-[xormodel]"
        profile, model = board.ask("profile")
        assert re.fullmatch(r"m-profile-\[[^]]+\]", profile) and model == "m-model-[xormodel]"
        first, second = (int(re.fullmatch(r"m-lap-us-(\d+)", *board.ask("timestamp"))[1]) for _ in range(2))
        assert 0 < (second - first) % 2**32 < 1e7
        for command in "name", "timestamp", "profile", "db load N", "db print", "infer N W", "results":
            assert any(line.startswith(command) for line in board.ask("help")), command


def test_outputs_of_the_xor_network_are_the_oracles_bits(xor):
    model = tflite.load_model(MODEL)
    rng = np.random.default_rng(0)
    with client(xor) as board:
        for pixels in [[0, 0], [0, 255], [255, 0], [255, 255], *rng.integers(0, 256, (20, 2))]:
            data = np.array(pixels, np.uint8)
            board.load(data.tobytes())
            (output,), _ = board.infer(1, 0)
            assert output == round(expected(data, model)[0], 6)


@pytest.mark.parametrize("dtype", ["uint8", "int16"])
def test_outputs_of_a_network_of_other_types_are_the_oracles_bits(dtype, tmp_path):
    model = with_ends(tflite.load_model(MODEL), dtype)
    array = tflite.write_c_array(model, tmp_path / "xormodel.cpp")
    program = firmware(*BUILDS["gcc-sanitized"], main_cpp(5, tmp_path), array)
    with client(program) as board:
        for pixels in np.random.default_rng(0).integers(0, 256, (20, 2), np.uint8):
            board.load(pixels.tobytes())
            (output,), _ = board.infer(1, 0)
            assert output == round(expected(pixels, model)[0], 6)


def test_outputs_of_a_picture_network_are_the_oracles_bits_after_every_run(car, car_models):
    model = tflite.load_model(car_models / "carclassifier.cpp")
    rng = np.random.default_rng(0)
    seen = set()
    with client(car) as board:
        for dark in 1, 3:
            pixels = rng.integers(0, 256, (96, 96, 3), np.uint8) // np.uint8(dark)
            board.load(pixels.tobytes())
            for times, warmups in (1, 0), (3, 2):  # the network uses the input's memory again
                outputs, time_us = board.infer(times, warmups)
                assert outputs == [round(x, 6) for x in expected(pixels, model)]
                assert time_us > 0
            seen.add(outputs[0])
    assert len(seen) > 1  # the answers depend on the pictures


def test_the_same_bytes_serve_a_float_network(car_float, car_models):
    model = tflite.load_model(car_models / "carclassifier_float.cpp")
    pixels = np.random.default_rng(1).integers(0, 256, (1, 96, 96, 3), np.uint8)
    reference = tflite.run_litert(model, pixels.astype(np.float32) / np.float32(255))
    with client(car_float) as board:
        board.load(pixels.tobytes())
        assert board.infer(1, 0)[0] == pytest.approx(np.asarray(reference).ravel().tolist(), abs=2e-6)


def test_print_shows_what_was_loaded(xor, car):
    with client(xor) as board:
        assert board.ask("db print") == []
        board.load(b"\xab\x01")
        assert board.ask("db print") == ["m-buffer-ab-01"]
    with client(car) as board:
        board.ask("db load 20")
        board.ask(f"db {bytes(range(17)).hex()}")
        assert board.ask("db print") == [
            "m-buffer-00-01-02-03-04-05-06-07", "m-buffer-08-09-0a-0b-0c-0d-0e-0f", "m-buffer-10",
        ]  # fmt: skip


def test_infer_without_numbers_runs_once_after_ten_to_warm_up(xor):
    with client(xor) as board:
        board.load(b"\x00\xff")
        answer = board.ask("infer")
        assert answer[0] == "m-warmup-start-10" and "m-infer-start-1" in answer


MISTAKES = [
    "", " ", "Name", "names", "db", "db load", "db load 0", "db load -1", "db load x", "db load 2x", "db load 3",
    "db load 99999999999999999999", "db 00", "db zz", "infer", "infer 0", "infer -1", "infer 1 -1", "infer 1x 0",
    "infer 10000000 0", "infer 99999999999999999999 0", "infer 1 99999999999999999999", "results", "x" * 80, "x" * 81,
    "y" * 100_000, "db " + "0" * 78, "\\", "[]", "%s%n%s".replace("%", ""),
]  # fmt: skip


def test_mistakes_are_answered_with_an_error(xor):
    with client(xor) as board:
        for command in MISTAKES:
            answer = board.ask(command)
            assert len([line for line in answer if line.startswith("e-[")]) == 1, (command, answer)
            assert "m-name-dut-[xormodel]" in board.ask("name")


def test_a_wrong_command_while_loading_changes_nothing(xor):
    with client(xor) as board:
        assert board.ask("db load 2") == ["m-[Expecting 2 bytes]"]
        for wrong in "db 0", "db 0g", "db 00zz", "db 000":
            assert board.ask(wrong)[0].startswith("e-["), wrong
        assert board.ask("infer 1 0") == ["e-[Input db has 0 elements, expected 2]"]
        assert board.ask("db 00") == []
        assert board.ask("infer 1 0") == ["e-[Input db has 1 elements, expected 2]"]
        assert board.ask("db FFaabb") == [
            "m-load-done"
        ]  # what is too much is left out, as the public API does
        assert board.ask("db 00")[0].startswith("e-[")
        assert board.ask("db print") == ["m-buffer-00-ff"]
        assert board.infer(1, 0)[0][0] > 0.9
        assert board.ask("db load 1") == ["m-[Expecting 1 bytes]"]
        assert board.ask("db 00") == ["m-load-done"]
        assert board.ask("infer 1 0") == ["e-[Input db has 1 elements, expected 2]"]


def test_line_ends_and_noise_between_commands(xor):
    with client(xor) as board:
        assert board.ask(b"\r\n\r\nna\r\nme%\r\n")[-1] == "m-name-dut-[xormodel]"
        assert board.ask(b"\xff\x80xx\x07name%")[-1] == "m-name-dut-[xormodel]"
        assert board.ask(b"z" * 200 + b"\x07name%")[-1] == "m-name-dut-[xormodel]"
        assert board.ask("  db   load   2  ") == ["m-[Expecting 2 bytes]"]
