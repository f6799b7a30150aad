"""Recorded currents: phases of work and their energy, and recordings that cannot be read."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiedge.cli import main
from aiedge.energy import PowerTrace, read_trace, summarize
from aiedge.errors import UserError

STEP = 1e-3


def pulses(
    idle_a: float,
    active_a: float,
    lengths: list[int],
    pause: int = 50,
    noise: float = 0.0,
    volts: float = 5.0,
) -> PowerTrace:
    """A board that works for so many samples, again and again, with a pause before each phase and after the last."""
    parts = [np.full(pause, idle_a)]
    for length in lengths:
        parts += [np.full(length, active_a), np.full(pause, idle_a)]
    current = np.concatenate(parts)
    current = current + np.random.default_rng(0).normal(0, noise, len(current))
    return PowerTrace(np.arange(len(current)) * STEP, current, np.full(len(current), volts))


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(10, 60), min_size=1, max_size=6),
    idle=st.floats(0.001, 0.04),
    extra=st.floats(0.005, 0.2),
    volts=st.floats(1, 12),
)
def test_every_pulse_is_found_with_its_energy(
    lengths: list[int], idle: float, extra: float, volts: float
) -> None:
    trace = pulses(idle, idle + extra, lengths, volts=volts)
    phases = trace.phases(idle + extra / 2, shortest_s=5 * STEP)
    assert [round(phase.seconds / STEP) for phase in phases] == lengths
    for phase, length in zip(phases, lengths, strict=True):
        assert phase.joules == pytest.approx((idle + extra) * volts * length * STEP)
    work = summarize(trace, phases)
    assert work.inference_j == pytest.approx(np.mean(lengths) * STEP * (idle + extra) * volts)
    assert work.extra_j == pytest.approx(np.mean(lengths) * STEP * extra * volts)
    assert (work.idle_a, work.active_a) == (pytest.approx(idle), pytest.approx(idle + extra))
    # NumPy's own trapezoidal rule.
    assert trace.joules == pytest.approx(np.trapezoid(trace.watts, trace.seconds))


def test_a_lower_threshold_keeps_ripple_from_cutting_a_phase() -> None:
    trace = pulses(0.0364, 0.0430, [100, 100], noise=0.0015)
    assert len(trace.phases(0.0430)) > 2
    found = trace.phases(0.0430, 0.0370, shortest_s=20 * STEP)
    assert [phase.seconds / STEP for phase in found] == pytest.approx([100, 100], abs=8)


def test_spikes_are_no_phases() -> None:
    trace = pulses(0.03, 0.05, [2, 40, 3])
    assert len(trace.phases(0.04)) == 3
    (phase,) = trace.phases(0.04, shortest_s=10 * STEP)
    assert phase.seconds == pytest.approx(40 * STEP)


def test_phases_that_the_recording_cuts_are_neither_whole_nor_idle() -> None:
    whole = pulses(0.03, 0.05, [30, 40, 30])
    part = slice(60, -60)  # from within the first phase to within the last
    trace = PowerTrace(whole.seconds[part], whole.amperes[part], whole.volts[part])
    phases = trace.phases(0.04, shortest_s=25 * STEP)
    assert [phase.whole for phase in phases] == [False, True, False]
    work = summarize(trace, phases)
    assert (work.phases, work.idle_a) == (1, pytest.approx(0.03))
    assert work.inference_s == pytest.approx(40 * STEP)
    with pytest.raises(UserError, match="no whole phase"):
        summarize(trace, trace.phases(0.001))


def test_several_inferences_in_a_phase_share_it() -> None:
    trace = pulses(0.0, 0.04, [40])
    assert summarize(trace, trace.phases(0.02), inferences=4).inference_j == pytest.approx(
        0.04 * 5 * 10 * STEP
    )


def test_uneven_steps_weigh_what_they_last() -> None:
    seconds = np.array([0, 1, 2, 4, 6, 7, 8.0])
    trace = PowerTrace(seconds, np.array([0, 0, 1, 1, 1, 0, 0.0]), np.ones(7))
    (phase,) = trace.phases(0.5)
    assert (phase.first, phase.end, phase.seconds, phase.joules) == (2, 5, 5.0, 5.0)


def write(folder: Path, text: str) -> Path:
    path = folder / "power.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "time_s,current_ma\n0,40\n0.001,41\n0.002,42\n",
        "Time (ms), Current (A)\n0,0.040\n1,0.041\n2,0.042\n",
        "current [µA],x,time [us]\r\n40000,a,0\r\n\r\n41000,b,1000\r\n42000,,2000\r\n",
        "\ufefftime_s,current_ma,voltage_mv\n0,40,5000\n0.001,41,5000\n0.002,42,5000\n",
    ],
)
def test_units_and_order_of_columns_go_by_their_names(text: str, tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, text))
    np.testing.assert_allclose(trace.seconds, [0, 0.001, 0.002])
    np.testing.assert_allclose(trace.amperes, [0.040, 0.041, 0.042])
    np.testing.assert_allclose(trace.volts, 5.0)


GOOD = "time_s,current_ma\n" + "".join(f"{i / 1000},40\n" for i in range(10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("hello\nworld\nagain\n", "line 1: no column is named time"),
        ("0,40\n1,41\n2,42\n", "line 1: no column is named time"),
        ("time,current\n0,1\n1,1\n", "line 1: no column is named time"),
        ("time_s,voltage_v\n0,1\n1,1\n", "line 1: no column is named current"),
        ("time_s,time_ms,current_a\n0,0,1\n", "line 1: there are two columns of time"),
        ("time_s,current_ma\n", "holds 0 samples"),
        ("time_s,current_ma\n0,1\n", "holds 1 samples"),
        (GOOD + "0.010,forty\n", "line 12: current_ma is 'forty', no number"),
        (GOOD + "0.010\n", "line 12: current_ma is missing"),
        (GOOD + "0.010,\n", "line 12: current_ma is missing"),
        (GOOD + "\n,40\n", "line 13: time_s is missing"),
        (GOOD + "0.010,NaN\n", "line 12: current_ma is NaN"),
        (GOOD + "inf,40\n", "line 12: time_s is inf"),
        (GOOD + "0.010,4,0\n0.004,40\n", "line 13: the time goes from 0.01 s to 0.004 s"),
        (GOOD + "0.009,40\n", "line 12: the time goes from 0.009 s to 0.009 s"),
        (GOOD + "0.5,40\n", "line 12: 0.491 s without a sample, where 0.001 s is usual"),
        ("time_s,current_ma,voltage_v\n0,1,5\n1,1,0\n", "line 3: the voltage is 0 V"),
    ],
)
def test_a_bad_recording_is_refused_by_line_and_cause(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read_trace(write(tmp_path, text))
    assert message in error.value.message and "power.csv" in error.value.message and error.value.hint


def test_no_text_and_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "power.csv").write_bytes(bytes(range(256)) * 4)
    with pytest.raises(UserError, match="no CSV file"):
        read_trace(tmp_path / "power.csv")
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(UserError, match="cannot read"):
            read_trace(path)


def test_impossible_thresholds_are_refused() -> None:
    trace = pulses(0.03, 0.05, [10])
    for on, off, shortest in ((0.04, 0.05, 0), (0.04, None, -1), (float("nan"), None, 0)):
        with pytest.raises(UserError, match="impossible"):
            trace.phases(on, off, shortest)
    with pytest.raises(UserError, match=r"between 30\.0 and 50\.0 mA"):
        summarize(trace, trace.phases(0.06))


def test_the_command_tells_the_phases_and_the_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    trace = pulses(0.0364, 0.0430, [313, 313])
    rows = (f"{t:.3f},{1000 * a:.1f}\n" for t, a in zip(trace.seconds, trace.amperes, strict=True))
    path = write(tmp_path, "time_s,current_ma\n" + "".join(rows))
    assert main(["energy", "--trace", str(path), "--on", "40", "--shortest", "100"]) == 0
    out = capsys.readouterr().out
    assert "2 phases, 36.4 → 43.0 mA" in out and "313.00 ± 0.00 ms, 67.30 ± 0.00 mJ" in out
    assert main(["energy", "--trace", str(path), "--on", "50"]) == 2
    assert "hint: " in capsys.readouterr().err
    with_gap = write(tmp_path, GOOD + "0.5,40\n")
    assert main(["energy", "--trace", str(with_gap), "--on", "40"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {with_gap}, line 12: 0.491 s without a sample")
    assert main(["energy", "--trace", str(path)]) == 2
    assert "--trace needs --on" in capsys.readouterr().err


# Two samples of 20 mA, two of 80 mA and two of 20 mA, a tenth of a millisecond apart, as instruments write them.
TIMES = [0, 0.1, 0.2, 0.3, 0.4, 0.5]
AMPERES = [0.02, 0.02, 0.08, 0.08, 0.02, 0.02]


def recorded(head: str, time: float, current: float, mark: str, decimal: str, more: str = "") -> str:
    rows = [f"{t * time:.6f}{mark}{a * current:.6f}" for t, a in zip(TIMES, AMPERES, strict=True)]
    return "\n".join([head, *(row.replace(".", decimal) + more for row in rows), ""])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        recorded("Timestamp(ms),Current(uA),D0-D7", 1, 1e6, ",", ".", ",00000001"),
        recorded("Timestamp(ms),Current(µA)", 1, 1e6, ",", "."),
        recorded("Zeit;Time (s);Current (mA)", 1e-3, 1e3, ";", ",").replace("\n0,", "\nx;0,"),
        recorded("time_ms;current_ma", 1, 1e3, ";", "."),
        recorded("time_ms\tcurrent_ma", 1, 1e3, "\t", ","),
        recorded("#time (s), current (A), voltage (V)", 1e-3, 1, ",", ".", ",5.0"),
        recorded("#time,current,voltage,power,charge,energy", 1e-3, 1, ",", ".", ",5.0,0.1,0,0"),
        "Timestamp,Current_mA\n"
        + "".join(f"2026-01-02 03:04:05.{100 * n:06},{1e3 * a}\n" for n, a in enumerate(AMPERES)),
        recorded("Timestamp,Arc1: Main Current (A),Main Voltage (V)", 1e-3, 1, ",", ".", ",5.0"),
        recorded(
            "millis,Current [mA],Shunt Voltage [mV],Bus Voltage [V],Load Voltage [V]",
            1,
            1e3,
            ",",
            ".",
            ",8,5,4",
        ),
        "sep=;\n# device 7\n" + recorded("Time [us];Current [mA]", 1e3, 1e3, ";", ","),
    ],
    ids=[
        "ppk2",
        "micro",
        "semicolons",
        "points",
        "tabs",
        "joulescope",
        "statistics",
        "clock",
        "otii",
        "ina219",
        "preamble",
    ],
)
def test_recordings_as_instruments_write_them(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(text.encode(encoding))
    trace = read_trace(path)
    np.testing.assert_allclose(trace.seconds - trace.seconds[0], np.array(TIMES) * 1e-3, atol=1e-6)
    np.testing.assert_allclose(trace.amperes, AMPERES)
    assert (trace.volts == 5).all() and len(trace.phases(0.05)) == 1
