"""A network as a page that runs anywhere: its answers in headless Chromium, its files, its texts."""

import functools
import http.server
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiedge import board, tflite
from aiedge.cli import main
from aiedge.errors import GET_ZIG, UserError
from aiedge.paths import REPO
from aiedge.quantization import dequantize, quantize
from aiedge.tflite.integer import params_of
from aiedge.web import folder as pages
from aiedge.web.folder import labels_in, model_facts, one_page, write_folder
from aiedge.web.wasm import webassembly
from tests.support.networks import network
from tests.support.page import complaints, headless, text, wait_until
from tests.support.random_convolutions import random_convolution
from tests.support.wasm import expected, run_in_page

pytestmark = pytest.mark.skipif(find_spec("ziglang") is None, reason=f"needs ziglang: {GET_ZIG}")
XOR = REPO / "xormodel/solution/xormodel.cpp"
EVIL = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\"'"
SEEDS = range(200, 216)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with headless(tmp_path_factory.mktemp("browser"), "use-fake-device-for-media-stream") as page:
        yield page


def test_the_simd_kernels_have_the_bits_of_tflm(window: Any) -> None:
    window.get("about:blank")
    for seed in SEEDS:
        model = random_convolution(seed)
        graph = tflite.read(model)
        shape = (4, *graph.inputs[0].sample_shape)
        x = np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)
        outputs, _ = run_in_page(window, graph, {"simd": webassembly(graph)}, x)
        y = tflite.run_tflm(model, x).reshape(4, -1) if tflite.has_tflm() else expected(graph, x)
        np.testing.assert_array_equal(outputs["simd"], y, err_msg=f"seed {seed}")


@pytest.mark.parametrize("name", ["resnet8", "cifar_cnn_25_51_76"])
def test_whole_networks(window: Any, name: str) -> None:
    window.get("about:blank")
    graph = tflite.read(network(name))
    x = np.random.default_rng(1).integers(-128, 128, (3, *graph.inputs[0].sample_shape), dtype=np.int8)
    outputs, _ = run_in_page(window, graph, {"simd": webassembly(graph)}, x)
    np.testing.assert_array_equal(outputs["simd"], expected(graph, x))


def test_the_module_asks_for_nothing(window: Any) -> None:
    """No clock, no files, no page."""
    window.get("about:blank")
    script = "return WebAssembly.Module.imports(new WebAssembly.Module(Uint8Array.from(arguments[0]))).length"
    assert window.execute_script(script, list(webassembly(tflite.read(XOR)))) == 0


@pytest.mark.parametrize("way", ["disk", "server"])
def test_a_folder_opens_from_a_disk_and_from_a_server(window: Any, tmp_path: Path, way: str) -> None:
    from selenium.webdriver import ActionChains

    model = tmp_path / "m.tflite"
    model.write_bytes(network("resnet8"))
    labels = tmp_path / "labels.txt"
    names = [EVIL, *(f"class {i}" for i in range(1, 10))]
    labels.write_text("\n".join(names))
    out = tmp_path / "a page"
    assert main(["web", str(model), "-o", str(out), "--labels", str(labels), "--title", EVIL]) == 0
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=out)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/" if way == "server" else (out / "index.html").as_uri()
        window.get(url)
        wait_until(window, "return window.lastAnswer")
        # The page's own answer to what it shows is that of the network.
        found = window.execute_script("return [lastAnswer.inputs[0], lastAnswer.outputs[0]]")
        draw = "const c = document.querySelector('canvas.input').getContext('2d');"
        draw += "return Array.from(c.getImageData(0, 0, 32, 32).data)"
        seen = np.array(window.execute_script(draw), np.uint8).reshape(32, 32, 4)[..., :3]
        graph = tflite.read(model)
        low, high = model_facts(graph, "")["pixels"]
        real = np.float32(low) + np.float32(high - low) * seen.astype(np.float32) / 255
        np.testing.assert_allclose(np.reshape(found[0], (32, 32, 3)), real, atol=1e-5)
        y = expected(graph, quantize(real[None], params_of(graph.inputs[0])))[0]
        np.testing.assert_allclose(found[1], dequantize(y, params_of(graph.outputs[0])), atol=1e-6)
        # All labels stay text.
        assert text(window, "title") == EVIL
        assert window.execute_script("return [window.hit ?? 0, document.querySelectorAll('img').length]") == [
            0,
            0,
        ]
        pad = window.find_element("css selector", ".pad")
        ActionChains(window).move_to_element(pad).click_and_hold().move_by_offset(60, 40).release().perform()
        wait_until(window, "return Math.max(...lastAnswer.inputs[0]) > Math.min(...lastAnswer.inputs[0])")
        assert complaints(window) == []
        server.shutdown()


