"""The page of all results, as text and in a browser."""

import re
from html import unescape

import numpy as np
import pytest

from aiedge import benchmark, tflite
from aiedge.benchmark import Verification, page, store
from aiedge.benchmark.charts import histogram, roc_line
from aiedge.benchmark.models import find_model
from aiedge.codegen import generate
from aiedge.cost import TARGETS, count_instructions
from aiedge.cost.harness import random_inputs
from aiedge.cost.summary import costs
from aiedge.errors import UserError
from aiedge.paths import REPO
from tests.support.benchmark_results import make_cifar, make_result

XOR = tflite.from_c_array(REPO / "xormodel/solution/xormodel.cpp")
GRAPH = tflite.read(XOR)


def car(project="carclassifier_easy", variant="int8", n=400, spread=0.25, us=900, **other):
    """A result of the car classifier with made-up answers."""
    rng = np.random.default_rng(n)
    expected = np.arange(n) % 2
    kinds = np.where(expected, "automobile", rng.choice(["truck", "frog"], n))
    return make_result(
        outputs=np.clip(rng.normal(0.1 + 0.8 * expected, spread), 0, 1),
        expected=expected,
        times=(us * (1 + rng.gamma(2, 0.03, n))).astype(int),
        kinds=tuple(map(str, kinds)),
        project=project,
        variant=variant,
        classes=("no car", "car"),
        **{
            "arena_bytes": 55296,
            "model_bytes": 309488,
            "source": "drawn",
            "model_sha256": "ef" * 32,
            **other,
        },
    )


@pytest.fixture
def folder(tmp_path):
    """Results of both runtimes, types, levels and places; among them files that are none."""
    results = [
        make_result(model_sha256=GRAPH.sha256, verified=Verification("TensorFlow Lite Micro", 0, 0)),
        car(),
        car(variant="float32", us=2100, arena_bytes=221184, model_sha256="12" * 32),
        car("carclassifier_hard", n=200, spread=0.3),
        car("carclassifier_hard", n=100, us=390_000, simulated=False, runtime="tflm", baud=921600),
        car(n=20, baud=115200, noise=0.01),
        make_cifar(samples=3000, model_sha256="34" * 32),
    ]
    for result in results:
        store.write(result, tmp_path)
    (tmp_path / "foreign-<b>.json").write_text("[1, 2]")
    (tmp_path / "half-written.json").write_text('{"format": "aiedge bench')
    (tmp_path / "xormodel-0123.partial").write_text("")
    return tmp_path


def test_every_figure_and_where_it_comes_from(folder):
    html = page.write_page(folder).read_text()
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    easy = page.side_by_side([page.Entry(car(), "", None)])[0].result
    for words in (
        f"{100 * easy.balanced_accuracy:.1f} %",
        "this computer, compiled C",
        "board, TensorFlow Lite Micro",
        "measured on this computer, which is no board",
        "counted on the emulated core",
        "an estimate: time × 30–68 mA at 3.3 V",
        "31 % of 176 KiB",
        "Drawn pictures.",
        f"balanced and without trucks {100 * easy.without_trucks:.2f} %",
        "0 predictions and 0 outputs of 20 differ from the same model in TensorFlow Lite Micro",
        "921,600",
        f"among the first three of {100 * make_cifar(samples=3000).top_accuracy:.2f} %",
    ):
        assert words in text, words


def test_the_page_needs_nothing_else(folder):
    html = page.write_page(folder).read_text()
    assert "<script" not in html
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:)", html)
    assert "url(" not in html and "@import" not in html


def test_other_files_are_named_and_left_out(folder):
    html = page.write_page(folder).read_text()
    assert "foreign-&lt;b&gt;.json is no result of this version of the kit" in html
    assert "half-written.json is damaged or no result" in html
    assert "xormodel-0123.partial is an unfinished run" in html


def test_names_cannot_break_the_page():
    html = page.render({"a.json": make_result(project="<script>alert(1)</script>")}, [])
    assert "<script" not in html


