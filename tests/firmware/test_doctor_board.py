"""`aiedge doctor --board` against the stand-in: what it collects of a board."""

import json
import re
from pathlib import Path

import pytest

from aiedge.board import StandIn
from aiedge.cli import main
from aiedge.workshop import doctor, doctor_board
from tests.support.firmware import BUILDS, cifar_main, firmware, main_cpp

PROFILE = ["-DAIEDGE_PROFILE"]


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the kit's, for what is written."""
    monkeypatch.setattr(doctor, "REPO", tmp_path)
    monkeypatch.setattr(doctor_board, "REPO", tmp_path)
    monkeypatch.setattr(doctor, "report", lambda: "aiedge 0.1.0")
    return tmp_path


def test_it_collects_what_a_board_tells(kit: Path, cifar_model: Path, capsys: pytest.CaptureFixture) -> None:
    image = kit / "cifar_cnn/vscode/.pio/build/esp-eye-compiled/firmware.bin"
    image.parent.mkdir(parents=True)
    image.write_bytes(bytes(174_080))
    package = kit / ".platformio/packages/framework-espidf/package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"name": "framework-espidf", "version": "3.50500.0"}))
    program = firmware(*BUILDS["gcc-sanitized"], cifar_main(kit), cifar_model, PROFILE)
    with StandIn(program) as stand_in:
        assert main(["doctor", "--board", stand_in.port]) == 0
    out = capsys.readouterr().out
    for words in (
        "framework-espidf 3.50500.0",
        "174,080 bytes  ",
        "project cifar_cnn, runtime compiled, arena 9,664 bytes",
        "its output is the same each time: ",
        "m-name-dut-[cifar_cnn]",
        "0 resets",
    ):
        assert words in out
    assert re.search(r"10 runs on zeros: [\d,]+ to [\d,]+ us, median", out)
    assert re.search(r"layers%\n.*conv1", out, re.DOTALL) and re.search(r"memory%\n.*arena", out, re.DOTALL)
    printed = out.partition("What it printed\n")[
        2
    ]  # with what it had said before, where that waited on the line
    assert re.search(r"(  \w+ \S+ %, .+\n){10}", printed)
    text = (kit / "results/board.txt").read_text()
    assert out.startswith(text) and "wrote " in out.removeprefix(text)


def test_a_board_without_times_of_layers_says_so(kit: Path) -> None:
    with StandIn(firmware(*BUILDS["gcc-sanitized"], main_cpp(5, kit))) as stand_in:
        text = doctor_board.report(stand_in.port)
    assert "built without AIEDGE_PROFILE" in text and "none: nothing was built for a board here" in text


def test_a_port_that_is_not_there_is_an_error_with_a_hint(kit: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["doctor", "--board", str(kit / "ttyUSB9")]) == 2
    err = capsys.readouterr().err
    assert "error: there is no port" in err and "hint: " in err
    assert not (kit / "results").exists()


def test_a_board_that_keeps_silent_to_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def write(self, data: bytes) -> None: ...
        def read(self, timeout: float) -> bytes:
            return b""

    monkeypatch.setattr(doctor_board, "ANSWER_TIMEOUT", 0.01)
    with pytest.raises(doctor_board.UserError, match="does not answer memory%"):
        doctor_board.ask(Silent(), "memory")
