"""A board's current over time, as a power meter records it, and the phases in which the board works."""

import codecs
import csv
import io
import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError

GAP = 5.0  # a step between samples so many times the usual one is a gap
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "a": 1.0, "ma": 1e-3, "ua": 1e-6, "na": 1e-9}
UNITS |= {"v": 1.0, "mv": 1e-3, "uv": 1e-6}
# As the kit's own examples, PPK2, Joulescope, Otii and loggers of an INA219 name them; what stands before is the place.
COLUMN = re.compile(
    r"(?P<place>.*?)(?P<quantity>timestamp|time|current|voltage)[^a-z]*(?P<unit>[mu]?s|[mun]?a|[mu]?v)?[^a-z]*"
)
WHOLE = {"millis": ("time", "ms"), "micros": ("time", "us"), "elapsed_ms": ("time", "ms")}
OF = {"time": "s", "current": "a", "voltage": "v"}
NOT_THE_SUPPLY = "shunt"  # the voltage over the resistor that measures
HINT = "the first line names the columns with their units, such as time_s,current_ma,voltage_v"
MOST_PREAMBLE = 20  # lines before the names


@dataclass(frozen=True)
class PowerTrace:
    """Samples of a recording: `seconds`, `amperes` and `volts`, float64 [n], the times rising."""

    seconds: NDArray[np.float64]
    amperes: NDArray[np.float64]
    volts: NDArray[np.float64]

    @property
    def watts(self) -> NDArray[np.float64]:
        """Power, [n]."""
        return self.amperes * self.volts

    @property
    def spans(self) -> NDArray[np.float64]:
        """Seconds that each sample stands for, [n]: half of the way to each of its neighbours (trapezoidal rule)."""
        steps = np.diff(self.seconds) / 2
        return np.append(steps, 0.0) + np.append(0.0, steps)

    @property
    def joules(self) -> float:
        """Energy of the whole recording."""
        return float(self.watts @ self.spans)

    def phases(self, on_a: float, off_a: float | None = None, shortest_s: float = 0.0) -> list["Phase"]:
        """The phases of work: each begins where the current reaches `on_a` and ends where it falls below `off_a`.

        `off_a` is at most `on_a`, its default; a lower one keeps ripple from cutting a phase in two. What is shorter
        than `shortest_s` counts as a spike, unless the recording's begin or end cuts it.
        """
        off_a = on_a if off_a is None else off_a
        if not off_a <= on_a or not shortest_s >= 0:
            raise UserError(
                f"thresholds of {on_a} A and {off_a} A, and {shortest_s} s, are impossible",
                "the lower threshold is at most the upper one, the shortest phase not negative",
            )
        above, below = self.amperes >= on_a, self.amperes < off_a
        # At each sample the state that the last sample outside the band between the thresholds set.
        decided = np.where(above | below, np.arange(len(above)), 0)
        active = above[np.maximum.accumulate(decided)]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
        found = []
        for first, end in edges.reshape(-1, 2):
            spans = self.spans[first:end]
            whole = bool(first > 0 and end < len(active))
            if not whole or spans.sum() >= shortest_s:
                joules = float(self.watts[first:end] @ spans)
                found.append(Phase(int(first), int(end), float(spans.sum()), joules, whole))
        return found


@dataclass(frozen=True)
class Phase:
    """A phase of work: samples `first` to `end` − 1, its seconds and joules.

    It is not `whole` where the recording begins or ends in it.
    """

    first: int
    end: int
    seconds: float
    joules: float
    whole: bool = True


@dataclass(frozen=True)
class Work:
    """What an inference takes, from all phases of a recording: means and standard deviations.

    `extra_j` is the energy above the idle power, `idle_w`; `active_a` and `idle_a` are mean currents.
    """

    phases: int
    inference_s: float
    inference_s_sd: float
    inference_j: float
    inference_j_sd: float
    extra_j: float
    idle_a: float
    active_a: float
    idle_w: float

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.phases} phases, {1e3 * self.idle_a:.1f} → {1e3 * self.active_a:.1f} mA",
                f"an inference: {1e3 * self.inference_s:.2f} ± {1e3 * self.inference_s_sd:.2f} ms, "
                f"{1e3 * self.inference_j:.2f} ± {1e3 * self.inference_j_sd:.2f} mJ, "
                f"{1e3 * self.extra_j:.2f} mJ of them above idle",
            ]
        )


