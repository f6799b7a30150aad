"""`aiedge.CompiledModel`: a model compiled for this computer."""

import errno
import io
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import aiedge
from aiedge import progress, tflite
from aiedge.benchmark import Samples
from aiedge.benchmark.models import Codec
from aiedge.codegen import compiled, generate, toolchain
from aiedge.cost.runtimes import Reference, every_int8_pair
from aiedge.errors import UserError
from aiedge.files import cache_folder, write_atomic
from aiedge.paths import REPO
from aiedge.tflite.labels import with_labels
from tests.support.model_files import with_ends
from tests.support.networks import network


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path))
    return tmp_path / "compiled"


def test_it_answers_as_numpy_does(xormodel: bytes, tmp_path: Path) -> None:
    x = every_int8_pair()[::53]
    expected = tflite.run_integer(tflite.read(xormodel), x)
    (tmp_path / "net.tflite").write_bytes(xormodel)
    for model in (xormodel, tmp_path / "net.tflite", str(tmp_path / "net.tflite"), tflite.read(xormodel)):
        np.testing.assert_array_equal(aiedge.CompiledModel(model).predict(x), expected)


def test_set_input_invoke_get_output(xormodel: bytes) -> None:
    model = aiedge.CompiledModel(xormodel)
    x = np.array([[127, -128]], np.int8)
    model.set_input(x)
    x[:] = 0  # the model has its own copy
    model.invoke()
    first = model.get_output()
    assert first.shape == (1, 1) and first.dtype == np.int8
    model.set_input(np.array([127, 127], np.int8))
    model.invoke()
    assert model.get_output() != first  # which the second run left alone


@pytest.mark.parametrize("dtype", ["uint8", "int16"])
def test_inputs_and_outputs_of_other_types(xormodel: bytes, dtype: str) -> None:
    data = with_ends(xormodel, dtype)
    model, inner = aiedge.CompiledModel(data), tflite.read(xormodel)
    x = every_int8_pair()[::53]
    shift = 128 if dtype == "uint8" else 0
    outer = (x.astype(np.int32) + shift).astype(dtype)
    y = model.predict(outer)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.astype(np.int32) - shift, tflite.run_integer(inner, x))
    np.testing.assert_array_equal(y, tflite.run_integer(model.graph, outer))
    if tflite.has_tflm():
        np.testing.assert_array_equal(y, tflite.run_tflm(data, outer))
    with pytest.raises(ValueError, match=dtype):
        model.predict(x)
    assert f"const {dtype}_t *input, {dtype}_t *output" in model.source.header
    # What a board takes and answers.
    codec = Codec(data)
    real = np.float32([0.25, 1.0])
    assert codec.variant == dtype
    plain = Codec(xormodel)
    samples = Samples(real[None], np.array([1]))
    (mine,) = codec.answers(samples, Reference("", model.predict))
    (theirs,) = plain.answers(samples, Reference("", lambda x: tflite.run_integer(inner, x)))
    assert len(mine) == np.dtype(dtype).itemsize and codec.decode(mine) == plain.decode(theirs)


