"""Studies of `aiedge search` that benchmarks make: found in a folder or searched on; their fronts on the test set."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import optuna

from aiedge.errors import Parser
from aiedge.files import write_atomic
from aiedge.paths import REPO
from aiedge.search import study as studies
from aiedge.search.costs import Limits
from aiedge.search.results import rows
from aiedge.search.space import load_space
from aiedge.search.study import Place, Wanted
from aiedge.search.trainer import Trainer
from aiedge.search.worker import work
from aiedge.text import markdown, renew


@dataclass(frozen=True)
class Network:
    """A network of a front: bytes, accuracy on the validation and on the test set, and what was chosen, in words."""

    ram: int
    flash: int
    validation: float
    test: float
    chosen: str


@dataclass(frozen=True)
class Task:
    """A study to make in `folder`: the `space` of that name by SRAM and flash within `limits`.

    It begins with a `ladder` of so many networks; `shown` are the parameters that its table has.
    """

    name: str
    space: str
    folder: Path
    shown: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    ladder: int = 0

    @property
    def wanted(self) -> Wanted:
        """What it is to find."""
        return Wanted(load_space(self.space), ("ram", "flash"), self.limits, "cortex-m4")

    @property
    def where(self) -> Place:
        """The study's place."""
        return studies.place(self.name, folder=self.folder)

    def search(self, minutes: float) -> None:
        """Make the study or go on with it, for so many minutes."""
        studies.new(self.where, self.wanted, self.ladder)
        if minutes:
            work(self.where, 10**6, seed=1, minutes=minutes)

    @cached_property
    def study(self) -> optuna.Study:
        """Its trials."""
        return studies.load(self.where)[0]

    @cached_property
    def trainer(self) -> Trainer:
        """Its data, and how accuracy is told."""
        return Trainer(self.wanted.space, self.folder)

    @cached_property
    def front(self) -> list[Network]:
        """The study's front, the most accurate first."""
        found = []
        for row in rows(self.study, self.wanted):
            trial = self.study.trials[int(str(row["trial"]))]
            number = trial.user_attrs.get("same_as", trial.number)
            test = self.tested((self.folder / "networks" / f"{number}.tflite").read_bytes())
            right, ram, flash = trial.values
            chosen = ", ".join(f"{name} {row[name]}" for name in self.shown)
            found.append(Network(int(ram), int(flash), right, test, chosen))
        return found

    def tested(self, model: bytes) -> float:
        """The share of the test set that an int8 model names right; it is kept in the study's folder."""
        path, data = self.folder / "tested.json", self.trainer.data
        known = json.loads(path.read_text()) if path.exists() else {}
        key = hashlib.sha256(model + data.source.encode()).hexdigest()
        if key not in known:
            known[key] = self.trainer.accuracy(model, data.test)
            write_atomic(path, json.dumps(known).encode())
        return float(known[key])

    @property
    def effort(self) -> str:
        """How many networks were trained, for how long, on what."""
        trained = studies.trained(self.study)
        spent = sum(trial.user_attrs.get("cpu_s", 0) for trial in trained) / 60
        return f"{len(trained)} networks trained in {spent:.0f} minutes of CPU time on {self.trainer.data.source}"

    def text(self) -> str:
        """The effort and the front as a table."""
        table = [
            (
                f"{network.validation:.2%}",
                f"{network.test:.2%}",
                f"{network.flash:,} B",
                f"{network.ram:,} B",
                network.chosen,
            )
            for network in self.front
        ]
        head = ("right, validation", "right, test set", "flash", "SRAM", "how it was pruned and rounded")
        return f"{self.effort}\n\n{markdown(head, table)}"


def parser(doc: str, folder: Path) -> Parser:
    """The command line of a benchmark that searches."""
    made = Parser(description=doc.partition("\n")[0])
    made.add_argument("--minutes", type=float, default=60)
    made.add_argument("--folder", type=Path, default=folder, help="of the study")
    made.add_argument("--write", action="store_true")
    return made


def show(command: str, text: str, write: bool) -> None:
    """Print a text, and renew the part of docs/results.md that is the benchmark's if told."""
    print(f"\n{text}", end="")
    if write:
        renew(REPO / "docs/results.md", f"{command}.py", text)