def summarize(trace: PowerTrace, phases: list[Phase], inferences: int = 1) -> Work:
    """Energy of one inference from the whole phases, where each ran so many; idle is all outside of phases.

    Raises `UserError` where there is no whole phase.
    """
    if inferences < 1:
        raise UserError(f"{inferences} inferences in a phase", "there is at least one")
    whole = [phase for phase in phases if phase.whole]
    if not whole:
        low, high = 1e3 * trace.amperes.min(), 1e3 * trace.amperes.max()
        raise UserError(
            "the recording holds no whole phase of work",
            f"its current lies between {low:.1f} and {high:.1f} mA: set the thresholds between idle and work",
        )
    idle, active = np.ones(len(trace.seconds), bool), np.zeros(len(trace.seconds), bool)
    for phase in phases:
        idle[phase.first : phase.end] = False
        active[phase.first : phase.end] = phase.whole
    seconds = np.array([phase.seconds for phase in whole]) / inferences
    joules = np.array([phase.joules for phase in whole]) / inferences
    spans = trace.spans
    idle_w = float(np.average(trace.watts[idle], weights=spans[idle]))
    return Work(
        phases=len(whole),
        inference_s=float(seconds.mean()),
        inference_s_sd=_spread(seconds),
        inference_j=float(joules.mean()),
        inference_j_sd=_spread(joules),
        extra_j=float(joules.mean() - idle_w * seconds.mean()),
        idle_a=float(np.average(trace.amperes[idle], weights=spans[idle])),
        active_a=float(np.average(trace.amperes[active], weights=spans[active])),
        idle_w=idle_w,
    )


