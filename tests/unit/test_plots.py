"""The plots of the notebooks: narrow enough for a small window, nothing hidden by a legend, moving pictures."""

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from aiedge import codegen, tflite
from aiedge.workshop import plots
from aiedge.workshop.plots import moving
from aiedge.workshop.plots.networks import WIDTH

RNG = np.random.default_rng(0)
X, T = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
LONG = {"flash: weights and tables of compiled C": 1004, "SRAM: arena": 221_184, "flash: float": 3_400_000}
STEPS = {"float": 0.995, "naive": 0.5, "a scale for each channel": 0.995, "and calibrated activations": 0.81}
BARS = {"MACs alone": 7_489_408, "+ batch norm in four steps, ReLU6": 8_878_720}
UNITS = ("right answers (%)", "parameters", "multiplications", "bytes of SRAM")
SCORES = {"conv1": RNG.random(32), "conv2": RNG.random(64), "dense1": RNG.random(128)}
BESIDE = {"published": [2.2, 0.5, None], "bytes of the parameters": [2.18, 0.54, 0.2]}

FIGURES: dict[str, Callable[[], None]] = {
    "points": lambda: plots.points(X, T, "Can one straight line separate them?"),
    "loss": lambda: plots.loss({"2-16-16-1": {"loss": [0.7, 0.1]}, "one neuron": {"loss": [0.7, 0.7]}}),
    "decision_surfaces": lambda: plots.decision_surfaces(
        {"trained on clean inputs": lambda p: p[:, :1], "trained on noisy inputs": lambda p: p[:, 1:]}, X, T
    ),
    "accuracy_by_noise": lambda: plots.accuracy_by_noise(
        [0, 0.6], {"trained on clean inputs": [1, 0.6], "trained on noisy inputs": [1, 0.7]}
    ),
    "quantization_line": lambda: plots.quantization_line(0.00877, -57, -0.62, 1.61),
    "memory": lambda: plots.memory(LONG, {"flash": 3_866_624, "SRAM": 180_736}),
    "disagreement": lambda: plots.disagreement(
        RNG.integers(-128, 128, (50, 2)), RNG.integers(-8, 8, 50), "LiteRT differs"
    ),
    "number_line": lambda: plots.number_line(-1, 3),
    "integer_layer": plots.integer_layer,
    "shares": lambda: plots.shares(STEPS, "Weights and activations in int8"),
    "bars": lambda: plots.bars(BARS, "Operations for one picture", "operations", ("8.9 million", 8.9e6)),
    "histograms": lambda: plots.histograms({k: RNG.normal(0, 1, 99) for k in "abcd"}, "Activations"),
    "channel_ranges": lambda: plots.channel_ranges(RNG.normal(0, 1, (9, 8)), "Weights, by channel"),
    "steps_by_channel": lambda: plots.steps_by_channel(
        RNG.normal(0, 1, (3, 3, 8)), {"one scale": 0.1, "a scale each": np.full(8, 0.02)}
    ),
    "sizes": lambda: plots.sizes(
        [900, 2000], [30_000, 120_000], {"Blue Pill": (18_944, 57_344), "Raspberry Pi Pico": (262_144, 2**21)}
    ),
    "samples": lambda: plots.samples(
        {"super-loop": np.array([1.4, 2.8]), "interrupt": np.arange(1, 5) + 0.1}, 1, 0, 5, "Samples taken"
    ),
    "savings": lambda: plots.savings([0, 0.5, 0.75], {k: [0, 0.6, 0.9] for k in ("flash", "SRAM", "work")}),
    "front": lambda: plots.front(
        [[0.9, 3000], [0.95, 5000], [0.92, 6000]], [0, 1], "bytes of flash", chosen=1, target=0.94
    ),
    "lines": lambda: plots.lines(
        (8, 6, 5),
        {"a scale for each layer": [0.9] * 3, "a scale for each channel": [1] * 3},
        "bits",
        "Fewer bits",
    ),
    "settling": lambda: plots.settling(
        {f"re_lu_{i}": (RNG.normal(0, 1, 20), RNG.normal(3, 1, 20)) for i in range(8)}
    ),
    "same_scales": lambda: plots.same_scales({"a": 0.01, "b": 0.03}, {"a": 0.01, "b": 0.03}, "Scales"),
    "columns": lambda: plots.columns(
        {unit: {"ours": 1, "theirs": 545_098} for unit in UNITS}, "Two networks"
    ),
    "scores": lambda: plots.scores(SCORES, "What goes", {"conv1": (1,), "conv2": (2,), "dense1": (3,)}),
    "methods": lambda: plots.methods({m: RNG.random(64) for m in ("l1", "gradient")}, "Which come first?"),
    "recovery": lambda: plots.recovery([0.7, 0.8], 0.83, "It comes back"),
    "straight_through": lambda: plots.straight_through(lambda x: (abs(x) < 1) * 1.0, -1, 1),
    "beside": lambda: plots.beside({"size (MB)": BESIDE, "right answers (%)": BESIDE}, list("abc")),
    "confusion": lambda: plots.confusion(RNG.integers(0, 10, 99), RNG.integers(0, 10, 99), CLASSES),
    "pictures": lambda: plots.pictures(RNG.random((20, 8, 8, 3)), ["automobile?"] * 20, columns=10),
}


