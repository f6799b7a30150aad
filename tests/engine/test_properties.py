"""What docs/compiler.md promises of generated C, in the object file: no allocation, no state, no floats in int8."""

import subprocess
from pathlib import Path

import pytest

from aiedge import tflite
from aiedge.codegen import generate
from aiedge.codegen.toolchain import ENGINE
from tests.support.networks import network

# What a compiler may call of itself to move or clear bytes, and ARM's division of 64-bit integers.
ALLOWED = {"memcpy", "memmove", "memset", "__aeabi_memcpy", "__aeabi_memmove", "__aeabi_memset"}
ALLOWED |= {"__aeabi_ldivmod", "__aeabi_uldivmod"}
NETWORKS = ["cifar_cnn_25_51_76", "densenet", "nasnet", "resnet8", "two_inputs", "xormodel"]
NO_ROWS = ["two_inputs", "xormodel"]


def compiled(name: str, stream: bool, xormodel: bytes, folder: Path, need_tool) -> Path:
    """The object file of a network for a Cortex-M4 whose floats would be calls of functions."""
    compiler = need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    model = xormodel if name == "xormodel" else network(name)
    generate(tflite.read(model), "net", stream).write(folder)
    flags = ["-std=c11", "-O2", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft", "-DNDEBUG"]
    subprocess.run([compiler, *flags, f"-I{ENGINE}", "-c", "net.c", "-o", "net.o"], cwd=folder, check=True)
    return folder / "net.o"


def output(*command: str | Path) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "stream"),
    [*((name, False) for name in NETWORKS), *((name, True) for name in NETWORKS if name not in NO_ROWS)],
)
def test_an_int8_network_calls_nothing_and_keeps_nothing(
    name: str, stream: bool, xormodel: bytes, tmp_path: Path, need_tool
) -> None:
    program = compiled(name, stream, xormodel, tmp_path, need_tool)
    called = {line.split()[-1] for line in output("arm-none-eabi-nm", "-u", program)}
    assert called <= ALLOWED
    _, sizes = output("arm-none-eabi-size", program)
    _text, data, bss, *_ = sizes.split()
    assert (data, bss) == ("0", "0")


@pytest.mark.parametrize("level", ["-O1", "-Os"])
def test_clang_compiles_it_for_a_cortex_m(level: str, tmp_path: Path, need_tool) -> None:
    compiler = need_tool("clang", "apt install clang")
    gcc = need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    generate(tflite.read(network("resnet8")), "net").write(tmp_path)
    includes = [Path(output(gcc, "-print-file-name=libc.a")[0]).resolve().parents[1] / "include"]
    includes += [Path("/usr/include/newlib"), ENGINE]
    flags = [
        "--target=arm-none-eabi",
        "-mcpu=cortex-m4",
        "-mthumb",
        level,
        *(f"-I{each}" for each in includes),
    ]
    subprocess.run([compiler, *flags, "-std=c11", "-c", "net.c", "-o", "net.o"], cwd=tmp_path, check=True)


def test_floats_would_be_seen(tmp_path: Path, xormodel: bytes, need_tool) -> None:
    compiled("xormodel", False, xormodel, tmp_path, need_tool)
    code = (tmp_path / "net.c").read_text()
    (tmp_path / "net.c").write_text(
        code + "float planted(float x) { static int n; return x * (float)n++; }\n"
    )
    flags = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft", f"-I{ENGINE}", "-c", "net.c", "-o", "net.o"]
    subprocess.run(["arm-none-eabi-gcc", *flags], cwd=tmp_path, check=True)
    called = {line.split()[-1] for line in output("arm-none-eabi-nm", "-u", tmp_path / "net.o")}
    assert "__aeabi_fmul" in called - ALLOWED
    assert output("arm-none-eabi-size", tmp_path / "net.o")[1].split()[2] == "4"
