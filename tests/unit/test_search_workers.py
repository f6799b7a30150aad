"""Workers on one study at once: by the journal and by PostgreSQL, and what becomes of them when one is killed."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiedge.search import study as studies
from aiedge.search.space import parse_space
from tests.support.postgresql import SECONDS, Server, wait
from tests.unit.test_search import SMALL, wanted

# A worker whose networks take a moment and no training; the heartbeats are quick.
WORKER = """
import sys, time
from pathlib import Path
from aiedge.search import study as studies, worker
from tests.unit.test_search import Fake

class Slow(Fake):
    def candidate(self, values, go_on=lambda epoch, accuracy: True):
        Path(sys.argv[3], f"busy-{sys.argv[4]}").touch()
        time.sleep(float(sys.argv[6]))
        return super().candidate(values)

worker.Trainer = Slow
studies.HEARTBEAT, studies.GRACE = 1, 2
if sys.argv[1]:  # as on another computer, whose processes nobody here can ask for
    studies.me = lambda: f"computer-{sys.argv[4]}:1"
where = studies.place("many", sys.argv[1], Path(sys.argv[2]))
worker.work(where, int(sys.argv[5]), int(sys.argv[4]), progress=False)
"""


def start(storage: str, folder: Path, number: int, trials: int, seconds: float = 0.1) -> subprocess.Popen:
    """A worker in a process of its own."""
    words = [storage, str(folder), str(folder), str(number), str(trials), str(seconds)]
    return subprocess.Popen([sys.executable, "-c", WORKER, *words])


@contextlib.contextmanager
def storage_of(kind: str, folder: Path) -> Iterator[str]:
    if kind == "journal":
        yield ""
    elif kind == "sqlite":
        yield f"sqlite:///{folder}/study.db"
    else:
        with Server(folder) as server:
            yield server.url


@pytest.mark.parametrize("kind", ["journal", pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"])
def test_two_workers_share_a_study_and_one_may_die(kind: str, tmp_path: Path) -> None:
    """No finished trial is lost, the open one of a worker that is killed is tried once more."""
    folder = tmp_path / "study"
    folder.mkdir()
    with storage_of(kind, tmp_path) as url:
        where = studies.place("many", url, folder)
        studies.new(where, wanted(parse_space(SMALL, "small")))
        victim = start(url, folder, 1, 99, seconds=1e6)
        wait((folder / "busy-1").exists)
        victim.kill()
        victim.wait()
        time.sleep(3.5 if url else 0)  # its heart has not beaten for longer than the grace
        # Nor does the heart of one that stops longer than that count as dead while it beats.
        others = [start(url, folder, number, 3, 3.0 if url and number == 2 else 0.1) for number in (2, 3)]
        assert [other.wait(SECONDS) for other in others] == [0, 0]
        study, _ = studies.load(where)
        by_state = dict.fromkeys(("COMPLETE", "FAIL", "RUNNING", "WAITING"), 0)
        for trial in study.get_trials():
            by_state[trial.state.name] += 1
        assert by_state == {"COMPLETE": 6, "FAIL": 1, "RUNNING": 0, "WAITING": 0}
        (failed,) = (trial for trial in study.get_trials() if trial.state.name == "FAIL")
        again = [t for t in study.get_trials() if t.params == failed.params and t.number != failed.number]
        assert len(again) >= 1 and all(trial.state.name == "COMPLETE" for trial in again)
        assert len(studies.trained(study)) == 6