@pytest.fixture
def drawn(monkeypatch) -> Callable[[Callable[[], None]], Figure]:
    """Draws a plot, and returns its figure as it would be shown."""
    plt.switch_backend("Agg")
    monkeypatch.setattr(plt, "show", lambda: None)

    def draw(plot: Callable[[], None]) -> Figure:
        plt.close("all")
        plot()
        (number,) = plt.get_fignums()
        figure = plt.figure(number)
        figure.canvas.draw()
        return figure

    yield draw
    plt.close("all")


@pytest.mark.parametrize("name", FIGURES)
def test_a_plot_is_narrow_and_its_legends_hide_nothing(name, drawn) -> None:
    figure = drawn(FIGURES[name])
    assert figure.get_figwidth() <= WIDTH
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is None:
            continue
        place = legend.get_window_extent()
        texts = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()]
        hidden = [
            text.get_text() for text in texts if text.get_text() and _overlap(place, text.get_window_extent())
        ]
        assert hidden == [] and not any(_overlap(place, other.bbox) for other in figure.axes)
        assert place.x0 >= 0 and place.y0 >= 0 and place.x1 <= figure.bbox.x1


@pytest.mark.parametrize("name", ["shares", "bars", "memory", "beside", "columns"])
def test_no_line_runs_through_the_number_behind_a_bar(name, drawn) -> None:
    numbers = [text for axes in drawn(FIGURES[name]).axes for text in axes.texts if text.get_text()]
    assert len(numbers) >= 2
    for text in numbers:
        ground = text.get_bbox_patch()
        assert ground is not None and ground.get_facecolor() == (1, 1, 1, 1) and text.get_zorder() > 2


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_one_channel_are_grey(channels, drawn) -> None:
    (axes,) = drawn(lambda: plots.pictures(RNG.random((1, 8, 8, channels)), ["7"], columns=1)).axes
    colours = axes.images[0].to_rgba(axes.images[0].get_array(), bytes=True)[..., :3]
    assert (np.ptp(colours, axis=-1) == 0).all() == (channels == 1)


def _overlap(a: Bbox, b: Bbox) -> bool:
    both = Bbox.intersection(a, b)
    return both is not None and both.width > 1 and both.height > 1


def test_an_arena_shows_each_buffer_once_in_its_place(drawn, xormodel) -> None:
    plan = codegen.generate(tflite.read(xormodel), "xormodel").plan
    (axes,) = drawn(lambda: plots.arena(plan)).axes
    boxes = {(box.get_y(), box.get_height()) for box in axes.patches}
    assert boxes == {(buffer.offset, buffer.bytes) for buffer in plan.buffers}


def test_every_plot_of_the_package_is_tested_here() -> None:
    apart = {"BLUE", "GREY", "MARKERS", "ORANGE", "arena", "sliding", "convolutions"}
    assert set(plots.__all__) == set(FIGURES) | apart


def _svg(html: str) -> ET.Element:
    found = re.fullmatch(r'<img src="data:image/svg\+xml;base64,([^"]+)">', html)
    assert found
    return ET.fromstring(base64.b64decode(found[1]))


@pytest.fixture
def shown(monkeypatch) -> list[ET.Element]:
    """What the moving pictures show, parsed."""
    roots: list[ET.Element] = []
    monkeypatch.setattr(moving, "display", lambda html: roots.append(_svg(html.data)))
    return roots


def test_a_kernel_slides_over_all_places_and_the_sums_are_right(shown) -> None:
    values, kernel = RNG.integers(0, 9, (5, 5)), RNG.integers(-2, 3, (3, 3))
    plots.sliding(values, kernel)
    (root,) = shown
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    windows = np.lib.stride_tricks.sliding_window_view(values, (3, 3))
    sums = (windows * kernel).sum(axis=(2, 3)).ravel()
    assert [text.replace("−", "-") for text in texts if "=" in text] == [
        " + ".join(
            f"{a}·{b}" if b >= 0 else f"{a}·({b})" for a, b in zip(w.ravel(), kernel.ravel(), strict=True)
        )
        + f" = {s}"
        for w, s in zip(windows.reshape(-1, 3, 3), sums, strict=True)
    ]
    assert "-" not in "".join(texts)  # one minus sign, that of the texts
    moves = [a.get("values", "").split(";") for a in root.iter("{http://www.w3.org/2000/svg}animate")]
    assert {len(move) for move in moves} == {9}


def test_the_weights_of_both_convolutions(shown) -> None:
    plots.convolutions()
    text = " ".join(element.text or "" for element in shown[0].iter("{http://www.w3.org/2000/svg}text"))
    assert "3×3×3 = 27 weights" in text and "216 weights" in text and "72 weights" in text
    ground = shown[0].find("{http://www.w3.org/2000/svg}rect")
    assert ground is not None and ground.get("fill") == "white"  # for the dark theme
