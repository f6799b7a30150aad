"""The firmware on a page in the browser: headless Chromium, a video of drawn scenes in place of a camera."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_mlperf import Client, expected

from aiedge import CompiledModel, tflite
from aiedge.benchmark.browser import run_on_page
from aiedge.benchmark.data import samples
from aiedge.benchmark.firmware import OpenTodo
from aiedge.benchmark.session import Options
from aiedge.board import Board
from aiedge.board.build import build
from aiedge.board.page import BrowserBoard
from aiedge.errors import GET_ZIG, UserError
from aiedge.files import cache_folder
from aiedge.paths import REPO
from aiedge.quantization import quantize
from aiedge.tflite.integer import params_of
from aiedge.web import page_facts
from tests.support.firmware import MODEL, golden, main_cpp, wire
from tests.support.once import made_once
from tests.support.page import complaints, headless, text, wait_until, write_y4m
from tests.support.processes import restore_ctrl_c

pytestmark = [
    pytest.mark.skipif(find_spec("ziglang") is None, reason=f"needs ziglang: {GET_ZIG}"),
    pytest.mark.skipif(find_spec("tornado") is None, reason="needs tornado, which JupyterLab brings"),
]
CARS = REPO / "carclassifier_easy"
CAR_MODEL = CARS / "solution/carclassifier.cpp"
# What a student's pointer does; the loop has an effect, or the compiler would leave it out.
MISTAKES = {
    "crash": "*reinterpret_cast<volatile int *>(0xfffffff0u) = 1;",
    "null": '*reinterpret_cast<volatile int *>(4) = 1; print("on\\n");',
    "loops": "volatile bool more = true; while (more) continue;",
    "recursion": "struct Deep { static int f(volatile int *p) { volatile int a[64]; a[0] = *p; return f(a) + *a; } }; "
    "volatile int x = 0; Deep::f(&x);",
}


@pytest.fixture(scope="module")
def scenes() -> np.ndarray:
    """Two pictures of the test set of which the network is sure: no car, a car."""
    data = samples("carclassifier_easy", 100)
    outputs = CompiledModel(CAR_MODEL).predict((data.inputs.astype(np.int16) - 128).astype(np.int8)).ravel()
    return data.inputs[[outputs.argmin(), outputs.argmax()]].astype(np.uint8)


@pytest.fixture(scope="module")
def window(scenes: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests, whose camera shows the two scenes, one second each."""
    folder = tmp_path_factory.mktemp("browser")
    video = write_y4m(folder / "camera.y4m", scenes.repeat(2, 1).repeat(2, 2), 20)
    flags = ("use-fake-device-for-media-stream", f"use-file-for-fake-video-capture={video}")
    with headless(folder, *flags) as page:
        yield page


@pytest.fixture(scope="module")
def car_firmware() -> bytes:
    """The solved car firmware as WebAssembly, built once for all of pytest's workers, where run_serial.py builds it."""

    def make() -> bytes:
        return build(CARS / "vscode", "browser", CARS / "solution/main.cpp", CAR_MODEL).read_bytes()

    return made_once(cache_folder("browser") / "cars.wasm", make)


