"""A board written in Python, for tests: it answers the protocol in memory, behind a pty or behind a socket."""

import hashlib
import os
import random
import select
import socket
import threading
import zlib

from aiedge.board.line import frames
from aiedge.board.line.frames import Frame, FrameReader
from aiedge.board.line.protocol import (
    ACK_HISTORY,
    BASE_BAUD,
    BAUD_PAYLOAD,
    HELLO_REPLY_HEAD,
    HISTORY_FRAMES,
    MAX_PAYLOAD,
    RESULT_HEAD,
    VERSION,
    WRITE_HEAD,
    ErrorCode,
    FrameType,
)

UNIT, WINDOW = 16, 4096


class FakeBoard:
    """Answers requests; its "network" is a hash, so that two inputs that are mixed up give a wrong output."""

    def __init__(
        self,
        project="xormodel",
        input_bytes=2,
        output_bytes=4,
        sha256=bytes(range(32)),
        function=None,
        window=WINDOW,
    ):
        self.reader = FrameReader(self._on_text)
        self.function = function or (lambda data: hashlib.sha256(data).digest()[:output_bytes])
        self.info = HELLO_REPLY_HEAD.pack(
            VERSION, 0, 0, 0, input_bytes, output_bytes, 32, window, MAX_PAYLOAD, UNIT, sha256
        )
        self.info += project.encode()
        self.input_bytes = input_bytes
        self.texts = []
        self.requests = 0
        self.inferences = 0
        self.log = b""  # goes out before the next reply
        self.baud = BASE_BAUD
        self.most_baud = 921600
        self.reset()

    def reset(self):
        """As after the reset button."""
        self.greeted = False
        self.baud = BASE_BAUD
        self.number = self.result = None
        self.seqs = set()

    def _on_text(self, line):
        self.texts.append(line)

    def handle(self, data: bytes) -> bytes:
        log, self.log = self.log, b""
        replies = [reply for frame in self.reader.feed(data) for reply in self.replies(frame)]
        return log + b"".join(map(frames.encode, replies))

    def replies(self, frame: Frame) -> list[Frame]:
        reply = self.reply(frame)
        if frame.type == FrameType.WRITE and reply.type == FrameType.RESULT:
            return [self.ack(frame), self.ack(frame), reply]
        return [reply]

    def ack(self, frame):
        history = sum(
            1 << age for age in range(HISTORY_FRAMES) if (frame.seq - 1 - age) % 0x10000 in self.seqs
        )
        return Frame(FrameType.ACK, frame.seq, ACK_HISTORY.pack(history))

    def error(self, frame, code: ErrorCode, text):
        return Frame(FrameType.ERROR, frame.seq, bytes([code]) + text)

    def reply(self, frame: Frame) -> Frame:
        self.requests += 1
        if frame.type == FrameType.HELLO:
            if frame.payload != bytes([VERSION]):
                return self.error(frame, ErrorCode.WRONG_VERSION, b"this board speaks another version")
            baud = self.baud
            self.reset()
            self.greeted, self.baud = True, baud
            return Frame(FrameType.HELLO_REPLY, frame.seq, self.info)
        if frame.type == FrameType.SET_BAUD:
            (rate,) = BAUD_PAYLOAD.unpack(frame.payload)
            if rate > self.most_baud:
                return self.error(frame, ErrorCode.WRONG_BAUD, b"too fast")
            self.baud = rate
            return Frame(FrameType.BAUD_REPLY, frame.seq, frame.payload)
        if not self.greeted:
            return self.error(frame, ErrorCode.NOT_GREETED, b"say HELLO first")
        if frame.type == FrameType.FETCH:
            if self.result is None or self.result[0] != frame.payload[0]:
                return self.error(frame, ErrorCode.NO_RESULT, b"no result")
            return Frame(FrameType.RESULT, frame.seq, self.result)
        if frame.type != FrameType.WRITE:
            return self.error(frame, ErrorCode.UNKNOWN_TYPE, b"unknown type")
        return self.write(frame)

    def write(self, frame):
        number, index = WRITE_HEAD.unpack_from(frame.payload)
        data, start = frame.payload[WRITE_HEAD.size :], index * UNIT
        end = start + len(data)
        if not data or end > self.input_bytes or (end % UNIT and end < self.input_bytes):
            return self.error(frame, ErrorCode.WRONG_PAYLOAD, b"wrong payload size")
        if number != self.number:
            self.number, self.input = number, bytearray(self.input_bytes)
            self.missing = set(range(0, self.input_bytes, UNIT))
        elif not self.missing:
            return self.ack(frame)
        self.seqs.add(frame.seq)
        self.input[start:end] = data
        self.missing -= set(range(start, end, UNIT))
        if self.missing:
            return self.ack(frame)
        self.inferences += 1
        whole = bytes(self.input)
        self.input[:] = b"\xaa" * self.input_bytes  # the network uses the memory again
        self.result = RESULT_HEAD.pack(number, zlib.crc32(whole), 12) + self.function(whole)
        return Frame(FrameType.RESULT, frame.seq, self.result)


class MemoryLine:
    """A line to a `FakeBoard` on which time does not pass: silence is over at once.

    Bytes come in pieces of random size; `late` is the probability that a reply comes after a time-out.
    """

    name = "memory"

    def __init__(self, board: FakeBoard, seed=0, late=0.0):
        self.board = board
        self.coming = bytearray()
        self.random = random.Random(seed)
        self.late = late

    def write(self, data):
        self.coming += self.board.handle(data)

    def read(self, timeout):
        if not self.coming or self.random.random() < self.late:
            self.board.reader.silence()
            return b""
        size = self.random.randint(1, len(self.coming))
        piece = bytes(self.coming[:size])
        del self.coming[:size]
        return piece

    def set_baud(self, rate):
        pass

    def close(self):
        pass


class PtyBoard:
    """A `FakeBoard` behind a pseudo-terminal; after `vanish_after` requests the port goes away."""

    def __init__(self, board: FakeBoard, vanish_after=None):
        import tty

        self.board, self.vanish_after = board, vanish_after
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.stopping = False
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.stopping = True
        self.thread.join()

    def _serve(self):
        while not self.stopping:
            if select.select([self.master], [], [], 0.02)[0]:
                reply = self.board.handle(os.read(self.master, 4096))
                if self.vanish_after is not None and self.board.requests > self.vanish_after:
                    break
                os.write(self.master, reply)
        os.close(self.slave)
        os.close(self.master)


class SocketBoard:
    """A `FakeBoard` behind a TCP port."""

    def __init__(self, board: FakeBoard, vanish_after=None):
        self.board, self.vanish_after = board, vanish_after
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self.server.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.server.close()
        self.thread.join()

    def _serve(self):
        self.server.settimeout(10)
        try:
            connection, _ = self.server.accept()
        except OSError:
            return  # closed before anybody came
        with connection:
            while data := connection.recv(4096):
                reply = self.board.handle(data)
                if self.vanish_after is not None and self.board.requests > self.vanish_after:
                    break
                connection.sendall(reply)