@pytest.mark.skipif(not tflite.has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
def test_several_inputs_and_outputs() -> None:
    data = network("two_inputs")
    model = aiedge.CompiledModel(data)
    rng = np.random.default_rng(0)
    x = [rng.integers(-128, 128, (5, *t.sample_shape), np.int8) for t in model.inputs]
    outputs = model.predict(*x)
    for mine, theirs in zip(outputs, tflite.interpreters.run_tflm_all(data, x), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(ValueError, match="2 inputs, not 1"):
        model.predict(x[0])


@pytest.mark.parametrize("x", [np.zeros(2, np.float32), np.zeros(3, np.int8)], ids=["type", "size"])
def test_an_input_that_does_not_fit_is_named(x: np.ndarray, xormodel: bytes) -> None:
    with pytest.raises(ValueError, match=r"input 0 is tensor 0 \(int8 \[1, 2\]"):
        aiedge.CompiledModel(xormodel).set_input(x)


def test_a_model_is_compiled_once(xormodel: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = aiedge.CompiledModel(xormodel)
    assert list(cache.iterdir()) == [first.library]
    other = aiedge.CompiledModel(xormodel, flags=("-O1",))
    assert other.library != first.library
    monkeypatch.setattr(compiled, "run_compiler", lambda command: pytest.fail("compiled again"))
    assert aiedge.CompiledModel(xormodel).library == first.library
    monkeypatch.setattr(compiled, "_engine", lambda: "other headers")
    with pytest.raises(pytest.fail.Exception, match="compiled again"):
        aiedge.CompiledModel(xormodel)


@pytest.mark.parametrize("damage", ["cut off", "another", "empty"])
def test_a_damaged_library_is_made_anew(damage: str, xormodel: bytes, cache: Path) -> None:
    code = "from aiedge import CompiledModel; import sys; print(CompiledModel(sys.argv[1]).library)"
    command = [sys.executable, "-c", code, str(REPO / "xormodel/solution/xormodel.cpp")]

    def library() -> Path:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return Path(run.stdout.strip())

    path = library()
    whole = path.read_bytes()
    path.write_bytes({"cut off": whole[: len(whole) // 2], "another": b"ELF" * 1000, "empty": b""}[damage])
    assert library() == path and len(path.read_bytes()) > 1000
    assert path.read_bytes()[:4] == whole[:4]


def test_several_can_compile_the_same_at_once(xormodel: bytes, cache: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: aiedge.CompiledModel(xormodel), range(4)))
    assert {path.stem for path in cache.iterdir()} == {models[0].library.stem}
    assert len({model.predict(every_int8_pair()[:300]).tobytes() for model in models}) == 1


def test_a_failed_compilation_leaves_nothing(
    xormodel: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="failed"):
        aiedge.CompiledModel(xormodel, flags=("--no-such-flag",))
    assert list(cache.iterdir()) == []
    monkeypatch.setenv("PATH", str(cache))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)  # Zig's package
    with pytest.raises(UserError, match="no C compiler"):
        aiedge.CompiledModel(xormodel)


def test_a_long_batch_shows_a_bar(
    xormodel: bytes, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    model = aiedge.CompiledModel(xormodel)
    model.predict(every_int8_pair()[:10])
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(compiled, "BAR_AFTER_S", 0)
    model.predict(every_int8_pair()[:10])
    assert "/10" in capsys.readouterr().out
    # Within another bar it would leave its line behind.
    with progress.tqdm(total=1):
        model.predict(every_int8_pair()[:10])
    assert "/10" not in capsys.readouterr().out


def test_the_package_alone_imports_nothing_large() -> None:
    code = (
        "import sys, aiedge; assert not {'numpy', 'tqdm', 'jinja2'} & set(sys.modules); aiedge.CompiledModel"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'Compiled'"):
        aiedge.Compiled  # noqa: B018


@pytest.mark.parametrize("bytes_left", [0, 100, 5000])
def test_a_library_that_was_cut_is_made_anew(
    bytes_left: int, xormodel: bytes, cache: Path, tmp_path: Path
) -> None:
    program = (
        "import sys, numpy, aiedge\n"
        "m = aiedge.CompiledModel(open(sys.argv[1], 'rb').read())\n"
        "print(m.predict(numpy.zeros((1, 2), numpy.int8)).shape)\n"
    )
    (tmp_path / "net.tflite").write_bytes(xormodel)
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", program, tmp_path / "net.tflite"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stdout) == (0, "(1, 1)\n"), run.stderr
        (library,) = cache.iterdir()
        library.write_bytes(library.read_bytes()[:bytes_left])


def test_cc_may_have_flags(xormodel: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch, need_tool) -> None:
    need_tool("gcc", "apt install gcc")
    monkeypatch.setenv("CC", "gcc -O1 -g0")
    x = every_int8_pair()[::5003]
    np.testing.assert_array_equal(
        aiedge.CompiledModel(xormodel).predict(x), tflite.run_integer(tflite.read(xormodel), x)
    )


@pytest.mark.parametrize(
    "compiler", ["no-such-gcc", "false", "'gcc", "arm-none-eabi-gcc --specs=nosys.specs"]
)
def test_a_cc_that_makes_nothing_for_this_computer_is_told(
    compiler: str, xormodel: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch, need_tool
) -> None:
    if compiler.startswith("arm"):
        need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(UserError):
        aiedge.CompiledModel(xormodel)


def test_a_cache_that_cannot_be_used_is_passed_over(
    xormodel: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("AIEDGE_CACHE", str(tmp_path / "file"))
    assert aiedge.CompiledModel(xormodel).predict(np.zeros((1, 2), np.int8)).shape == (1, 1)


def test_a_cache_whose_files_may_not_be_run_is_passed_over(
    xormodel: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = compiled.ctypes.CDLL

    def refusing(path: str) -> object:
        if path.startswith(str(cache)):
            raise OSError(f"{path}: failed to map segment from shared object")
        return load(path)

    monkeypatch.setattr(compiled.ctypes, "CDLL", refusing)
    assert aiedge.CompiledModel(xormodel).predict(np.zeros((1, 2), np.int8)).shape == (1, 1)


def test_without_a_home_the_cache_is_a_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIEDGE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    assert cache_folder("compiled").parts[-2:] == ("aiedge", "compiled")


def test_a_full_disk_is_no_question_of_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError) as caught:
        write_atomic(tmp_path / "net.c", "")
    assert caught.value.hint == "make room on the disk" and not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full: Linux has it")
def test_output_to_a_full_disk_is_an_error_of_one_line(xormodel: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(xormodel)
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "aiedge", "inspect", tmp_path / "net.tflite"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.returncode == 2 and run.stderr.splitlines()[0].startswith("error: input or output: ")
    assert "Traceback" not in run.stderr and "Exception ignored" not in run.stderr


def test_labels_become_strings_in_the_header(xormodel: bytes, tmp_path: Path) -> None:
    if (compiler := shutil.which("cc")) is None:
        pytest.skip("cc is missing")
    label = 'a "b" \\ ??/ ü\t\x01 7'
    source = generate(tflite.read(with_labels(xormodel, [label])), "net")
    source.write(tmp_path)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "net.h"\nstatic const char *const labels[] = NET_LABELS;\n'
        "int main(void) { return fputs(labels[0], stdout) == EOF || sizeof labels != sizeof *labels; }\n"
    )
    flags = ["-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    subprocess.run([compiler, *flags, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, check=True)
    assert done.stdout.decode() == label
    assert "NET_LABELS" not in generate(tflite.read(xormodel), "net").header
    # Those of another output are none.
    other = io.BytesIO(xormodel)
    with zipfile.ZipFile(other, "a") as file:
        file.writestr("labels.txt", "one\ntwo\n")
    assert "NET_LABELS" not in generate(tflite.read(other.getvalue()), "net").header
