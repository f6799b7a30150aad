"""AIEDGE_IRAM: the network's kernels and small tables in the sections that ESP-IDF's linker puts into RAM."""

import re
import subprocess
from pathlib import Path

import pytest

from aiedge.codegen.source import HOT_BYTES
from aiedge.codegen.toolchain import ESP32_KERNELS, assemble
from tests.support.esp32 import ESP32
from tests.support.firmware import ENGINE, generated

CC = "xtensa-lx106-elf-gcc"


def sections(model: Path, folder: Path, *flags: str) -> dict[str, dict[str, int]]:
    """Bytes of each function and table of the compiled model, by its section."""
    source = generated(model) / f"{model.stem}.c"
    compiled = folder / "model.o"
    command = [CC, "-std=c11", "-O2", "-ffunction-sections", "-fdata-sections", *flags, f"-I{ENGINE}"]
    subprocess.run([*command, "-c", source, "-o", compiled], check=True)
    listing = subprocess.run(
        [CC.replace("gcc", "objdump"), "-t", compiled], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, dict[str, int]] = {}
    for section, size, name in re.findall(
        r"^[0-9a-f]+ .{5}[OF ].? ?(\S+)\t([0-9a-f]+)\s+(\w+)$", listing, re.MULTILINE
    ):
        if int(size, 16):
            found.setdefault(section, {})[name] = int(size, 16)
    return found


def test_kernels_and_small_tables_lie_in_ram(cifar_model: Path, tmp_path: Path, need_tool) -> None:
    need_tool(CC, "apt install gcc-xtensa-lx106 picolibc-xtensa-lx106-elf")
    plain, hot = (sections(cifar_model, tmp_path, *flags) for flags in ([], ["-DAIEDGE_IRAM"]))
    assert not {name for name in plain if "ram1" in name}
    code, tables = hot[".iram1.aiedge"], hot[".dram1.aiedge"]
    # All that is left in the flash is what runs once an inference, and the weights.
    left = {name for section in hot if section.startswith(".text") for name in hot[section]}
    assert left and all(name.startswith("cifar_cnn_") for name in left)
    assert any(name.startswith("aiedge_conv_2d") for name in code)
    assert any(name.startswith("layer_") for name in tables) and max(tables.values()) <= HOT_BYTES
    weights = [size for section in hot if section.startswith(".rodata") for size in hot[section].values()]
    assert sum(weights) > 25_000 and min(weights) > HOT_BYTES


@pytest.mark.parametrize(("flags", "section"), [([], ".text.aiedge_"), (["-DAIEDGE_IRAM"], ".iram1.aiedge")])
def test_the_kernels_in_assembly_lie_there_too(
    flags: list[str], section: str, tmp_path: Path, need_tool
) -> None:
    need_tool(CC, "apt install gcc-xtensa-lx106 picolibc-xtensa-lx106-elf")
    need_tool(ESP32.assembler[0], "apt install llvm-22")
    made = assemble(ESP32_KERNELS, tmp_path, ESP32.compiler, ESP32.assembler, flags)
    listing = subprocess.run(
        [CC.replace("gcc", "size"), "-A", made], capture_output=True, text=True, check=True
    )
    code = {
        name for name, size in re.findall(r"^(\.\S+)\s+(\d+)", listing.stdout, re.MULTILINE) if int(size)
    } - {".xtensa.info"}
    assert code and all(name.startswith(section) for name in code)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_other_cores_are_left_alone(compiler: str, cifar_model: Path, tmp_path: Path, need_tool) -> None:
    need_tool(compiler, f"apt install {compiler}")
    source = generated(cifar_model) / f"{cifar_model.stem}.c"
    objects = []
    for flags in [], ["-DAIEDGE_IRAM"]:
        objects.append(tmp_path / f"{len(flags)}.o")
        command = [compiler, "-std=c11", "-O2", *flags, f"-I{ENGINE}", "-c", source, "-o", objects[-1]]
        subprocess.run(command, check=True)
    assert objects[0].read_bytes() == objects[1].read_bytes()
