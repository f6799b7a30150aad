"""What commands print where output is no terminal, has an old encoding, or shall have no colours."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiedge.progress import has_colours, tqdm


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars_are_for_terminals() -> None:
    for stream in (Terminal(), io.StringIO()):
        assert list(tqdm(range(3), file=stream)) == [0, 1, 2]
        with tqdm(total=3, file=stream) as bar:
            bar.update(2)
            bar.set_postfix_str("half")
        assert bool(stream.getvalue()) == stream.isatty()
    assert list(tqdm(range(3), file=(hidden := Terminal()), disable=True)) == [0, 1, 2]
    assert not hidden.getvalue()


def test_every_bar_of_the_package_is_such_a_one(repo: Path) -> None:
    package = repo / "common" / "aiedge"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "from tqdm import" in path.read_text(encoding="utf-8")
    }
    # These two hide theirs by `notebooks.hidden`.
    assert found == {"progress.py", "workshop/notebooks.py", "workshop/lessons/rehearsal.py"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_can_be_refused(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert has_colours(Terminal()) is expected and not has_colours(io.StringIO())


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize(
    "command", [["memory"], ["inspect"], ["energy", "--trace"], ["no such file.tflite µ"]]
)
def test_a_pipe_of_an_old_encoding(
    command: list[str], encoding: str, xormodel: bytes, tmp_path: Path
) -> None:
    (tmp_path / "net.tflite").write_bytes(xormodel)
    rows = [f"{n},{80 if 20 <= n < 40 else 20}" for n in range(60)]
    (tmp_path / "trace.csv").write_text("\n".join(["time_ms,current_ma", *rows]))
    arguments = {
        "energy": ["energy", "--trace", "trace.csv", "--on", "50"],
        "no such file.tflite µ": ["inspect", "µ→.tflite"],
    }.get(command[0], [*command, "net.tflite"])
    run = subprocess.run(
        [sys.executable, "-m", "aiedge", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert run.returncode == (2 if "→" in arguments[-1] else 0), run.stderr
    assert b"Traceback" not in run.stderr and run.stdout + run.stderr
