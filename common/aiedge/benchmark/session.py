"""Send a data set to a board and collect the answers."""

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aiedge import __version__
from aiedge.benchmark.data import Samples, samples
from aiedge.benchmark.firmware import OpenTodo, WrongTodo, does_not_compile, examine, mistake, no_result, said
from aiedge.benchmark.main_cpp import MainCpp, read_main_cpp
from aiedge.benchmark.models import Choice, Codec, check_model, find_espdl
from aiedge.benchmark.plain import mistakes, next_todo, run_plain
from aiedge.benchmark.result import (
    TABLE_TO,
    TWIN,
    BenchmarkResult,
    Setting,
    Traffic,
    Verification,
    predictions,
)
from aiedge.benchmark.store import Progress
from aiedge.board import (
    BASE_BAUD,
    UNPACED,
    Board,
    BoardInfo,
    FaultyTransport,
    PacedTransport,
    SerialTransport,
    StandIn,
    Transport,
)
from aiedge.board.line.conduct import Conduct
from aiedge.board.line.log import Unfinished
from aiedge.board.line.requests import NoResult
from aiedge.board.micropython import MACHINES, MicroPythonBoard
from aiedge.board.repl import RawRepl
from aiedge.cost.runtimes import Reference, reference
from aiedge.errors import UserError
from aiedge.espdl import EspdlModel
from aiedge.lesson import find_project, project_dir, projects
from aiedge.paths import commit
from aiedge.progress import tqdm

_STAND_INS = ("/dev/pts/", "socket://127.0.0.1:", "socket://localhost:")
_BAR_FROM = 100  # bytes of inputs
_LOG_LINES = 30


@dataclass(frozen=True)
class Options:
    """How to run: what a person may choose on the command line.

    `count` samples, 0 for all; `baud` to agree on with the board, and whether a stand-in's line is `paced` to it;
    `noise` is the probability with which each byte is spoiled, by a generator that starts at `seed`. `folder` is where
    unfinished runs are kept, None to keep none; `fresh` starts them over. `verify` compares the answers with the same
    model on this computer. `model` names another int8 model of the project than its main one. `samples` gives others
    than the project's test set.
    """

    solution: bool = False
    floats: bool = False
    model: str = ""
    count: int = 0
    baud: int = BASE_BAUD
    paced: bool = False
    noise: float = 0.0
    seed: int = 0
    folder: Path | None = None
    fresh: bool = False
    verify: bool = False
    samples: Callable[[str], Samples] | None = None


def run(
    board: Board | MicroPythonBoard,
    port: str,
    model: bytes | EspdlModel,
    data: Samples,
    simulated: bool = False,
    options: Options = Options(),
) -> BenchmarkResult:
    """Send every sample to the board; `model` is the .tflite or .espdl that it runs, which tells how to quantize."""
    info = board.hello()
    codec = Codec(model)
    baud = 0 if simulated and not options.paced else board.baud
    setting = _setting(info, codec, data, simulated, baud, options)
    # Before the board works for minutes: nothing is to fail after the last answer.
    text = _main_cpp(info.project, options.solution)
    brighter = text.numbers.get("kBrightness", 0.0)
    compared_with = _reference(model) if options.verify and not brighter else None
    if brighter:
        _say("the outputs are not compared: kBrightness in main.cpp changes the pictures")
    elif options.verify and compared_with is None:
        _say("the answers are not compared: nothing on this computer runs the same model")
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        progress = stack.enter_context(Progress(folder, setting, options.fresh))
        if progress.resumed:
            _say(f"{progress.resumed:,} of {len(data):,} answers are there from {progress.started}: going on")
        try:
            _ask(board, codec, data, progress)
            verified = _verify(codec, data, progress.raw, compared_with) if compared_with else None
        except BaseException as error:
            if options.folder and progress.raw:
                kept = f"{len(progress.raw):,} of {len(data):,} answers are kept"
                _say(f"\n{kept}: the same command goes on there")
            if isinstance(error, NoResult) and (wrong := no_result(text, error.why)):
                raise WrongTodo(wrong) from error
            raise
    outputs = np.array([codec.decode(raw) for raw in progress.raw])
    firmware = examine(text, data.classes, progress.conducts, outputs, progress.times_us)
    if wrong := _changed_input(text, verified):
        firmware = replace(firmware, mistakes=(wrong, *firmware.mistakes))
    return BenchmarkResult(
        setting=setting,
        port=port,
        started=progress.started,
        kit=__version__,
        commit=commit(),
        index=data.places,
        expected=data.expected,
        kinds=() if data.kinds is None else tuple(map(str, data.kinds)),
        outputs=outputs,
        times_us=np.array(progress.times_us),
        traffic=progress.traffic,
        verified=verified,
        inputs=tuple(_shown(data, i) for i in range(len(data))) if len(data) <= TABLE_TO else (),
        firmware=firmware,
        says=tuple(_said(conduct, data.classes) for conduct in progress.conducts),
    )


