"""Lines that are slow as a UART, and lines that make mistakes."""

import itertools

import pytest

from aiedge.board import FaultyTransport, PacedTransport
from aiedge.board.line import transport

BAUD = 115200
RATE = BAUD / 10  # bytes a second


class Loop:
    """A line whose bytes come back at once, on a clock that only waiting moves."""

    name = "loop"

    def __init__(self, monkeypatch):
        self.now = 100.0
        self.written = []  # (time, bytes so far)
        self.back = b""
        self.baud = BAUD
        monkeypatch.setattr(transport.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(transport.time, "sleep", self.sleep)

    def sleep(self, seconds):
        self.now += seconds

    def write(self, data):
        self.back += data
        self.written.append((self.now, sum(size for _, size in self.written[-1:]) + len(data)))

    def read(self, timeout):
        data, self.back = self.back, b""
        if not data:
            self.now += timeout
        return data

    def set_baud(self, rate):
        self.baud = rate

    def close(self):
        pass


def drain(line, count):
    data = b""
    while len(data) < count:
        data += line.read(1.0)
    return data


@pytest.mark.parametrize("size", [1, 100, 5000, 40_000])
def test_both_directions_take_their_time(monkeypatch, size):
    loop = Loop(monkeypatch)
    line = PacedTransport(loop, BAUD)
    data = bytes(i % 251 for i in range(size))
    line.write(data)
    # All but the driver's queue has gone.
    assert loop.now - 100 >= (size - 4096) / RATE
    assert drain(line, size) == data
    # Never faster than the line, at any moment; and little slower: there and back at the same time.
    assert all(so_far <= (at - 100) * RATE + 1 for at, so_far in loop.written)
    assert size / RATE <= loop.now - 100 <= size / RATE + 0.03


def test_a_pause_between_calls_is_time_on_the_line(monkeypatch):
    loop = Loop(monkeypatch)
    line = PacedTransport(loop, BAUD)
    line.write(bytes(2000))
    loop.now += 1.0
    line.read(0.0)
    assert loop.written[-1][1] == 2000
    # Time in which nothing was queued is not made up for.
    loop.now += 1.0
    line.write(bytes(2000))
    line.read(0.0)
    assert loop.written[-1][1] <= 2000 + 1


def test_silence_lasts_as_long_as_asked(monkeypatch):
    loop = Loop(monkeypatch)
    assert PacedTransport(loop, BAUD).read(0.5) == b""
    assert 0.5 <= loop.now - 100 < 0.51


def test_the_pace_follows_the_speed(monkeypatch):
    loop = Loop(monkeypatch)
    line = PacedTransport(loop, BAUD)
    line.write(bytes(1000))
    line.set_baud(921600)
    assert loop.written[-1][1] == 1000  # at the old speed
    assert loop.baud == 921600
    start = loop.now
    line.write(bytes(92160))
    assert (92160 - 4096) / 92160 <= loop.now - start <= 1.02


class Sink:
    name = "sink"

    def __init__(self, data=b""):
        self.data = data
        self.written = b""

    def write(self, data):
        self.written += data

    def read(self, timeout):
        data, self.data = self.data, b""
        return data

    def set_baud(self, rate):
        pass

    def close(self):
        pass


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.3])
def test_a_faulty_line_makes_as_many_mistakes_as_asked(rate):
    sink = Sink()
    line = FaultyTransport(sink, rate, seed=1)
    sent = bytes(range(1, 201)) * 2000
    line.write(sent)
    assert line.bytes == len(sent)
    assert 0.9 < line.faults / (rate * len(sent)) < 1.1
    assert abs(len(sink.written) - len(sent)) < 0.1 * line.faults + 100  # as many doubled as dropped


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_mistakes_do_not_depend_on_the_pieces(size):
    sent = bytes(i % 256 for i in range(20_000))
    whole, pieces = Sink(), Sink()
    FaultyTransport(whole, 0.01, seed=5).write(sent)
    line = FaultyTransport(pieces, 0.01, seed=5)
    for start in range(0, len(sent), size):
        line.write(sent[start : start + size])
    assert pieces.written == whole.written


def test_each_mistake_is_one_byte():
    kinds = set()
    for seed in itertools.count():
        sink = Sink()
        line = FaultyTransport(sink, 0.02, seed)
        line.write(b"abcdefghij")
        if line.faults == 1:
            kinds.add(len(sink.written) - 10)
        if kinds == {-1, 0, 1}:
            break
        assert seed < 1000


def test_a_line_without_mistakes_and_one_of_nothing_else():
    clean, wild = Sink(b"in"), Sink()
    line = FaultyTransport(clean, 0.0, seed=1)
    line.write(b"out")
    assert (clean.written, line.read(0), line.faults) == (b"out", b"in", 0)
    line = FaultyTransport(wild, 1.0, seed=1)
    line.write(b"out")
    assert line.faults == 3
