"""What the kit does for PlatformIO's builder for ESP-IDF, which itself is not to be had on every computer."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aiedge.paths import REPO
from tests.firmware.test_project import PROJECTS, on_esp_idf, settings

SCRIPT = REPO / "common/platforms/esp_idf.py"


class Scons:
    """What the script asks of the environment that PlatformIO hands it."""

    def __init__(self, kit: str) -> None:
        self.folders = {"$BUILD_DIR": f"{kit}/.pio/build", "$PROJECT_PACKAGES_DIR": f"{kit}/.platformio"}

    def subst(self, text: str) -> str:
        return self.folders[text]

    def IsIntegrationDump(self) -> bool:
        return False

    IsCleanTarget = IsIntegrationDump

    def Exit(self, status: int) -> None:
        raise SystemExit(status)


def run(env: Scons) -> None:
    exec(compile(SCRIPT.read_text(), SCRIPT, "exec"), {"env": env, "Import": lambda name: None})


def test_a_space_in_the_path_is_told_before_the_build(capsys: pytest.CaptureFixture) -> None:
    run(Scons("/home/ada/aiedge"))
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit) as stop:
        run(Scons("/home/ada/my kit"))
    assert stop.value.code == 2
    assert re.fullmatch(r"error: .*/home/ada/my kit/.+\nhint: .+\n", capsys.readouterr().err)


COPY = """
import copy
from SCons.Script import Environment
from SCons.Builder import Builder

# As PlatformIO makes the builder: with -v its action is the bare command.
env = Environment(BUILDERS={"ElfToBin": Builder(action="echo -o $TARGET")})
action = copy.deepcopy(env["BUILDERS"]["ElfToBin"].action)
action.cmd_list = action.cmd_list.replace("-o", "-4MB -o")
status = action([env.File("firmware.bin")], [], env)
print("status", status)
"""


@pytest.mark.parametrize("helped", [False, True])
def test_verbose_builds_do_not_end_in_scons(helped: bool, tmp_path: Path) -> None:
    """An action that was copied as the builder copies it runs with the script's help, and else does not."""
    help_it = f"""
class Env:
    def IsIntegrationDump(self): return True
exec(open({str(SCRIPT)!r}).read(), {{"env": Env(), "Import": lambda name: None}})
"""
    code = help_it * helped + COPY
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    if helped:
        assert done.returncode == 0, done.stderr
        assert "-4MB -o firmware.bin" in done.stdout and "status 0" in done.stdout
    else:
        assert "TypeError" in done.stderr and "_Null" in done.stderr


@pytest.mark.parametrize("project", PROJECTS)
def test_every_build_of_esp_idf_runs_the_script_first(project: str) -> None:
    for name, options in settings(project).items():
        if name.startswith("env:"):
            own = [script for script in options["extra_scripts"] if SCRIPT.name in script]
            assert own == [f"pre:../../common/platforms/{SCRIPT.name}"] * on_esp_idf(options), name
            assert not own or options["extra_scripts"][0] == own[0]
