"""What optimization levels do to a network, on emulated cores and on this computer."""

import pytest

from aiedge import tflite
from aiedge.cost import TARGETS, bench, optimization_levels
from aiedge.errors import UserError


@pytest.mark.parametrize("name", TARGETS)
def test_levels_are_those_of_the_benchmark(name: str, xormodel: bytes, need_tool) -> None:
    core = TARGETS[name]
    for program in core.tools:
        need_tool(program, f"apt install {core.packages}")
    levels = optimization_levels(tflite.read(xormodel), name, ("-O1", "-Os", "-O2"))
    report = bench(xormodel, "xor", name, peers=False)
    rows = {row.level: row for row in levels.rows}
    assert levels.unit == "instructions" and "emulated" in levels.core
    assert rows["-O2"].ratio == 1 and rows["-O1"].ratio == rows["-O1"].cost / rows["-O2"].cost
    # With few registers, GCC's -O2 takes more instructions than -O1 here.
    assert (rows["-O1"].ratio < 1) == (name == "cortex-m0plus")
    assert rows["-O2"].code_bytes == report.code_bytes["-O2"]
    assert rows["-Os"].code_bytes == report.code_bytes["-Os"] < rows["-O2"].code_bytes
    assert f"{rows['-O1'].cost:,.0f}" in str(levels)
    bars = [patch.get_width() for axes in levels.plot().axes for patch in axes.patches]
    assert bars == [row.cost for row in levels.rows] + [row.code_bytes for row in levels.rows]


def test_levels_on_this_computer(xormodel: bytes) -> None:
    levels = optimization_levels(tflite.read(xormodel), "host", ("-O0", "-O3"))
    unoptimized, optimized = levels.rows
    assert levels.unit == "ns" and "this computer" in levels.core
    assert unoptimized.ratio == 1 and optimized.ratio < 0.8  # the first level is the reference without -O2
    assert unoptimized.code_bytes > 0


def test_an_unknown_target_is_an_error() -> None:
    with pytest.raises(UserError, match="no target 'esp8266'"):
        optimization_levels(None, "esp8266")  # type: ignore[arg-type]
