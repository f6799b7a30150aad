"""One network by every road to the chip: the rows of the table."""

import numpy as np
import pytest

from aiedge import tflite
from aiedge.benchmark import roads
from aiedge.benchmark.roads import HEAD, ROADS
from aiedge.cost.runtimes import every_int8_pair
from aiedge.tflite.interpreters import has_tflm
from tests.support.espdl_reference import stored
from tests.support.micropython import unix_port

INPUTS = every_int8_pair()[::9001]


@pytest.mark.skipif(not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
def test_each_road_is_one_row(xormodel: bytes, need_tool) -> None:
    need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    need_tool("qemu-system-arm", "apt install qemu-system-arm")
    graph = tflite.read(xormodel)
    for road in (roads.tflm(graph, INPUTS), roads.compiled_c(graph, INPUTS)):
        assert len(road.row) == len(HEAD)
        assert (road.differ, road.values) == (0, len(INPUTS))
        assert road.lines > 2


def test_instructions_of_micropython_are_counted(xormodel: bytes, need_tool) -> None:
    need_tool("qemu-x86_64", "apt install qemu-user")
    unix_port()
    road = roads.micropython(tflite.read(xormodel), INPUTS, "viper")
    assert (road.differ, road.values) == (0, len(INPUTS))
    count, _, core = road.instructions.partition(", ")
    assert core == "x86-64"
    assert 50 < float(count) < 500


def test_espdl_is_a_row_of_what_esp_ppq_made(xormodel: bytes) -> None:
    graph = tflite.read(xormodel)
    rows = {bits: roads.espdl(graph, INPUTS, stored("xor", "esp32", bits)) for bits in (8, 16)}
    assert rows[8].values == len(INPUTS) and rows[8].row[-2] == "Espressif"
    assert rows[8].flash.startswith("3,600 B") and rows[8].lines == 8
    # With 8 bits XOR's answers have steps twice as wide as TensorFlow Lite Micro's: more of them are other ones.
    assert rows[16].differ < rows[8].differ


def test_values_that_differ_are_counted(xormodel: bytes, monkeypatch) -> None:
    """A road whose third answer is another one."""
    graph = tflite.read(xormodel)
    outputs = roads.CompiledModel(graph).predict(INPUTS)
    assert roads._differ(graph, outputs, INPUTS) == (0, len(INPUTS))
    outputs[2] ^= 1
    assert roads._differ(graph, outputs, INPUTS) == (1, len(INPUTS))


def test_roads_that_this_computer_lacks_are_left_out_with_their_reasons(xormodel: bytes, monkeypatch) -> None:
    monkeypatch.delenv("MICROPYTHON_DIR", raising=False)
    monkeypatch.setattr(roads, "ROADS", (roads.compiled_c, roads.native))
    found, lacking = roads.roads(tflite.read(xormodel), INPUTS)
    assert len(found) + len(lacking) == 2
    assert "MicroPython's sources" in lacking[-1].message
    assert len(ROADS) == 6
    assert np.all([len(road.row) == len(HEAD) for road in found])
