"""Frames of the serial protocol: bytes on the wire to messages and back.

`common/firmware/PROTOCOL.md` defines them; `frame.h` is the same in C++, and both pass the golden frames there.
"""

import re
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from aiedge.board.line.protocol import MAX_PAYLOAD

_HEAD = struct.Struct("<BH")  # type, seq
_CRC = struct.Struct("<I")
_MIN_BODY = _HEAD.size + _CRC.size
OVERHEAD = 2 + 1 + _MIN_BODY  # bytes of a frame beside its payload: zeros and COBS code, and of the body
_MAX_BODY = _MIN_BODY + MAX_PAYLOAD
_MAX_SEGMENT = _MAX_BODY + -(-_MAX_BODY // 254)
_MAX_LINE = 1000
_BLOCK_CODES = [bytes([count + 1]) for count in range(254)]
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")  # ESP-IDF colours its log lines


class Frame(NamedTuple):
    """One message: its type, sequence number and payload."""

    type: int
    seq: int
    payload: bytes = b""


def cobs_encode(data: bytes) -> bytes:
    """Replace the zeros of `data` by distances to the next one (Cheshire and Baker, 1999).

    >>> cobs_encode(bytes([1, 0, 2, 3])).hex(" ")
    '02 01 03 02 03'
    """
    pieces = data.split(b"\0")
    if len(data) < 254 or max(map(len, pieces)) < 254:
        return b"".join([_BLOCK_CODES[len(piece)] + piece for piece in pieces])
    encoded = bytearray()
    for number, piece in enumerate(pieces, 1):
        while len(piece) >= 254:
            encoded += b"\xff" + piece[:254]
            piece = piece[254:]
            if not piece and number == len(pieces):
                return bytes(encoded)
        encoded += _BLOCK_CODES[len(piece)] + piece
    return bytes(encoded)


def cobs_decode(data: bytes) -> bytes | None:
    """Undo `cobs_encode`; None where a distance points past the end.

    >>> cobs_decode(bytes([2, 1, 3, 2, 3])).hex(" ")
    '01 00 02 03'
    """
    pieces = []
    start, size = 0, len(data)
    while start < size:
        code = data[start]
        end = start + code
        if code == 0 or end > size:
            return None
        pieces.append(data[start + 1 : end])
        if code < 255 and end < size:
            pieces.append(b"\0")
        start = end
    return b"".join(pieces)


def encode(frame: Frame) -> bytes:
    """Bytes of a frame on the wire, with the zeros that open and close it.

    Raises ValueError for a payload of more than `MAX_PAYLOAD` bytes.

    >>> encode(Frame(type=0x01, seq=1, payload=b"\\x02")).hex(" ")
    '00 03 01 01 06 02 62 b3 34 76 00'
    """
    if len(frame.payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload has at most {MAX_PAYLOAD} bytes, not {len(frame.payload)}")
    body = _HEAD.pack(frame.type, frame.seq) + frame.payload
    return b"\0" + cobs_encode(body + _CRC.pack(zlib.crc32(body))) + b"\0"


def decode(segment: bytes) -> Frame | None:
    """Frame in the bytes between two zeros, or None where its length, COBS or CRC is wrong."""
    body = cobs_decode(segment)
    if body is None or not _MIN_BODY <= len(body) <= _MAX_BODY:
        return None
    content, crc = body[: -_CRC.size], body[-_CRC.size :]
    if crc != _CRC.pack(zlib.crc32(content)):
        return None
    kind, seq = _HEAD.unpack_from(content)
    return Frame(kind, seq, content[_HEAD.size :])


class FrameReader:
    """Finds frames in a stream of bytes that may be damaged, and passes the text between them on line by line.

    `log` gets every line of printable text, without its line end and colours. `bad_frames` counts the segments
    that do not decode.
    """

    def __init__(self, log: Callable[[str], None] = lambda line: None):
        self.bad_frames = 0
        self._log = log
        self._inside = False
        self._segment = bytearray()
        self._text = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take the bytes that have come, in pieces of any size; return the frames that they complete."""
        found: list[Frame] = []
        *closed, rest = data.split(b"\0")
        for piece in closed:
            self._take(piece)
            self._take_zero(found)
        self._take(rest)
        return found

    def silence(self) -> None:
        """Nothing came for a while: what is unfinished will not be finished."""
        self._drop_segment()
        self._inside = False
        self._end_line()

    def _take(self, piece: bytes) -> None:
        """Bytes without a zero: of a frame, or of text."""
        if self._inside:
            self._segment += piece
            if len(self._segment) <= _MAX_SEGMENT:
                return
            piece = bytes(self._segment[_MAX_SEGMENT + 1 :])
            del self._segment[_MAX_SEGMENT + 1 :]
            self._drop_segment()
            self._inside = False
        if piece:
            self._text += piece
            *lines, self._text = self._text.split(b"\n")
            for line in lines:
                self._show_pieces(line)
            while len(self._text) >= _MAX_LINE:
                self._show(self._text[:_MAX_LINE])
                del self._text[:_MAX_LINE]

    def _take_zero(self, found: list[Frame]) -> None:
        """The byte that opens and closes frames."""
        if not self._inside:
            self._end_line()
            self._inside = True
        elif self._segment:
            frame = decode(bytes(self._segment))
            if frame:
                found.append(frame)
                self._segment.clear()
                self._inside = False
            else:
                self._drop_segment()  # and stay inside: this zero may open the next frame

    def _drop_segment(self) -> None:
        """Count a segment that is no frame; show it if it is text that a lost byte put there."""
        if self._segment:
            self.bad_frames += 1
            for line in self._segment.splitlines():
                self._show(line)
            self._segment.clear()

    def _end_line(self) -> None:
        if self._text:
            self._show(self._text)
            self._text.clear()

    def _show_pieces(self, line: bytes | bytearray) -> None:
        """Show a line, cut where it is very long."""
        for start in range(0, len(line), _MAX_LINE):
            self._show(line[start : start + _MAX_LINE])

    def _show(self, text: bytes | bytearray) -> None:
        try:
            line = _COLOUR.sub(b"", text).decode().expandtabs().rstrip()
        except UnicodeDecodeError:
            return
        if line and line.isprintable():
            self._log(line)
