"""The targets of the search: when a row holds, and what it says where nothing was run."""

from collections import Counter
from pathlib import Path

from tests.benchmarks import search_cifar, search_targets, search_workers
from tests.support.search_study import Network


def network(validation: float, ram: int, flash: int, test: float = 0.0) -> Network:
    return Network(ram, flash, validation, test, "")


def test_rows_hold_where_their_targets_are_reached() -> None:
    assert [search_targets.on_paper(*each).holds for each in ((200, 200), (199, 200), (20, 20))] == [
        True,
        False,
        None,
    ]
    assert [search_targets.quick(*each).holds for each in ((500, 40), (499, 40), (500, 39))] == [
        True,
        False,
        False,
    ]
    for volumes in ((1.49, 1.0, 1.0, 1.0), (1.5, 1.0, 1.4, 1.0), (1.5, 1.0, 1.0, 1.51)):
        assert search_targets.ahead(*volumes).holds is False
    assert search_targets.ahead(1.5, 1.0, 1.3, 1.5).holds
    table = search_targets.table([search_targets.quick(500, 40), search_targets.quick(1, 40)]).splitlines()
    assert table[2].endswith("| 500 and 40 | yes |") and table[3].endswith("| 1 and 40 | **no** |")


def test_what_was_not_run_says_how_to(tmp_path: Path, monkeypatch) -> None:
    done = search_targets.Target("trained", "", "")
    monkeypatch.setattr(search_targets, "_trained", lambda study: done)
    rows = [
        *search_targets.mnist(tmp_path),
        *search_targets.cifar(tmp_path),
        *search_targets.workers(full=False),
    ]
    assert [row.holds for row in rows] == [None] * 5 and rows[2] is done
    assert "tests.benchmarks.search_mnist" in rows[0].reached
    assert "tests.benchmarks.search_cifar" in rows[1].reached and not list(tmp_path.iterdir())
    assert rows[3].reached == rows[4].reached == "not run: --full"


def test_workers_and_kills(monkeypatch) -> None:
    told = {1: (100.0, 60.0, 0.01), 2: (180.0, 60.0, 0.02)}
    monkeypatch.setattr(search_workers, "two_against_one", lambda trials: told)
    became = [0, 20, 0]  # lost, tried once more, left open

    def kills(count: int) -> search_workers.Kills:
        return search_workers.Kills(Counter(), 30, became[0], 20, *became[1:])

    monkeypatch.setattr(search_workers, "kills", kills)
    assert [row.holds for row in search_targets.workers(full=True)] == [True, True]
    assert search_targets.workers(full=True)[0].reached == "1.80 ×, 2.0%"
    told[2] = (180.0, 60.0, 0.021)
    for each in ([1, 20, 0], [0, 19, 0], [0, 20, 1]):
        became[:] = each
        assert [row.holds for row in search_targets.workers(full=True)] == [False, False]


def test_the_front_of_several_studies() -> None:
    class Study:
        def __init__(self, *networks: Network) -> None:
            self.front = networks

    best, middle, small = network(0.9, 500, 50), network(0.8, 300, 50, test=0.9), network(0.7, 300, 40)
    studies = Study(best, network(0.8, 300, 51)), Study(small, middle, network(0.7, 301, 40))
    front = search_cifar.front(studies)  # type: ignore[arg-type]
    assert front == [best, middle, small]
    assert [search_cifar.within(front, ram) for ram in (600, 499, 299)] == [best, middle, None]
