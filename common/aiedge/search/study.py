"""A study: the space, what is wanted, and all trials so far, in an Optuna storage that several workers share.

The default is a journal beside the study's other files; `storage` may be any of Optuna's, such as
"postgresql+psycopg://user@host/database", for workers on many machines.
"""

import contextlib
import copy
import json
import os
import socket
import warnings
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from aiedge.boards import Core
from aiedge.cost import TARGETS
from aiedge.energy.cores import chip
from aiedge.errors import UserError
from aiedge.search.costs import OBJECTIVES, Costs, Limits
from aiedge.search.space import ALL, Space, Values, parse_space
from aiedge.tflite.names import is_c_name

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
WANTED = "aiedge"  # the user attribute that holds what is wanted
HEARTBEAT, GRACE, RETRIES = 20, 60, 1  # seconds, seconds, times
SILENT = 300  # seconds after which a worker that has not said who it is counts as gone
Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Wanted:
    """What a study is to find: accuracy against `objectives`, within `limits`, counted on the core `target`."""

    space: Space
    objectives: tuple[str, ...]
    limits: Limits
    target: str

    @property
    def core(self) -> Core:
        """The kernels of that core."""
        return TARGETS[self.target].kernels

    @property
    def directions(self) -> list[Direction]:
        """Accuracy up, all else down."""
        down: list[Direction] = ["minimize" for _ in self.objectives]
        return ["maximize", *down]

    def costs(self, values: Values) -> Costs:
        """The costs of a choice of parameters."""
        return Costs.of(
            self.space.blueprint(values), values["quantization.way"] != "ptq per tensor", self.core
        )

    def to_text(self) -> str:
        """All of it as JSON."""
        return json.dumps(
            {
                "space": self.space.text,
                "name": self.space.name,
                "objectives": self.objectives,
                "limits": asdict(self.limits),
                "target": self.target,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> "Wanted":
        """What `to_text` made; raises `UserError` for another text."""
        try:
            table = json.loads(text)
            return cls(
                parse_space(table["space"], table["name"]),
                tuple(table["objectives"]),
                Limits(**table["limits"]),
                table["target"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"the study says of itself {text[:60]!r}", "make it anew") from error

    def check_fits(self) -> None:
        """Raise `UserError` where not even the smallest network of the space is within the limits."""
        smallest = [self.costs(values) for values in self.space.smallest]
        for name, limit in asdict(self.limits).items():
            least = min(getattr(costs, name) for costs in smallest)
            if limit is not None and least > limit:
                raise UserError(
                    f"nothing in this space fits {limit:,} bytes of {name}: the smallest takes {least:,}",
                    "raise the limit, choose another board, or let the space prune more",
                )


@dataclass(frozen=True)
class Place:
    """Where a study is: a folder for its weights and results, and the storage of its trials."""

    name: str
    folder: Path
    storage: str = ""

    def open(self) -> BaseStorage:
        """The storage; raises `UserError` where it cannot be reached."""
        if not self.storage:
            self.folder.mkdir(parents=True, exist_ok=True)
            return JournalStorage(JournalFileBackend(str(self.folder / "journal.log")))
        try:
            return RDBStorage(
                self.storage,
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE,
                heartbeat_stale_trial_callback=retry,
                engine_kwargs={"pool_pre_ping": True},
            )
        except Exception as error:  # SQLAlchemy's, its driver's, or a driver that is missing
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise UserError(
                f"the storage {self.storage.split('@')[-1]} cannot be opened: {lines[0]}",
                "is the database running, and is there a user of that name? docs/search.md shows how",
            ) from error


def place(name: str, storage: str = "", folder: Path | None = None) -> Place:
    """The place of the study of that name, by default in the folder `studies`; raises `UserError` for an odd name."""
    if not is_c_name(name.replace("-", "_")):
        raise UserError(f"{name!r} cannot name a study", "take letters, digits, - and _, no digit first")
    return Place(name, folder or Path("studies") / name, storage)


def new(where: Place, wanted: Wanted, ladder: int = 0) -> optuna.Study:
    """Make a study, which begins with so many networks of a `ladder`: the whole one, to that which is pruned the most.

    Raises `UserError` where there is one of that name for something else, or nothing can fit.
    """
    for objective in wanted.objectives:
        if objective not in OBJECTIVES:
            raise UserError(f"there is no objective {objective!r}", f"there are {', '.join(OBJECTIVES)}")
    if wanted.target not in TARGETS:
        raise UserError(f"there is no core {wanted.target!r}", f"there are {', '.join(TARGETS)}")
    if "energy" in wanted.objectives:
        chip(wanted.target)  # complains about a core without
    wanted.check_fits()
    study = optuna.create_study(
        storage=where.open(), study_name=where.name, directions=wanted.directions, load_if_exists=True
    )
    there = study.user_attrs.get(WANTED)
    if there and there != wanted.to_text():
        raise UserError(
            f"the study {where.name} is there already, and for something else",
            "give another name, or go on with it: aiedge search work",
        )
    study.set_user_attr(WANTED, wanted.to_text())
    for choices in rungs(wanted.space, ladder) if not there else ():
        study.enqueue_trial(choices)
    return study


def rungs(space: Space, count: int) -> list[dict[str, Any]]:
    """What so many trials choose: even shares of all groups from the least to the most, of all else the first.

    The two ends come first, then the middle of the widest gap: a search that ends early has seen all sizes.
    """
    found, order = [], [0, count - 1][:count]
    while len(order) < count:
        gap, start = max((b - a, -a) for a, b in pairwise(sorted(order)))
        order.append(gap // 2 - start)
    for rung in order:
        choices: dict[str, Any] = {}
        for parameter in space.parameters:
            section, _, group = parameter.name.partition(".")
            values = parameter.values()
            share = section == "pruning" and group != "method"
            value = values[round(rung / max(count - 1, 1) * (len(values) - 1)) if share else 0]
            if not parameter.fixed:
                choices[parameter.name] = json.dumps(value) if parameter.choices else value
        found.append(choices)
    return found


def load(where: Place, seed: int | None = None) -> tuple[optuna.Study, Wanted]:
    """A study that is there, with what it is to find; raises `UserError` where there is none."""
    if not where.storage and not (where.folder / "journal.log").is_file():
        raise _no_study(where)
    sampler = optuna.samplers.TPESampler(multivariate=True, group=True, seed=seed)
    try:
        study = optuna.load_study(study_name=where.name, storage=where.open(), sampler=sampler)
    except KeyError as error:
        raise _no_study(where) from error
    except json.JSONDecodeError as error:
        raise UserError(f"the journal of {where.name} is damaged: {error}", "make the study anew") from error
    text = study.user_attrs.get(WANTED)
    if text is None:
        raise UserError(f"the study {where.name} is none of this kit", "make one: aiedge search new")
    return study, Wanted.from_text(text)


def _no_study(where: Place) -> UserError:
    return UserError(f"there is no study {where.name!r}", "make it: aiedge search new, on the same storage")


def suggest(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    """A choice for each parameter; what is fixed, or prunes a group that the chosen network lacks, is none of the
    trial's."""
    values: dict[str, Any] = {}
    for parameter in space.parameters:  # those of the architecture first
        section, _, group = parameter.name.partition(".")
        if section == "pruning" and group not in ("method", ALL, *space.parent(values).groups):
            continue
        if parameter.fixed:
            values[parameter.name] = parameter.choices[0]
        elif parameter.choices:
            texts = [json.dumps(choice) for choice in parameter.choices]
            values[parameter.name] = json.loads(str(trial.suggest_categorical(parameter.name, texts)))
        else:
            # The last step at or below the end: of steps such as 1/12 none falls on it, at which Optuna would warn.
            steps = int((parameter.high - parameter.low) / parameter.step + 1e-6)
            high = round(parameter.low + steps * parameter.step, 12)
            number = trial.suggest_float(parameter.name, parameter.low, high, step=parameter.step)
            values[parameter.name] = round(number, 9)
    return values


def values_of(trial: FrozenTrial, space: Space) -> dict[str, Any]:
    """What `suggest` gave for a trial that is over."""
    return suggest(optuna.trial.FixedTrial(trial.params), space)  # type: ignore[arg-type]


def trained(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that are over and were trained, since they are within the limits."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [trial for trial in done if trial.user_attrs.get("fits")]


def front(study: optuna.Study) -> list[FrozenTrial]:
    """The trained trials that no other one beats in everything, the most accurate first; of equal ones the oldest."""
    best: list[FrozenTrial] = []
    for trial in trained(study):
        if any(_beats(other.values, trial.values) or other.values == trial.values for other in best):
            continue
        best = [other for other in best if not _beats(trial.values, other.values)] + [trial]
    return sorted(best, key=lambda trial: -trial.values[0])


def _beats(a: list[float], b: list[float]) -> bool:
    """Whether `a` is nowhere worse than `b` and somewhere better: the first value is to be high, the others low."""
    pairs = [(-a[0], -b[0]), *zip(a[1:], b[1:], strict=True)]
    return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)


def me() -> str:
    """This process, as a trial keeps it: computer and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def retry(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue a trial that was left open with the same choices, `RETRIES` times at most."""
    trial.user_attrs = {}  # of the worker that left it
    RetryHeartbeatStaleTrialCallback(max_retry=RETRIES)(study, trial)


def retry_dead(study: optuna.Study) -> int:
    """Fail the open trials of workers of this computer that are gone, and queue them again; returns how many.

    A database has heartbeats, which tell of workers anywhere after a while; a journal has none. A worker that was gone
    before its first heartbeat has not said either who it is.
    """
    count = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, _, number = trial.user_attrs.get("worker", ":").rpartition(":")
        gone = host == socket.gethostname() and number.isdigit() and not _alive(int(number))
        if not gone and (host or not _older(trial, SILENT)):
            continue
        with contextlib.suppress(RuntimeError, ValueError):  # another worker was faster
            study.tell(trial.number, state=TrialState.FAIL)
            retry(study, copy.deepcopy(trial))
            count += 1
    return count


def _older(trial: FrozenTrial, seconds: float) -> bool:
    begun = trial.datetime_start
    return begun is not None and datetime.now() - begun > timedelta(seconds=seconds)


def _alive(process: int) -> bool:
    if os.name == "nt":  # there, signal 0 is no question
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