@pytest.fixture(scope="module")
def xor_firmware(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """`xor_firmware(text)` is that main.cpp as WebAssembly."""
    folder = tmp_path_factory.mktemp("main")

    def make(program: str) -> bytes:
        (folder / "main.cpp").write_text(program)
        project = REPO / "xormodel/vscode"
        return build(project, "browser", folder / "main.cpp", MODEL, folder / "build").read_bytes()

    return make


@pytest.fixture(scope="module")
def solved(xor_firmware: Callable[[str], bytes]) -> bytes:
    return xor_firmware((REPO / "xormodel/solution/main.cpp").read_text())


def xor_page(firmware: bytes, title: str = "xormodel", classes: tuple[str, ...] = ("0", "1")) -> BrowserBoard:
    return BrowserBoard(firmware, page_facts(tflite.read(MODEL), title, classes))


def car_page(firmware: bytes, scenes: np.ndarray) -> BrowserBoard:
    packed = np.array(scenes.shape[:3], "<u2").tobytes() + scenes.tobytes()
    return BrowserBoard(firmware, page_facts(tflite.read(CAR_MODEL), "cars", ("no car", "car")), packed)


def with_mistake(name: str) -> str:
    """The solved main.cpp with one of `MISTAKES` before its first input."""
    program = (REPO / "xormodel/solution/main.cpp").read_text()
    start = "  StaticInputProvider truth_table"
    assert start in program
    return program.replace(start, f"  {MISTAKES[name]}\n{start}")


def allow_camera(window: Any, url: str, setting: str = "granted") -> None:
    origin = url.rsplit("/", 2)[0]
    wish = {"permission": {"name": "camera"}, "setting": setting, "origin": origin}
    window.execute_cdp_cmd("Browser.setPermission", wish)


def test_the_frames_of_the_page_are_those_of_the_protocol(window: Any, solved: bytes) -> None:
    count = bytes(range(256)) * 4
    payloads = {"hello": (1, 1, b"\3"), "write": (2, 2, b"\7\0\0\x80\x7f"), "zeros": (2, 0, bytes(32))}
    payloads |= {f"payload_{n}": (2, n, count[:n]) for n in (254, 255, 256, 1024)}
    payloads |= {"full_block": (2, 257, b"\1" * 247), "two_full_blocks": (2, 257, b"\1" * 501)}
    payloads |= {"full_block_and_one": (2, 257, b"\1" * 248), "last_seq": (1, 65535, b"\3")}
    frames = golden("frames")
    with xor_page(solved) as page:
        window.get(page.url)
        script = """
            const [cases, done] = arguments;
            import(new URL("frames.js", location.href)).then(({ frame, TextReader, encode }) => {
                const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
                const made = cases.map(([type, seq, payload]) => frame(type, seq, payload));
                const mixed = made.slice(0, 4).flatMap((bytes) => [79, 107, ...bytes]);
                const tensor = { type: "int8", scale: 1 / 256, zero_point: -128 };
                done([made.map(hex), new TextReader().read(mixed), hex(encode([0, 0.5, 1, 2, -1], tensor))]);
            });
        """
        cases = [[kind, seq, list(payload)] for kind, seq, payload in payloads.values()]
        made, said, encoded = window.execute_async_script(script, cases)
    assert made == [frames[name] for name in payloads]
    assert made == [wire(*case).hex() for case in payloads.values()]
    assert said == "Ok" * 4 and encoded == "80007f7f80"


def test_the_answers_of_xor(window: Any, solved: bytes) -> None:
    """The sliders ask the sketch, by keyboard; each point of the surface is the network's own answer."""
    from selenium.webdriver import Keys

    with xor_page(solved) as page:
        window.get(page.url)
        assert page.wait(60)
        wait_until(
            window, "return /Each of 625 points/.test(document.getElementById('surface-note').textContent)"
        )
        slider = window.find_element("css selector", "#sliders input")
        slider.send_keys(Keys.END)
        wait_until(window, "return document.getElementById('said').textContent === '1.00 xor 1.00 = 0'")
        words = window.find_element("id", "words")
        words.send_keys("name%", Keys.ENTER)
        wait_until(
            window,
            r"return /m-name-dut-\[xormodel\]\nm-ready/.test(document.getElementById('text').textContent)",
        )
        words.send_keys("layers%", Keys.ENTER)
        wait_until(window, "return /clock of the browser/.test(document.getElementById('text').textContent)")
        assert "0.00 xor 0.00 = 0   result 0.0000" in text(window, "text")
        last = window.execute_script("return lastAnswer")
        assert last["output"] == [0.0] and len(last["layers"]) == 4
        grid = window.execute_script("return answersOfGrid()")
        names = "input:not(.unseen), button, select, textarea"
        unnamed = f"""return [...document.querySelectorAll('{names}')].filter((e) =>
            !(e.textContent.trim() || e.labels?.length || e.getAttribute('aria-label'))).length"""
        assert window.execute_script(unnamed) == 0
        assert complaints(window) == []
    x, y = np.meshgrid(np.linspace(0, 1, 25), np.linspace(0, 1, 25))
    pairs = np.stack([x.ravel(), y.ravel()], 1)
    graph = tflite.read(MODEL)
    stored = quantize(pairs.astype(np.float32), params_of(graph.inputs[0]), np.int8)
    answers = tflite.run_integer(graph, stored).ravel()
    out = graph.outputs[0].quantization
    expected = (answers.astype(np.float32) - int(out.zero_point)) * np.float32(out.scale)
    np.testing.assert_allclose(np.ravel(grid), expected, atol=1e-7)


def test_hostile_names_stay_text(window: Any, solved: bytes) -> None:
    evil = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\"'"
    with xor_page(solved, evil, ("no", evil)) as page:
        window.get(page.url)
        wait_until(window, "return document.getElementById('classes').textContent.includes('<script>')")
        assert evil in text(window, "title")
        assert window.execute_script("return [window.hit ?? 0, document.querySelectorAll('img').length]") == [
            0,
            0,
        ]
        assert complaints(window) == []


def test_firmware_that_stops_crashes_or_loops(
    window: Any, xor_firmware: Callable[[str], bytes], tmp_path: Path
) -> None:
    """The page says so, and one button starts the firmware again."""
    programs = {name: with_mistake(name) for name in MISTAKES}
    programs["todo"] = main_cpp(2, tmp_path).read_text()
    expected = {
        "crash": ("crash", "out of bounds"),
        "null": ("crash", "null pointer"),
        "recursion": ("crash", "crashed"),
        "loops": ("loops", "endless loop"),
        "todo": ("todo", "TODO 3: "),
    }
    for name, (state, words) in expected.items():
        with xor_page(xor_firmware(programs[name])) as page:
            window.get(page.url)
            for times in (1, 2):
                wait_until(window, "return !document.getElementById('trouble').hidden")
                assert words in text(window, "trouble"), name
                seen = lambda: [each["state"] for each in page.states]  # noqa: E731
                end = time.monotonic() + 10
                while seen().count(state) < times and time.monotonic() < end:
                    time.sleep(0.02)
                assert seen() == ["running", state] * times, name
                if times == 1:
                    window.find_element("css selector", "#trouble button").click()


def watch_the_camera(window: Any) -> list[Any]:
    """Twelve answers to the camera: output, what the sketch printed, whether the light is on, the picture's bytes."""
    wait_until(
        window, "return window.lastAnswer?.picture && document.querySelector('[value=camera]').checked"
    )
    window.execute_script("""
        window.kept = [];
        setInterval(() => {
            const { output, said, picture } = lastAnswer;
            kept.push([output[0], said, document.getElementById("board").classList.contains("on"),
                Array.from(picture.pixels)]);
        }, 300);
    """)
    wait_until(window, "return kept.length >= 12")
    return window.execute_script("return kept")


def check_what_it_saw(kept: list[Any]) -> None:
    """Both scenes have been there; each answer is the oracle's to the same picture, and the light goes by it."""
    pictures = np.array([each[3] for each in kept], np.uint8).reshape(-1, 96, 96, 3)
    inputs = (pictures.astype(np.int16) - 128).astype(np.int8)
    model = tflite.load_model(CAR_MODEL)
    if tflite.has_tflm():
        answers = np.concatenate([np.asarray(tflite.run_tflm(model, x[None])) for x in inputs]).ravel()
    else:
        answers = CompiledModel(model).predict(inputs).ravel()
    out = tflite.read(model).outputs[0].quantization
    expected = (answers.astype(np.float32) - int(out.zero_point)) * np.float32(out.scale)
    np.testing.assert_array_equal(np.float32([each[0] for each in kept]), expected)
    says = ["no car" not in each[1] for each in kept]
    assert says == [value > 0.5 for value in expected] and set(says) == {True, False}
    assert [each[2] for each in kept] == says


def test_the_light_and_the_answers_follow_the_camera(
    window: Any, car_firmware: bytes, scenes: np.ndarray, artifacts: Path
) -> None:
    with car_page(car_firmware, scenes) as page:
        allow_camera(window, page.url)
        window.get(page.url)
        kept = watch_the_camera(window)
        window.save_screenshot(artifacts / "browser_cars.png")
        # Unplugged: the track ends.
        window.execute_script(
            "document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
        )
        wait_until(window, "return document.querySelector('[value=scenes]').checked")
        assert text(window, "camera-note") == "the camera is gone: drawn scenes instead"
        count = len(window.execute_script("return kept"))
        wait_until(window, f"return kept.length > {count} && !document.getElementById('video').srcObject")
        assert complaints(window) == []
    check_what_it_saw(kept)


def test_without_a_camera_there_are_drawn_scenes(
    window: Any, car_firmware: bytes, scenes: np.ndarray
) -> None:
    with car_page(car_firmware, scenes) as page:
        allow_camera(window, page.url, "denied")
        window.get(page.url)
        wait_until(
            window, "return document.getElementById('camera-note').textContent.includes('is not allowed')"
        )
        # What the network sees is the scene itself, of its own size: bit for bit.
        for scene, answer in ((0, "no car"), (1, "car")):
            script = (
                f"return window.lastAnswer?.said.trim().startsWith({answer!r}) && lastAnswer.picture.pixels"
            )
            seen = np.array(
                wait_until(window, f"const p = (() => {{ {script} }})(); return p && Array.from(p)")
            )
            assert np.array_equal(seen, scenes[scene].ravel())
        # A phone: nothing is wider than its screen.
        phone = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
        window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        wait_until(window, "return document.documentElement.scrollWidth <= 360")
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_is_a_board(window: Any, car_firmware: bytes, scenes: np.ndarray) -> None:
    """The benchmark with spoiled bytes, a page that is loaded anew meanwhile, a second page beside it."""
    with car_page(car_firmware, scenes) as page:
        allow_camera(window, page.url, "denied")
        with pytest.raises(UserError, match="nobody has opened the page"):
            run_on_page(page, "carclassifier_easy", Options(), patience=0.1)
        window.get(page.url)
        assert page.wait(60)
        result = run_on_page(
            page, "carclassifier_easy", Options(solution=True, count=12, noise=0.01, verify=True)
        )
        assert result.verified and result.verified.outputs == 0
        assert result.traffic.bad_frames > 0 and not result.has_wrong_firmware
        first = window.current_window_handle
        window.switch_to.new_window("tab")
        window.get(page.url)
        wait_until(window, "return /another page/.test(document.getElementById('state').textContent)")
        wait_until(window, "return window.lastAnswer")  # its firmware runs all the same
        window.close()
        window.switch_to.window(first)
        x = [bytes(scene.astype(np.int16).astype(np.uint8) ^ 0x80) for scene in scenes.reshape(2, -1)]
        with Board(page.line(), 1_000_000) as board:
            answers = board.infer_all(x * 3)
            got = [next(answers)[0]]
            window.refresh()
            got += [output for output, _ in answers]
        assert len(set(got)) == 2 and got == got[:2] * 3 and board.resets >= 1


class Stream:
    """A page's serial line as an unbuffered file."""

    def __init__(self, page: BrowserBoard):
        self.line = page.line()
        self.write = self.line.write

    def read(self, count: int) -> bytes:
        while not (data := self.line.read(1)):
            continue
        return data


def test_it_speaks_the_commands_of_mlperf(window: Any, solved: bytes) -> None:
    model = tflite.load_model(MODEL)
    with xor_page(solved) as page:
        window.get(page.url)
        assert page.wait(60)
        board = Client(Stream(page))
        assert board.ask("name")[-1] == "m-name-dut-[xormodel]"  # and what the firmware has printed before
        assert board.ask("profile")[1] == "m-model-[xormodel]"
        first, second = (int(board.ask("timestamp")[0].removeprefix("m-lap-us-")) for _ in range(2))
        assert 0 < (second - first) % 2**32 < 6e7
        for pixels in [
            [0, 0],
            [0, 255],
            [255, 0],
            [255, 255],
            *np.random.default_rng(0).integers(0, 256, (6, 2)),
        ]:
            data = np.array(pixels, np.uint8)
            board.load(data.tobytes())
            (output,), time_us = board.infer(3, 2)
            assert output == round(expected(data, model)[0], 6) and time_us < 6e7
        assert board.ask("unknown") == ["e-[Unknown command: unknown]"]
        board.stream.line.close()
        assert complaints(window) == []


def test_firmware_that_stops_ends_the_benchmark(
    window: Any, xor_firmware: Callable[[str], bytes], tmp_path: Path
) -> None:
    with xor_page(xor_firmware(main_cpp(2, tmp_path).read_text())) as page:
        window.get(page.url)
        with pytest.raises(OpenTodo, match="3"):
            run_on_page(page, "xormodel", Options())
    with xor_page(xor_firmware(with_mistake("crash"))) as page:
        window.get(page.url)
        with pytest.raises(UserError, match=r"on the page: The firmware crashed: .*out of bounds"):
            run_on_page(page, "xormodel", Options())


def ask(page: BrowserBoard, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a request; the path is sent as it is."""
    host, port = page.url.split("/")[2].split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def test_the_server_is_for_this_page_only() -> None:
    with BrowserBoard(b"\0asm", {"title": "x"}, b"scenes") as page:
        host, token = page.url.split("/")[2:4]
        port = host.partition(":")[2]
        status, headers, body = ask(page, f"/{token}/")
        assert status == 200 and body.startswith(b"<!doctype html>")
        policy = headers["content-security-policy"]
        assert (
            "unsafe-inline" not in policy
            and "'unsafe-eval'" not in policy
            and policy.startswith("default-src 'none'")
        )
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        for file in ("facts.json", "firmware.wasm", "scenes.bin", "worker.js"):
            status, headers, _ = ask(page, f"/{token}/{file}", Origin=f"http://{host}")
            assert status == 200 and "access-control-allow-origin" not in headers
        assert ask(page, f"/{token}/facts.json", Host=f"localhost:{port}")[0] == 200
        attacks = ("/", "/facts.json", f"/{token}", f"/{token}x/", f"/{'x' * len(token)}/")
        attacks += tuple(
            f"/{token}/{path}" for path in ("../facts.json", "..%2f..%2fetc/passwd", "/etc/passwd", "%00")
        )
        attacks += (
            f"/{token}/../../../../etc/passwd",
            f"/{token}/board.py",
            f"/{token}/line/..",
            f"//{token}/",
        )
        for path in attacks:
            status, headers, body = ask(page, path)
            assert status == 404 and b"root:" not in body and body.decode().isascii(), path
            assert "content-security-policy" in headers
        for name in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1.evil.example:{port}"):
            assert ask(page, f"/{token}/facts.json", Host=name)[0] == 403
        for origin in ("http://evil.example", "null", f"http://localhost:{port}", f"https://{host}"):
            assert ask(page, f"/{token}/facts.json", Origin=origin)[0] == 403
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        upgrade["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        assert ask(page, f"/{token}/line", **upgrade)[0] == 403
        assert ask(page, f"/{token}/line", Origin="http://evil.example", **upgrade)[0] == 403
        assert ask(page, "/wrong/line", Origin=f"http://{host}", **upgrade)[0] == 404
        for method in ("POST", "PUT", "DELETE"):
            connection = http.client.HTTPConnection(host, timeout=10)
            connection.request(method, f"/{token}/facts.json")
            assert connection.getresponse().status == 405
        # Nobody else's computer reaches it.
        with socket.socket() as other:
            other.settimeout(2)
            address = next(
                (i[4][0] for i in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)), ""
            )
            if address and not address.startswith("127."):
                assert other.connect_ex((address, int(port))) != 0
    with pytest.raises(OSError):
        ask(page, f"/{token}/")


@contextmanager
def shown(command: list[Any], folder: Path, stdin: int) -> Iterator[tuple[subprocess.Popen, str]]:
    """A command that shows a page: its process, and the address that it prints and has a browser open."""
    opener = folder / "opener.py"
    opener.write_text(f"import sys; open({str(folder / 'url')!r}, 'w').write(sys.argv[1])")
    env = {**os.environ, "BROWSER": f"{sys.executable} {opener} %s"}
    env.pop("PYTHONUNBUFFERED", None)  # the command itself says the address at once
    before = None if os.name == "nt" else restore_ctrl_c
    with subprocess.Popen(
        command, cwd=REPO, env=env, stdout=subprocess.PIPE, stdin=stdin, text=True, preexec_fn=before
    ) as process:
        assert process.stdout
        said = ""
        while not (url := re.search(r"http://127\.0\.0\.1:\d+/\S+/\n", said)):
            line = process.stdout.readline()
            assert line, said
            said += line
        try:
            yield process, url[0].strip()
        finally:
            process.kill()
    assert (folder / "url").read_text() == url[0].strip()


def run_serial(project: str, folder: Path) -> list[Any]:
    return [sys.executable, "run_serial.py", "--browser", project, "--solution", "--results", folder / "r"]


def test_run_serial_shows_the_page(window: Any, tmp_path: Path) -> None:
    """The command builds, opens a browser, asks the board there, and ends."""
    with shown(run_serial("xormodel", tmp_path), tmp_path, subprocess.DEVNULL) as (process, url):
        window.get(url)
        rest = process.communicate()[0]
    assert process.returncode == 0, rest
    assert "4 of 4 right" in rest and "4 answers agree with the outputs" in rest and "(the browser)" in rest
    (result,) = (tmp_path / "r").glob("xormodel-*.json")
    assert json.loads(result.read_text())["setting"]["simulated"] is True


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal of its own")
def test_run_serial_shows_the_camera(window: Any, car_firmware: bytes, tmp_path: Path) -> None:
    """At a terminal the page stays after the benchmark, and lives by the camera, until Ctrl-C."""
    terminal, stdin = os.openpty()
    command = [*run_serial("carclassifier_easy", tmp_path), "--count", "12"]
    with shown(command, tmp_path, stdin) as (process, url):
        allow_camera(window, url)
        window.get(url)
        assert process.stdout
        said = ""
        while not said.endswith("the page stays until Ctrl-C\n"):
            line = process.stdout.readline()
            assert line, said
            said += line
        assert "12 answers agree with the outputs" in said and "(the browser)" in said
        kept = watch_the_camera(window)
        process.send_signal(signal.SIGINT)
        rest = process.communicate()[0]
        wait_until(window, "return /has ended/.test(document.getElementById('state').textContent)")
    for file in (terminal, stdin):
        os.close(file)
    assert process.returncode == 0, said + rest
    check_what_it_saw(kept)
