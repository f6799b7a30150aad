"""Search a LeNet for all of MNIST on a Blue Pill: 20 kB of SRAM, 16 kB of flash for constants; the front and its tests.

    python -m tests.benchmarks.search_mnist                an hour of `aiedge search work`
    python -m tests.benchmarks.search_mnist --minutes 0    what the study in results/search-mnist has found so far
    python -m tests.benchmarks.search_mnist --write        also renews the part of docs/results.md

Networks are compared by 5,000 digits of the training set, which none of them learns from; the test set's 10,000 are
for the table alone. Accuracy is that of the compiled int8 C. The study can be stopped, and begun again where it was.
"""

import sys
from pathlib import Path

from aiedge.errors import exit_cleanly
from aiedge.paths import REPO
from aiedge.search.costs import Limits
from tests.support.search_study import Task, parser, show

LIMITS = Limits(flash=16_384, ram=20_480)
FOLDER = REPO / "results/search-mnist"


def task(folder: Path = FOLDER) -> Task:
    """The study."""
    return Task("mnist16", "mnist-16k", folder, ("method", "first", "second", "way"), LIMITS)


def main() -> None:
    """Search, and print the front."""
    options = parser(__doc__ or "", FOLDER).parse_args()
    study = task(options.folder)
    study.search(options.minutes)
    show("search_mnist", study.text(), options.write)


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
