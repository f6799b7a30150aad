"""`aiedge bench`: counting instructions on emulated cores, timing on this computer."""

import json
import re
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.cli import main
from aiedge.codegen import generate
from aiedge.cost import TARGETS, Target, bench, count_instructions
from aiedge.cost import emulator as emulator_module
from aiedge.cost.cycles import instruction_cycles
from aiedge.cost.harness import random_inputs
from aiedge.errors import UserError
from tests.support.model_files import dense_float
from tests.support.networks import network
from tests.support.random_lx6 import layer


@pytest.fixture(params=list(TARGETS))
def target(request: pytest.FixtureRequest, need_tool) -> Target:
    """Each emulated core whose tools are installed."""
    core = TARGETS[request.param]
    for program in core.tools:
        need_tool(program, f"apt install {core.packages}")
    return core


def test_counts_are_those_of_the_emulators_own_log(
    target: Target, xormodel: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One instruction a block, each block's execution in the log: slow, and independent of the plugin.
    run_tool, logs, estimates = emulator_module.run_tool, [], []

    def estimate(file: Path, trace: list[int]) -> np.ndarray:
        """The cycles up to each instruction of the trace."""
        table = np.loadtxt(file, np.int64)
        own, taken = ({at: int(n) for at, n in zip(table[:, 0], table[:, i], strict=True)} for i in (1, 2))
        behind = dict(zip(table[:-1, 0], table[1:, 0], strict=True))
        jumps = (taken[pc] * (behind.get(pc) != after) for pc, after in pairwise(trace))
        return np.cumsum([0, *(own[pc] + jump for pc, jump in zip(trace, jumps, strict=False))])

    def run_and_log(command: list[str], folder: Path) -> bytes:
        if "-plugin" in command:
            log = tmp_path / "log"
            plain = command[: command.index("-plugin")]
            subprocess.run(
                [*plain, "-singlestep", "-d", "exec,nochain", "-D", log],
                cwd=folder,
                capture_output=True,
                check=True,
            )
            address = re.search(r"mark=0x([0-9a-f]+)", command[-1])
            assert address
            trace = re.findall(r"^Trace.*?\[[0-9a-f]+/([0-9a-f]+)/", log.read_text(), re.MULTILINE)
            skip = re.search(r"skip=(0x[0-9a-f]+):(0x[0-9a-f]+)", command[-1])
            out = range(*(int(place, 16) for place in skip.groups())) if skip else range(0)
            counted = [pc for pc in (int(place, 16) for place in trace) if pc not in out]
            logs.append([i for i, pc in enumerate(counted) if pc == int(address[1], 16)])
            if target.estimates_cycles:
                estimates.append(estimate(folder / "timings", counted))
        return run_tool(command, folder)

    monkeypatch.setattr(emulator_module, "run_tool", run_and_log)
    graph = tflite.read(
        xormodel if target.kernels == "any" else layer(np.random.default_rng(3), [2, 2], 8, 4, (1, 1))
    )
    source = generate(graph, "model", core=target.kernels)
    count = count_instructions(graph, source, target, random_inputs(graph, 2))
    spans = np.diff(logs[0])
    empty = spans[0]
    assert count.total == spans[2] - empty
    assert list(count.operators.values()) == [span - empty for span in spans[4:]]
    if not target.estimates_cycles:
        assert count.cycles is None
        return
    spans = np.diff(estimates[0][logs[0]])
    assert count.cycles == spans[2] - spans[0] > count.total


# Instructions of a Cortex-M4 with their cycles, as its manual has them or as the module says; a branch that is taken
# besides.
TIMINGS = """
mov r0, #1                  1
smlad r0, r1, r2, r0        1
smull r0, r1, r2, r3        1
sdiv r0, r1, r2             12
ldr r0, [r1]                2
ldr r2, [r3, #4]            1
ldr r4, [r2]                2
str r4, [r3, #4]            1
ldrd r0, r1, [r2]           3
strb r0, [r1, r2]           2
add r5, r6                  1
ldr r0, [r5]                3
push {r4-r7, lr}            6
ldm r0!, {r1, r2, r3}       4
vmul.f32 s0, s1, s2         1
vfma.f32 s0, s1, s2         3
vdiv.f32 s0, s1, s2         14
cmp r0, #1                  1
bne .                       1 2
cbz r0, .+8                 1 2
bl .                        1 2
bx lr                       1 2
tbb [pc, r0]                6
pop {r4, pc}                5
"""


# The same of a Cortex-M0+.
TIMINGS_M0PLUS = """
movs r0, #1                 1
muls r0, r1, r0             1
ldr r0, [r1, #4]            2
ldrb r0, [r1, r2]           2
ldrsb r0, [r1, r2]          2
str r4, [r3]                2
push {r4-r7, lr}            6
pop {r4, r5}                3
pop {r4, pc}                5
ldmia r0!, {r1, r2, r3}     4
mov pc, r0                  2
add r5, r6                  1
cmp r0, #1                  1
bne .                       1 1
b .                         2
bl .                        3
bx lr                       2
blx r3                      2
"""


@pytest.mark.parametrize(
    ("core", "timings"), [("cortex-m4", TIMINGS), ("cortex-m0plus", TIMINGS_M0PLUS)], ids=["m4", "m0plus"]
)
def test_cycles_are_those_of_the_manual(core: str, timings: str, tmp_path: Path, need_tool) -> None:
    compiler = need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    rows = [re.split(r"\s{2,}", line) for line in timings.strip().splitlines()]
    (tmp_path / "all.s").write_text("\n".join([".syntax unified", *(row[0] for row in rows), ""]))
    subprocess.run(
        [compiler, *TARGETS[core].compiler[1:], "-c", "all.s", "-o", "all.o"], cwd=tmp_path, check=True
    )
    found = [row[1:] for row in instruction_cycles(tmp_path / "all.o", "arm-none-eabi-objdump", core)]
    expected = [tuple(int(n) for n in f"{cycles} 0".split()[:2]) for _, cycles in rows]
    assert dict(zip((row[0] for row in rows), found, strict=True)) == dict(
        zip((row[0] for row in rows), expected, strict=True)
    )


MICROBIT = """
ENTRY(reset)
MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 256K
         RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(4);
            init_array_start = .; init_array_end = .; } > FLASH
  .data : ALIGN(4) { data_start = .; *(.data*) . = ALIGN(4); data_end = .; } > RAM AT > FLASH
  data_load = LOADADDR(.data);
  .bss (NOLOAD) : ALIGN(4) { bss_start = .; *(.bss*) *(COMMON) . = ALIGN(4); bss_end = .; } > RAM
  end = .;
  stack_top = ORIGIN(RAM) + LENGTH(RAM);
}
"""


def test_code_for_the_cortex_m0plus_runs_on_an_armv6_m(xormodel: bytes, tmp_path: Path, need_tool) -> None:
    """QEMU's micro:bit has a Cortex-M0, which knows the same instructions and no more: as many of them run there."""
    core = TARGETS["cortex-m0plus"]
    for program in core.tools:
        need_tool(program, f"apt install {core.packages}")
    for start in core.platform.glob("*.c"):
        # It has no floating-point unit to switch on.
        text = re.sub(r".*0xE000ED88.*\n", "", start.read_text())
        (tmp_path / start.name).write_text(text)
    (tmp_path / "microbit.ld").write_text(MICROBIT)
    microbit = replace(core, platform=tmp_path, emulator=core.emulator.replace("mps2-an386", "microbit"))
    graph = tflite.read(xormodel)
    source, inputs = generate(graph, "model"), random_inputs(graph, 3)
    here, there = (count_instructions(graph, source, each, inputs) for each in (core, microbit))
    assert (here.total, here.operators, here.cycles) == (there.total, there.operators, there.cycles)
    np.testing.assert_array_equal(here.outputs[0], there.outputs[0])


def test_counts_repeat_and_add_up(target: Target, xormodel: bytes) -> None:
    first, second = (bench(xormodel, "xor", target.name, peers=False) for _ in range(2))
    assert first == second
    parts = sum(row.cost for row in first.rows)
    assert 0 < first.total - parts < 60  # the call, its checks and its return
    # The ESP32's kernels count all, though this network calls none of them.
    most = 4096 if target.kernels == "any" else 8192
    assert first.code_bytes["-Os"] < first.code_bytes["-O2"] < most


def test_several_inputs_and_outputs_on_an_emulated_core(target: Target) -> None:
    report = bench(network("two_inputs"), "two", target.name, peers=False)
    assert report.total > report.macs > 0
    assert {row.kind for row in report.rows} >= {"CONV_2D", "CONCATENATION", "LOGISTIC"}


def test_outputs_are_compared(target: Target, xormodel: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiedge.cost import report

    def spoil(*arguments: object) -> object:
        count = count_instructions(*arguments)  # type: ignore[arg-type]
        count.outputs[0][0] ^= 1
        return count

    monkeypatch.setattr(report, "count_instructions", spoil)
    with pytest.raises(UserError, match="other outputs"):
        bench(xormodel, "xor", target.name, peers=False)


def test_the_command_prints_and_saves(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture, target: Target
) -> None:
    model = repo / "xormodel/solution/xormodel.cpp"
    assert main(["bench", str(model), "--target", target.name, "--quick", "-o", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "emulated" in out and "FULLY_CONNECTED" in out
    figures = json.loads((tmp_path / f"xormodel-{target.name}.json").read_text())
    assert figures["macs"] == 304 and f"{figures['total']:,.0f}" in out
    assert (tmp_path / f"xormodel-{target.name}.png").read_bytes().startswith(b"\x89PNG")


def test_float_networks(target: Target) -> None:
    model = dense_float(np.random.default_rng(0), [5, 3], end="TANH")
    if target.floats:
        assert bench(model, "float", target.name, peers=False).total > 15
    else:
        with pytest.raises(UserError, match="no float32"):
            bench(model, "float", target.name, peers=False)


def test_this_computer(xormodel: bytes, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    report = bench(xormodel, "xor", "host")
    assert report.unit == "ns" and 0 < report.total < 1e6
    assert [row.kind for row in report.rows][-1] == "LOGISTIC"
    ratio = report.peers["this computer: LiteRT / compiled C"]
    assert ratio == pytest.approx(report.peers["this computer: LiteRT, µs"] * 1000 / report.total)
    if tflite.has_tflm():
        assert report.peers["TFLM's arena, bytes"] > report.arena_bytes
        assert report.peers["this computer: TFLM / compiled C"] > 0


def test_a_missing_tool_is_named(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    model = str(repo / "xormodel/solution/xormodel.cpp")
    assert main(["bench", model, "--target", "xtensa", "--quick"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: xtensa-lx106-elf-gcc is missing") and "apt install gcc-xtensa-lx106" in err
