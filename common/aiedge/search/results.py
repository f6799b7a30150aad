"""What a study has found: its front as a table, a CSV and a picture, and each network of it as a folder to use."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from optuna.trial import FrozenTrial

from aiedge import tflite
from aiedge.codegen import copy_engine, generate
from aiedge.colours import BLUE, LIGHT_GREY, ORANGE
from aiedge.cost.pictures import png
from aiedge.energy.figures import ACCURACIES, SIZES, Network
from aiedge.errors import UserError, extras
from aiedge.files import write_atomic
from aiedge.lesson import lessons
from aiedge.search.costs import TEXTS, Costs
from aiedge.search.study import Place, Wanted, front, trained, values_of
from aiedge.text import table
from aiedge.tflm.map import memory_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def rows(study: optuna.Study, wanted: Wanted) -> list[dict[str, object]]:
    """The front, the most accurate first: number of the trial, accuracy, costs, and what was chosen."""
    found = []
    for trial in front(study):
        chosen = {
            name.partition(".")[2]: value
            for name, value in values_of(trial, wanted.space).items()
            if name in trial.params
        }
        costs = dict(zip(wanted.objectives, map(int, trial.values[1:]), strict=True))
        found.append({"trial": trial.number, "accuracy": trial.values[0], **costs, **chosen})
    return found


def to_csv(study: optuna.Study, wanted: Wanted) -> str:
    """The front as comma-separated values."""
    text, found = io.StringIO(), rows(study, wanted)
    writer = csv.DictWriter(text, list(found[0]) if found else ["trial"], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


def summary(study: optuna.Study, wanted: Wanted) -> str:
    """How far the study is, and its front, as text."""
    every = study.get_trials(deepcopy=False)
    counts = {
        "tried": len(every),
        "trained": len(trained(study)),
        "too large to train": sum(
            trial.user_attrs.get("fits") is None and trial.state.is_finished() for trial in every
        ),
        "stopped early": sum(bool(trial.user_attrs.get("stopped")) for trial in every),
    }
    lines = [f"{study.study_name}: " + ", ".join(f"{count} {what}" for what, count in counts.items())]
    found = rows(study, wanted)
    if not found:
        return "\n".join([*lines, "There is no front yet: aiedge search work trains networks."])
    cells = [
        (
            str(row["trial"]),
            f"{row['accuracy']:.2%}",
            *(f"{row[name]:,}" for name in wanted.objectives),
            " ".join(
                f"{name}={value}"
                for name, value in row.items()
                if name not in ("trial", "accuracy", *wanted.objectives)
            ),
        )
        for row in found
    ]
    return "\n".join([*lines, "", *table(("trial", "accuracy", *wanted.objectives, "chosen"), cells)])


def published(wanted: Wanted) -> dict[str, tuple[int, float]]:
    """Others' networks for the same data: what they take of the first objective, and the share right they report.

    For CIFAR-10 the int8 networks of table I of the published pipeline that `aiedge.energy.figures` has.
    """
    takes: dict[str, Callable[[Network], int]] = {
        "flash": lambda network: network.parameters,  # a byte each
        "macs": lambda network: sum(network.macs),
    }
    if wanted.space.data != "cifar10" or wanted.objectives[0] not in takes:
        return {}
    return {
        name: (takes[wanted.objectives[0]](network), float(ACCURACIES[name]) / 100)
        for name, network, size, _ in SIZES
        if size == 1
    }


def picture(study: optuna.Study, wanted: Wanted) -> "Figure":
    """Accuracy against the first objective; a second one is the size of the dots. Grey: what is not on the front.

    Crosses are published networks, whose right answers are those of the test set.
    """
    with extras():
        from matplotlib.figure import Figure

    best = front(study)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    everything = trained(study)

    def dots(trials: list[FrozenTrial], colour: str, label: str) -> None:
        sizes = [trial.values[2] for trial in everything] if len(wanted.objectives) > 1 else []
        largest = max(sizes, default=1) or 1
        area = [20 + 180 * trial.values[2] / largest for trial in trials] if sizes else 40
        x, y = [trial.values[1] for trial in trials], [100 * trial.values[0] for trial in trials]
        axes.scatter(x, y, area, colour, alpha=0.75, label=label, edgecolors="white", linewidths=0.5)

    numbers = {trial.number for trial in best}
    dots([trial for trial in everything if trial.number not in numbers], LIGHT_GREY, "beaten by another")
    dots(best, BLUE, "front")
    line = sorted((trial.values[1], 100 * trial.values[0]) for trial in best)
    axes.plot([x for x, _ in line], [y for _, y in line], color=BLUE, linewidth=0.8, alpha=0.6)
    first = wanted.objectives[0]
    if (limit := getattr(wanted.limits, first, None)) is not None:
        axes.axvline(limit, color=ORANGE, linestyle="--", label=f"limit: {limit:,}")
    axes.set(xlabel=TEXTS[first], ylabel="right answers (%), int8, validation", title=study.study_name)
    if len(wanted.objectives) > 1:
        axes.set_xlabel(f"{TEXTS[first]} (size of a dot: {TEXTS[wanted.objectives[1]]})")
    for i, (name, (cost, right)) in enumerate(published(wanted).items()):
        axes.scatter(cost, 100 * right, 60, ORANGE, marker="x", label=None if i else "published, test set")
        axes.annotate(name, (cost, 100 * right), (5, 5), textcoords="offset points", fontsize=8)
    axes.legend(loc="lower right", frameon=False)
    return figure


def export(study: optuna.Study, wanted: Wanted, where: Place, folder: Path) -> list[Path]:
    """Write `front.csv`, `front.png`, and for each network of the front a folder; returns what was written.

    A network's folder has its .tflite, its C with the engine, its memory map and its figures, and for the pictures of a
    lesson the C array that the lesson's firmware takes. Raises `UserError` where there is no front, and for networks
    that other computers trained and keep.
    """
    if not front(study):
        raise UserError(
            f"the study {study.study_name} has no front yet", "aiedge search work trains networks"
        )
    written = [
        write_atomic(folder / "front.csv", to_csv(study, wanted)),
        write_atomic(folder / "front.png", png(picture(study, wanted))),
    ]
    for trial, row in zip(front(study), rows(study, wanted), strict=True):
        number = trial.user_attrs.get("same_as", trial.number)
        path = where.folder / "networks" / f"{number}.tflite"
        if not path.is_file():
            raise UserError(
                f"the network of trial {number} is not in {path.parent}",
                f"copy it from the computer {trial.user_attrs.get('worker', '?').partition(':')[0]}",
            )
        written += _network(path.read_bytes(), wanted, row, folder / f"network-{trial.number}")
    return written


def _network(model: bytes, wanted: Wanted, row: dict[str, object], folder: Path) -> list[Path]:
    graph = tflite.read(model)
    costs = Costs(graph, wanted.core)
    source = generate(graph, "network", stream=bool(costs.plan.stream), core=wanted.core)
    copy_engine(folder)
    arrays = [
        lesson.name
        for lesson in lessons()
        if lesson.firmware and lesson.data and lesson.data.set == wanted.space.data
    ]
    return [
        *(tflite.write_c_array(model, folder / f"{name}.cpp") for name in arrays),
        write_atomic(folder / "network.tflite", model),
        *source.write(folder),
        write_atomic(folder / "memory.csv", memory_map(graph).csv),
        write_atomic(
            folder / "figures.json", json.dumps(row | {"ram": costs.ram, "flash": costs.flash}, indent=2)
        ),
    ]
