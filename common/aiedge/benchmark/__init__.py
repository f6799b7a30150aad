"""Run a project's data set over a board: are the answers right, and how long does each take?

./run_serial.py /dev/ttyUSB0
./run_serial.py --simulate PROJECT

- `data`: the data sets
- `models`: which model the board should run; the same model's answers on this computer
- `session`: send the samples, on a board or on the firmware built for this computer
- `result`, `metrics`: what the answers tell
- `store`: result files; unfinished runs, which the next run goes on with
- `main_cpp`, `firmware`: which TODO of main.cpp is what; what the firmware concluded, beside what its outputs mean
- `plain`, `watch`: the firmware as a program of its own, and which TODO is next
- `photos`: some pictures, with the likeliest classes of each
- `compare`, `pictures`: two results, one result as a picture
- `roads`: one network by every road to the chip, a row for each
- `costs`, `charts`, `page`: all results side by side, as a web page
- `command`: `./run_serial.py`
"""

from aiedge.benchmark.command import main
from aiedge.benchmark.data import Samples, samples
from aiedge.benchmark.result import BenchmarkResult, Setting, Traffic, Verification
from aiedge.benchmark.session import Options, run, run_on_port, simulate

__all__ = [
    "BenchmarkResult",
    "Options",
    "Samples",
    "Setting",
    "Traffic",
    "Verification",
    "main",
    "run",
    "run_on_port",
    "samples",
    "simulate",
]
