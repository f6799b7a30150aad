"""Measure the search's workers: two against one, what a trial costs besides its training, and kills.

    python -m tests.benchmarks.search_workers            some minutes of training on two quiet cores
    python -m tests.benchmarks.search_workers --kills 20 also kills workers, PostgreSQL and both, so many times in all

All of it on a PostgreSQL of its own. The first table trains LeNets on drawn digits, each worker on a core of its own.
The kills are SIGKILL at random moments, under two workers whose networks take a moment and no training; what was killed
is started again, and at the end every trial that a worker had noted as finished must be in the database as it was told,
and every other one that was begun must have been tried once more.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from aiedge.errors import Parser, exit_cleanly
from aiedge.paths import REPO
from aiedge.search import study as studies
from aiedge.search.costs import Limits
from aiedge.search.space import parse_space
from aiedge.search.study import Wanted
from aiedge.text import markdown
from tests.support.postgresql import Server

SPACE = """
data = "mnist"
family = "lenet"
[architecture]
first = 12
second = 24
dense = [[64]]
[pruning]
all = { low = 0.0, high = 0.75, step = 0.015625 }
[training]
parent_epochs = 1
epochs = 2
pictures = 12000
"""
# Trains on one core; prints the CPU seconds from its first trial to the end of its last.
TRAINS = """
import os, sys, time
from pathlib import Path
os.sched_setaffinity(0, {int(sys.argv[5])})
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
from aiedge.search import study as studies, worker
times = []
run = worker._run
def timed(*arguments):
    times.append(time.process_time())
    found = run(*arguments)
    times.append(time.process_time())
    return found
worker._run = timed
where = studies.place("many", sys.argv[1], Path(sys.argv[2]))
study = worker.work(where, int(sys.argv[3]), int(sys.argv[4]), progress=False)
print(times[-1] - times[0])
"""
# Notes each trial that was told as finished, by number and values. TensorFlow takes seconds to start, and nothing is
# trained: a module without it stands for the trainer.
NOTES = """
import sys, time, types
from pathlib import Path
class Trainer:
    def __init__(self, space, folder):
        pass
    def candidate(self, values, go_on):
        time.sleep(0.4)
        go_on(0, 0.5)
        time.sleep(0.4)
        return Path("tests/golden/cifar_cnn_25_51_76.tflite").read_bytes()
    def accuracy(self, model):
        return time.time() % 1
trainer = types.ModuleType("aiedge.search.trainer")
trainer.Trainer, trainer.key = Trainer, lambda space, values: repr(time.time())
sys.modules["aiedge.search.trainer"] = trainer
from aiedge.search import study as studies, worker
studies.HEARTBEAT, studies.GRACE, studies.SILENT = 1, 3, 15
studies.me = lambda: f"computer-{sys.argv[3]}:1"
where = studies.place("many", sys.argv[1], Path(sys.argv[2]))
study, wanted = studies.load(where, int(sys.argv[3]))
told = open(sys.argv[4], "a")
front = studies.front
def noted(study):
    for trial in studies.trained(study):
        print(trial.number, *trial.values, file=told, flush=True)
    return front(study)
studies.front = noted
worker.work(where, int(sys.argv[5]), int(sys.argv[3]), progress=False)
"""


def wanted(space: str) -> Wanted:
    return Wanted(parse_space(space, "workers"), ("ram", "flash"), Limits(), "cortex-m4")


def trains(url: str, folder: Path, workers: int, count: int) -> tuple[float, float, float]:
    """Trials an hour of so many workers, from the first begin to the last end, seconds of CPU time that one of them
    trained, and the overhead's share of that."""
    where = studies.place("many", url, folder)
    study = studies.new(where, wanted(SPACE))
    cores = sorted(os.sched_getaffinity(0))
    # The parent is trained before, as for a study that has run for a while.
    warm = [sys.executable, "-c", TRAINS, url, str(folder), "1", "99", str(cores[0])]
    subprocess.run(warm, check=True, stdout=subprocess.DEVNULL)
    before = len(study.trials)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TRAINS, url, str(folder), str(count), str(n), str(cores[n % len(cores)])],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(workers)
    ]
    spent = [float(each.communicate()[0].splitlines()[-1]) for each in running]
    trials = [trial for trial in study.get_trials()[before:] if "cpu_s" in trial.user_attrs]
    begin = min(trial.datetime_start for trial in trials if trial.datetime_start)
    end = max(trial.datetime_complete for trial in trials if trial.datetime_complete)
    hours = (end - begin).total_seconds() / 3600
    cpu = sum(trial.user_attrs["cpu_s"] for trial in trials)
    return len(trials) / hours, cpu / len(trials), sum(spent) / cpu - 1


