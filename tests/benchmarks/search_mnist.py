"""Search a LeNet for all of MNIST on a Blue Pill: 20 kB of SRAM, 16 kB of flash for constants; the front and its tests.

    python -m tests.benchmarks.search_mnist                an hour of `aiedge search work`
    python -m tests.benchmarks.search_mnist --minutes 0    what the study in results/search-mnist has found so far
    python -m tests.benchmarks.search_mnist --write        also renews the part of docs/results.md

Networks are compared by 5,000 digits of the training set, which none of them learns from; the test set's 10,000 are
for the table alone. Accuracy is that of the compiled int8 C. The study can be stopped, and begun again where it was.
"""

import sys
from pathlib import Path

from aiedge.errors import Parser, exit_cleanly
from aiedge.paths import REPO
from aiedge.search import study as studies
from aiedge.search.costs import Limits
from aiedge.search.results import rows
from aiedge.search.space import load_space
from aiedge.search.study import Wanted
from aiedge.search.trainer import Trainer
from aiedge.search.worker import work
from aiedge.text import markdown, renew

LIMITS = Limits(flash=16_384, ram=20_480)


def main() -> None:
    """Search, and print the front."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--folder", type=Path, default=REPO / "results/search-mnist", help="of the study")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    where = studies.place("mnist16", folder=options.folder)
    wanted = Wanted(load_space("mnist-16k"), ("ram", "flash"), LIMITS, "cortex-m4")
    study = studies.new(where, wanted)
    if options.minutes:
        work(where, 10**6, seed=1, minutes=options.minutes)
    trainer = Trainer(wanted.space, where.folder)
    trained = studies.trained(study)
    spent = sum(trial.user_attrs.get("cpu_s", 0) for trial in trained) / 60
    table = [
        (
            f"{row['accuracy']:.2%}",
            f"{trainer.accuracy(_model(where, study.trials[int(str(row['trial']))]), trainer.data.test):.2%}",
            f"{row['flash']:,} B",
            f"{row['ram']:,} B",
            ", ".join(f"{name} {row[name]}" for name in ("method", "first", "second", "way")),
        )
        for row in rows(study, wanted)
    ]
    head = ("right, validation", "right, test set", "flash", "SRAM", "how it was pruned and rounded")
    text = f"{len(trained)} networks trained in {spent:.0f} minutes of CPU time on {trainer.data.source}\n\n"
    text += markdown(head, table)
    print(f"\n{text}", end="")
    if options.write:
        renew(REPO / "docs/results.md", "search_mnist.py", text)


def _model(where: studies.Place, trial: studies.FrozenTrial) -> bytes:
    number = trial.user_attrs.get("same_as", trial.number)
    return (where.folder / "networks" / f"{number}.tflite").read_bytes()


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
