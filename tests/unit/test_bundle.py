"""The kit in a folder for a room without a network: made on a small copy of the kit, set up from what it brings."""

import shutil
import subprocess

import numpy as np
import pytest

from aiedge.errors import UserError
from aiedge.train.datasets import archives
from aiedge.train.datasets.download import NoNetworkError
from aiedge.workshop import bundle, environment
from tests.unit.test_setup import Kit

NOBODY = "http://127.0.0.1:9/simple"


@pytest.fixture
def small(tmp_path, monkeypatch, repo):
    """A kit of a few files, and all that would download replaced by files of this test."""
    kit = Kit(tmp_path / "kit", repo)
    for name in ("results/1.json", ".venv/pyvenv.cfg", "xormodel/build/x", "__pycache__/x.pyc"):
        kit.write(name, "made by use")
    for module in (bundle, environment):
        monkeypatch.setattr(module, "REPO", kit.folder)
    monkeypatch.setattr(environment, "prepare", lambda: None)

    def fill(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for wheel in kit.wheelhouse.glob("*.whl"):
            shutil.copy(wheel, folder)

    monkeypatch.setattr(environment, "fill_wheelhouse", fill)
    monkeypatch.setattr(environment, "PYTHON", "/bin/false")  # no photographs, no PlatformIO
    return kit


def test_a_copy_sets_itself_up_without_a_network(small, tmp_path, monkeypatch, capfd):
    target = tmp_path / "stick" / "aiedge"
    bundle.make(target)
    assert "the notebooks will draw" in capfd.readouterr().out
    assert not any((target / name).exists() for name in ("results", ".venv", "__pycache__", "xormodel/build"))
    assert f"./start-notebook.sh {bundle.way()[0].name}" in (target / bundle.START).read_text()
    copy = Kit.__new__(Kit)
    copy.folder, copy.tools, copy.wheelhouse = target, small.tools, None
    done = copy.start(
        "xormodel",
        "--no-browser",
        AIEDGE_WHEELHOUSE="",
        PIP_INDEX_URL=NOBODY,
        PIP_RETRIES="0",
        PIP_CONFIG_FILE="/dev/null",
    )
    assert done.returncode == 0, done.stderr
    assert f"lab: {target}/.venv " in done.stdout


def test_it_is_renewed_and_never_mixed_with_other_files(small, tmp_path):
    target = tmp_path / "bundle"
    bundle.make(target)
    (target / "start-notebook.sh").write_text("old")
    bundle.make(target)
    assert "exec" in (target / "start-notebook.sh").read_text()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        bundle.make(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    with pytest.raises(UserError, match="lies in the kit itself"):
        bundle.make(small.folder / "results" / "bundle")


def test_a_git_checkout_gives_what_git_knows(small):
    small.write("untracked.txt", "not the kit's")
    git = ["git", "-C", str(small.folder), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "start-notebook.sh", "common"], check=True)
    names = set(bundle._files())
    assert "start-notebook.sh" in names and "untracked.txt" not in names


def test_packages_for_the_board_come_along_where_they_are(small, tmp_path):
    core = small.folder / ".platformio"
    for name in ("platforms/espressif32/platform.json", "packages/tool-xtensa/gcc", "packages/tool-scons/x"):
        small.write(f".platformio/{name}", "package")
    small.write("xormodel/vscode/managed_components/tflm/a.c", "component")
    bundle.make(tmp_path / "bundle")
    copied = tmp_path / "bundle" / core.name
    assert (copied / "packages/tool-xtensa/gcc").exists()
    assert not (copied / "packages/tool-scons").exists()  # the set-up makes it for its own Python
    assert (tmp_path / "bundle/xormodel/vscode/managed_components/tflm/a.c").exists()


def test_wheels_of_another_system_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "BUNDLE", tmp_path)
    monkeypatch.delenv("AIEDGE_WHEELHOUSE", raising=False)
    other = tmp_path / "wheels-Plan9-mips-3.11"
    other.mkdir()
    (other / "x.whl").touch()
    assert environment.wheels() == []
    mine = environment.bundled_wheels(tmp_path)
    mine.mkdir()
    (mine / "x.whl").touch()
    assert environment.wheels() == ["--no-index", "--find-links", mine]
    monkeypatch.setenv("AIEDGE_WHEELHOUSE", str(other))
    assert environment.wheels()[-1] == other


def test_the_photographs_of_a_bundle_are_found(tmp_path, monkeypatch):
    monkeypatch.delenv("AIEDGE_DATA", raising=False)
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(archives, "BUNDLE", tmp_path)
    monkeypatch.setattr(archives, "download", lambda *_: pytest.fail("asks the network"))
    file = tmp_path / "pictures" / archives.CIFAR10.file
    file.parent.mkdir()
    np.savez(file, x=np.zeros(3))
    assert archives.find(archives.CIFAR10) == file
    bundle.pictures(tmp_path / "copy.npz")
    assert (tmp_path / "copy.npz").read_bytes() == file.read_bytes()


def test_without_a_network_there_are_no_photographs(tmp_path, monkeypatch):
    def unreachable(archive):
        raise NoNetworkError("cannot reach the server")

    monkeypatch.setattr(archives, "find", unreachable)
    with pytest.raises(UserError, match="cannot reach the server"):
        bundle.pictures(tmp_path / "cifar10.npz")
    assert not list(tmp_path.iterdir())
