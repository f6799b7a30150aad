"""The commands `./run_serial.py` and `aiedge image`."""

import argparse
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aiedge import logbook
from aiedge.benchmark import image as pictures
from aiedge.benchmark import session, store
from aiedge.benchmark.compare import compare, latest
from aiedge.benchmark.firmware import OpenTodo, WrongTodo
from aiedge.benchmark.photos import photos, report
from aiedge.benchmark.result import TABLE_TO, BenchmarkResult
from aiedge.benchmark.session import Options, run_on_port
from aiedge.board import BASE_BAUD, choose_port, find_ports
from aiedge.errors import Parser, UserError, exit_cleanly
from aiedge.lesson import find_project
from aiedge.progress import has_colours
from aiedge.tflite.command import add_layout

if TYPE_CHECKING:
    from aiedge.board.page import BrowserBoard


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 where the board answered as it should, 1 where not, 2 after an error to mend."""
    options = _parse(arguments)
    # A program that ends this one must end the stand-in too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return exit_cleanly(lambda: _command(options), options.debug)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(prog="./run_serial.py", description="Ask a board to run its network on test inputs.")
    parser.add_argument(
        "port", nargs="?", help="/dev/ttyUSB0, COM3, socket://HOST:PORT; default: list them and ask"
    )
    parser.add_argument("--project", help="the project that the board must run (default: the one it says)")
    parser.add_argument("--simulate", metavar="PROJECT", help="no board: build its firmware and run it here")
    parser.add_argument(
        "--browser", metavar="PROJECT", help="no board: show it on a page in the browser, with your camera"
    )
    parser.add_argument(
        "--solution", action="store_true", help="the solved firmware and model, not the student's"
    )
    parser.add_argument("--float", action="store_true", help="the float model, not the int8 one")
    parser.add_argument(
        "--model", default="", metavar="NAME", help="another int8 model of the project, or FILE.cpp"
    )
    parser.add_argument("--count", type=int, metavar="N", help="only the first N samples")
    parser.add_argument(
        "--baud", type=int, help=f"speed of the line (default: {BASE_BAUD}); with --simulate implies --pace"
    )
    parser.add_argument(
        "--pace", action="store_true", help="with --simulate: as slow as a real line, not as fast as can be"
    )
    parser.add_argument(
        "--noise", type=float, default=0.0, metavar="PART", help="spoil this part of the bytes"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default: %(default)s)")
    parser.add_argument(
        "--fresh", action="store_true", help="start over instead of going on where a run stopped"
    )
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="an earlier result (default: the latest)"
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="do not compare the answers with TensorFlow Lite Micro's"
    )
    parser.add_argument(
        "--results", type=Path, default=store.RESULTS, metavar="DIR", help="folder of the results"
    )
    parser.add_argument(
        "--page", action="store_true", help="make a page of all results; without a board, do only that"
    )
    parser.add_argument(
        "--photos",
        nargs="?",
        const="",
        metavar="PATH",
        help="only show what the board says to some pictures: one of each class, or your file or folder",
    )
    parser.add_argument(
        "--micropython",
        nargs="?",
        const="unix",
        choices=["unix", "microbit"],
        help="the network in MicroPython, on the board at the port or, with --simulate, on this computer or an "
        "emulated micro:bit",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(arguments)
    if options.simulate and (options.port or options.project):
        parser.error("--simulate goes without a port and without --project")
    if options.browser and (options.port or options.project or options.simulate):
        parser.error("--browser goes without a port, without --project and without --simulate")
    if options.browser and (options.float or options.model):
        parser.error(
            "--browser has the project's main int8 model: it goes without --float and without --model"
        )
    if options.float and options.model:
        parser.error("--float goes without --model")
    if options.pace and not options.simulate:
        parser.error("--pace goes with --simulate: a real line has its own pace")
    if options.micropython and not (options.simulate or (options.port and options.project)):
        parser.error("--micropython goes with --simulate PROJECT, or with a port and --project")
    if options.micropython and (options.pace or options.noise or (options.simulate and options.baud)):
        parser.error("--micropython goes without --pace and --noise, and with a --baud only at a port")
    if options.count is not None and options.count < 1:
        parser.error(f"--count {options.count} leaves no samples")
    if options.baud is not None and options.baud < 1:
        parser.error(f"{options.baud} baud is no speed of a line")
    if not 0 <= options.noise < 1:
        parser.error(f"--noise {options.noise:g} is no part of the bytes: 0.01 spoils one in a hundred")
    return options


def _command(options: argparse.Namespace) -> int:
    if options.page and not options.simulate and not options.browser and not options.port:
        return _page(options.results)
    if options.compare:
        store.read(options.compare)  # complains before the board works for minutes
    how = Options(
        solution=options.solution,
        floats=options.float,
        model=options.model,
        count=options.count or 0,
        baud=BASE_BAUD if options.baud is None else options.baud,
        paced=options.pace or bool(options.simulate and options.baud is not None),
        noise=options.noise,
        seed=options.seed,
        folder=options.results,
        fresh=options.fresh,
        verify=not options.no_verify,
    )
    if options.photos is not None:
        how = replace(
            how, samples=partial(photos, path=Path(options.photos) if options.photos else None), folder=None
        )
    if not options.browser:
        return _benchmark(options, how)
    from aiedge.benchmark import browser  # which needs the server that comes with JupyterLab

    with browser.browse(options.browser, options.solution) as page:
        status = _benchmark(options, how, page)
        if sys.stdin.isatty():
            browser.keep(page)
    return status


def _benchmark(options: argparse.Namespace, how: Options, page: "BrowserBoard | None" = None) -> int:
    """Ask the board, print what it answered and keep that; return the command's status."""
    try:
        result = _run(options, how, page)
    except WrongTodo as wrong:
        print(*wrong.mistakes, sep="\n")
        return 1
    except OpenTodo as todo:
        print(todo.message)
        return 0
    if options.photos is not None:
        print(f"\n{report(result, options.model)}")
        return int(result.has_wrong_bits)
    print(f"\n{result}")
    _keep(result, options.results, options.compare)
    if options.page:
        _page(options.results)
    status = _status(result)
    if status == 0 and not options.solution and not options.micropython:
        logbook.note_firmware(result.setting.project)
    return status