def run_on_port(port: str, project: str = "", options: Options = Options()) -> BenchmarkResult:
    """Run the benchmark of a project, by default of the one that the board names, on the board at `port`.

    The board must run the model in the project's `vscode/main/`, or the one that `options` choose instead; one that
    runs ESP-DL the .espdl in `vscode/espdl`. Raises `OpenTodo` where its firmware stops at a TODO, `WrongTodo` where it
    gives no result by a mistake that is known.
    """
    if project:
        project_dir(project)  # complains about a name that is none
    return run_on_line(SerialTransport(port), project, port.startswith(_STAND_INS), options)


def run_on_line(
    line: Transport, project: str, simulated: bool, options: Options, unpaced: int = UNPACED
) -> BenchmarkResult:
    """The same on an open line; `simulated` where no real board is at its other end, and the line is `unpaced` baud."""
    with _open(line, simulated, options, unpaced) as board:
        try:
            info = board.hello()
        except Unfinished as error:
            raise OpenTodo(next_todo(error.todo)) from error
        if project and info.project != project:
            raise UserError(
                f"the board runs {info.project}, not {project}", f"build and flash {project}/vscode"
            )
        model: bytes | EspdlModel
        if info.runtime == "espdl":
            model = find_espdl(info)
        else:
            model = _chosen(Choice(info.project, options.solution, options.floats, options.model), info)
        _agree_on_baud(board, simulated, options)
        return run(board, line.name, model, _data(info.project, options), simulated, options)


def simulate(project: str, options: Options = Options()) -> BenchmarkResult:
    """Build a project's firmware for this computer and run the benchmark on it.

    That is the student's firmware and model in `vscode/`, or with `options.solution` the solved ones. First it runs
    alone, which raises `OpenTodo` where it stops at a TODO and `WrongTodo` for those that are wrong already.
    """
    from aiedge.board.build import build

    choice = Choice(project, options.solution, options.floats, options.model)
    path = choice.require()
    folder = project_dir(project)
    built_from = "solution" if options.solution else "vscode"
    print(f"building {folder.name}/{built_from} for this computer", flush=True)
    text = _main_cpp(project, options.solution)
    try:
        program = build(
            folder / "vscode",
            choice.environment,
            main_cpp=folder / "solution/main.cpp" if options.solution else None,
            model_cpp=path if options.solution or choice.file else None,
        )
    except UserError as error:
        if wrong := does_not_compile(text, error.message):
            raise WrongTodo(wrong) from error
        raise
    alone = run_plain([program])
    if found := mistakes(alone, text, find_project(project).lesson, results=bool(alone.todo)):
        raise WrongTodo(*found)
    if alone.todo:
        raise OpenTodo(next_todo(alone.todo.group(), text))
    data = _data(project, options)
    with (
        StandIn(program, log=_Log()) as stand_in,
        _open(SerialTransport(stand_in.port), True, options) as board,
    ):
        model = _chosen(choice, board.hello())
        _agree_on_baud(board, True, options)
        return run(board, stand_in.port, model, data, True, options)


def run_micropython(
    project: str, port: str = "", machine: str = "unix", options: Options = Options()
) -> BenchmarkResult:
    """Run the benchmark of a project on MicroPython, at a port or, without one, on a `machine` of `MACHINES`.

    The board gets the model that `options` choose, as a module of `aiedge.micropython`; it needs no firmware of the
    kit's.
    """
    choice = Choice(project, options.solution, options.floats, options.model)
    model = _model(choice)
    data = _data(project, options)
    graph = Codec(model).graph
    with RawRepl(port, options.baud) if port else MACHINES[machine]() as repl:
        _say(f"copying the network to {repl.name}")
        board = MicroPythonBoard(repl, graph, project, options.baud if port else 0)
        result = run(board, repl.name, model, data, not port, options)
        _say(f"{board.heap_used():,} of {board.heap_free:,} bytes of its heap are in use")
    return result


def _setting(
    info: BoardInfo, codec: Codec, data: Samples, simulated: bool, baud: int, options: Options
) -> Setting:
    return Setting(
        project=info.project,
        variant=codec.variant,
        built_from="solution" if options.solution else "vscode",
        model_sha256=codec.graph.sha256,
        model_bytes=len(codec.model),
        runtime=info.runtime,
        arena_bytes=info.arena_bytes,
        simulated=simulated,
        baud=baud,
        noise=options.noise,
        seed=options.seed,
        data_source=data.source,
        data_sha256=data.sha256,
        samples=len(data),
        classes=data.classes,
    )


