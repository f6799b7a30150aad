"""Prune two trained networks for CIFAR-10 to all sizes down to 1 kB of SRAM: the front, and the points made by hand.

    python -m tests.benchmarks.search_cifar                an hour of `aiedge search work`
    python -m tests.benchmarks.search_cifar --minutes 0    what the studies in results/search-cifar have found so far
    python -m tests.benchmarks.search_cifar --write        also renews the part of docs/results.md, and the picture

Each study begins with evenly pruned networks. The parents' shipped weights have learned from all of the training set,
so that the 5,000 pictures of it by which networks are compared are no new ones to those near to a parent; the test
set's 10,000 are new to all, and for the table alone. Accuracy is that of the compiled int8 C; SRAM is the arena, row by
row where that takes less, with 106 bytes of input and output. Studies can be stopped, and begun again where they were.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from aiedge import tflite
from aiedge.colours import BLUE, ORANGE
from aiedge.cost.pictures import png
from aiedge.errors import exit_cleanly
from aiedge.files import write_atomic
from aiedge.paths import REPO
from aiedge.search.costs import Costs
from aiedge.text import markdown
from aiedge.train.models import pretrained
from tests.support.search_study import Network, Task, parser, show

FOLDER = REPO / "results/search-cifar"
STAGES = ("stage1", "inside1", "stage2", "inside2", "last")


@dataclass(frozen=True)
class Point:
    """A network that was made by hand: accuracy on the test set, int8, and bytes."""

    name: str
    right: float
    ram: int
    flash: int


def tasks(folder: Path = FOLDER) -> tuple[Task, Task]:
    """The studies: of the published CNN, and of the small residual network."""
    return (
        Task("cifar_cnn", "cifar-cnn", folder / "cifar-cnn", ("first", "second", "dense", "way"), ladder=7),
        Task("cifar_tiny", "cifar-tiny", folder / "cifar-tiny", (*STAGES, "way"), ladder=9),
    )


def made(studies: Sequence[Task]) -> list[Point]:
    """The points that were made by hand: the trained parents."""
    points = []
    for study in studies:
        name, data = study.wanted.space.training.parent, study.trainer.data
        model = tflite.convert_int8(pretrained(name), data.calibration.inputs)
        costs = Costs(tflite.read(model), study.wanted.core)
        points.append(Point(name, study.tested(model), costs.ram, costs.flash))
    return points


def front(studies: Sequence[Task]) -> list[Network]:
    """The networks of all studies that no other one beats in accuracy (of the validation), SRAM and flash."""
    every = [network for study in studies for network in study.front]

    def beats(a: Network, b: Network) -> bool:
        pairs = [(b.validation, a.validation), (a.ram, b.ram), (a.flash, b.flash)]
        return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

    best = [network for network in every if not any(beats(other, network) for other in every)]
    return sorted(best, key=lambda network: -network.validation)


def within(networks: Sequence[Network], ram: int) -> Network | None:
    """The best by the validation of those that take at most so many bytes of SRAM."""
    return max((n for n in networks if n.ram <= ram), key=lambda n: n.validation, default=None)


def text(studies: Sequence[Task], points: Sequence[Point]) -> str:
    """The front, and each point beside the front's best in its SRAM."""
    networks = front(studies)
    rows = [
        (
            f"{network.test:.2%}",
            f"{network.validation:.2%}",
            f"{network.ram:,} B",
            f"{network.flash:,} B",
            network.chosen,
        )
        for network in networks
    ]
    beside = []
    for point in points:
        best = within(networks, point.ram)
        cells = (f"{best.test:.2%}", f"{best.ram:,} B", f"{best.flash:,} B") if best else ("", "", "")
        beside.append((point.name, f"{point.right:.2%}", f"{point.ram:,} B", f"{point.flash:,} B", *cells))
    heads = (
        ("right, test set", "right, validation", "SRAM", "flash", "how it was pruned and rounded"),
        (
            "made by hand",
            "right, test set",
            "SRAM",
            "flash",
            "the front's best in that SRAM",
            "its SRAM",
            "its flash",
        ),
    )
    effort = "".join(f"{study.wanted.space.training.parent}: {study.effort}\n" for study in studies)
    return f"{effort}\n{markdown(heads[0], rows)}\n{markdown(heads[1], beside)}"


def picture(networks: Sequence[Network], points: Sequence[Point]) -> Figure:
    """Accuracy on the test set against SRAM: the front, and crosses for what was made by hand."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    x, y = [network.ram for network in networks], [100 * network.test for network in networks]
    area = [15 + network.flash / 150 for network in networks]
    axes.scatter(x, y, area, BLUE, alpha=0.7, edgecolors="white", label="the front")
    for i, point in enumerate(points):
        at = (point.ram, 100 * point.right)
        axes.scatter(*at, 60, ORANGE, marker="x", label=None if i else "made by hand")
        axes.annotate(point.name, at, (0, 11), textcoords="offset points", fontsize=8, ha="center")
    axes.set(
        xlabel="bytes of SRAM: arena, input and output (size of a dot: bytes of constants in flash)",
        ylabel="right answers (%), int8, test set",
        title="CIFAR-10",
        xlim=(0, None),
    )
    axes.margins(y=0.12)
    axes.legend(loc="lower right", frameon=False)
    return figure


def main() -> None:
    """Search, and print the front."""
    options = parser(__doc__ or "", FOLDER).parse_args()
    studies = tasks(options.folder)
    for study in studies:
        study.search(options.minutes / len(studies))
    points = made(studies)
    show("search_cifar", text(studies, points), options.write)
    if options.write:
        write_atomic(REPO / "tests/benchmarks/search_cifar.png", png(picture(front(studies), points)))


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