def two_against_one(count: int) -> dict[int, tuple[float, float, float]]:
    """What `trains` says of one worker and of two."""
    found = {}
    with tempfile.TemporaryDirectory() as name, Server(Path(name)) as server:
        for workers in (1, 2):
            url, folder = server.new_database(f"of_{workers}"), Path(name, f"study-{workers}")
            found[workers] = trains(url, folder, workers, count)
    return found


@dataclass(frozen=True)
class Kills:
    """What became of trials: `finished`, of them lost; `broken`, of them tried `once` more; `left` open for ever."""

    killed: Counter[str]
    finished: int
    lost: int
    broken: int
    once: int
    left: int


def kills(count: int) -> Kills:
    """Kill workers, PostgreSQL and both by turns, so many times in all."""
    rng, killed = random.Random(0), Counter[str]()
    with tempfile.TemporaryDirectory() as name, Server(Path(name)) as server:
        folder, told = Path(name, "study"), Path(name, "told")
        folder.mkdir()
        where = studies.place("many", server.url, folder)
        studies.new(where, wanted(SPACE))

        def begin(number: int, trials: int = 10**6) -> subprocess.Popen:
            words = [server.url, str(folder), str(number), str(told), str(trials)]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            return subprocess.Popen([sys.executable, "-c", NOTES, *words], cwd=REPO, **quiet)  # type: ignore[call-overload]

        def noted() -> int:
            return len(told.read_text().splitlines()) if told.exists() else 0

        workers, number = [begin(1), begin(2)], 2
        for i in tqdm(range(count), unit=" kills"):
            before = noted()
            while noted() == before:
                time.sleep(0.2)
                # A worker that asked its database in vain has ended; one that did not ask meanwhile goes on.
                for place, worker in enumerate(workers):
                    if worker.poll() is not None:
                        number += 1
                        workers[place] = begin(number)
            time.sleep(rng.uniform(0, 2))
            kind = ("a worker", "PostgreSQL", "both")[i % 3]
            killed[kind] += 1
            if kind != "PostgreSQL":
                workers[0].send_signal(signal.SIGKILL)
                workers[0].wait()
            if kind != "a worker":
                server.kill()
                server.start()
        for worker in workers:
            worker.kill()
            worker.wait()
        time.sleep(20)  # longer than a worker may be silent
        last = begin(number + 1, 4)
        last.wait(600)
        study, _ = studies.load(where)
        trials = study.get_trials()
        kept = {(str(trial.number), *map(str, trial.values)) for trial in studies.trained(study)}
        finished = {tuple(line.split()) for line in told.read_text().splitlines()}
    lost = len(finished - kept)
    failed = [trial for trial in trials if trial.state.name == "FAIL"]
    again = Counter(trial.system_attrs.get("failed_trial") for trial in trials)
    once = sum(again[trial.number] == 1 for trial in failed if "failed_trial" not in trial.system_attrs)
    first = sum("failed_trial" not in trial.system_attrs for trial in failed)
    left = sum(trial.state.name == "RUNNING" for trial in trials)
    return Kills(killed, len(finished), lost, first, once, left)


def main() -> None:
    """Print the tables."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=6, metavar="N", help="of each worker")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="kill N times")
    parser.add_argument("--only-kills", action="store_true", help="train nothing")
    options = parser.parse_args()
    if not options.only_kills:
        head = ("workers", "trials an hour", "against one", "CPU a trial", "CPU besides", "load")
        found = two_against_one(options.trials)
        load = f"{os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
        rows = [
            (str(n), f"{rate:,.0f}", f"{rate / found[1][0]:.2f} ×", f"{cpu:.1f} s", f"{overhead:.1%}", load)
            for n, (rate, cpu, overhead) in found.items()
        ]
        print(markdown(head, rows))
    if options.kills:
        told = kills(options.kills)
        lines = [
            ("kills", ", ".join(f"{kind} {times}" for kind, times in told.killed.items())),
            ("finished trials, of them lost", f"{told.finished}, {told.lost}"),
            ("open trials at a kill, of them tried once more", f"{told.broken}, {told.once}"),
            ("open for ever", str(told.left)),
        ]
        print(markdown(("what", "how often"), lines))


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
