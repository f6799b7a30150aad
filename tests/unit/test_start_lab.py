"""How a project opens: in a workspace of its own, with terminals that find its folder and the kit's programs."""

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from aiedge.workshop import terminal
from aiedge.workshop.start import lab_options

# What an installer of pyenv or conda writes into a shell's settings.
FIRST_ON_PATH = 'export PATH="$HOME/other:$PATH"\n'
SETTINGS = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}


@pytest.mark.skipif(os.name != "posix", reason="POSIX shells")
@pytest.mark.parametrize("shell", SETTINGS)
def test_a_terminal_begins_in_the_project_with_the_kits_programs(shell, tmp_path, monkeypatch):
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"needs {shell}: apt install {shell}")
    for folder in ("other", "kit bin", "a project"):
        (tmp_path / folder).mkdir()
    for folder in ("other", "kit bin"):
        for name in ("python", "pio"):
            (tmp_path / folder / name).write_text("#!/bin/sh\n")
            (tmp_path / folder / name).chmod(0o755)
    settings = tmp_path / SETTINGS[shell]
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(FIRST_ON_PATH + "echo these are mine\n")
    monkeypatch.setenv("SHELL", path)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        **terminal.variables(tmp_path / "a project", tmp_path / "kit bin"),
    }
    done = subprocess.run(
        terminal.shell_command(),
        env=environment,
        cwd="/",
        input="command -v python\ncommand -v pio\npwd\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    kit = tmp_path / "kit bin"
    expected = ["these are mine", f"{kit}/python", f"{kit}/pio", str(tmp_path / "a project")]
    assert [line for line in done.stdout.splitlines() if line in expected] == expected, done


def test_without_the_last_word_the_persons_programs_come_first(tmp_path):
    """The test above can fail: PATH alone, as JupyterLab inherits it, does not do."""
    if shutil.which("bash") is None or os.name != "posix":
        pytest.skip("needs bash")
    (tmp_path / ".bashrc").write_text(FIRST_ON_PATH)
    command = ["bash", "-i"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        command, env=environment, input="echo $PATH\n", capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(f"{tmp_path}/other:")


def test_an_unknown_shell_gives_bash(monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    monkeypatch.setattr(terminal.shutil, "which", lambda name: f"/bin/{name}")
    assert terminal.shell_command()[:2] == ["/bin/bash", "--rcfile"]
    monkeypatch.setattr(terminal.shutil, "which", lambda name: None)
    assert terminal.shell_command() == []


def test_two_projects_have_workspaces_and_terminals_of_their_own(tmp_path):
    urls = []
    for project in ("one", "two"):
        options = lab_options(tmp_path / project / "notebook" / f"{project}.ipynb", None, browser=True)
        (url,) = (option for option in options if option.startswith("--LabApp.default_url="))
        assert url.endswith(f"/lab/workspaces/{project}/tree/{project}/notebook/{project}.ipynb")
        urls.append(url)
        if shell := terminal.shell_command():
            (settings,) = (option for option in options if "terminado_settings" in option)
            assert ast.literal_eval(settings.partition("=")[2]) == {"shell_command": shell}
    assert len(set(urls)) == 2


def test_the_shells_settings_lie_in_the_kit():
    assert {path.name for path in Path(terminal.SETTINGS).iterdir()} == {"bashrc", ".zshrc"}
