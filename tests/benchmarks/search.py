"""Measure the search: what it knows before any training, how quickly, and what front it finds.

    python -m tests.benchmarks.search             prints the tables: some ten minutes
    python -m tests.benchmarks.search --quick     with 20 candidates and one seed
    python -m tests.benchmarks.search --full      also two workers against one, and kills: on PostgreSQL and quiet cores
    python -m tests.benchmarks.search --write     also renews the parts of docs/results.md

The first table has all targets: `tests.benchmarks.search_targets` says where each figure comes from.

Fronts are compared on real SRAM and flash of LeNets and a made-up accuracy, which costs no training: the volume of
what a front leaves behind, after the same number of trained networks. All networks that any of the searches trained
give one front, the best that is known; a search closes a part of the way to it from random search that skips what
cannot fit. Needs TensorFlow, for the conversions.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import optuna
from tqdm import tqdm

from aiedge import tflite
from aiedge.errors import Parser, exit_cleanly
from aiedge.paths import REPO
from aiedge.search.costs import Costs, Limits
from aiedge.search.space import Space, load_space
from aiedge.search.study import Wanted, suggest
from aiedge.text import markdown, renew
from aiedge.train.models import randomize
from aiedge.train.models.blueprints import blueprint_model
from tests.benchmarks.search_targets import ahead, cifar, mnist, on_paper, quick, table, workers

SPACES = ("lenet-mnist", "cifar10")
BUDGET, MOST_ASKED = 60, 1200  # trained networks of a search; candidates that it may ask for
MANY = 500  # trained networks of one long random search, for what there is to be found
LIMITS = Limits(flash=5_000, ram=700)
RANDOM, SKIPS = "random", "random, skips what cannot fit"
GENETIC, OURS = "NSGA-II, skips", "the kit's: TPE, skips"
Point = tuple[float, float, float]
Sampler = Callable[[int], optuna.samplers.BaseSampler]
SEARCHES: dict[str, tuple[Sampler, bool]] = {
    RANDOM: (lambda seed: optuna.samplers.RandomSampler(seed=seed), False),
    SKIPS: (lambda seed: optuna.samplers.RandomSampler(seed=seed), True),
    GENETIC: (lambda seed: optuna.samplers.NSGAIISampler(population_size=12, seed=seed), True),
    OURS: (
        lambda seed: optuna.samplers.TPESampler(multivariate=True, group=True, seed=seed),
        True,
    ),
}


def draw(space: Space, rng: random.Random) -> dict:
    """A random choice for each parameter."""
    return {parameter.name: rng.choice(parameter.values()) for parameter in space.parameters}


def equal(count: int) -> int:
    """How many of so many candidates take, converted with weights of their own, what their skeletons take."""
    rng, same = random.Random(0), 0
    for i in tqdm(range(count), desc="skeletons", unit=" candidates", leave=False):
        space = load_space(SPACES[i % len(SPACES)])
        values = draw(space, rng)
        blueprint, per_channel = space.blueprint(values), values["quantization.way"] != "ptq per tensor"
        samples = np.random.default_rng(i).random((4, *blueprint.input), np.float32)
        model = tflite.convert_int8(randomize(blueprint_model(blueprint)), samples, per_channel)
        paper, real = Costs.of(blueprint, per_channel), Costs(tflite.read(model))
        same += (paper.ram, paper.flash) == (real.ram, real.flash)
    return same


def speed(count: int = 300) -> tuple[float, float]:
    """Candidates a second of CPU time whose SRAM is known, and whose flash."""
    space, rng = load_space("lenet-mnist"), random.Random(0)
    drawn = [space.blueprint(draw(space, rng)) for _ in range(count)]
    start = time.process_time()
    costs = [Costs.of(blueprint) for blueprint in drawn]
    _ = [each.ram for each in costs]
    middle = time.process_time()
    _ = [each.flash for each in costs[: count // 4]]
    end = time.process_time()
    return count / (middle - start), count // 4 / (end - middle)


def accuracy(values: dict, costs: Costs, rng: np.random.Generator) -> float:
    """A made-up one: more weights and more channels help, each less than the one before; runs differ a little."""
    widths = [op.outputs[0].shape[-1] for op in costs.graph.operators if op.macs][:-1]
    lost = sum(0.25 * width**-0.9 for width in widths) + 0.05 * (values["architecture.kernel"] == 3)
    return float(0.995 - lost / len(widths) + rng.normal(0, 0.001))


def volume(points: Sequence[Point]) -> float:
    """The part of the box from the limits to nothing, and from half to all right, that lies behind the front."""
    scaled = [(2 * (1 - a), ram / (LIMITS.ram or 1), flash / (LIMITS.flash or 1)) for a, ram, flash in points]
    inside = [point for point in scaled if max(point) < 1]
    if not inside:
        return 0.0
    corners = np.random.default_rng(0).random((20_000, 3))
    behind = np.zeros(len(corners), bool)
    for point in inside:
        behind |= (corners >= point).all(axis=1)
    return float(behind.mean())


@cache
def lenets() -> tuple[Wanted, dict[str, Costs]]:
    """What is searched for, and the costs of each network that was asked for."""
    return Wanted(load_space("lenet-mnist"), ("ram", "flash"), LIMITS, "cortex-m4"), {}


def found(name: str, seed: int, budget: int = BUDGET, most: int = MOST_ASKED) -> tuple[list[Point], int]:
    """Accuracy, SRAM and flash of all that one search trained, and how many candidates it asked for."""
    sampler, skips = SEARCHES[name]
    wanted, known = lenets()
    study = optuna.create_study(directions=wanted.directions, sampler=sampler(seed))
    rng, points, asked = np.random.default_rng(seed), list[Point](), 0
    trained = 0
    while trained < budget and asked < most:
        trial = study.ask()
        asked += 1
        values = suggest(trial, wanted.space)
        key = repr((wanted.space.blueprint(values), values["quantization.way"] == "ptq per tensor"))
        costs = known[key] if key in known else known.setdefault(key, wanted.costs(values))
        excess = LIMITS.excess(costs)
        for limit in excess:
            trial.set_constraint(limit, excess[limit])
        if skips and any(value > 0 for value in excess.values()):
            study.tell(trial, [0.0, costs.ram, costs.flash])
            continue
        trained += 1
        right = accuracy(values, costs, rng)
        study.tell(trial, [right, costs.ram, costs.flash])
        points.append((right, costs.ram, costs.flash))
    return points, asked


@dataclass(frozen=True)
class Fronts:
    """What each search found: the volumes of its runs, the mean number of candidates; and the best that is known."""

    volumes: dict[str, list[float]]
    asked: dict[str, float]
    best: float

    @property
    def means(self) -> dict[str, float]:
        """The mean volume of each search."""
        return {name: statistics.mean(each) for name, each in self.volumes.items()}

    def rows(self) -> list[tuple[str, ...]]:
        """A row for each search: its volume, against both random ones, and what it closes of the way to the best."""
        means, best = self.means, self.best
        first, skips = means[RANDOM], means[SKIPS]
        rows = [
            (
                name,
                f"{mean:.4f} ± {statistics.pstdev(self.volumes[name]):.4f}",
                f"{mean / first:.2f} ×",
                f"{mean / skips:.3f} ×",
                f"{(mean - skips) / (best - skips):.0%}" if mean > skips else "",
                f"{self.asked[name]:,.0f}",
            )
            for name, mean in means.items()
        ]
        last = (
            "all of them together",
            f"{best:.4f}",
            f"{best / first:.2f} ×",
            f"{best / skips:.3f} ×",
            "100%",
            "",
        )
        return [*rows, last]


def fronts(seeds: int) -> Fronts:
    """Run each search with so many seeds."""
    runs = {
        name: [found(name, seed) for seed in tqdm(range(seeds), desc=name, unit=" runs", leave=False)]
        for name in SEARCHES
    }
    many = found(SKIPS, seeds, MANY, 10 * MANY)[0]
    best = volume([*many, *(point for each in runs.values() for points, _ in each for point in points)])
    volumes = {name: [volume(points) for points, _ in each] for name, each in runs.items()}
    asked = {name: statistics.mean(count for _, count in each) for name, each in runs.items()}
    return Fronts(volumes, asked, best)


def main() -> None:
    """Print the tables."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="20 candidates, one seed")
    parser.add_argument("--full", action="store_true", help="also workers on PostgreSQL")
    parser.add_argument("--studies", type=Path, default=REPO / "results", help="where the long searches are")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    count, seeds = (20, 1) if options.quick else (200, 5)
    same, speeds, found = equal(count), speed(), fronts(seeds)
    known = [
        ("candidates whose SRAM and flash are those of the converted network", f"{same} of {count}"),
        ("candidates a second by SRAM, one core", f"{speeds[0]:,.0f}"),
        ("candidates a second by flash, one core", f"{speeds[1]:,.0f}"),
    ]
    head = (
        "search",
        "volume behind the front",
        "against random",
        "against random that skips",
        "of the way to the best known",
        "candidates asked for",
    )
    reached = [
        on_paper(same, count),
        quick(*speeds),
        ahead(found.means[OURS], found.means[RANDOM], found.means[SKIPS], found.means[GENETIC]),
        *mnist(options.studies),
        *cifar(options.studies),
        *workers(options.full),
    ]
    texts = {
        "search.py:targets": table(reached),
        "search.py": f"{markdown(('before any training', 'figure'), known)}\n{markdown(head, found.rows())}",
    }
    print("\n".join(texts.values()), end="")
    for name in texts if options.write else ():
        renew(REPO / "docs/results.md", name, texts[name])


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
