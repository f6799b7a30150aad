"""`aiedge memory` and `aiedge optimize` as a person types them."""

import os
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.boards import Core
from aiedge.cli import main
from aiedge.codegen import generate
from aiedge.tflm.arena import tflm_head
from tests.support.model_files import ModelFile
from tests.support.networks import GOLDEN, network
from tests.support.processes import restore_ctrl_c

CIFAR, DENSENET = GOLDEN / "cifar_cnn_25_51_76.tflite", GOLDEN / "densenet.tflite"
PNG = b"\x89PNG"


def test_memory_shows_who_needs_it_and_what_fits(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["memory", str(CIFAR), "--board", "bluepill", "-o", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for text in (
        "head of TensorFlow Lite Micro's arena: 32,000 bytes; at most 32,000 are live at once",
        "peak at operator 1 (MAX_POOL_2D)",
        "32,000  NO, 13,056 too many",
        "DS5319, st.com",
    ):
        assert text in out
    name = CIFAR.stem
    assert (tmp_path / f"{name}-memory.csv").read_text().count("\n") == 9
    for kind in ("memory", "ladder"):
        assert (tmp_path / f"{name}-{kind}.png").read_bytes().startswith(PNG)


def test_memory_says_of_a_build_what_it_takes_in_the_files_order(capsys: pytest.CaptureFixture) -> None:
    nasnet = GOLDEN / "nasnet.tflite"
    graph = tflite.read(nasnet)
    cores: tuple[tuple[Core, list[str]], ...] = (
        ("esp32", []),
        ("any", ["--target", "any"]),
    )  # the ESP-EYE's first
    for (step, streaming), (core, target) in product((("fused", False), ("streamed", True)), cores):
        plan = generate(graph, "net", streaming, core=core).plan
        assert main(["memory", str(nasnet), "--build", step, *target]) == 0
        marked = next(line for line in capsys.readouterr().out.splitlines() if "<- this build" in line)
        total = int(marked.split()[2].replace(",", ""))
        row = graph.inputs[0].bytes // (graph.inputs[0].shape[1] if streaming else 1)
        assert marked.split()[1] == step and total == plan.arena_bytes + row + graph.outputs[0].bytes


def test_memory_says_of_a_build_what_fits_alone(capsys: pytest.CaptureFixture) -> None:
    assert main(["memory", str(CIFAR), "--board", "bluepill", "--build", "TFLM"]) == 0
    out = capsys.readouterr().out
    assert "32,000  NO, 13,056 too many  <- this build" in out and "What makes it fit the SRAM: fused" in out
    assert "peak at operator 1 (MAX_POOL_2D)" in out and "DEPTHWISE" not in out and "Sources" not in out


@pytest.mark.parametrize("suffix", [".tflite", ".cpp"])
def test_optimize_writes_a_model_that_takes_less(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / f"smaller{suffix}"
    assert main(["optimize", str(DENSENET), "-o", str(path), "--board", "metro"]) == 0
    out = capsys.readouterr().out
    assert "TFLM plans it, order of the file         155,648 bytes" in out
    assert "122,880 of 32,768 bytes of SRAM: does NOT fit" in out
    assert tflm_head(tflite.read(path)) == 122_880
    main(["optimize", str(DENSENET), "-o", str(path), "--in-place"])
    assert tflm_head(tflite.read(path)) == 114_688


def test_a_limit_of_states_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "nasnet.tflite"
    path.write_bytes(network("nasnet"))
    assert main(["optimize", str(path), "-o", str(tmp_path / "less.tflite"), "--nodes", "10"]) == 0
    assert "the best found (after 10 states); no order needs less than" in capsys.readouterr().out


def tangle(count: int) -> bytes:
    """A network of concatenations whose best order takes a search many seconds to find."""
    rng = np.random.default_rng(2)
    file = ModelFile()
    sizes = {file.tensor([1, 4], scale=1 / 256): 4}
    unread = set(sizes)
    for _ in range(count):
        a, b = (int(i) for i in rng.choice([t for t in sizes if sizes[t] < 200][-count:], 2))
        output = file.tensor([1, sizes[a] + sizes[b]], scale=1 / 256)
        file.operator("CONCATENATION", [a, b], [output], axis=1)
        sizes[output] = sizes[a] + sizes[b]
        unread = unread - {a, b} | {output}
    return file.build([min(sizes)], sorted(unread))


@pytest.mark.skipif(os.name == "nt", reason="needs the signal of Ctrl-C")
def test_ctrl_c_ends_the_search_with_the_best_so_far(tmp_path: Path) -> None:
    path, output = tmp_path / "tangle.tflite", tmp_path / "less.tflite"
    path.write_bytes(tangle(60))
    command = [sys.executable, "-m", "aiedge", "optimize", str(path), "-o", str(output)]
    command += ["--nodes", "100000000"]
    import termios

    reading, terminal = os.openpty()  # where bars are shown, if it has a width
    termios.tcsetwinsize(terminal, (24, 80))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, preexec_fn=restore_ctrl_c) as run:
        shown = b""
        while b"states" not in shown:  # the bar
            shown += os.read(reading, 1024)
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=60)
    os.close(reading)
    os.close(terminal)
    assert run.returncode == 0 and b"the best found (interrupted); no order needs less than" in out
    assert tflm_head(tflite.read(output)) <= tflm_head(tflite.read(path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["memory", "no.tflite"], "cannot read no.tflite"),
        (["memory", __file__], "is not a .tflite file"),
        (["memory", str(CIFAR), "--board", "uno"], "there is no board 'uno'"),
        (["memory", str(CIFAR), "--nodes", "-1"], "-1 is no number of states"),
        (["memory", str(CIFAR), "--build", "tflm"], "this network does not run 'tflm'"),
        (["optimize", str(CIFAR), "-o", "x.tflite", "--board", "uno"], "there is no board 'uno'"),
        (["optimize", str(CIFAR), "-o", "x.onnx"], "x.onnx is no name of a model"),
        (["optimize", str(CIFAR), "-o", "/dev/null/x.tflite"], "cannot write"),
    ],
)
def test_mistakes_are_explained(arguments: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    assert main(arguments) == 2
    found = capsys.readouterr().err
    assert message in found and "hint: " in found and "Traceback" not in found