def _spread(values: NDArray[np.float64]) -> float:
    """Standard deviation of a sample; 0 for one value."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def read_trace(path: str | Path, volts: float = 5.0) -> PowerTrace:
    """A recording from a CSV file: a line of names with units, then a line for each sample.

    Time and current must be there, as `time_s` and `current_ma`, `Timestamp(ms)` and `Current(uA)`, or
    `Main Current (A)`; a timestamp may be a date with its clock. Where there is no voltage, the supply has `volts`.
    Columns are parted by commas, or by tabs or semicolons, beside which numbers may have decimal commas; the text is
    UTF-8, UTF-16 or Latin-1. Other columns are passed over, as are empty lines and lines before the names. Raises
    `UserError` for a file that is missing, empty or no text, and, naming the line, for values that are missing, no
    numbers or not finite, for times that do not rise, and for gaps.
    """
    path = Path(path)
    try:
        text = _decoded(path.read_bytes())
        mark = _delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "name a CSV file") from error
    except (UnicodeError, csv.Error) as error:
        raise UserError(f"{path} is no CSV file: {error}", HINT) from error
    if not lines:
        raise UserError(f"{path} is empty", HINT)
    names = next((i for i, (_, row) in enumerate(lines[:MOST_PREAMBLE]) if _names_columns(row)), 0)
    lines = lines[names:]
    columns = _columns(path, *lines[0])
    if mark != ",":
        lines = [lines[0], *((line, [cell.replace(",", ".") for cell in row]) for line, row in lines[1:])]
    if len(lines) < 3:
        raise UserError(f"{path} holds {len(lines) - 1} samples", "at least two are needed")
    samples = [[_number(path, line, row, *column) for column in columns.values()] for line, row in lines[1:]]
    values = dict(zip(columns, np.array(samples).T, strict=True))
    _check_times(path, values["time"], [line for line, _ in lines[1:]])
    voltage = values.get("voltage", np.full(len(samples), volts))
    if not (voltage > 0).all():
        where = lines[1 + int(np.argmin(voltage))][0] if "voltage" in values else 1
        raise UserError(f"{path}, line {where}: the voltage is {voltage.min():g} V", "it must be positive")
    return PowerTrace(values["time"], values["current"], voltage)


def _columns(path: Path, line: int, row: list[str]) -> dict[str, tuple[int, float, str]]:
    """For each quantity its column, the factor to its SI unit, and its name in the file."""
    found: dict[str, tuple[int, float, str]] = {}
    places: dict[str, str] = {}
    for i, cell in enumerate(row):
        quantity, unit, place = _column(cell, row)
        if not quantity:
            continue
        if quantity in found:
            if quantity == "voltage" and place != places[quantity]:
                continue  # at another place, as on the bus and at the load
            raise UserError(f"{path}, line {line}: there are two columns of {quantity}", HINT)
        found[quantity], places[quantity] = (i, UNITS[unit], cell.strip()), place
    for quantity in ("time", "current"):
        if quantity not in found:
            raise UserError(f"{path}, line {line}: no column is named {quantity} with a unit", HINT)
    return found


def _column(cell: str, row: list[str]) -> tuple[str, str, str]:
    """Quantity, unit and place of a column by its name in the row of them; empty where it is none of ours."""
    name = cell.strip(" #\t").lower().replace("µ", "u").replace("μ", "u")
    if row[0].strip().startswith("#") and name in OF:  # a Joulescope's statistics, in SI units
        return name, OF[name], ""
    if name in WHOLE:
        return *WHOLE[name], ""
    match = COLUMN.fullmatch(name)
    if not match or NOT_THE_SUPPLY in match["place"]:
        return "", "", ""
    stamp = match["quantity"] == "timestamp"
    quantity, unit = ("time" if stamp else match["quantity"]), match["unit"] or ("s" if stamp else "")
    return (quantity, unit, match["place"].strip()) if unit.endswith(OF[quantity]) else ("", "", "")


def _names_columns(row: list[str]) -> bool:
    return {"time", "current"} <= {_column(cell, row)[0] for cell in row}


def _decoded(data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, or else Latin-1; raises `UnicodeError` for one with zeros in it."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16")
    if b"\0" in data:
        raise UnicodeError("it holds zeros, which text does not")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _delimiter(text: str) -> str:
    """What parts the columns: the mark that parts the first line which names them; a comma where none does."""
    for line in text.splitlines()[:MOST_PREAMBLE]:
        for mark in ";\t,":
            if _names_columns(line.split(mark)):
                return mark
    return ","


def _number(path: Path, line: int, row: list[str], column: int, factor: float, name: str) -> float:
    """A cell's value in its SI unit."""
    text = row[column].strip() if column < len(row) else ""
    if not text:
        raise UserError(
            f"{path}, line {line}: {name} is missing", "record it again, or cut the file before it"
        )
    try:
        value = float(text)
    except ValueError:
        if name.lower().startswith("timestamp"):
            try:
                return datetime.fromisoformat(text).timestamp()
            except ValueError:
                pass
        hint = "numbers have a decimal point, columns are parted by commas"
        raise UserError(f"{path}, line {line}: {name} is {text[:40]!r}, no number", hint) from None
    if not math.isfinite(value):
        raise UserError(
            f"{path}, line {line}: {name} is {text}", "record it again, or cut the file before it"
        )
    return value * factor


def _check_times(path: Path, seconds: NDArray[np.float64], lines: list[int]) -> None:
    """Times rise, by steps that are about the same."""
    steps = np.diff(seconds)
    if not (steps > 0).all():
        i = int(np.argmax(steps <= 0))
        raise UserError(
            f"{path}, line {lines[i + 1]}: the time goes from {seconds[i]:g} s to {seconds[i + 1]:g} s",
            "each sample must be later than the one before",
        )
    usual = float(np.median(steps))
    if steps.max() > GAP * usual:
        i = int(np.argmax(steps > GAP * usual))
        raise UserError(
            f"{path}, line {lines[i + 1]}: {steps[i]:g} s without a sample, where {usual:g} s is usual",
            "record it again without a gap, or cut the file there",
        )
