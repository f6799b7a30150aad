"""Run a project's data set over a board: are the answers right, and how long does each take?

./run_serial.py /dev/ttyUSB0
./run_serial.py --simulate xormodel
"""

import argparse
import hashlib
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from aiedge import tflite
from aiedge.board import Board, BoardInfo, StandIn, choose_port, find_ports
from aiedge.board.transport import BAUD
from aiedge.errors import Parser, UserError, exit_cleanly
from aiedge.paths import project_dir
from aiedge.quantization import dequantize, quantize

_STAND_INS = ("/dev/pts/", "socket://127.0.0.1:", "socket://localhost:")
_LONGEST_TABLE = 16  # samples
_BAR_FROM = 50  # samples


@dataclass(frozen=True)
class Samples:
    """Inputs with known answers: `inputs` float32 [samples, values], `expected` class numbers, int [samples]."""

    inputs: NDArray[np.float32]
    expected: NDArray[np.int64]


def samples(project: str) -> Samples:
    """The data set on which a project's board is tested.

    >>> samples("xormodel").expected.tolist()
    [0, 1, 1, 0]
    """
    if project == "xormodel":
        return Samples(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0]))
    raise UserError(f"there is no benchmark for the project {project!r}", "there is one for xormodel")


@dataclass(frozen=True)
class BenchmarkResult:
    """What a board answered to `samples`.

    `outputs` are real numbers, float32 [samples, values]; `times_us` is what each inference took where the firmware
    ran, in microseconds: with `simulated` on this computer, else on a board. `retries` and `bad_frames` tell how good
    the line is.
    """

    info: BoardInfo
    port: str
    simulated: bool
    samples: Samples
    outputs: NDArray[np.float32]
    times_us: NDArray[np.int64]
    retries: int
    bad_frames: int

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Class numbers: the largest output, or whether a single output is above one half."""
        if self.outputs.shape[1] == 1:
            return (self.outputs[:, 0] > 0.5).astype(np.int64)
        return self.outputs.argmax(axis=1)

    @property
    def right(self) -> int:
        """Number of right answers."""
        return int((self.predicted == self.samples.expected).sum())

    @property
    def all_right(self) -> bool:
        """Whether every answer is right."""
        return self.right == len(self.outputs)

    def __str__(self) -> str:
        where = (
            f"a stand-in board on this computer ({self.port})"
            if self.simulated
            else f"the board on {self.port}"
        )
        clock = "this computer's time, not a board's" if self.simulated else "on the board"
        return "\n".join(
            [
                f"{self.info.project} on {where}",
                f"runtime {self.info.runtime}, arena {self.info.arena_bytes:,} bytes, model {self.info.sha256[:12]}",
                *self._table(),
                f"{self.right:,} of {len(self.outputs):,} right; median {np.median(self.times_us):,.0f} µs ({clock}); "
                f"retries {self.retries}, bad frames {self.bad_frames}",
            ]
        )

    def _table(self) -> list[str]:
        if len(self.outputs) > _LONGEST_TABLE:
            return []
        lines = ["", f"{'inputs':>12}  expected  {'output':>8}  {'time':>9}"]
        for inputs, expected, outputs, predicted, time in zip(
            self.samples.inputs,
            self.samples.expected,
            self.outputs,
            self.predicted,
            self.times_us,
            strict=True,
        ):
            shown = " ".join(f"{value:g}" for value in inputs)
            output = " ".join(f"{value:.4f}" for value in outputs)
            mark = "" if predicted == expected else "  <- wrong"
            lines.append(f"{shown:>12}  {expected:>8}  {output:>8}  {time:>6} µs{mark}")
        return [*lines, ""]


def run(board: Board, port: str, model: bytes, data: Samples, simulated: bool = False) -> BenchmarkResult:
    """Send every sample to the board; `model` is the .tflite that it runs, which tells how to quantize."""
    info = board.hello()
    graph = tflite.read(model)
    outputs, times = [], []
    for values in tqdm(data.inputs, unit=" samples", disable=len(data.inputs) < _BAR_FROM):
        raw, microseconds = board.infer(_to_bytes(values, graph.inputs[0]))
        outputs.append(_from_bytes(raw, graph.outputs[0]))
        times.append(microseconds)
    return BenchmarkResult(
        info, port, simulated, data, np.array(outputs), np.array(times), board.retries, board.bad_frames
    )


def run_on_port(port: str, project: str = "", solution: bool = False, baud: int = BAUD) -> BenchmarkResult:
    """Run the benchmark of a project, by default of the one that the board names, on the board at `port`.

    The board must run the model in the project's `vscode/main/`, or with `solution` the one in `solution/`.
    """
    if project:
        project_dir(project)  # complains about a name that is none
    with Board(port, baud, log=_show) as board:
        info = board.hello()
        if project and info.project != project:
            raise UserError(
                f"the board runs {info.project}, not {project}", f"build and flash {project}/vscode"
            )
        path = model_path(info.project, solution)
        check_model(info, path)
        return run(board, port, tflite.from_c_array(path), samples(info.project), port.startswith(_STAND_INS))


def simulate(project: str, solution: bool = False) -> BenchmarkResult:
    """Build a project's firmware for this computer and run the benchmark on it.

    That is the student's firmware and model in `vscode/`, or with `solution` the solved ones.
    """
    from aiedge.board.build import build

    data = samples(project)
    path = model_path(project, solution)
    folder = project_dir(project)
    print(f"building {folder.name}/{'solution' if solution else 'vscode'} for this computer", flush=True)
    program = build(
        folder / "vscode",
        main_cpp=folder / "solution/main.cpp" if solution else None,
        model_cpp=path if solution else None,
    )
    with StandIn(program, log=_show) as stand_in, Board(stand_in.port, log=_show) as board:
        check_model(board.hello(), path)
        return run(board, stand_in.port, tflite.from_c_array(path), data, simulated=True)


def model_path(project: str, solution: bool = False) -> Path:
    """The C array that a project's firmware is built from; raises `UserError` where it was not copied yet."""
    folder = project_dir(project)
    path = folder / ("solution" if solution else "vscode/main") / f"{project}.cpp"
    if not path.exists():
        exported = folder / "notebook" / f"{project}.cpp"
        copy = f"cp {project}/notebook/{project}.cpp {project}/vscode/main/{project}.cpp"
        hint = copy if exported.exists() else f"export it in the notebook, then: {copy}"
        raise UserError(f"{path} is missing", f"{hint}; for the solved project add --solution")
    return path


