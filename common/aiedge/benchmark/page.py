"""The page of all results: one HTML file with nothing outside it, for a browser on a laptop or a phone.

The newest result of each network, runtime and place stands side by side; what was counted or estimated is marked so.
"""

import platform
import time
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from aiedge import __version__
from aiedge.benchmark import store
from aiedge.benchmark.charts import BYTES, COUNT, ENERGY, PERCENT, TIME, Bar, Chart, histogram, roc_line
from aiedge.benchmark.models import find_model
from aiedge.benchmark.result import BenchmarkResult
from aiedge.boards import board
from aiedge.cost.summary import Costs, costs
from aiedge.energy.esp32 import CLOCK_HZ, SOURCE, cycles_s, energy_mj
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.lesson import lesson_of
from aiedge.progress import tqdm
from aiedge.tflite import load_model

RUNTIMES = {"compiled": "compiled C", "tflm": "TensorFlow Lite Micro", "espdl": "ESP-DL"}
CORES = {
    "esp32": "ESP32",
    "xtensa": "Xtensa LX106",
    "cortex-m4": "Cortex-M4",
    "cortex-m0plus": "Cortex-M0+",
}  # the nearest to the ESP-EYE first
HERE = "this computer"


@dataclass(frozen=True)
class Entry:
    """A result, the file it came from, and what its model costs where that model is still there.

    `other` is the model's name where it is not the project's main one.
    """

    result: BenchmarkResult
    file: str
    costs: Costs | None
    other: str = ""

    @property
    def model(self) -> str:
        """The network in words: project and type."""
        s = self.result.setting
        return " ".join(
            filter(None, (s.project, self.other, "float" if s.variant == "float32" else s.variant))
        )

    @property
    def place(self) -> str:
        """Where the firmware ran."""
        return HERE if self.result.setting.simulated else "board"

    @property
    def runtime(self) -> str:
        """The runtime in words."""
        return RUNTIMES.get(self.result.setting.runtime, self.result.setting.runtime)

    @property
    def key(self) -> tuple[str, ...]:
        """What is shown side by side: one entry of each."""
        s = self.result.setting
        return s.project, self.other, s.variant, self.place, s.runtime

    @property
    def median_us(self) -> float:
        """The median time of an inference."""
        return float(np.median(self.result.times_us))

    @property
    def latest_us(self) -> float:
        """What 99 % of the inferences were faster than, where the histogram ends."""
        return float(np.percentile(self.result.times_us, 99))

    @property
    def histogram(self) -> str:
        """SVG path of the latencies' histogram, in a box of 100 × 100."""
        return histogram(np.minimum(self.result.times_us, self.latest_us))

    @property
    def roc(self) -> str | None:
        """SVG points of the ROC curve, in a box of 100 × 100."""
        scores = self.result.scores
        return None if scores is None else roc_line(self.result.expected == 1, scores)


def write_page(folder: Path) -> Path:
    """Write `index.html` from the results in the folder; raises `UserError` where there is none."""
    results, skipped = _read_all(folder)
    if not results:
        hint = "./run_serial.py --simulate PROJECT --solution makes one"
        problem = f"there are no results in {folder}"
        raise UserError(problem + "".join(f"; skipped {line}" for line in skipped), hint)
    return write_atomic(folder / "index.html", render(results, skipped))


def render(results: dict[str, BenchmarkResult], skipped: list[str]) -> str:
    """The page of results by file name, the oldest first; `skipped` says which files are left out and why."""
    hashes = tqdm(
        sorted({r.setting.model_sha256 for r in results.values()}),
        desc="counting instructions",
        unit=" models",
        leave=False,
    )
    known = {sha256: _known(sha256) for sha256 in hashes}
    entries = [Entry(result, file, *known[result.setting.model_sha256]) for file, result in results.items()]
    chosen = side_by_side(entries)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("aiedge.benchmark"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        lessons={lesson: (_charts(group), group) for lesson, group in _by_lesson(chosen).items()},
        every=entries[::-1],
        skipped=skipped,
        drawn=any(entry.result.setting.data_source == "drawn" for entry in chosen),
        version=__version__,
        computer=f"{platform.system()} {platform.machine()}",
        made=time.strftime("%Y-%m-%d %H:%M"),
        cores=CORES,
    )


