"""PROTOCOL.md's tables against the numbers that Python and C++ have of them."""

import re
import struct

import pytest

from aiedge.board.line import protocol
from aiedge.board.line.protocol import ErrorCode, FrameType
from aiedge.paths import COMMON

FIRMWARE = COMMON / "firmware"
PROTOCOL = (FIRMWARE / "PROTOCOL.md").read_text(encoding="utf-8")
CODES = {"u8": "B", "u16": "H", "u32": "I", "32 bytes": "32s"}


def table(head: str) -> list[list[str]]:
    """The rows of the table whose first row begins with these cells."""
    lines = PROTOCOL.partition(f"\n| {head} |")[2].splitlines()[2:]
    assert lines, f"PROTOCOL.md has no table {head}"
    rows = lines[: lines.index("")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def constants(file: str) -> dict[str, int]:
    """The numbers in a C++ header, by their names: constants and enumerators."""
    text = (FIRMWARE / "src" / file).read_text(encoding="utf-8")
    return {name: int(value, 0) for name, value in re.findall(r"\b(k\w+) = (\w+)\s*[;,}]", text)}


HEADER = constants("serial_protocol.h")


def cpp_name(name: str) -> str:
    """`kHelloReply` for HELLO_REPLY."""
    return "k" + name.title().replace("_", "")


def head_of(text: str) -> struct.Struct:
    """The layout of the numbers that a payload begins with, out of their description."""
    return struct.Struct("<" + "".join(CODES[code] for code in re.findall(r"\bu(?:8|16|32)\b", text)))


def test_every_number_is_the_pages() -> None:
    for number, python, cpp, _ in table("number | in Python | in C++ |"):
        assert not python or getattr(protocol, python) == int(number), python
        assert HEADER[cpp] == int(number), cpp


def test_the_types_of_messages_are_the_pages() -> None:
    kinds = {name: int(number, 0) for number, name, *_ in table("type | name | from | payload")}
    assert {kind.name: int(kind) for kind in FrameType} == kinds
    assert {name: HEADER[cpp_name(name)] for name in kinds} == kinds
    replies = {"HELLO": "HELLO_REPLY", "WRITE": "ACK", "FETCH": "RESULT", "SET_BAUD": "BAUD_REPLY"}
    assert all(kinds[request] | protocol.REPLY == kinds[reply] for request, reply in replies.items())


def test_the_error_codes_are_the_pages() -> None:
    codes = {name: int(number) for number, name, _ in table("ERROR code | name | meaning")}
    assert {code.name: int(code) for code in ErrorCode} == codes
    assert {name: HEADER[cpp_name(name)] for name in codes} == codes


def test_the_header_has_no_other_numbers() -> None:
    named = {cpp for _, _, cpp, _ in table("number | in Python | in C++ |")}
    named |= {cpp_name(member.name) for kind in (FrameType, ErrorCode) for member in kind}
    assert HEADER.keys() - named == {"kWriteHead", "kResultHead", "kConductHead"}


def test_payloads_begin_as_the_page_says() -> None:
    payloads = {name: text for _, name, _, text in table("type | name | from | payload")}
    for name, layout in (
        ("WRITE", protocol.WRITE_HEAD),
        ("ACK", protocol.ACK_HISTORY),
        ("RESULT", protocol.RESULT_HEAD),
        ("SET_BAUD", protocol.BAUD_PAYLOAD),
    ):
        assert head_of(payloads[name]).format == layout.format, name
    assert HEADER["kWriteHead"] == protocol.WRITE_HEAD.size
    assert HEADER["kResultHead"] == protocol.RESULT_HEAD.size
    layout = "".join(
        CODES[row[1]]
        for row in table("conduct | type | what the sketch did between the input and `write_result()`")[:-1]
    )
    assert f"<{layout}" == protocol.CONDUCT.format and HEADER["kConductHead"] == protocol.CONDUCT.size
    *fields, project = table("HELLO_REPLY | type |")
    assert project[:2] == ["project", "ASCII"]
    assert "<" + "".join(CODES[field[1]] for field in fields) == protocol.HELLO_REPLY_HEAD.format
    assert int(fields[0][2]) == protocol.VERSION


def test_the_names_of_types_and_runtimes_are_the_pages() -> None:
    texts = {name: text for name, _, text in table("HELLO_REPLY | type |")}
    assert texts["input type"] == ", ".join(f"{n} {name}" for n, name in protocol.TENSOR_TYPES.items())
    assert texts["runtime"] == "0 compiled, 1 TensorFlow Lite Micro, 2 ESP-DL"
    source = (FIRMWARE / "src/Replies.cpp").read_text(encoding="utf-8")
    names = re.findall(r'"(\w+)"', re.findall(r"kRuntimes\[\] = \{(.+?)\}", source)[0])
    assert protocol.RUNTIMES == dict(enumerate(names)) == {0: "compiled", 1: "tflm", 2: "espdl"}
    models = "".join(path.read_text(encoding="utf-8") for path in (FIRMWARE / "src").glob("*Model.cpp"))
    assert sorted(re.findall(r'Model::runtime\(\) \{ return "(\w+)"', models)) == sorted(names)
    assert {name.lower()[1:]: n for name, n in constants("Tensor.h").items() if name != "kAhead"} == {
        name: n for n, name in protocol.TENSOR_TYPES.items()
    }


def test_what_is_kept_beyond_a_row_is_the_pages() -> None:
    ahead = constants("Tensor.h")["kAhead"]
    assert f"the row that comes and the {ahead} bytes after it" in PROTOCOL
    text = " ".join(PROTOCOL.split())
    assert f"names a window of {ahead} all the same, and a max payload of {ahead // 2 - 16}" in text


def test_the_prose_has_the_tables_numbers() -> None:
    text = " ".join(PROTOCOL.split())
    for sentence in (
        f"The line is {protocol.BASE_BAUD} baud at first",
        f"version u8 = {protocol.VERSION}",
        f"payload | 0 … {protocol.MAX_PAYLOAD} |",
        f"cut into units of {HEADER['kMinUnit']} bytes",
        f"at most {HEADER['kMaxUnits']} units",
        f"silence: {HEADER['kSilenceMs']} ms (board)",
        f"within {HEADER['kConfirmMs'] // 1000} s, the board goes back",
        f"after {HEADER['kQuietMs'] // 1000} s without a frame",
    ):
        assert sentence in text, sentence


@pytest.mark.parametrize(
    "file", sorted((COMMON / "lessons").glob("*/main.cpp")), ids=lambda file: file.parent.name
)
def test_sketches_start_the_line_at_its_first_speed(file) -> None:
    speeds = re.findall(r"SerialImageProvider serial\(.*, (\d+)\)", file.read_text(encoding="utf-8"))
    assert set(speeds) <= {str(protocol.BASE_BAUD)}


def test_the_serial_monitor_starts_at_the_lines_first_speed() -> None:
    text = (COMMON / "platforms/lesson.ini").read_text(encoding="utf-8")
    assert f"\nmonitor_speed = {protocol.BASE_BAUD}\n" in text
