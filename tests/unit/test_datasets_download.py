"""Downloads against a server on this computer that misbehaves on request."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from aiedge import progress
from aiedge.errors import UserError
from aiedge.train.datasets import download as module
from aiedge.train.datasets.download import NoNetworkError, download

CONTENT = np.random.default_rng(0).bytes(1_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT. `cut` ends each answer after that many bytes, `resumes` says whether it knows ranges, and after
    `answers` of them no byte comes any more."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cut, self.resumes, self.status, self.silent = CONTENT, 0, True, 200, False
        self.answers, self.length = 1000, ""
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/set.npz"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        if server.silent:
            threading.Event().wait(5)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.resumes else 0
        if server.status != 200 or start >= len(server.content):
            self.send_error(server.status if server.status != 200 else 416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", server.length or str(len(body)))
        self.end_headers()
        if len(server.ranges) <= server.answers:
            self.wfile.write(body[: server.cut] if server.cut else body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "set.npz"


def names(target: Path) -> list[str]:
    return sorted(file.name for file in target.parent.iterdir())


def test_whole(
    server: Server, target: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    assert download(server.url, target, DIGEST) == target
    assert target.read_bytes() == CONTENT and names(target) == ["set.npz"]
    assert server.ranges == [None]
    assert "set.npz" in capsys.readouterr().out  # the bar


def test_an_md5_will_do(server: Server, target: Path) -> None:
    """Where a set's makers publish no other checksum."""
    digest = hashlib.md5(CONTENT).hexdigest()
    download(server.url, target, digest)
    assert target.read_bytes() == CONTENT
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(UserError, match="not the file that was expected"):
        download(server.url, target.with_name("other.npz"), digest)
    assert names(target) == ["set.npz"]


def test_broken_connections_are_taken_up_again(server: Server, target: Path) -> None:
    server.cut = 150_000
    download(server.url, target, DIGEST)
    assert target.read_bytes() == CONTENT
    assert server.ranges == [None] + [f"bytes={k * 150_000}-" for k in range(1, 7)]


def test_interrupted_then_resumed(server: Server, target: Path) -> None:
    server.cut, server.answers = 300_000, 1
    with pytest.raises(UserError, match=r"stopped after 0\.3 MB") as caught:
        download(server.url, target, DIGEST)
    assert "goes on from there" in caught.value.hint
    assert names(target) == ["set.npz.partial"]
    server.cut, server.answers, server.ranges = 0, 1000, []
    download(server.url, target, DIGEST)
    assert target.read_bytes() == CONTENT and server.ranges == ["bytes=300000-"]


def test_a_server_that_neither_ends_nor_resumes(server: Server, target: Path) -> None:
    server.cut, server.resumes = 300_000, False
    with pytest.raises(UserError, match=r"stopped after 0\.3 MB"):
        download(server.url, target, DIGEST)
    assert not target.exists() and len(server.ranges) == 1 + module.ATTEMPTS


def test_stopped_by_the_user_then_resumed(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: object, n: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.tqdm, "update", stop)
        with pytest.raises(KeyboardInterrupt):
            download(server.url, target, DIGEST)
    assert not target.exists()
    download(server.url, target, DIGEST)
    assert target.read_bytes() == CONTENT and server.ranges == [None, f"bytes={module.CHUNK}-"]


def test_a_server_that_cannot_resume_starts_again(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("set.npz.partial").write_bytes(CONTENT[:1000])
    server.resumes = False
    download(server.url, target, DIGEST)
    assert target.read_bytes() == CONTENT


def test_a_partial_file_of_something_else_is_thrown_away(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("set.npz.partial").write_bytes(b"x" * 1000)
    download(server.url, target, DIGEST)
    assert target.read_bytes() == CONTENT and server.ranges == ["bytes=1000-", None]


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more"])
def test_a_partial_file_that_has_all(server: Server, target: Path, left: bytes) -> None:
    target.parent.mkdir()
    target.with_name("set.npz.partial").write_bytes(left)
    download(server.url, target, DIGEST)
    assert target.read_bytes() == CONTENT and names(target) == ["set.npz"]


def test_another_file_is_refused(server: Server, target: Path) -> None:
    server.content = b"<html>please log in</html>"
    with pytest.raises(UserError, match="not the file that was expected"):
        download(server.url, target, DIGEST)
    assert names(target) == []


@pytest.mark.parametrize("status", [404, 403, 503])
def test_a_server_without_it(server: Server, target: Path, status: int) -> None:
    server.status = status
    with pytest.raises(NoNetworkError, match=str(status)):
        download(server.url, target, DIGEST)
    assert not target.exists()


def test_refused(target: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/set.npz"
        with pytest.raises(NoNetworkError, match="cannot reach"):
            download(url, target, DIGEST)


@pytest.mark.parametrize("length", ["x", "-1", "1e6", "²"])
def test_a_length_that_is_no_number(server: Server, target: Path, length: str) -> None:
    server.length = length
    assert download(server.url, target, DIGEST).read_bytes() == CONTENT


def test_two_at_once(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one sees the file of the first one grow, and leaves it alone."""
    target.parent.mkdir()
    partial = target.with_name("set.npz.partial")
    partial.write_bytes(CONTENT[:1000])
    monkeypatch.setattr(module.time, "sleep", lambda _: partial.write_bytes(CONTENT[:2000]))
    with pytest.raises(UserError, match=r"another program is downloading set\.npz"):
        download(server.url, target, DIGEST)
    assert partial.read_bytes() == CONTENT[:2000] and server.ranges == []


def test_no_network_leaves_what_has_arrived(target: Path) -> None:
    target.parent.mkdir()
    target.with_name("set.npz.partial").write_bytes(CONTENT[:1000])
    with pytest.raises(NoNetworkError, match="cannot reach"):
        download("http://127.0.0.1:9/set.npz", target, DIGEST)
    assert target.with_name("set.npz.partial").read_bytes() == CONTENT[:1000]


def test_silence_does_not_hang(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    server.silent = True
    with pytest.raises(NoNetworkError, match="cannot reach"):
        download(server.url, target, DIGEST)
    assert len(server.ranges) == 1


def test_no_folder_to_write_to(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        download(server.url, tmp_path / "file" / "set.npz", DIGEST)