def side_by_side(entries: list[Entry]) -> list[Entry]:
    """Of each network, place and runtime one entry: of the newest's model the one with the most samples."""
    chosen = {}
    for key in sorted({entry.key for entry in entries}):
        alike = [entry for entry in entries if entry.key == key]
        model = alike[-1].result.setting.model_sha256
        same = [entry for entry in alike if entry.result.setting.model_sha256 == model]
        chosen[key] = max(enumerate(same), key=lambda pair: (len(pair[1].result.outputs), pair[0]))[1]
    return list(chosen.values())


def _by_lesson(entries: list[Entry]) -> dict[str, list[Entry]]:
    """The entries of each lesson, the lesson of the newest result first."""
    lessons: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.result.started, reverse=True):
        lessons.setdefault(lesson_of(entry.result.setting.project), [])
    for entry in entries:
        lessons[lesson_of(entry.result.setting.project)].append(entry)
    return lessons


def _read_all(folder: Path) -> tuple[dict[str, BenchmarkResult], list[str]]:
    """Results by file name, the oldest first, and for each other file its name and what is wrong with it."""
    results, skipped = {}, []
    for path in store.find(folder):
        try:
            results[path.name] = store.read(path)
        except UserError as error:
            skipped.append(error.message.replace(str(path), path.name))
    skipped += [f"{path.name} is an unfinished run" for path in sorted(folder.glob("*.partial"))]
    return results, skipped


def _known(sha256: str) -> tuple[Costs | None, str]:
    """A model's costs, and its name where it is not its project's main one."""
    choice = find_model(sha256)
    if not choice:
        return None, ""
    try:
        return costs(load_model(choice.path)), choice.other
    except UserError:  # a model that cannot be compiled
        return None, choice.other


def _charts(entries: list[Entry]) -> list[Chart]:
    models = list({entry.model: entry for entry in entries if entry.costs}.values())
    memory = board("esp-eye").budget
    charts = [
        Chart(
            "Accuracy",
            "balanced: every class counts alike",
            PERCENT,
            [_bar(e, 100 * e.result.balanced_accuracy, _place(e)) for e in entries],
            full=100,
        )
    ]
    for place, source in (
        ("board", "the median, measured on the board"),
        (HERE, "the median, measured on this computer, which is no board"),
    ):
        bars = [_bar(e, e.median_us, e.runtime) for e in entries if e.place == place]
        charts.append(Chart(f"Time, {place}", source, TIME, bars))
    for core, name in CORES.items():
        bars = [
            _bar(e, e.costs.instructions[core]) for e in models if e.costs and core in e.costs.instructions
        ]
        source = "of one inference in compiled C, counted on the emulated core"
        charts.append(Chart(f"Instructions, {name}", source, COUNT, bars))
    flash = [_bar(e, e.costs.flash_bytes) for e in models if e.costs and e.costs.flash_bytes]
    charts += [
        Chart(
            "SRAM",
            "the arena, as the firmware says; what the ESP-EYE's linker gives to data is 100 %",
            BYTES,
            [_bar(e, e.result.setting.arena_bytes, _place(e)) for e in entries],
            memory["SRAM"],
        ),
        Chart(
            "Flash",
            "the network's code and constants, compiled C for a Cortex-M4; the ESP-EYE's flash for a program is 100 %",
            BYTES,
            flash,
            memory["flash"],
        ),
        Chart("Energy", f"of one inference, an estimate: time × {SOURCE}", ENERGY, _energies(entries)),
    ]
    return [chart for chart in charts if chart.bars]


def _energies(entries: list[Entry]) -> list[Bar]:
    """Estimates from the boards' times, and for each model from the instructions of an emulated core."""
    bars = [
        _bar(
            e,
            1000 * energy_mj(e.median_us / 1e6)[1],
            "from the board's time",
            1000 * energy_mj(e.median_us / 1e6)[0],
        )
        for e in entries
        if e.place == "board"
    ]
    for entry in {e.model: e for e in entries if e.costs and e.costs.instructions}.values():
        assert entry.costs
        core = next(core for core in CORES if core in entry.costs.instructions)
        low, high = energy_mj(cycles_s(entry.costs.instructions[core]))
        source = f"from the emulated {CORES[core]}'s instructions, one a cycle at {CLOCK_HZ / 1e6:.0f} MHz"
        bars.append(_bar(entry, 1000 * high, source, 1000 * low))
    return bars


def _bar(entry: Entry, value: float, note: str = "", low: float | None = None) -> Bar:
    return Bar(entry.model, note, value, entry.result.setting.variant, low)


def _place(entry: Entry) -> str:
    return f"{entry.place}, {entry.runtime}"
