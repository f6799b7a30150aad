"""What a benchmark found: the setting, every answer, and what follows from them."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aiedge.benchmark import metrics
from aiedge.benchmark.firmware import NOTHING_COMPARED, FirmwareCheck
from aiedge.benchmark.image import TOP
from aiedge.cost.runtimes import EXACT

TABLE_TO = 16  # samples; more are summed up
TWIN = "the twin of ESP-DL's arithmetic"  # a reference; that a chip has its bits was never measured
MANY = 4  # classes; of more, a table's columns have short names
UART_BITS = 10  # of a byte on the line: start bit, 8 bits, stop bit


@dataclass(frozen=True)
class Setting:
    """What was asked whom: all that must be the same for answers to belong to one run.

    `variant` is "int8" or "float32", `built_from` "vscode" or "solution". `simulated` firmware ran on this computer. A
    line of 0 `baud` takes bytes as fast as they come. `noise` is the probability of a spoiled byte. Hashes are SHA-256
    in hex: of the .tflite, and of inputs and expected answers.
    """

    project: str
    variant: str
    built_from: str
    model_sha256: str
    model_bytes: int
    runtime: str
    arena_bytes: int
    simulated: bool
    baud: int
    noise: float
    seed: int
    data_source: str
    data_sha256: str
    samples: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Traffic:
    """What went over the line, in seconds.

    `payload_bytes` are inputs that arrived, `sent_bytes` all bytes to the board. `retries` were sent again,
    `bad_frames` came damaged, `resets` were starts of the board in the middle. `frame_bytes` is how much of an input
    the next frame would carry: less on a bad line.
    """

    seconds: float = 0.0
    payload_bytes: int = 0
    sent_bytes: int = 0
    retries: int = 0
    bad_frames: int = 0
    resets: int = 0
    frame_bytes: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return self._with(other, 1)

    def __sub__(self, other: "Traffic") -> "Traffic":
        return self._with(other, -1)

    def _with(self, other: "Traffic", sign: int) -> "Traffic":
        sums = {f.name: getattr(self, f.name) + sign * getattr(other, f.name) for f in fields(self)}
        return Traffic(**{**sums, "frame_bytes": (other if sign > 0 else self).frame_bytes})


@dataclass(frozen=True)
class Verification:
    """A comparison of all answers with another runtime's: how many outputs and how many predictions differ."""

    runtime: str
    outputs: int
    predictions: int

    @property
    def is_exact(self) -> bool:
        """Whether that runtime has the board's bits for int8, so that each difference is a fault."""
        return self.runtime in EXACT


