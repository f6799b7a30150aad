"""One worker: asks the study for candidates, skips those that cannot fit, trains the others as long as it pays."""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence

import numpy as np
import optuna
from optuna.trial import FrozenTrial
from sqlalchemy.exc import SQLAlchemyError

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.progress import tqdm
from aiedge.search import study as studies
from aiedge.search.costs import COUNTED, Costs
from aiedge.search.study import Place, Wanted
from aiedge.search.trainer import Trainer, key
from aiedge.tflite.reader import read

# Training stops where the accuracy so far and the gain that nearly all trials still had would not reach the front.
ENOUGH, USUAL = 8, 0.9  # trials that tell what is usual; the share of them whose gain is counted on
SKIPPED = 0.0  # the accuracy of what is not trained, since it does not fit


class _Left(BaseException):
    """What ends a trial before its time: Optuna leaves it open, so that it is tried once more."""


def work(
    where: Place,
    trials: int,
    seed: int | None = None,
    progress: bool = True,
    minutes: float = math.inf,
) -> optuna.Study:
    """Train so many more networks of a study, on this process; what cannot fit is told, and not counted.

    Each network's .tflite goes to the study's folder as `networks/<trial>.tflite`. Several workers may run at once, on
    one computer or on many. None begins after so many `minutes`. Raises `UserError` where the storage is lost.
    """
    study, wanted = studies.load(where, seed)
    trainer, end = Trainer(wanted.space, where.folder), time.monotonic() + 60 * minutes
    done = 0

    def objective(trial: optuna.Trial) -> Sequence[float]:
        try:
            return _run(study, trial, wanted, trainer, where)
        except (Exception, KeyboardInterrupt) as error:
            raise _Left from error

    def after(study: optuna.Study, trial: FrozenTrial) -> None:
        nonlocal done
        if trial.user_attrs.get("fits"):
            done += 1
            bar.update()
            best = studies.front(study)
            bar.set_postfix_str(f"{len(best)} on the front, best {best[0].values[0]:.1%}")
        studies.retry_dead(study)
        if done >= trials or time.monotonic() >= end:
            study.stop()

    with tqdm(total=trials, desc=where.name, unit=" networks", disable=not progress) as bar, _storage(where):
        try:
            studies.retry_dead(study)
            study.optimize(objective, callbacks=[after])
        except _Left as left:
            assert left.__cause__
            raise left.__cause__ from None
    return study


@contextlib.contextmanager
def _storage(where: Place) -> Iterator[None]:
    """Tell of a database that is gone in the middle of the work."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        raise UserError(
            f"the storage of {where.name} does not answer any more: {str(error).splitlines()[0]}",
            "start the database, then this worker again: the network that it was at is tried once more",
        ) from error


def _run(
    study: optuna.Study, trial: optuna.Trial, wanted: Wanted, trainer: Trainer, where: Place
) -> Sequence[float]:
    """One trial: the accuracy and the costs of its network, which is marked where it was trained, now or before."""
    trial.set_user_attr("worker", studies.me())
    values = studies.suggest(trial, wanted.space)
    costs = wanted.costs(values)
    excess = wanted.limits.excess(costs)
    for name in excess:
        trial.set_constraint(name, excess[name])
    if any(value > 0 for value in excess.values()):
        # MACs stand for what would have to be counted: the sampler learns from the constraint.
        return [SKIPPED, *(_cheap(costs, name) for name in wanted.objectives)]
    found = [costs.value(name, wanted.target) for name in wanted.objectives]
    name = key(wanted.space, values)
    trial.set_user_attr("key", name)
    twin = next((other for other in studies.trained(study) if other.user_attrs.get("key") == name), None)
    if twin:
        trial.set_user_attr("same_as", twin.number)
        accuracy = twin.values[0]
    else:
        start = time.process_time()
        course: list[float] = []
        # A network that is the same as an earlier one has no course of its own.
        courses = [t.user_attrs["course"] for t in studies.trained(study) if "course" in t.user_attrs]

        def go_on(epoch: int, reached: float) -> bool:
            course.append(reached)
            trial.set_user_attr("course", course)
            pays = _pays(reached + usual_gain(courses, epoch), found, studies.front(study))
            trial.set_user_attr("stopped", not pays and epoch + 1 < wanted.space.training.epochs)
            return pays

        model = trainer.candidate(values, go_on)
        accuracy = trainer.accuracy(model)
        # The same bytes as the skeleton's; on the ESP32's core a layer may have scales that its kernels do not take.
        real = Costs(read(model), wanted.core)
        found = [
            old if name in COUNTED else real.value(name, "")
            for name, old in zip(wanted.objectives, found, strict=True)
        ]
        write_atomic(where.folder / "networks" / f"{trial.number}.tflite", model)
        trial.set_user_attr("course", [*course, accuracy])
        trial.set_user_attr("cpu_s", round(time.process_time() - start, 1))
    trial.set_user_attr("fits", True)
    return [accuracy, *found]


def usual_gain(courses: Sequence[Sequence[float]], epoch: int) -> float:
    """What nearly all trials still gained after an epoch (from 0 on) until their end; without many, anything.

    >>> usual_gain([[0.5, 0.75, 0.75]] * 8, 0), usual_gain([[0.5]], 0)
    (0.25, 1.0)
    """
    gains = [course[-1] - course[epoch] for course in courses if len(course) > epoch + 2]
    return float(np.quantile(gains, USUAL)) if len(gains) >= ENOUGH else 1.0


def _pays(accuracy: float, costs: Sequence[float], front: Sequence[FrozenTrial]) -> bool:
    """Whether a network of that accuracy would enter the front at these costs."""
    return not any(
        other.values[0] >= accuracy and all(a <= b for a, b in zip(other.values[1:], costs, strict=True))
        for other in front
    )


def _cheap(costs: Costs, name: str) -> int:
    return costs.macs if name in COUNTED else costs.value(name, "")