def _ask(board: Board | MicroPythonBoard, codec: Codec, data: Samples, progress: Progress) -> None:
    """Send the samples that have no answer yet; shows a bar with the part of right answers so far."""
    rest = range(progress.resumed, len(data))
    right = sum(_is_right(codec, data, i, raw) for i, raw in enumerate(progress.raw))
    before, started = _traffic(board, 0), time.monotonic()
    input_bytes = len(data) * codec.graph.inputs[0].bytes
    with tqdm(
        total=len(data), initial=progress.resumed, unit=" samples", disable=input_bytes < _BAR_FROM
    ) as bar:
        try:
            answers = board.infer_all(codec.encode(data.real(i)) for i in rest)
            for i, (raw, time_us) in zip(rest, answers, strict=True):
                progress.add(raw, time_us, board.conduct)
                right += _is_right(codec, data, i, raw)
                bar.set_postfix_str(f"{right / (i + 1):.1%} right", refresh=False)
                bar.update()
        finally:
            progress.add_traffic(_traffic(board, time.monotonic() - started) - before)


def _reference(model: bytes | EspdlModel) -> Reference | None:
    return Reference(TWIN, model.answers) if isinstance(model, EspdlModel) else reference(model)


def _traffic(board: Board | MicroPythonBoard, seconds: float) -> Traffic:
    return Traffic(
        seconds=seconds,
        payload_bytes=board.payload_bytes,
        sent_bytes=board.bytes_sent,
        retries=board.retries,
        bad_frames=board.bad_frames,
        resets=board.resets,
        frame_bytes=board.frame_payload,
    )


def _verify(codec: Codec, data: Samples, raw: list[bytes], other: Reference) -> Verification:
    answers = codec.answers(data, other)
    mine, theirs = (predictions(np.array([codec.decode(r) for r in rows])) for rows in (raw, answers))
    outputs = sum(a != b for a, b in zip(raw, answers, strict=True))
    return Verification(other.name, outputs, int((mine != theirs).sum()))


def _is_right(codec: Codec, data: Samples, i: int, raw: bytes) -> bool:
    return bool(predictions(codec.decode(raw)[None])[0] == data.expected[i])


def _chosen(choice: Choice, info: BoardInfo) -> bytes:
    """The model that the board should run; complains where it runs another one, warns of an old one."""
    choice.require()
    check_model(info, choice)
    return _model(choice)


def _model(choice: Choice) -> bytes:
    """A model of a project; warns of an old one."""
    from aiedge import tflite

    path = choice.require()
    if warning := choice.stale():
        _say(warning)
    return tflite.from_c_array(path)


def _data(project: str, options: Options) -> Samples:
    data = options.samples(project) if options.samples else samples(project, options.count)
    return data.take(options.count) if options.count else data


def _open(line: Transport, simulated: bool, options: Options, unpaced: int = UNPACED) -> Board:
    """The board behind a line that is a real UART's, or as fast as this computer's stand-in can take it."""
    if simulated and options.paced:
        line = PacedTransport(line, BASE_BAUD)
    if options.noise:
        line = FaultyTransport(line, options.noise, options.seed)
    return Board(line, unpaced if simulated and not options.paced else BASE_BAUD, log=_Log())


def _agree_on_baud(board: Board, simulated: bool, options: Options) -> None:
    """Change the rate to the one that is wanted; says so where the line does not carry it."""
    if options.baud == BASE_BAUD or (simulated and not options.paced):
        return
    rate = board.set_baud(options.baud)
    if rate != options.baud:
        _say(f"the line does not carry {options.baud:,} baud: going on with {rate:,}")


def _main_cpp(project: str, solution: bool) -> MainCpp:
    """The main.cpp from which a project's firmware is built; an empty one for a project of another kit."""
    if project not in projects():
        return MainCpp()
    path = project_dir(project) / ("solution" if solution else "vscode/main") / "main.cpp"
    return read_main_cpp(path, find_project(project).lesson.folder / "main.cpp")


def _changed_input(main: MainCpp, verified: Verification | None) -> str:
    """The wrong TODO where the outputs are not those of the pictures that were sent, "" where they are."""
    if not (verified and verified.is_exact and verified.outputs and "preprocess" in main.todos):
        return ""
    what = f"the network saw other pictures than were sent: {verified.outputs:,} outputs differ"
    return mistake(main, "preprocess", what, "with a brightness of 0 no number of the input may change")


def _said(conduct: Conduct | None, classes: tuple[str, ...]) -> str:
    """The answer that the firmware printed first, "" for none."""
    answers = said(conduct.text, classes) if conduct else []
    return classes[answers[0][0]] if answers else ""


def _shown(data: Samples, i: int) -> str:
    values = data.real(i).ravel()
    return " ".join(f"{value:g}" for value in values) if len(values) <= 4 else f"sample {data.places[i]}"


class _Log:
    """Shows the lines that the firmware prints; not all of those that it prints at each of thousands of samples."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, line: str) -> None:
        self.lines += 1
        if self.lines <= _LOG_LINES:
            tqdm.write(f"board: {line}")
        if self.lines == _LOG_LINES:
            tqdm.write("board: ... (its other lines are not shown)")


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stderr)