@dataclass(frozen=True)
class BenchmarkResult:
    """The answers of a board.

    `inputs` are shown in the table of a small set and may be empty. `index` is each sample's place in the test set,
    `kinds` what it shows; `outputs` are real numbers, float32 [samples, values]; `times_us` is what each inference took
    where the firmware ran, in microseconds: on a board, or with `setting.simulated` on this computer. `says` are the
    firmware's own answers where it printed them, "" for those that nobody knows; `firmware` is how they, its light and
    its times go with the outputs.
    """

    setting: Setting
    port: str
    started: str
    kit: str
    commit: str
    index: NDArray[np.int64]
    expected: NDArray[np.int64]
    kinds: tuple[str, ...]
    outputs: NDArray[np.float32]
    times_us: NDArray[np.int64]
    traffic: Traffic
    verified: Verification | None = None
    inputs: tuple[str, ...] = ()
    firmware: FirmwareCheck = NOTHING_COMPARED
    says: tuple[str, ...] = ()

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """Class numbers."""
        return predictions(self.outputs)

    @property
    def right(self) -> int:
        """Number of right answers."""
        return int((self.predicted == self.expected).sum())

    @property
    def all_right(self) -> bool:
        """Whether every answer is right."""
        return self.right == len(self.outputs)

    @property
    def has_wrong_bits(self) -> bool:
        """Whether an output differs from that of a runtime with the same bits."""
        return bool(self.verified and self.verified.is_exact and self.verified.outputs)

    @property
    def has_wrong_firmware(self) -> bool:
        """Whether what main.cpp made of an output is wrong."""
        return bool(self.firmware.mistakes)

    @property
    def accuracy(self) -> float:
        """The part of the answers that is right."""
        return self.right / len(self.outputs)

    @property
    def balanced_accuracy(self) -> float:
        """The same, every class counting alike."""
        return metrics.balanced_accuracy(self.expected, self.predicted)

    @property
    def by_kind(self) -> dict[str, float]:
        """The part of right answers for each kind of sample, the worst first."""
        kinds, right = np.array(self.kinds), self.predicted == self.expected
        parts = {str(kind): float(right[kinds == kind].mean()) for kind in np.unique(kinds)}
        return dict(sorted(parts.items(), key=lambda item: item[1]))

    @property
    def without_trucks(self) -> float | None:
        """Balanced accuracy without the pictures of trucks, which are cars to some; None where there are none.

        None, too, where trucks are a class of their own.
        """
        if "truck" in self.setting.classes:
            return None
        rest = np.array([kind != "truck" for kind in self.kinds], bool)
        if rest.all() or not rest.any():
            return None
        return metrics.balanced_accuracy(self.expected[rest], self.predicted[rest])

    @property
    def scores(self) -> NDArray[np.float32] | None:
        """How sure the network is of the second of two classes, [samples]; None for other numbers of classes."""
        if len(self.setting.classes) != 2 or len(np.unique(self.expected)) != 2:
            return None
        return np.nan_to_num(self.outputs[:, -1])

    @property
    def auc(self) -> float | None:
        """Area under the ROC curve, where there is one."""
        return None if self.scores is None else metrics.auc(self.expected == 1, self.scores)

    @property
    def top_accuracy(self) -> float | None:
        """The part of the answers whose first three hold the right one; None for fewer than four classes."""
        if len(self.setting.classes) <= TOP:
            return None
        return metrics.top_accuracy(self.expected, self.outputs, TOP)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How often each class got each answer, [expected, predicted]."""
        return metrics.confusion(self.expected, self.predicted, len(self.setting.classes))

    @property
    def goodput(self) -> float | None:
        """The part of the line's time in which it carried inputs' bytes; None where it was not timed like a UART."""
        if not self.setting.baud or not self.traffic.seconds:
            return None
        return self.traffic.payload_bytes * UART_BITS / self.setting.baud / self.traffic.seconds

    @property
    def where(self) -> str:
        """Where the firmware ran, in words."""
        stand_in = f"a stand-in board on this computer ({self.port})"
        return stand_in if self.setting.simulated else f"the board on {self.port}"

    def __str__(self) -> str:
        s = self.setting
        lines = [
            f"{s.project} on {self.where}",
            f"runtime {s.runtime}, {s.variant}, arena {s.arena_bytes:,} bytes, model {s.model_sha256[:12]}",
            *self._table(),
            *self._figures(),
            *self._line(),
        ]
        return "\n".join(lines)

    def _table(self) -> list[str]:
        if not self.inputs or len(self.outputs) > TABLE_TO:
            return []
        if self.top_accuracy is not None:
            return self._top_table()
        says = self.says if any(self.says) else ("",) * len(self.outputs)
        column = f"  {'firmware':>8}" if any(self.says) else ""
        lines = ["", f"{'inputs':>12}  expected  {'output':>8}{column}  {'time':>9}"]
        for shown, expected, outputs, said, predicted, time in zip(
            self.inputs, self.expected, self.outputs, says, self.predicted, self.times_us, strict=True
        ):
            output = " ".join(f"{value:.4f}" for value in outputs)
            of_firmware = f"  {said:>8}" if column else ""
            mark = "" if predicted == expected else "  <- wrong"
            lines.append(f"{shown:>12}  {expected:>8}  {output:>8}{of_firmware}  {time:>6} µs{mark}")
        return [*lines, ""]

    def _top_table(self) -> list[str]:
        """Each sample's class and its largest outputs by name."""
        names = self.setting.classes
        answers = [
            ", ".join(f"{names[c]} {values[c]:.2f}" for c in order[:TOP])
            for values, order in zip(self.outputs, metrics.ranked(self.outputs), strict=True)
        ]
        left, wide = max(map(len, names)), max(map(len, answers))
        lines = ["", f"{'inputs':>12}  {'expected':{left}}  {f'output, top {TOP}':{wide}}  {'time':>9}"]
        for shown, expected, answer, predicted, time in zip(
            self.inputs, self.expected, answers, self.predicted, self.times_us, strict=True
        ):
            mark = "" if predicted == expected else "  <- wrong"
            lines.append(f"{shown:>12}  {names[expected]:{left}}  {answer:{wide}}  {time:>6} µs{mark}")
        return [*lines, ""]

    def _figures(self) -> list[str]:
        clock = "this computer's time, not a board's" if self.setting.simulated else "on the board"
        time = f"median {np.median(self.times_us):,.0f} µs ({clock})"
        whose = "the network alone: " if self.has_wrong_firmware else ""
        if len(self.outputs) <= TABLE_TO:
            return [f"{whose}{self.right:,} of {len(self.outputs):,} right; {time}"]
        return [
            f"data      {len(self.outputs):,} samples, {self.setting.data_source}",
            f"accuracy  {whose}{self.accuracy:.2%}: {self.right:,} of {len(self.outputs):,} right; balanced "
            f"{self.balanced_accuracy:.2%}"
            + ("" if self.auc is None else f"; area under the ROC {self.auc:.4f}")
            + ("" if self.top_accuracy is None else f"; top {TOP} {self.top_accuracy:.2%}"),
            *([] if (rest := self.without_trucks) is None else [f"          without trucks {rest:.2%}"]),
            *([f"hardest   {self._hardest()}"] if self.kinds else []),
            f"latency   {time}; slowest {self.times_us.max():,} µs",
            "",
            *self._confusion(),
            "",
        ]

    def _confusion(self) -> list[str]:
        """The confusion as text; of many classes with the part of right answers, in columns as narrow as can be."""
        names, counts = self.setting.classes, self.confusion
        many = len(names) > MANY
        side = max(8, *map(len, names)) + 2
        width = max(5, len(f"{counts.max():,}")) + 1 if many else side
        left = side + 2 if many else side + 10
        short = [name[: width - 1] for name in names] if many else names
        lines = [f"{'answer':>{left}}" + "".join(f"{name:>{width}}" for name in short)]
        for truth, (name, row) in enumerate(zip(names, counts, strict=True)):
            right = f"{row[truth] / max(row.sum(), 1):>8.1%}" if many else ""
            lines.append(f"{name:>{left}}" + "".join(f"{n:>{width},}" for n in row) + right)
        lines[0] += f"{'right':>8}" if many else ""
        return lines

    def _hardest(self) -> str:
        """The kinds of samples with the fewest right answers, in words."""
        return ", ".join(f"{kind} {part:.1%}" for kind, part in list(self.by_kind.items())[:4])

    def _line(self) -> list[str]:
        t = self.traffic
        spoiled = f"retries {t.retries:,}, bad frames {t.bad_frames:,}"
        if self.setting.noise:
            spoiled += f" ({self.setting.noise:.2%} of the bytes spoiled on purpose)"
        if t.resets:
            spoiled += f", {t.resets:,} resets"
        lines = [f"line      {t.payload_bytes:,} bytes of inputs in {t.seconds:.1f} s; {spoiled}"]
        if self.goodput is not None:
            lines.append(
                f"          {self.goodput:.1%} of the time at {self.setting.baud:,} baud carried inputs; at last "
                f"{t.frame_bytes:,} bytes a frame"
            )
        if v := self.verified:
            rounds = "" if v.is_exact or v.runtime == TWIN else ", which rounds otherwise"
            lines.append(
                f"verified  {v.predictions:,} predictions and {v.outputs:,} outputs of {len(self.outputs):,} differ "
                f"from the same model in {v.runtime}{rounds}"
            )
        return [*lines, *self._firmware()]

    def _firmware(self) -> list[str]:
        """What main.cpp made of the outputs: its mistakes, or what was compared."""
        found = self.firmware
        if found.mistakes:
            return ["", *found.mistakes]
        compared = [
            f"{count:,} {what}"
            for count, what in (
                (found.answers, "answers agree with the outputs"),
                (found.lights, "states of the LED with the answers"),
                (found.times, "times with the clock"),
            )
            if count
        ]
        return [f"firmware  main.cpp: {', '.join(compared)}"] if compared else []


def predictions(outputs: NDArray) -> NDArray[np.int64]:
    """Class numbers of real outputs [n, values]: the largest, or whether a single one is above one half.

    >>> predictions(np.array([[0.2, 0.8], [0.9, 0.1]])).tolist()
    [1, 0]
    """
    return (outputs[:, 0] > 0.5).astype(np.int64) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
