"""Ports: finding the board, and saying why a port cannot be opened."""

import errno
import os
import socket
import sys
from types import SimpleNamespace

import pytest
import serial

from aiedge.board import Board, SerialPort, SerialTransport, choose_port, find_ports, ports
from aiedge.errors import UserError

EYE = SerialPort("/dev/ttyUSB0", "CP2102 USB to UART Bridge Controller", "10c4:ea60")
CLONE = SerialPort("/dev/ttyUSB1", "USB Serial", "1a86:7523")
MODEM = SerialPort("/dev/ttyACM0", "LTE Modem", "1199:9071")
OLD = SerialPort("/dev/ttyS0")
posix = pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")


def refuse(name, baud=115200):
    with pytest.raises(UserError) as caught:
        SerialTransport(name, baud)
    assert caught.value.hint
    return caught.value


@pytest.fixture
def pty():
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_the_boards_come_first(monkeypatch):
    infos = [
        SimpleNamespace(device="/dev/ttyS0", description="n/a", vid=None, pid=None),
        SimpleNamespace(device="/dev/ttyACM0", description="LTE Modem", vid=0x1199, pid=0x9071),
        SimpleNamespace(device="/dev/ttyUSB0", description=EYE.description, vid=0x10C4, pid=0xEA60),
    ]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: infos)
    assert find_ports() == [EYE, MODEM, OLD]


def test_the_one_board_is_chosen(capsys):
    assert choose_port([EYE, MODEM, OLD]) == EYE.name
    assert capsys.readouterr().out.splitlines() == [
        "  1  /dev/ttyUSB0  10c4:ea60  CP2102 USB to UART Bridge Controller  <- CP2102: an ESP board",
        "  2  /dev/ttyACM0  1199:9071  LTE Modem",
        "  3  /dev/ttyS0",
    ]


def test_several_boards_are_a_question():
    answers = iter(["", "3", "no", "2"])
    assert choose_port([EYE, CLONE], lambda question: next(answers)) == CLONE.name
    assert choose_port([EYE, CLONE], lambda question: EYE.name) == EYE.name


def test_a_single_port_that_is_no_known_board_is_a_question():
    assert choose_port([MODEM], lambda question: "1") == MODEM.name


def test_a_choice_without_a_person_is_an_error():
    with pytest.raises(UserError) as caught:
        choose_port([EYE, CLONE])
    assert "./run_serial.py /dev/ttyUSB0" in caught.value.hint

    def end_of_file(question):
        raise EOFError

    with pytest.raises(UserError, match="no port chosen"):
        choose_port([EYE, CLONE], end_of_file)


@pytest.mark.parametrize(
    ("platform", "word"), [("linux", "dmesg"), ("darwin", "/dev/cu."), ("win32", "Device Manager")]
)
def test_no_port_has_a_hint_for_each_system(monkeypatch, platform, word):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ports, "find_ports", list)
    with pytest.raises(UserError, match="no serial port") as caught:
        choose_port([])
    assert word in caught.value.hint
    assert "--simulate" in caught.value.hint


@posix
def test_missing_port(monkeypatch):
    monkeypatch.setattr(ports, "find_ports", lambda: [EYE])
    error = refuse("/dev/ttyUSB99")
    assert error.message == "there is no port /dev/ttyUSB99"
    assert error.hint == "the ports here: /dev/ttyUSB0"


@posix
def test_busy_port(pty):
    with Board(pty):
        assert "in use" in refuse(pty).message
    Board(pty).close()


@posix
def test_forbidden_port(pty):
    pytest.importorskip("grp")  # which another user may not be able to read
    os.chmod(pty, 0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may open everything
    try:
        error = refuse(pty)
    finally:
        if user == 0:
            os.seteuid(0)
    assert error.message == f"no permission to open {pty}"
    assert "usermod -aG" in error.hint


@posix
@pytest.mark.parametrize("name", ["/dev/null", os.path.dirname(__file__), __file__])
def test_not_a_port(name):
    assert refuse(name).message == f"{name} is not a serial port"


@posix
@pytest.mark.parametrize("baud", [-1, 0, 2**40])
def test_impossible_speed(pty, baud):
    assert refuse(pty, baud).message == f"{baud} baud is no speed of a serial port"


@pytest.mark.parametrize("name", ["socket://127.0.0.1:{free}", "socket://nonsense", "nosuch://x"])
def test_unreachable_address(name):
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    name = name.format(free=free)
    assert refuse(name).message == f"cannot reach {name}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (
            "could not open port 'COM9': FileNotFoundError(2, 'The system cannot find the file specified.', None, 2)",
            "no",
        ),
        ("could not open port 'COM9': PermissionError(13, 'Access is denied.', None, 5)", "in use"),
        ("Cannot configure port, something went wrong.", "not a serial port"),
        ("could not open port 'COM9': OSError(22, 'semaphore timeout', None, 121)", "semaphore"),
    ],
)
def test_errors_in_the_words_of_windows(text, word):
    assert word in ports.explain(serial.SerialException(text), "COM9").message


def test_group_of_a_port_that_cannot_be_looked_at():
    error = ports.explain(OSError(errno.EACCES, "Permission denied"), "/dev/ttyUSB99")
    assert "dialout" in error.hint


@posix
def test_reset_lines_are_low_before_opening(pty, monkeypatch):
    states = []
    genuine = serial.Serial.open

    def note_then_open(port):
        states.append((port.dtr, port.rts))
        genuine(port)

    monkeypatch.setattr(serial.Serial, "open", note_then_open)
    SerialTransport(pty).close()
    assert states == [(False, False)]


@posix
def test_closing_twice_and_using_a_closed_port(pty):
    line = SerialTransport(pty)
    line.close()
    line.close()
    for use in (lambda: line.read(0.1), lambda: line.write(b"x")):
        with pytest.raises(UserError, match="vanished"):
            use()


@posix
def test_a_line_that_takes_no_bytes(pty, monkeypatch):
    monkeypatch.setattr("aiedge.board.line.transport._WRITE_TIMEOUT", 0.1)
    line = SerialTransport(pty)
    with pytest.raises(UserError, match="takes no more bytes"):
        line.write(bytes(1_000_000))
    line.close()
