"""A board in the browser: a page on which the firmware runs, and its serial line, which comes here by a WebSocket.

with BrowserBoard(firmware, facts) as page:
    print(page.url)
    page.wait()
    with Board(page.line()) as board: ...

The page comes from this computer and is for this computer: the server listens on 127.0.0.1, a token in the address
keeps other programs' pages out, and it has the page's few files and nothing else.
"""

import asyncio
import contextlib
import json
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from aiedge.errors import UserError, extras
from aiedge.web import PAGE

with extras():
    import tornado.httpserver
    import tornado.netutil
    import tornado.web
    import tornado.websocket

TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
TYPES |= {".wasm": "application/wasm", ".bin": "application/octet-stream"}
FILES = (
    "board.html",
    "board.js",
    "pictures.js",
    "worker.js",
    "shared.js",
    "frames.js",
    "draw.js",
    "style.css",
)
_STOPPED = ("crash", "loops", "ended")  # states of a page whose firmware does not go on
_START_TIMEOUT = 10.0  # s
_GONE_AFTER = 15.0  # s without a page: more than a reload takes
_MOST_MESSAGE = 2**20  # bytes of one from the page


class BrowserBoard:
    """Serves a firmware's page; a context manager that stops.

    `firmware` is a WebAssembly module of the environment `browser`, `facts` what `aiedge.web.page_facts` says of its
    network, `scenes` RGB pictures uint8 [n, height, width, 3] as bytes behind their three sizes as uint16, for a page
    without a camera. `url` is the page's address, with its token. Raises `UserError` where the server does not start.
    """

    def __init__(self, firmware: bytes, facts: Mapping[str, Any], scenes: bytes = b""):
        self._files = {name: (PAGE / name).read_bytes() for name in FILES}
        self._files[""] = self._files["board.html"]
        self._files |= {
            "firmware.wasm": firmware,
            "facts.json": json.dumps(facts).encode(),
            "scenes.bin": scenes,
        }
        self._token = secrets.token_urlsafe(16)
        self._lines: list[_Line] = []  # of the pages, the one that has the serial line first
        self._received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._wanted: dict[str, Any] = {}
        self._left = time.monotonic()
        self._problem: OSError | None = None
        self.states: list[dict[str, Any]] = []  # what the pages said of themselves
        self.url = ""
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        if not self._started.wait(_START_TIMEOUT) or self._problem:
            raise UserError(
                f"no page can be served: {self._problem}", "is there a free TCP port on 127.0.0.1?"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; the pages say so."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_START_TIMEOUT)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a page whose firmware has started; False where none came in so many seconds."""
        return self._ready.wait(seconds)

    def line(self) -> "BrowserTransport":
        """The serial line of the first page; while it is open, the page takes its pictures from it."""
        return BrowserTransport(self)

    def tell(self, **wish: Any) -> None:
        """Tell the page with the line something, now or when it comes: `source="line"` or `source="camera"`."""
        self._wanted |= wish
        self._loop.call_soon_threadsafe(self._tell_first)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            (socket,) = tornado.netutil.bind_sockets(0, "127.0.0.1")
        except OSError as error:
            self._problem = error
            self._started.set()
            return
        self._host = f"127.0.0.1:{socket.getsockname()[1]}"
        self.url = f"http://{self._host}/{self._token}/"
        keep = {"server": self}
        routes = [(f"/{self._token}/line", _Line, keep), (f"/{self._token}/(.*)", _File, keep)]
        # A default handler, so that a wrong token gets the same answer as a wrong name.
        application = tornado.web.Application(
            routes,
            default_handler_class=_File,
            default_handler_args=keep,
            websocket_max_message_size=_MOST_MESSAGE,
            log_function=lambda handler: None,
        )
        server = tornado.httpserver.HTTPServer(application)
        server.add_sockets([socket])
        self._started.set()
        await self._stop.wait()
        server.stop()
        for line in self._lines:
            line.close(1001, "the server has ended")
        await server.close_all_connections()

    def allows(self, request: Any) -> bool:
        """Whether a request comes from this page: by the host that it names, and the origin where it names one."""
        port = self._host.partition(":")[2]
        hosts = {self._host, f"localhost:{port}"}
        origin = request.headers.get("Origin")
        return request.host in hosts and (origin is None or origin == f"http://{request.host}")

    def file(self, name: str) -> tuple[str, bytes] | None:
        """The type and the bytes of one of the page's files; None for any other name."""
        if name not in self._files:
            return None
        return TYPES["." + (name or "board.html").rpartition(".")[2]], self._files[name]

    def policy(self, host: str) -> dict[str, str]:
        """The headers of each answer: nothing from elsewhere, no script in the text, memory shared with workers."""
        return {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; worker-src 'self'; "
                f"connect-src 'self' ws://{host}; img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'"
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }

    # Of the server's own thread, as all that follows.

    def opened(self, line: "_Line") -> None:
        self._lines.append(line)
        self._tell_first()

    def closed(self, line: "_Line") -> None:
        if line not in self._lines:
            return
        first = self._lines[0] is line
        self._lines.remove(line)
        if first:
            self._ready.clear()
            self._left = time.monotonic()
            self._tell_first()

    def came(self, line: "_Line", message: str | bytes) -> None:
        if self._lines[:1] != [line]:
            return
        if isinstance(message, bytes):
            self._received.put(message)
            return
        try:
            state = json.loads(message)
        except ValueError:
            return
        if isinstance(state, dict):
            self.states.append(state)
            if state.get("state") != "starting":
                self._ready.set()

    def _tell_first(self) -> None:
        for i, line in enumerate(self._lines):
            line.say(json.dumps({"line": i == 0, **(self._wanted if i == 0 else {})}))

    def _say_first(self, data: bytes) -> None:
        for line in self._lines[:1]:
            line.say(data)

    # Of `BrowserTransport`.

    def receive(self, timeout: float) -> bytes:
        """Bytes from the page's firmware; b"" where none came in so many seconds."""
        try:
            found = [self._received.get(timeout=timeout)]
        except queue.Empty:
            state = self.states[-1] if self.states else {}
            if line := state.get("line"):  # a board says again and again at which TODO it stops
                return f"{line}\n".encode()
            if state.get("state") in _STOPPED:
                hint = "mend main.cpp, or reset the board on its page"
                raise UserError(f"on the page: {state.get('text', '')}", hint) from None
            if not self._lines and time.monotonic() - self._left > _GONE_AFTER:
                raise UserError("the page is closed", f"open it again: {self.url}") from None
            return b""
        while not self._received.empty():
            found.append(self._received.get())
        return b"".join(found)

    def send(self, data: bytes) -> None:
        """Send bytes to the page's firmware; what no page takes is lost, as on a wire."""
        self._loop.call_soon_threadsafe(self._say_first, data)


class BrowserTransport:
    """The serial line of a page, as `Board` takes it."""

    def __init__(self, page: BrowserBoard):
        self.name = "the browser"
        self._page = page
        page.tell(source="line")

    def read(self, timeout: float) -> bytes:
        return self._page.receive(timeout)

    def write(self, data: bytes) -> None:
        self._page.send(data)

    def set_baud(self, rate: int) -> None:
        """No speed changes: the line carries bytes as fast as it can."""

    def close(self) -> None:
        """Let the page have its camera back."""
        self._page.tell(source="camera")


class _File(tornado.web.RequestHandler):
    """One of the page's files."""

    def initialize(self, server: BrowserBoard) -> None:
        self._server = server

    def prepare(self) -> None:
        for name, value in self._server.policy(self.request.host).items():
            self.set_header(name, value)
        if not self._server.allows(self.request):
            self.set_status(403)
            self.finish("for pages of this computer only\n")

    def get(self, name: str = "/") -> None:
        found = self._server.file(name)
        if found is None:
            self.set_status(404)
            self.finish("there is no such file\n")
            return
        kind, data = found
        self.set_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.finish(data)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(f"{status_code}\n")


class _Line(tornado.websocket.WebSocketHandler):
    """The serial line of one page."""

    def initialize(self, server: BrowserBoard) -> None:
        self._server = server

    def prepare(self) -> None:
        if not self._server.allows(self.request) or "Origin" not in self.request.headers:
            self.set_status(403)
            self.finish("for pages of this computer only\n")

    def check_origin(self, origin: str) -> bool:
        return self._server.allows(self.request)

    def open(self, *args: str, **kwargs: str) -> None:
        self.set_nodelay(True)
        self._server.opened(self)

    def on_message(self, message: str | bytes) -> None:
        self._server.came(self, message)

    def on_close(self) -> None:
        self._server.closed(self)

    def say(self, message: str | bytes) -> None:
        """Send a message; one to a page that is just going away is lost."""

        with contextlib.suppress(tornado.websocket.WebSocketClosedError):
            self.write_message(message, binary=isinstance(message, bytes))


def _say(line: str) -> None:
    print(line, flush=True)  # at once, also into a pipe: somebody waits for the address


def open_page(page: BrowserBoard, say: Callable[[str], None] = _say) -> None:
    """Say where the page is, and show it in this computer's browser where it has one."""
    import webbrowser

    say(f"the board is on this page: {page.url}")
    if not webbrowser.open(page.url):
        say("open it in a browser of this computer")
