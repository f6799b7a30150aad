"""A project's firmware on a page in the browser: build it, show it, ask it.

`python -m aiedge.benchmark.browser PROJECT MODEL FIRMWARE` is what `pio run -e browser -t exec` starts: it shows the
page until Ctrl-C.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aiedge import tflite
from aiedge.benchmark.data import samples
from aiedge.benchmark.firmware import WrongTodo, does_not_compile
from aiedge.benchmark.main_cpp import read_main_cpp
from aiedge.benchmark.models import Choice
from aiedge.benchmark.result import BenchmarkResult
from aiedge.benchmark.session import Options, run_on_line
from aiedge.board.page import BrowserBoard, open_page
from aiedge.errors import UserError, exit_cleanly
from aiedge.lesson import find_project, project_dir
from aiedge.web import page_facts

_SCENES = 24
# For the time-outs: a browser may draw something before it hands bytes on.
_BAUD = 1_000_000
_PATIENCE = 120.0  # s, for somebody to open the page


@contextlib.contextmanager
def browse(project: str, solution: bool = False) -> Iterator[BrowserBoard]:
    """Build the project's firmware for the browser, the student's or the solved one, and serve its page.

    Raises `WrongTodo` where main.cpp does not compile by a mistake that is known.
    """
    from aiedge.board.build import build

    path = Choice(project, solution).require()
    folder = project_dir(project)
    print(f"building {folder.name}/{'solution' if solution else 'vscode'} for the browser", flush=True)
    main_cpp = folder / ("solution" if solution else "vscode/main") / "main.cpp"
    try:
        firmware = build(
            folder / "vscode",
            "browser",
            main_cpp=main_cpp if solution else None,
            model_cpp=path if solution else None,
        )
    except UserError as error:
        text = read_main_cpp(main_cpp, find_project(project).lesson.folder / "main.cpp")
        if wrong := does_not_compile(text, error.message):
            raise WrongTodo(wrong) from error
        raise
    with _page(project, firmware, path) as page:
        open_page(page)
        yield page


def run_on_page(
    page: BrowserBoard, project: str, options: Options, patience: float = _PATIENCE
) -> BenchmarkResult:
    """Run the benchmark on a page's board, once somebody has opened it, which may take `patience` seconds."""
    if not page.wait(patience):
        raise UserError("nobody has opened the page", f"open it in a browser of this computer: {page.url}")
    return run_on_line(page.line(), project, True, options, _BAUD)


def keep(page: BrowserBoard) -> None:
    """Serve the page until Ctrl-C."""
    print("the page stays until Ctrl-C", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


def _page(project: str, firmware: Path, model: Path) -> BrowserBoard:
    """The page of a firmware and its network, with some of the project's test pictures as drawn scenes."""
    data = find_project(project).lesson.data
    scenes = b""
    if data and data.side:
        test = samples(project, _SCENES)
        pictures = np.ascontiguousarray(test.inputs[:_SCENES], np.uint8)
        scenes = np.array(pictures.shape[:3], "<u2").tobytes() + pictures.tobytes()
    facts = page_facts(tflite.read(model), project, data.classes if data else ())
    return BrowserBoard(firmware.read_bytes(), facts, scenes)


def main(arguments: list[str]) -> int:
    """Show a firmware that is built."""
    project, model, firmware = arguments
    with _page(project, Path(firmware), Path(model)) as page:
        open_page(page)
        keep(page)
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(lambda: main(sys.argv[1:])))
