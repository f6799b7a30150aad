"""The targets of the search, as rows of a table: what is aimed at, what is reached, whether it holds.

Figures are handed in, or come from the networks of the long searches in their folder, and from the trained weights that
the kit ships, on the test sets. Where a long search was not made, its row says which command makes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aiedge import tflite
from aiedge.text import markdown
from aiedge.train.models import pretrained
from aiedge.train.models.weights import BUILDERS
from tests.benchmarks import search_cifar, search_mnist, search_workers
from tests.benchmarks.cifar import AWARE, MOST_PARAMETERS
from tests.support.search_study import Task

CANDIDATES, BY_SRAM, BY_FLASH = 200, 500, 40
AGAINST_RANDOM, AGAINST_SKIPPING = 1.5, 1.1
DIGITS, PICTURES = 0.99, 0.865  # of the test sets right, int8
SMALL = 1_024  # bytes of SRAM
WORKERS, OVERHEAD = 1.8, 0.02
TRIALS, KILLS = 6, 20
FULL = "not run: --full"


@dataclass(frozen=True)
class Target:
    """A row: `holds` is None where it was not measured."""

    what: str
    target: str
    reached: str
    holds: bool | None = None


def table(rows: Sequence[Target]) -> str:
    """The rows in Markdown."""
    words = {True: "yes", False: "**no**", None: ""}
    cells = [(row.what, row.target, row.reached, words[row.holds]) for row in rows]
    return markdown(("what", "target", "reached", "holds"), cells)


def on_paper(same: int, count: int) -> Target:
    """Of so many candidates the number whose skeletons take what the converted networks take."""
    return Target(
        "skeleton's flash and SRAM against the converted model",
        f"equal, {CANDIDATES} random candidates",
        f"{same} of {count}",
        same == count if count >= CANDIDATES else None,
    )


def quick(by_sram: float, by_flash: float) -> Target:
    """Candidates a second."""
    return Target(
        "candidates tried for size alone",
        f"≥ {BY_SRAM} a second by SRAM, ≥ {BY_FLASH} by flash, one core",
        f"{by_sram:,.0f} and {by_flash:,.0f}",
        by_sram >= BY_SRAM and by_flash >= BY_FLASH,
    )


def ahead(ours: float, random: float, skipping: float, genetic: float) -> Target:
    """Volumes behind the fronts."""
    return Target(
        "front found, volume behind it after as many trained networks",
        f"≥ {AGAINST_RANDOM} × random, ≥ {AGAINST_SKIPPING} × random that skips what cannot fit, ≥ NSGA-II",
        f"{ours / random:.2f} ×, {ours / skipping:.3f} ×, {ours / genetic:.2f} ×",
        ours >= AGAINST_RANDOM * random and ours >= AGAINST_SKIPPING * skipping and ours >= genetic,
    )


def mnist(studies: Path) -> list[Target]:
    """The best LeNet for a Blue Pill that the search has found."""
    study = search_mnist.task(studies / search_mnist.FOLDER.name)
    limit = study.limits.flash or 0
    what, target = (
        "MNIST on a Blue Pill",
        f"≥ {DIGITS:.1%} int8 in ≤ {limit:,} bytes of constants, in an hour on 2 cores",
    )
    if not _there(study):
        return [Target(what, target, "not run here: `python -m tests.benchmarks.search_mnist`")]
    best = max(study.front, key=lambda network: network.validation)
    return [
        Target(
            what,
            target,
            f"{best.test:.2%} in {best.flash:,} bytes; {study.effort}",
            best.test >= DIGITS and best.flash <= limit and study.trainer.data.source == "MNIST",
        )
    ]


def cifar(studies: Path) -> list[Target]:
    """The front against the points made by hand, and the best trained network within the published one's parameters."""
    tasks = search_cifar.tasks(studies / search_cifar.FOLDER.name)
    what = "CIFAR-10, front"
    target = f"holds or passes the points made by hand, and smaller ones down to {SMALL:,} bytes of SRAM"
    if all(map(_there, tasks)):
        networks, points = search_cifar.front(tasks), search_cifar.made(tasks)
        found = [search_cifar.within(networks, point.ram) for point in points]
        least = min(networks, key=lambda network: network.ram)
        held = [
            f"{best.test:.2%} in {best.ram:,} bytes (by hand {point.right:.2%} in {point.ram:,})"
            for point, best in zip(points, found, strict=True)
            if best
        ]
        holds = all(best and best.test >= point.right for point, best in zip(points, found, strict=True))
        smallest = f"smallest {least.ram:,} bytes, {least.test:.2%}; {len(networks)} networks"
        real = tasks[0].trainer.data.source == "CIFAR-10"
        front = Target(what, target, "; ".join([*held, smallest]), holds and least.ram <= SMALL and real)
    else:
        front = Target(what, target, "not run here: `python -m tests.benchmarks.search_cifar`")
    return [front, _trained(tasks[0])]


def _trained(study: Task) -> Target:
    data, best = study.trainer.data, (0.0, "none", 0)
    for name in BUILDERS:
        if not name.startswith("cifar_"):
            continue
        model = tflite.convert_int8(
            pretrained(name), None if name.endswith(AWARE) else data.calibration.inputs
        )
        parameters = tflite.read(model).parameters
        if parameters <= MOST_PARAMETERS:
            best = max(best, (study.tested(model), name, parameters))
    right, name, parameters = best
    return Target(
        f"CIFAR-10, best within {MOST_PARAMETERS:,} parameters",
        f"≥ {PICTURES:.1%} int8",
        f"{right:.2%}, {name}, {parameters:,} parameters, on {data.source}",
        right >= PICTURES and data.source == "CIFAR-10",
    )


def workers(full: bool) -> list[Target]:
    """Two workers against one on PostgreSQL, and kills, if `full`."""
    rows = [
        Target(
            "two workers on PostgreSQL against one",
            f"≥ {WORKERS} × trials an hour, overhead ≤ {OVERHEAD:.0%} of the training",
            FULL,
        ),
        Target(
            f"`kill -9` of a worker, of PostgreSQL, of both, {KILLS} times",
            "no finished trial lost, each open one tried once more",
            FULL,
        ),
    ]
    if not full:
        return rows
    (one, *_), (two, _, overhead) = search_workers.two_against_one(TRIALS).values()
    told = search_workers.kills(KILLS)
    return [
        replace(
            rows[0],
            reached=f"{two / one:.2f} ×, {overhead:.1%}",
            holds=two >= WORKERS * one and overhead <= OVERHEAD,
        ),
        replace(
            rows[1],
            reached=f"{told.lost} of {told.finished} lost, {told.once} of {told.broken} tried once more",
            holds=not told.lost and told.once == told.broken and not told.left,
        ),
    ]


def _there(study: Task) -> bool:
    return (study.folder / "journal.log").is_file()
