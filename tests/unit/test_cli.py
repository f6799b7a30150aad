"""The `aiedge` command as a person types it."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aiedge import include_dir
from aiedge.cli import main
from aiedge.paths import REPO
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


def test_compile_brings_the_engine(
    xormodel: bytes, tmp_path: Path, need_tool, capsys: pytest.CaptureFixture
) -> None:
    cc = need_tool("cc", "apt install gcc")
    (tmp_path / "net.tflite").write_bytes(xormodel)
    assert main(["compile", str(tmp_path / "net.tflite"), "-o", str(tmp_path / "out"), "--engine"]) == 0
    folder = tmp_path / "out"
    engine = {path.name for path in include_dir().glob("*.[hS]")}
    assert {path.name for path in folder.iterdir()} == engine | {"net.c", "net.h"}
    assert f"wrote the {len(engine)} files of the engine into {folder}" in capsys.readouterr().out
    subprocess.run([cc, "-std=c11", "-c", "net.c"], cwd=folder, check=True)


def test_compile_for_the_core_of_the_esp32(repo: Path, tmp_path: Path) -> None:
    model = repo / "tests/golden/resnet8.tflite"
    for target in ("any", "esp32"):
        options = ["--name", "net", "--target", target]
        assert main(["compile", str(model), "-o", str(tmp_path / target), *options]) == 0
    texts = [(tmp_path / target / "net.c").read_text() for target in ("any", "esp32")]
    assert ["_lx6_int8(" in text for text in texts] == [False, True]


def test_compile_with_flash_for_int16_weights(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    compile_ = ["compile", str(repo / "tests/golden/resnet8.tflite"), "-o", str(tmp_path), "--name", "net"]
    assert main([*compile_, "--target", "esp32", "--fast-flash", "12000"]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(
        r"int16 weights: of [\d, ]+, [\d,]+ bytes more of flash for about [\d,]+ fewer instructions", said
    )
    assert f"// {said}.\n" in (tmp_path / "net.c").read_text()
    for options, message in (
        (["--fast-flash", "9"], "error: int16 weights are for the ESP32's core only"),
        (["--target", "esp32", "--fast-flash", "-1"], "error: -1 bytes of flash are none"),
    ):
        assert main([*compile_, *options]) == 2
        error = capsys.readouterr().err
        assert message in error and "\nhint: " in error


def test_a_header_that_cannot_be_written_is_named(
    xormodel: bytes, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "net.tflite").write_bytes(xormodel)
    (tmp_path / "aiedge_dot.h").mkdir()
    assert main(["compile", str(tmp_path / "net.tflite"), "-o", str(tmp_path), "--engine"]) == 2
    error = capsys.readouterr().err
    assert f"cannot write {tmp_path / 'aiedge_dot.h'}" in error and "\nhint: " in error
    assert not list(tmp_path.glob("*.partial"))


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("where", ["/dev/full", "a pipe"])
@pytest.mark.parametrize(
    "command",
    [
        ["-m", "aiedge", "inspect", "xormodel/solution/xormodel.cpp"],
        ["run_serial.py", "socket://127.0.0.1:9"],
    ],
)
def test_an_output_that_takes_nothing_is_an_error(command: list[str], where: str) -> None:
    if where == "/dev/full":
        output = os.open(where, os.O_WRONLY)
    else:  # full, and it does not wait
        reading, output = os.pipe()
        os.set_blocking(output, False)
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while os.write(output, bytes(size)):
                    pass
    # Without a buffer Python itself drops what such a pipe does not take.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    run = subprocess.run(
        [sys.executable, *command],
        cwd=REPO,
        env=environment,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(output)
    if where == "a pipe":
        os.close(reading)
    assert run.returncode == 2, run.stderr
    assert run.stderr.startswith("error: input or output: ") and "hint: " in run.stderr
    assert "Traceback" not in run.stderr and "Exception ignored" not in run.stderr


@pytest.mark.parametrize("name", ["socket.py", "argparse.py", "json.py", "numpy.py"])
def test_no_module_is_taken_from_the_current_folder(name: str, tmp_path: Path, repo: Path) -> None:
    (tmp_path / name).write_text("raise SystemExit('from the wrong folder')")
    model = repo / "xormodel/solution/xormodel.cpp"
    run = subprocess.run(
        [sys.executable, "-m", "aiedge", "weights", model, "-o", "x.bin"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(repo / "common")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_debug_shows_the_traceback() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "aiedge", "--debug", "inspect", "no.tflite"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in run.stderr


def test_nothing_is_written_when_the_model_is_not_supported(tmp_path: Path) -> None:
    model = tmp_path / "sign.tflite"
    model.write_bytes(unsupported_operator().build([0], [1]))
    assert main(["compile", str(model), "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_named(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    assert main(["compile", str(repo / "xormodel/solution/xormodel.cpp"), "-o", str(tmp_path / "file")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_the_compiler_imports_no_more_than_it_needs(repo: Path, tmp_path: Path) -> None:
    """TensorFlow, Keras, Jupyter and matplotlib take seconds, and the base installation lacks them."""
    code = (
        "import sys; before = set(sys.modules); from aiedge.cli import main; main(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    command = ["compile", str(repo / "xormodel/solution/xormodel.cpp"), "-o", str(tmp_path), "--engine"]
    run = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    others = set(run.stdout.splitlines()[-1].split()) - sys.stdlib_module_names
    assert others == {"aiedge", "ai_edge_litert", "flatbuffers", "jinja2", "markupsafe", "numpy"}


def test_describing_a_model_does_not_wait_for_tensorflow() -> None:
    code = "import sys, aiedge.cli, aiedge.cost.description, aiedge.tflite; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