def _run(options: argparse.Namespace, how: Options, page: "BrowserBoard | None") -> BenchmarkResult:
    """Ask the stand-in that is to be built, the board on a page, MicroPython, or the board at a port."""
    if page:
        from aiedge.benchmark.browser import run_on_page

        return run_on_page(page, options.browser, how)
    if options.micropython:
        project = options.simulate or options.project
        return session.run_micropython(project, options.port or "", options.micropython, how)
    if options.simulate:
        return simulate(options.simulate, how)
    port = options.port or choose_port(find_ports(), input if sys.stdin.isatty() else None)
    print(f"asking {port} what it runs (up to 20 s)", flush=True)
    return run_on_port(port, options.project, how)


def _keep(result: BenchmarkResult, folder: Path, other: Path | None) -> None:
    """Write the result's files, and say how it differs from an earlier one."""
    other = other or latest(folder, result.setting.project)
    path = store.write(result, folder)
    written = [path, path.with_suffix(".csv")]
    if len(result.outputs) > TABLE_TO:
        from aiedge.benchmark.pictures import draw
        from aiedge.files import write_atomic

        written.append(write_atomic(path.with_suffix(".png"), draw(result)))
    if other:
        print(f"\n{compare(result, store.read(other), other.name)}")
    print("\nwrote " + ", ".join(str(file) for file in written))


def _page(folder: Path) -> int:
    from aiedge.benchmark.page import write_page

    print(f"wrote {write_page(folder)}")
    return 0


def _status(result: BenchmarkResult) -> int:
    """1 for wrong bits, a wrong main.cpp, and wrong answers where the lesson gives all questions with theirs."""
    if result.has_wrong_firmware:
        return 1
    if result.setting.variant == "int8" and result.has_wrong_bits:
        return 1
    data = find_project(result.setting.project).lesson.data
    return 1 if data and data.inputs and not result.all_right else 0


def image(parser: Parser) -> Callable[[argparse.Namespace], None]:
    """Add the arguments of `aiedge image`; return what it does.

    Without options it writes PHOTO.bin, shows the picture as the network sees it, and its likeliest classes.
    """
    parser.add_argument("photo", type=Path, help="a picture of any size and format")
    parser.add_argument("--project", required=True, metavar="NAME", help="one whose network takes pictures")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="FILE.bin (default: named like the photo) or .ppm"
    )
    parser.add_argument("--c-array", action="store_true", help="also write FILE.h, the same as a C array")
    parser.add_argument(
        "--run", dest="ask", action="store_true", help="ask the project's int8 model what it shows"
    )
    parser.add_argument("--model", type=Path, help="ask this one: a .tflite file or its C array")
    add_layout(parser)
    return _image


def _image(options: argparse.Namespace) -> None:
    photo, project, ask = options.photo, options.project, options.ask or options.model
    output = options.output or Path(f"{photo.stem}.bin")
    if options.output or options.c_array:
        print(*pictures.convert(photo, project, output, options.layout, options.c_array), sep="\n")
    elif not ask:
        print(*pictures.demo(photo, project, output, options.layout, has_colours(sys.stdout)), sep="\n")
    if ask:
        print(*pictures.run(photo, project, options.model), sep="\n")


def simulate(project: str, options: Options) -> BenchmarkResult:
    """`session.simulate`; where the student's firmware stops at a TODO, the logbook keeps how far it came."""
    try:
        return session.simulate(project, options)
    except UserError as error:
        if not options.solution and "TODO" in error.message:
            logbook.note_firmware(project, error.message)
        raise