def test_a_page_without_results(tmp_path):
    with pytest.raises(UserError, match="there are no results"):
        page.write_page(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(UserError, match=r"skipped .*broken\.json is damaged"):
        page.write_page(tmp_path)


def test_the_command_makes_the_page_alone(folder, capsys):
    assert benchmark.main(["--page", "--results", str(folder)]) == 0
    assert capsys.readouterr().out == f"wrote {folder / 'index.html'}\n"


def test_of_one_kind_the_newest_models_largest_run_is_shown():
    old = make_result(model_sha256="aa" * 32, expected=[0, 1] * 50, outputs=[0.1] * 100)
    small, large = make_result(expected=[0, 1], outputs=[0, 1]), make_result()
    entries = [page.Entry(result, str(i), None) for i, result in enumerate([old, small, large, small])]
    assert [entry.file for entry in page.side_by_side(entries)] == ["2"]


def test_a_second_model_of_a_project_stands_beside_the_first():
    result = make_cifar(samples=20)
    entries = [page.Entry(result, "1", None), page.Entry(result, "2", None, "cifar_tiny")]
    shown = page.side_by_side(entries)
    assert [entry.model for entry in shown] == ["cifar_cnn int8", "cifar_cnn cifar_tiny int8"]


def test_costs_are_those_of_the_stations(need_tool):
    need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    need_tool("qemu-system-arm", "apt install qemu-system-arm")
    assert find_model(GRAPH.sha256).path == REPO / "xormodel/solution/xormodel.cpp"
    assert find_model("00" * 32) is None
    found = costs(XOR)
    source = generate(GRAPH, "model")
    count = count_instructions(GRAPH, source, TARGETS["cortex-m4"], random_inputs(GRAPH, 1))
    assert found.instructions["cortex-m4"] == count.total
    assert (found.macs, found.arena_bytes) == (GRAPH.macs, source.plan.arena_bytes)
    assert costs(XOR) == found  # from the cache


def test_missing_tools_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path))
    found = costs(XOR)
    assert found.code_bytes is None and not found.instructions
    assert found.missing["cortex-m4"] == "arm-none-eabi-gcc is missing"
    monkeypatch.setattr(page, "costs", lambda model: found)
    html = page.render({"a.json": make_result(model_sha256=GRAPH.sha256)}, [])
    assert "not counted on Cortex-M4: arm-none-eabi-gcc is missing" in html


def test_drawings_stay_in_their_box():
    rng = np.random.default_rng(0)
    positive, scores = rng.random(3000) > 0.5, rng.random(3000)
    points = [tuple(map(float, point.split(","))) for point in roc_line(positive, scores).split()]
    assert len(points) < 450
    assert (points[0], points[-1]) == ((0, 100), (100, 0))
    assert all(0 <= value <= 100 for point in points for value in point)
    for values in (np.array([7]), np.array([7, 7]), rng.gamma(2, 100, 500).astype(int)):
        heights = [float(height) for height in re.findall(r"V([\d.e+-]+)H", histogram(values))]
        assert min(heights) == 0 and max(heights) <= 100


@pytest.mark.parametrize(("name", "width", "scheme"), [("wide", 1280, "light"), ("phone", 360, "dark")])
def test_the_page_in_a_browser(folder, browser, artifacts, name, width, scheme):
    path = page.write_page(folder)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(path.as_uri())
    whole = browser.execute_script("return document.documentElement.scrollHeight")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, "height": whole})
    browser.save_screenshot(artifacts / f"results_{name}.png")

    assert browser.title == "aiedge: results"
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == (scheme == "dark")
    # Text keeps within its card, and every bar has the length of its figure.
    assert browser.execute_script(OVERFLOWING) == []
    bars = browser.execute_script(BARS)
    assert len(bars) > 15
    for track, fill, percent in bars:
        assert fill == pytest.approx(max(track * percent / 100, 3), abs=1.0)
    assert len(browser.find_elements("css selector", "svg polyline")) == 5
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


OVERFLOWING = """return Array.from(document.querySelectorAll(".card"))
    .filter(card => card.scrollWidth > card.clientWidth + 1).map(card => card.textContent)"""
BARS = """return Array.from(document.querySelectorAll(".track")).map(track => {
    const fill = track.firstElementChild;
    return [track.clientWidth, fill.getBoundingClientRect().width, parseFloat(fill.style.width)];
})"""