def test_one_page_for_a_vector(window: Any, tmp_path: Path) -> None:
    graph = tflite.read(XOR)
    page = tmp_path / "xor.html"
    page.write_text(one_page(graph, model_facts(graph, EVIL, ("0", EVIL))), encoding="utf-8")
    window.get(page.as_uri())
    wait_until(window, "return window.lastAnswer")
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        script = "return inferHere([arguments[0]]).outputs[0][0]"
        assert round(window.execute_script(script, [a, b])) == a ^ b
    assert window.execute_script("return window.hit ?? 0") == 0 and complaints(window) == []
    assert text(window, "title") == EVIL
    assert "unsafe-inline" not in page.read_text(encoding="utf-8")


def test_a_cell_of_a_notebook(window: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cell shows is a frame with the whole page in it, on a page that has scripts and styles of its own."""
    page = board.browser(XOR, ("0", EVIL), "XOR & more")
    assert repr(page).endswith(page.url) and page.path.read_text(encoding="utf-8") == page.html
    around = tmp_path / "cell.html"
    around.write_text(f"<!doctype html><p>a cell</p>{page._repr_html_()}", encoding="utf-8")
    window.get(around.as_uri())
    wait_until(window, "return document.querySelector('iframe').contentWindow.lastAnswer")
    window.switch_to.frame(0)
    assert text(window, "title") == "XOR & more"
    assert window.execute_script("return window.hit ?? 0") == 0
    window.switch_to.default_content()
    assert complaints(window) == []
    # Without the browser's compiler: what to do, and nothing else.
    monkeypatch.setattr("aiedge.codegen.toolchain.find_spec", lambda name: None)
    with pytest.raises(UserError, match="ziglang"):
        board.browser(XOR)


def test_labels_from_metadata(tmp_path: Path) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(network("resnet8"))
    assert labels_in(model) == []
    with zipfile.ZipFile(model, "a") as packed:
        packed.writestr("labels.txt", "\n".join(f"thing {i}" for i in range(10)) + "\n")
    assert labels_in(model) == [f"thing {i}" for i in range(10)]
    assert tflite.read(model).outputs[0].elements == 10
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(model.read_bytes()[:-40] + b"PK\5\6" + bytes(18))
    assert labels_in(damaged) == []


def test_what_a_person_gets_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    model, labels = tmp_path / "m.tflite", tmp_path / "three.txt"
    model.write_bytes(network("resnet8"))
    labels.write_text("a\nb\nc\n")
    assert main(["web", str(model), "-o", str(tmp_path / "o"), "--labels", str(labels)]) == 2
    assert "3 labels, and the network has 10 outputs" in capsys.readouterr().err
    monkeypatch.setattr(
        pages, "webassembly", lambda graph: (_ for _ in ()).throw(UserError("no ziglang", "get it"))
    )
    assert main(["web", str(model), "-o", str(tmp_path / "o")]) == 2
    assert not (tmp_path / "o").exists()


def test_pixels_are_what_the_scale_is_for() -> None:
    tensor = {"type": "int8", "scale": 1 / 255, "zero_point": -128}
    assert pages._range(tensor) == (0, 1)
    assert pages._range({**tensor, "scale": 1.0}) == (0, 255)
    assert pages._range({**tensor, "scale": 1 / 127.5, "zero_point": -1}) == (-1, 1)
    assert pages._range({**tensor, "type": "float32"}) == (0, 1)


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    graph = tflite.read(XOR)
    facts = model_facts(graph, "xor")
    (page, *_) = write_folder(graph, facts, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_folder(graph, facts, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert page.name == "index.html" and set(first) == {"index.html", "style.css", "page.js", "model.js"}
    # All that the package needs for that is in it: no checkout, no network.
    command = [sys.executable, "-c", "import aiedge.web.command, sys; print('tornado' in sys.modules)"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
