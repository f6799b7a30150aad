"""A board written in Python, for tests: it answers the protocol in memory, behind a pty or behind a socket."""

import hashlib
import os
import random
import select
import socket
import struct
import threading

from aiedge.board import frames
from aiedge.board.frames import Frame, FrameReader


class FakeBoard:
    """Answers requests; its "network" is a hash, so that two inputs that are mixed up give a wrong output."""

    def __init__(
        self, project="xormodel", input_bytes=2, output_bytes=4, sha256=bytes(range(32)), function=None
    ):
        self.reader = FrameReader(self._on_text)
        self.function = function or (lambda data: hashlib.sha256(data).digest()[:output_bytes])
        self.info = struct.pack("<BBBBIIIH", 1, 0, 0, 0, input_bytes, output_bytes, 32, 1024)
        self.info += sha256 + project.encode()
        self.input_bytes = input_bytes
        self.texts = []
        self.requests = 0
        self.log = b""  # goes out before the next reply

    def _on_text(self, line):
        self.texts.append(line)

    def handle(self, data: bytes) -> bytes:
        log, self.log = self.log, b""
        return log + b"".join(frames.encode(self.reply(frame)) for frame in self.reader.feed(data))

    def reply(self, frame: Frame) -> Frame:
        self.requests += 1
        if frame.type == frames.HELLO:
            if frame.payload != b"\x01":
                return Frame(frames.ERROR, frame.seq, b"\x04this board speaks version 1")
            return Frame(frames.HELLO_REPLY, frame.seq, self.info)
        if frame.type != frames.INFER:
            return Frame(frames.ERROR, frame.seq, b"\x01unknown type")
        if len(frame.payload) != self.input_bytes:
            return Frame(frames.ERROR, frame.seq, b"\x02wrong payload size")
        return Frame(frames.RESULT, frame.seq, struct.pack("<I", 12) + self.function(frame.payload))


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
