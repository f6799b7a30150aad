"""Settings and memories of the boards against tables of what ESP-IDF and the cores declare."""

import json
import re
from pathlib import Path

import pytest

from aiedge.boards import board, boards
from tests.support.firmware import BOARD, HERE

KCONFIG = json.loads((HERE / "esp_idf/kconfig.json").read_text())["symbols"]
LINKER = json.loads((HERE / "esp_idf/linker.json").read_text())
SETTINGS = [BOARD / "sdkconfig.defaults", *sorted(BOARD.glob("*.sdkconfig"))]
FORMS = {"choice": "y", "bool": "[yn]", "int": r"\d+", "string": '".+"'}


def symbols(path: Path) -> dict[str, str]:
    """What a file of settings sets, without CONFIG_."""
    return dict(re.findall(r"^CONFIG_(\w+)=(.+)$", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("file", SETTINGS, ids=lambda path: path.stem)
def test_every_setting_is_a_symbol_of_esp_idf_and_changes_its_default(file: Path) -> None:
    for name, value in symbols(file).items():
        symbol = KCONFIG[name]
        assert re.fullmatch(FORMS[symbol["type"]], value), name
        assert value.strip('"') != str(symbol["default"]) and name != symbol["default"], name
        assert "depends" not in symbol or symbols(file)[symbol["depends"]] == "y", name


def test_the_psram_alone_brings_the_workaround_that_slows_all_code() -> None:
    workaround = KCONFIG["SPIRAM_CACHE_WORKAROUND"]
    assert workaround["default"] == "y" and workaround["depends"] == "SPIRAM"
    assert KCONFIG["SPIRAM"]["default"] == "n"
    assert [file.name for file in SETTINGS if "SPIRAM" in symbols(file)] == ["psram.sdkconfig"]


def total(terms: list[str]) -> int:
    """The sum of numbers and products of numbers, decimal and hexadecimal."""
    value = 0
    for term in terms:
        product = -1 if term.startswith("-") else 1
        for factor in term.lstrip("-").split("*"):
            product *= int(factor, 0)
        value += product
    return value


@pytest.mark.parametrize("key", boards())
def test_a_boards_memories_are_the_linkers(key: str) -> None:
    regions = LINKER["regions"][key]
    assert (board(key).sram, board(key).flash) == (total(regions["sram"]), total(regions["flash"]))


def test_the_firmware_fits_the_esp32() -> None:
    esp32, eye = {name: int(size, 0) for name, size in LINKER["esp32"].items()}, board("esp-eye")
    assert eye.sram == esp32["dram0_0_seg"] and eye.psram == esp32["extern_ram_seg"]
    assert eye.base["iram"] < esp32["iram0_0_seg"]
    assert eye.base["sram"] + eye.base["camera"] < eye.sram and eye.base["flash"] < eye.flash
