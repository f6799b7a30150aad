"""The notebooks as a person meets them: in JupyterLab, in a browser. Works on copies, since Jupyter saves by itself.

What the browser showed lies in tests/artifacts/ after a run.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest

from aiedge.lesson import find_project, lesson_of, projects
from aiedge.paths import REPO
from aiedge.workshop.notebooks import DRAWN
from aiedge.workshop.start import lab_options

TALL = (1280, 16000)  # the whole notebook in one picture
# Of a lesson with levels one solution runs here each time, the others with --full, and second notebooks of a folder.
LESSONS = {lesson_of(project): project for project in reversed(projects())}
SOLUTIONS = [
    project
    if project in LESSONS.values() and not find_project(project).lesson.within
    else pytest.param(project, marks=pytest.mark.slow)
    for project in projects()
]
LONG = "cifar_cnn"  # its networks learn: `test_nbval` runs them once more than the lessons' check, that is enough

CODE = """Array.from(window.jupyterapp.shell.currentWidget.content.model.cells)
    .filter(cell => cell.type === "code")"""
# Not as one long request: selenium gives up on an answer after two minutes.
RUN_ALL = """
window.allRan = null;
window.jupyterapp.commands.execute("notebook:run-all-cells")
    .then(() => { window.allRan = true; }, error => { window.allRan = `${error}`; });
"""
# Of each code cell of the open notebook the kinds of its outputs, and its execution count.
OUTPUTS = CODE + ".map(cell => cell.outputs.toJSON().map(output => output.output_type))"
COUNTS = CODE + ".map(cell => cell.executionCount)"
READY = """
const widget = window.jupyterapp && window.jupyterapp.shell.currentWidget;
return Boolean(widget && widget.sessionContext && widget.sessionContext.session
    && widget.sessionContext.session.kernel && widget.sessionContext.session.kernel.status === "idle");
"""


class Lab:
    """A running JupyterLab on a copy of one project."""

    def __init__(self, notebook: Path):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]
        self.token = "test"
        options = lab_options(notebook, self.port, browser=False)
        options += [f"--IdentityProvider.token={self.token}", "--LabApp.expose_app_in_browser=True"]
        home = notebook.parent.parent.parent
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={
                **os.environ,
                **DRAWN,
                "JUPYTER_CONFIG_DIR": f"{home}/config",
                "JUPYTER_PREFER_ENV_PATH": "1",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(3000):
            try:
                urlopen(f"http://localhost:{self.port}/api", timeout=5).close()
                return
            except URLError:
                time.sleep(0.1)
        self.stop()
        raise TimeoutError("JupyterLab does not answer")

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/?token={self.token}"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)


@pytest.fixture
def open_in_lab(browser, tmp_path) -> Iterator:
    """`open_in_lab(project, kind)` shows a copy of the project's student or solution notebook in the browser."""
    labs = []

    def open_copy(project: str, kind: str) -> Path:
        found = find_project(project)
        folder = tmp_path / "kit" / found.folder.name
        (folder / "notebook").mkdir(parents=True)
        copy = folder / "notebook" / found.student.name
        shutil.copy(found.student if kind == "notebook" else found.solution, copy)
        labs.append(Lab(copy))
        browser.get(labs[-1].url)
        wait(browser, READY)
        return folder

    yield open_copy
    for lab in labs:
        lab.stop()


def wait(browser, script: str) -> None:
    """Wait until a script is true in the page."""
    for _ in range(6000):
        if browser.execute_script(script):
            return
        time.sleep(0.1)
    browser.save_screenshot(REPO / "tests" / "artifacts" / "timeout.png")
    raise TimeoutError(f"not true in the page within ten minutes: {script}")


@pytest.mark.parametrize("project", projects())
def test_a_student_gets_to_the_first_check(browser, open_in_lab, artifacts, project):
    """Shift+Enter from the first cell on: the cells run, and the check of the unsolved exercise says so."""
    from selenium.webdriver import ActionChains, Keys

    folder = open_in_lab(project, "notebook")
    cells = nbformat.read(folder / "notebook" / f"{project}.ipynb", as_version=4).cells
    check = next(number for number, cell in enumerate(cells) if "check" in cell.metadata.get("tags", []))
    browser.find_element("css selector", ".jp-Notebook .jp-Cell").click()
    for _ in range(check + 1):
        ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
    wait(browser, f"return ({OUTPUTS}).flat().includes('error')")
    browser.save_screenshot(artifacts / f"{project}_first_check.png")
    ran = sum(cell.cell_type == "code" for cell in cells[: check + 1])
    assert [kinds.count("error") for kinds in browser.execute_script(f"return {OUTPUTS}")[:ran]] == [0] * (
        ran - 1
    ) + [1]


@pytest.mark.parametrize(
    "project", [pytest.param(LONG, marks=pytest.mark.slow) if p == LONG else p for p in SOLUTIONS]
)
def test_the_solution_runs_in_the_browser(browser, open_in_lab, artifacts, project):
    folder = open_in_lab(project, "solution")
    browser.set_window_size(*TALL)
    browser.execute_script(RUN_ALL)
    wait(browser, "return window.allRan !== null")
    assert browser.execute_script("return window.allRan") is True
    wait(browser, READY)
    browser.save_screenshot(artifacts / f"{project}_solution.png")
    counts = browser.execute_script(f"return {COUNTS}")
    assert counts == list(range(1, len(counts) + 1))
    assert "error" not in browser.execute_script(f"return ({OUTPUTS}).flat()")
    # The model, exported beside the notebook.
    assert (folder / "notebook" / f"{lesson_of(project)}.cpp").exists() == bool(
        find_project(project).lesson.firmware
    )


@pytest.mark.parametrize("project", SOLUTIONS)
def test_nbval(project, tmp_path):
    """Every cell of the solution runs, and those marked for comparison give the outputs that are stored."""
    copy = shutil.copy(find_project(project).solution, tmp_path)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider"]
    environment = {**os.environ, **DRAWN}
    done = subprocess.run([*command, copy], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
