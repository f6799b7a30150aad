"""The `aiedge` command as a person types it."""

import subprocess
import sys
from pathlib import Path

import pytest

from aiedge.cli import main
from tests.support.model_files import unsupported_operator


def test_inspect_shows_what_the_model_is(repo: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["inspect", str(repo / "xormodel/solution/xormodel.cpp")]) == 0
    out = capsys.readouterr().out
    for text in ("337 parameters, 304 MACs", "FULLY_CONNECTED", "arena, compiled      32 bytes", "SHA-256"):
        assert text in out


def test_compile_writes_c_that_any_compiler_takes(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    model = repo / "xormodel/solution/xormodel.cpp"
    assert main(["compile", str(model), "-o", str(tmp_path), "--name", "net", "--firmware"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aiedge_model.h", "net.c", "net.h"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: command"),
        (["inspekt"], "invalid choice"),
        (["inspect"], "required: model"),
        (["inspect", "no.tflite"], "cannot read no.tflite"),
        (["inspect", __file__], "not a .tflite file"),
        (["compile", "no.cpp", "-o", "x"], "cannot read no.cpp"),
    ],
)
def test_mistakes_end_with_error_hint_and_status_2(arguments: list[str], message: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "aiedge", *arguments], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert run.stderr.startswith("error: ") and message in run.stderr and "\nhint: " in run.stderr
    assert "Traceback" not in run.stderr


def test_debug_shows_the_traceback() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "aiedge", "--debug", "inspect", "no.tflite"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in run.stderr


def test_nothing_is_written_when_the_model_is_not_supported(tmp_path: Path) -> None:
    model = tmp_path / "sin.tflite"
    model.write_bytes(unsupported_operator().build([0], [1]))
    assert main(["compile", str(model), "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_named(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    assert main(["compile", str(repo / "xormodel/solution/xormodel.cpp"), "-o", str(tmp_path / "file")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_reading_a_model_does_not_wait_for_tensorflow() -> None:
    code = "import sys, aiedge.cli, aiedge.cost.description, aiedge.tflite; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
