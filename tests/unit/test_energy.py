"""Energy: published figures against what follows from their inputs, memory accesses, batteries, this computer."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_bin_file import small_cnn

from aiedge import energy, tflite
from aiedge.energy import computer
from aiedge.energy.computer import Rapl
from aiedge.energy.figures import PRUNED, Printed
from aiedge.energy.published import as_text
from aiedge.errors import UserError
from tests.support.model_files import ModelFile

VERDICTS = energy.verdicts()

# Each figure that follows from published inputs: what it is, what is printed, and ours by a calculation of its own.
FOLLOWING = [
    ("parameters, initial", "545,098", 3 * 9 * 32 + 32 + 32 * 9 * 64 + 64 + 4096 * 128 + 128 + 128 * 10 + 10),
    ("parameters, pruned", "28,576", 3 * 9 * 25 + 25 + 25 * 9 * 51 + 51 + 204 * 76 + 76 + 76 * 10 + 10),
    ("width 1 of the pruned network", "25", 32 * 8 // 10),
    ("width 2 of the pruned network", "51", 64 * 8 // 10),
    ("width 3 of the pruned network", "76", 128 * 6 // 10),
    ("size, original, FP32", "2.204", 4 * (545_098 + 32_768) / 2**20),
    ("size, original, INT8", "0.551", (545_098 + 32_768) / 2**20),
    ("size, average pooling, FP32", "0.329", 4 * (53_578 + 32_768) / 2**20),
    ("size, average pooling, INT8", "0.082", (53_578 + 32_768) / 2**20),
    ("size, pruned, FP32", "0.207", 4 * (28_576 + 25_600) / 2**20),
    ("size, pruned, INT8", "0.052", (28_576 + 25_600) / 2**20),
    ("conv1's buffer", "100", 32 * 32 * 25 * 4 / 1024),
    ("temporary buffers", "152.14", 100 + 51 + 0.80 + 0.30 + 0.04),
    ("conv1's accesses", "43,200", 27 * 25 * 64),
    ("conv2's accesses", "183,600", 25 * 9 * 51 * 16),
    ("conv1's memory energy", "8.23", (2 * 43_200 * 0.0919 + 1_600 * 0.1815) / 1000),
    ("conv2's memory energy", "33.89", (2 * 183_600 * 0.0919 + 816 * 0.1815) / 1000),
    ("once a minute, hours", "20.9", 1252 / 60),
    ("weights, .bin", "28", 28_576 / 1024),
    ("weights, .h / .bin", "3.43", 96 / 28),
    ("image, .bin", "3", 3072 / 1024),
]


@pytest.mark.parametrize(("figure", "printed", "ours"), FOLLOWING, ids=[f[0] for f in FOLLOWING])
def test_a_figure_follows(figure: str, printed: str, ours: float) -> None:
    assert f"{ours:,.{Printed(printed).decimals}f}" == printed
    rows = [row for row in VERDICTS if row.figure == figure and row.verdict == "follows"]
    assert rows and all(row.published.split()[0] == printed for row in rows)
    assert printed in [row.ours.split()[0] for row in rows]


@pytest.mark.parametrize(
    ("figure", "printed", "bounds"),
    [  # the battery's figures lie within what the rounding of their inputs allows
        ("continuous, inferences", 198_952, (5 * 3600 * 0.765 / 69.25e-3, 5 * 3600 * 0.765 / 69.15e-3)),
        (
            "once a minute, inferences",
            1252,
            (13770 / (36.45e-3 * 5 * 60 + 69.25e-3), 13770 / (36.35e-3 * 5 * 60 + 69.15e-3)),
        ),
    ],
)
def test_a_figure_follows_within_the_rounding_of_its_inputs(
    figure: str, printed: float, bounds: tuple[float, float]
) -> None:
    assert bounds[0] <= printed <= bounds[1]
    assert "follows" in [row.verdict for row in VERDICTS if row.figure == figure]


def test_what_does_not_follow_is_listed_with_both_figures_and_a_reason() -> None:
    expected = {
        # The sizes are not parameters × 4.
        ("size, original, FP32", "2.180 MB"),
        ("size, average pooling, FP32", "0.214 MB"),
        ("size, pruned, FP32", "0.114 MB"),
        # No energy of one access gives both: 8.23/43,200 and 33.89/183,600 differ, and pass a write's.
        ("conv1's memory energy", "7.84 µJ"),
        ("conv2's memory energy", "33.32 µJ"),
        ("energy of an inference", "67.4 mJ"),
        ("continuous, hours", "17.3 h"),
        ("continuous, hours", "17.8 h"),
        ("once a minute, inferences", "1,260"),
        ("CPU, power", "0.814 W"),
    }
    rows = {(row.figure, row.ours): row for row in VERDICTS if row.verdict == "inconsistent"}
    assert expected <= set(rows)
    assert all(row.why for row in rows.values())
    assert "0.1905 nJ" in rows["conv1's memory energy", "7.84 µJ"].why
    assert "0.1846 nJ" in rows["conv2's memory energy", "33.32 µJ"].why
    open_ = {row.figure for row in VERDICTS if row.verdict == "underdetermined"}
    assert {"accuracies", "weights, .h", "image, .h / .bin", "time of an inference", "CPU, time"} <= open_


def test_the_mean_power_of_the_cpu_cannot_be_the_published_one() -> None:
    """Random runs: none with the published means and deviations has a mean power below the bound."""
    rng = np.random.default_rng(0)
    for correlation in np.linspace(-1, 1, 21):
        a, other = rng.normal(size=(2, 2000))
        b = correlation * a + np.sqrt(1 - correlation**2) * other
        milliseconds = 0.419 + 0.080 * np.clip((a - a.mean()) / a.std(), -4, 4)
        microjoules = 340.9 + 37.1 * (b - b.mean()) / b.std()
        assert (microjoules / milliseconds).mean() / 1000 > 0.79


def test_the_table_is_one_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "aiedge", "energy"], capture_output=True, text=True, check=True
    )
    assert run.stdout == as_text(VERDICTS) + "\n"


def convolution(size: int, channels: int, filters: int) -> tflite.Operator:
    file = ModelFile()
    weights = np.zeros((filters, 3, 3, channels))
    tensors = [
        file.tensor([1, size, size, channels], scale=0.1),
        file.tensor([filters, 3, 3, channels], scale=0.1, data=weights),
        file.tensor([filters], "int32", scale=0.01, data=np.zeros(filters)),
    ]
    out = file.tensor([1, size, size, filters], scale=0.1)
    file.operator("CONV_2D", tensors, [out], strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
    return tflite.read(file.build([tensors[0]], [out])).operators[0]


def test_accesses_of_a_models_layers_are_those_of_the_published_network() -> None:
    for operator, published in (
        (convolution(32, 3, 25), "8.23"),
        (convolution(16, 25, 51), "33.89"),
    ):
        assert f"{energy.accesses(operator).energy_uj():.2f}" == published
    assert PRUNED.macs[0] == convolution(32, 3, 25).macs


def test_a_layer_without_weights_reads_its_input_once(xormodel: bytes) -> None:
    logistic = tflite.read(xormodel).operators[-1]
    assert energy.accesses(logistic, width=1) == energy.Accesses(1, 1)
    assert energy.accesses(small_cnn().operators[2]) == energy.Accesses(0, 0)  # RESHAPE
    assert energy.Accesses(1, 2) + energy.Accesses(3, 4) == energy.Accesses(4, 6)


def test_leakage_goes_by_time() -> None:
    sram = energy.SramParameters(0.1, 0.2, 65.41, "test")
    assert energy.Accesses(10, 10).energy_uj(sram, 1e-3) == pytest.approx(0.003 + 65.41)


@given(
    joules=st.floats(1e-6, 10), seconds=st.floats(1e-3, 30), factor=st.floats(1, 100), idle=st.floats(0, 5)
)
def test_a_duty_cycle_is_between_running_on_and_idling(
    joules: float, seconds: float, factor: float, idle: float
) -> None:
    battery, period = energy.Battery(), seconds * factor
    life = battery.duty_cycled(joules, seconds, period, idle)
    spent = life.inferences * joules + (life.hours * 3600 - life.inferences * seconds) * idle
    assert spent == pytest.approx(battery.energy_j, rel=1e-6)
    assert life.inferences <= battery.continuous(joules, seconds).inferences * (1 + 1e-9)
    nothing_else = battery.duty_cycled(joules, seconds, seconds, idle)
    assert nothing_else.hours == pytest.approx(battery.continuous(joules, seconds).hours)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: energy.Battery(volts=0), "impossible"),
        (lambda: energy.Battery(efficiency=1.2), "impossible"),
        (lambda: energy.Battery(ampere_hours=float("nan")), "impossible"),
        (lambda: energy.Battery().continuous(0, 1), "the energy is 0"),
        (lambda: energy.Battery().continuous(1, float("nan")), "the time is nan"),
        (lambda: energy.Battery().duty_cycled(1, 2, 1, 0.1), "every 1 s"),
        (lambda: energy.Battery().duty_cycled(1, 1, 2, -0.1), "idle at -0.1 W"),
        (lambda: energy.measure(b"", runs=1), "1 runs"),
    ],
)
def test_impossible_figures_are_refused(call, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()


def zone(folder: Path, name: str, microjoules: int, size: int = 1000) -> Path:
    path = folder / name
    path.mkdir(parents=True)
    (path / "energy_uj").write_text(f"{microjoules}\n")
    (path / "max_energy_range_uj").write_text(f"{size - 1}\n")
    return path / "energy_uj"


def test_the_counters_of_all_processors_are_added_and_may_wrap(tmp_path: Path) -> None:
    first, second = zone(tmp_path, "intel-rapl:0", 990), zone(tmp_path, "intel-rapl:1", 10)
    part = zone(tmp_path, "intel-rapl:0:0", 0)

    def work() -> str:
        for path, value in ((first, 5), (second, 30), (part, 900)):
            path.write_text(str(value))
        return "done"

    assert Rapl(tmp_path).spent_uj(work) == (15 + 20, "done")


def test_a_counter_that_is_absent_or_unreadable_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no energy counter"):
        Rapl(tmp_path)
    zone(tmp_path, "intel-rapl:0", 1).write_text("secret")
    with pytest.raises(UserError, match="cannot be read"):
        Rapl(tmp_path)


def test_this_computer_is_measured_or_said_to_be_estimated(
    xormodel: bytes, tmp_path: Path, need_tool
) -> None:
    need_tool("cc", "apt install gcc")
    guess = energy.measure(xormodel, runs=10, folder=tmp_path, assumed_w=2.0)
    assert not guess.measured and "estimated" in str(guess) and "2 W assumed" in str(guess)
    assert guess.uj == pytest.approx(2000 * guess.ms) and 0 < guess.fastest_ms <= guess.ms
    zone(tmp_path, "intel-rapl:0", 7)
    assert "the energy counter stands still" in energy.measure(xormodel, runs=10, folder=tmp_path).source


def test_a_counter_that_runs_is_believed(xormodel: bytes, monkeypatch: pytest.MonkeyPatch, need_tool) -> None:
    """Each look at the clock takes 1 ms, each batch of 50 inferences so 1 ms, too, and 2000 µJ."""
    need_tool("cc", "apt install gcc")
    clock, counter = itertools.count(0, 1_000_000), itertools.count(0, 2000)
    monkeypatch.setattr(computer.time, "perf_counter_ns", lambda: next(clock))
    monkeypatch.setattr(Rapl, "__init__", lambda self, folder: setattr(self, "_ranges", [10**12]))
    monkeypatch.setattr(Rapl, "_read", lambda self: [next(counter)])
    counted = energy.measure(xormodel, runs=10)
    assert counted.measured and "estimated" not in str(counted)
    figures = (counted.ms, counted.ms_sd, counted.uj, counted.uj_sd, counted.watts)
    assert figures == pytest.approx((1.0, 0.0, 40.0, 0.0, 2.0))