def check_model(info: BoardInfo, path: Path) -> None:
    """Raise `UserError` unless the board runs the model in the C array at `path`."""
    if info.sha256 == hashlib.sha256(tflite.from_c_array(path)).hexdigest():
        return
    project = info.project
    solved = project_dir(project) / "solution" / f"{project}.cpp"
    if solved.exists() and info.sha256 == hashlib.sha256(tflite.from_c_array(solved)).hexdigest():
        hint = "it runs the solution's model: add --solution, or build and flash your own"
    else:
        hint = f"build and flash {project}/vscode again, after copying {project}.cpp there"
    raise UserError(f"the board does not run the model in {path}", hint)


def main(arguments: list[str] | None = None) -> int:
    """The command `./run_serial.py`: 0 if all answers are right, 1 if not, 2 after an error to mend."""
    parser = Parser(prog="./run_serial.py", description="Ask a board to run its network on test inputs.")
    parser.add_argument(
        "port", nargs="?", help="/dev/ttyUSB0, COM3, socket://HOST:PORT; default: list them and ask"
    )
    parser.add_argument("--project", help="the project that the board must run (default: the one it says)")
    parser.add_argument("--baud", type=int, default=BAUD, help="speed of the port (default: %(default)s)")
    parser.add_argument("--simulate", metavar="PROJECT", help="no board: build its firmware and run it here")
    parser.add_argument(
        "--solution", action="store_true", help="the solved firmware and model, not the student's"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(arguments)
    if options.simulate and (options.port or options.project):
        parser.error("--simulate goes without a port and without --project")
    # A program that ends this one must end the stand-in too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return exit_cleanly(lambda: _command(options), options.debug)


def _command(options: argparse.Namespace) -> int:
    if options.simulate:
        result = simulate(options.simulate, options.solution)
    else:
        port = options.port or choose_port(find_ports(), input if sys.stdin.isatty() else None)
        print(f"asking {port} what it runs (up to 20 s)", flush=True)
        result = run_on_port(port, options.project, options.solution, options.baud)
    print(f"\n{result}")
    return 0 if result.all_right else 1


def _to_bytes(values: NDArray[np.float32], tensor: tflite.Tensor) -> bytes:
    if tensor.quantization is None:
        return values.astype("<f4").tobytes()
    return quantize(values, tensor.quantization).tobytes()


def _from_bytes(raw: bytes, tensor: tflite.Tensor) -> NDArray[np.float32]:
    if tensor.quantization is None:
        return np.frombuffer(raw, "<f4").astype(np.float32)
    return dequantize(np.frombuffer(raw, np.int8), tensor.quantization)


def _show(line: str) -> None:
    tqdm.write(f"board: {line}")
