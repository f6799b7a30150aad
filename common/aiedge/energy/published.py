"""The figures of a published ESP32 pipeline (CIFAR-10, pruned to 25-51-76), each beside what its inputs give.

A figure *follows* where a reading of the published inputs gives it: some numbers that round to those printed give a
number that rounds to the one printed. It is *inconsistent* with a reading that gives another one, and *underdetermined*
where the inputs are not published. A reading that fits is not thereby the authors' way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from aiedge.energy.battery import Battery
from aiedge.energy.figures import (
    ACCURACIES,
    ACTIVE_MA,
    BUFFERS_KB,
    CONVOLUTIONS,
    COUNT,
    CPU_MS,
    CPU_MS_SD,
    CPU_UJ,
    CPU_UJ_SD,
    HOURS,
    IDLE_MA,
    INFERENCE_MJ,
    INFERENCE_MS,
    MINUTES,
    MINUTES_H,
    NOT_TUNED,
    ORIGINAL,
    PRUNED,
    SIZES,
    Printed,
)
from aiedge.energy.sram import CACTI_45NM_128KB, Accesses, counted
from aiedge.text import table

KIB, MIB = 1024, 1024**2
FOLLOWS, OPEN, INCONSISTENT = "follows", "underdetermined", "inconsistent"


@dataclass(frozen=True)
class Verdict:
    """One figure: what is printed, how it is read, what that gives, whether they agree, and why or why not."""

    figure: str
    published: str
    reading: str
    ours: str
    verdict: str
    why: str


def _judge(
    figure: str,
    published: str,
    unit: str,
    reading: str,
    formula: Callable[..., float],
    inputs: tuple[Printed, ...] = (),
    why: str = "",
) -> Verdict:
    """Whether the formula gives the printed number for some numbers that round to the inputs.

    The formulas rise or fall in each input, so that the corners of the inputs' ranges bound what they give.
    """
    printed = Printed(published)
    corners = [formula(*values) for values in product(*((i.low, i.high) for i in inputs))]
    agrees = min(corners) <= printed.high and printed.low <= max(corners)
    ours = f"{formula(*(i.value for i in inputs)):,.{printed.decimals}f}"
    verdict = FOLLOWS if agrees else INCONSISTENT
    return Verdict(figure, f"{published} {unit}".strip(), reading, f"{ours} {unit}".strip(), verdict, why)


def verdicts() -> list[Verdict]:
    """All figures that could follow from others, and the rest with the reason.

    >>> sorted({row.verdict for row in verdicts()})
    ['follows', 'inconsistent', 'underdetermined']
    """
    return [*_network(), *_sizes(), *_board(), *_memory(), *_battery(), *_files(), *_computer()]


def _network() -> list[Verdict]:
    rows = [
        _judge(f"parameters, {name}", text, "", "weights and biases", lambda n=n: n.parameters)
        for name, n, text in (("initial", ORIGINAL, "545,098"), ("pruned", PRUNED, "28,576"))
    ]
    kept = (int(32 * 0.8), int(64 * 0.8), int(128 * 0.6))
    rows += [
        _judge(
            f"width {i + 1} of the pruned network",
            text,
            "",
            "20 % or 40 % taken, rounded down",
            lambda k=k: k,
        )
        for i, (text, k) in enumerate(zip(("25", "51", "76"), kept, strict=True))
    ]
    rows.append(
        Verdict(
            "accuracies",
            f"{NOT_TUNED} ... {max(ACCURACIES.values())} %",
            "",
            "",
            OPEN,
            "they need the training, its seeds and its data",
        )
    )
    return rows


def _sizes() -> list[Verdict]:
    """Table I, by parameters alone and with the largest map."""
    rows = []
    for name, network, value_bytes, text in SIZES:
        figure = f"size, {name}"
        alone, both = network.parameters, network.parameters + network.outputs[0]
        rows += [
            _judge(
                figure, text, "MB", f"parameters × {value_bytes} B, in 10⁶ B",
                lambda n=alone, b=value_bytes: n * b / 1e6, why="the published size holds something else, too",
            ),
            _judge(
                figure, text, "MB", f"parameters and conv1's output, × {value_bytes} B, in MiB",
                lambda n=both, b=value_bytes: n * b / MIB, why="so it would hold the largest map, too",
            ),
        ]  # fmt: skip
    return rows


def _board() -> list[Verdict]:
    outputs = [4 * values / KIB for values in PRUNED.outputs]
    parts = [*outputs, 4 * PRUNED.pooled / KIB]
    rest = INFERENCE_MS.value - sum(Printed(ms).value for *_, ms in CONVOLUTIONS)
    return [
        _judge("conv1's buffer", "100", "KB", "32·32·25 values of 4 B, in KiB", lambda: outputs[0]),
        _judge(
            "temporary buffers", BUFFERS_KB, "KB", "outputs of four layers and of the average pool, 4 B, in KiB",
            lambda: sum(parts), why="the parts rounded one by one, as below, explain the last digit",
        ),
        _judge(
            "temporary buffers", BUFFERS_KB, "KB", "the same, each rounded to 0.01 KiB",
            lambda: sum(round(part, 2) for part in parts), why="100.00 + 51.00 + 0.80 + 0.30 + 0.04",
        ),
        Verdict(
            "time of an inference", "313.33 ms", "conv1 and conv2 taken away", f"{rest:.2f} ms for the rest", OPEN,
            f"a measurement; conv2 has {PRUNED.macs[1] / PRUNED.macs[0]:.2f} times the steps of conv1 and takes "
            f"{245.98 / 55.1:.2f} times its time",
        ),
        Verdict("current, idle → active", "36.4 → 43.0 mA", "", "", OPEN, "a measurement"),
        _judge(
            "energy of an inference", INFERENCE_MJ.text, "mJ", "43.0 mA × 5 V × 313.33 ms",
            lambda ma, ms: ma * 5 * ms / 1e3, (ACTIVE_MA, INFERENCE_MS),
            f"it needs {INFERENCE_MJ.value / INFERENCE_MS.value * 1e3 / 5:.1f} mA, or "
            f"{INFERENCE_MJ.value / ACTIVE_MA.value / 5 * 1e3:.0f} ms at 43.0 mA",
        ),
    ]  # fmt: skip


def _memory() -> list[Verdict]:
    rows = []
    sram = CACTI_45NM_128KB
    for name, layer, count, energy, milliseconds in CONVOLUTIONS:
        macs, outputs = PRUNED.macs[layer], PRUNED.outputs[layer]
        accesses, microjoules, ms = Printed(count), Printed(energy), Printed(milliseconds)
        rows += [
            _judge(f"{name}'s accesses", count, "", "steps / 16", lambda m=macs: m / 16,
                   why="sixteen int8 in a line of 128 bits"),
            _judge(
                f"{name}'s memory energy", energy, "µJ", "each access a write", lambda n: Accesses(0, n).energy_uj(),
                (accesses,), f"{1e3 * microjoules.value / accesses.value:.4f} nJ an access: more than a write's "
                f"{sram.write_nj} nJ, and not the other layer's",
            ),
            _judge(
                f"{name}'s memory energy", energy, "µJ", "a read and a write each access",
                lambda n: Accesses(n, n).energy_uj(), (accesses,), "an output is not written with each access",
            ),
            _judge(
                f"{name}'s memory energy", energy, "µJ", "two reads each access, a write each 16 outputs",
                lambda m=macs, o=outputs: counted(m, o).energy_uj(),
                why="inputs and weights are read, sums stay in a register: so both layers' figures follow",
            ),
            _judge(
                f"{name}'s memory energy", energy, "µJ", "the same, and leakage while it runs",
                lambda t, m=macs, o=outputs: counted(m, o).energy_uj(seconds=t / 1e3), (ms,),
                f"{sram.leakage_mw} mW leak in {milliseconds} ms: the published figure leaves that out",
            ),
        ]  # fmt: skip
    return rows


def _battery() -> list[Verdict]:
    battery = Battery()
    # What the two continuous figures say about one inference.
    ms = HOURS.value * 3.6e6 / COUNT.value
    agree = (
        f"hours / inferences = {ms:.0f} ms, in which 69.2 mJ are {INFERENCE_MJ.value / ms / 5 * 1e3:.1f} mA"
    )

    def each_minute(idle_ma: float, mj: float, ms: float) -> float:
        return battery.duty_cycled(mj / 1e3, ms / 1e3, 60, idle_ma / 1e3 * battery.volts).inferences

    def added(idle_ma: float, mj: float) -> float:
        return each_minute(idle_ma, mj, 0.0)

    inputs = (IDLE_MA, INFERENCE_MJ, INFERENCE_MS)
    proper, plain = "idle at 36.4 mA for the rest of the minute", "idle for the whole minute, and 69.2 mJ"
    once = "the 313.33 ms count once as work and once as idle"
    return [
        _judge("continuous, inferences", COUNT.text, "", "5 V × 1 Ah × 0.85 × 0.90 / 69.2 mJ",
               lambda mj: battery.energy_j / mj * 1e3, (INFERENCE_MJ,)),
        _judge("continuous, hours", HOURS.text, "h", "198,952 inferences of 313.33 ms",
               lambda n, t: n * t / 3.6e6, (COUNT, INFERENCE_MS), agree),
        _judge("continuous, hours", HOURS.text, "h", "the battery at 43.0 mA and 5 V",
               lambda ma: battery.energy_j / 3.6 / (ma * battery.volts), (ACTIVE_MA,), agree),
        _judge("once a minute, hours", MINUTES_H.text, "h", "1,252 minutes", lambda n: n / 60, (MINUTES,)),
        _judge("once a minute, inferences", MINUTES.text, "", proper, each_minute, inputs,
               "the published count is lower: see below"),
        _judge("once a minute, inferences", MINUTES.text, "", plain, added, inputs[:2], once),
        _judge("once a minute, hours", MINUTES_H.text, "h", proper,
               lambda *i: each_minute(*i) / 60, inputs, "see above"),
        _judge("once a minute, hours", MINUTES_H.text, "h", plain, lambda *i: added(*i) / 60, inputs[:2], once),
    ]  # fmt: skip


def _files() -> list[Verdict]:
    even = sum(len(f"{value},") for value in range(-128, 128)) / 256
    values = 32 * 32 * 3
    return [
        _judge("weights, .bin", "28", "KB", "28,576 parameters of 1 B, in KiB", lambda: PRUNED.parameters / KIB),
        Verdict(
            "weights, .h", "96 KB", "", f"{96 * KIB / PRUNED.parameters:.2f} characters a value", OPEN,
            "a number's length goes by its value, and the weights are not published",
        ),
        _judge("weights, .h / .bin", "3.43", "×", "96 KB / 28 KB", lambda: 96 / 28),
        _judge("image, .bin", "3", "KB", "32·32·3 values of 1 B, in KiB", lambda: values / KIB),
        Verdict(
            "image, .h / .bin", "3.65 ×", "all values from −128 to 127 alike, with commas", f"{even:.2f} ×", OPEN,
            "it goes by the picture, which is not published; evenly spread values would give it",
        ),
    ]  # fmt: skip


def _computer() -> list[Verdict]:
    # Cauchy and Schwarz: mean(E/t) · mean(E·t) ≥ mean(E)², and mean(E·t) ≤ mean(E) mean(t) + sd(E) sd(t).
    bound = CPU_UJ.low**2 / (CPU_UJ.high * CPU_MS.high + CPU_UJ_SD.high * CPU_MS_SD.high) / 1e3
    return [
        _judge(
            "CPU, power", "0.700", "W", "340.9 µJ / 0.419 ms", lambda uj, ms: uj / ms / 1e3, (CPU_UJ, CPU_MS),
            f"nor as a mean of single powers: with these deviations it is at least {bound:.3f} W",
        ),
        Verdict("CPU, time", "0.419 ± 0.080 ms", "", "", OPEN, "a measurement; measure() is this computer's"),
        Verdict("CPU, energy", "340.9 ± 37.1 µJ", "", "", OPEN, "a measurement; measure() is this computer's"),
    ]  # fmt: skip


def as_text(rows: list[Verdict]) -> str:
    """The rows as a table."""
    head = ("figure", "published", "read as", "ours", "verdict", "why")
    cells: list[tuple[str, ...]] = [
        (r.figure, r.published, r.reading, r.ours, r.verdict, r.why) for r in rows
    ]
    return "\n".join(table(head, cells))
