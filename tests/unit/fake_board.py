"""A board written in Python, for tests: it answers the protocol in memory, behind a pty or behind a socket."""

import hashlib
import os
import random
import select
import socket
import struct
import threading
import zlib

from aiedge.board.line import frames
from aiedge.board.line.frames import Frame, FrameReader

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
        self.info = struct.pack("<BBBBIIIIHH", 2, 0, 0, 0, input_bytes, output_bytes, 32, window, 1024, UNIT)
        self.info += sha256 + project.encode()
        self.input_bytes = input_bytes
        self.texts = []
        self.requests = 0
        self.inferences = 0
        self.log = b""  # goes out before the next reply
        self.baud = 115200
        self.most_baud = 921600
        self.reset()

    def reset(self):
        """As after the reset button."""
        self.greeted = False
        self.baud = 115200
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
        if frame.type == frames.WRITE and reply.type == frames.RESULT:
            return [self.ack(frame), self.ack(frame), reply]
        return [reply]

    def ack(self, frame):
        history = sum(1 << age for age in range(32) if (frame.seq - 1 - age) % 0x10000 in self.seqs)
        return Frame(frames.ACK, frame.seq, struct.pack("<I", history))

    def error(self, frame, code, text):
        return Frame(frames.ERROR, frame.seq, bytes([code]) + text)

    def reply(self, frame: Frame) -> Frame:
        self.requests += 1
        if frame.type == frames.HELLO:
            if frame.payload != b"\x02":
                return self.error(frame, 4, b"this board speaks version 2")
            baud = self.baud
            self.reset()
            self.greeted, self.baud = True, baud
            return Frame(frames.HELLO_REPLY, frame.seq, self.info)
        if frame.type == frames.SET_BAUD:
            (rate,) = struct.unpack("<I", frame.payload)
            if rate > self.most_baud:
                return self.error(frame, 7, b"too fast")
            self.baud = rate
            return Frame(frames.BAUD_REPLY, frame.seq, frame.payload)
        if not self.greeted:
            return self.error(frame, 5, b"say HELLO first")
        if frame.type == frames.FETCH:
            if self.result is None or self.result[0] != frame.payload[0]:
                return self.error(frame, 6, b"no result")
            return Frame(frames.RESULT, frame.seq, self.result)
        if frame.type != frames.WRITE:
            return self.error(frame, 1, b"unknown type")
        return self.write(frame)

    def write(self, frame):
        number, index = struct.unpack_from("<BH", frame.payload)
        data, start = frame.payload[3:], index * UNIT
        end = start + len(data)
        if not data or end > self.input_bytes or (end % UNIT and end < self.input_bytes):
            return self.error(frame, 2, b"wrong payload size")
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
        self.result = struct.pack("<BII", number, zlib.crc32(whole), 12) + self.function(whole)
        return Frame(frames.RESULT, frame.seq, self.result)


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
