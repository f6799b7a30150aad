"""The kit's C as a native module of MicroPython: one .mpy for one architecture."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aiedge.codegen import copy_engine
from aiedge.codegen import generate as generate_c
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.micropython.source import check_name
from aiedge.tflite.graph import Graph

# MicroPython's names of architectures, and the compiler that its dynruntime.mk calls for each.
ARCHITECTURES = {
    "x64": "x86_64-linux-gnu-gcc",
    "armv6m": "arm-none-eabi-gcc",
    "armv7m": "arm-none-eabi-gcc",
    "armv7emsp": "arm-none-eabi-gcc",
    "armv7emdp": "arm-none-eabi-gcc",
    "xtensa": "xtensa-lx106-elf-gcc",
    "xtensawin": "xtensa-esp32-elf-gcc",
}
NEEDED = ("py/dynruntime.mk", "py/dynruntime.h", "tools/mpy_ld.py", "tools/mpy-tool.py")
# Bits 2 and on of a file's third byte, and of sys.implementation._mpy >> 8 (py/persistentcode.h).
NUMBERS: tuple[str, ...] = (
    *("none", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)
# `invoke` as that of the module in Python: bytes are int8 plus 128. The buffer comes from the heap and goes back, since
# nothing static may change (mpy_ld.py takes no .bss), and a module's functions do not see its globals.
GLUE = """\
#include "py/dynruntime.h"
#include "{header}"

enum {{ INPUT = {input}, OUTPUT = {output}, ARENA = {arena} }};

// What the compiler calls without a word.
#undef memcpy
#undef memset
void *memcpy(void *to, const void *from, size_t n) {{ return mp_fun_table.memmove_(to, from, n); }}
void *memset(void *to, int value, size_t n) {{ return mp_fun_table.memset_(to, value, n); }}

static uint8_t *buffer_of(mp_obj_t object, size_t bytes, int flags) {{
  mp_buffer_info_t info;
  mp_get_buffer_raise(object, &info, flags);
  if (info.len != bytes) mp_raise_ValueError(MP_ERROR_TEXT("a buffer has the wrong size"));
  return info.buf;
}}

static mp_obj_t invoke(mp_obj_t input, mp_obj_t output) {{
  const uint8_t *from = buffer_of(input, INPUT, MP_BUFFER_READ);
  uint8_t *to = buffer_of(output, OUTPUT, MP_BUFFER_WRITE);
  uint8_t *arena = m_malloc(ARENA + INPUT), *x = arena + ARENA;
  for (size_t i = 0; i < INPUT; ++i) x[i] = from[i] ^ 128;
  {name}_invoke((int8_t *)x, (int8_t *)to, arena);
  for (size_t i = 0; i < OUTPUT; ++i) to[i] ^= 128;
  m_free(arena);
  return mp_const_none;
}}
static MP_DEFINE_CONST_FUN_OBJ_2(invoke_obj, invoke);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {{
  MP_DYNRUNTIME_INIT_ENTRY
  mp_store_global(MP_QSTR_invoke, MP_OBJ_FROM_PTR(&invoke_obj));
  MP_DYNRUNTIME_INIT_EXIT
}}
"""
MAKEFILE = """\
MOD = {module}
SRC = glue.c {name}.c
ARCH = {arch}
CFLAGS_EXTRA = -std=gnu11 -O2 -Wno-error
include $(MPY_DIR)/py/dynruntime.mk
"""


@dataclass(frozen=True)
class Bytecode:
    """The version of a .mpy, or the one that a MicroPython takes: version, sub-version of native code, architecture."""

    version: int
    sub_version: int
    arch: str

    def __str__(self) -> str:
        return f"{self.version}.{self.sub_version} for {self.arch}"


def bytecode_of(mpy: bytes) -> Bytecode:
    """The version of a .mpy; raises `UserError` where it is none."""
    if len(mpy) < 4 or mpy[:1] != b"M":
        raise UserError("this is no .mpy", "give one that mpy-cross or `aiedge micropython --native` wrote")
    return Bytecode(mpy[1], mpy[2] & 3, _arch(mpy[2] >> 2 & 15))


def bytecode_taken(implementation: int) -> Bytecode:
    """What a MicroPython takes whose `sys.implementation._mpy` is this."""
    return Bytecode(implementation & 0xFF, implementation >> 8 & 3, _arch(implementation >> 10 & 15))


def check_bytecode(mpy: bytes, implementation: int) -> None:
    """Raise `UserError` where a MicroPython with this `sys.implementation._mpy` cannot load a native .mpy."""
    have, taken = bytecode_of(mpy), bytecode_taken(implementation)
    if not implementation:
        raise UserError(
            f"the board's MicroPython takes no .mpy, and the module is one of {have}", "write it as .py"
        )
    if have != taken:
        raise UserError(
            f"the module is of bytecode {have}, and the board's MicroPython takes {taken}",
            "write it with the MicroPython sources of the board's version, and with its --arch; or as .py",
        )


def _arch(number: int) -> str:
    return NUMBERS[number] if number < len(NUMBERS) else f"architecture {number}"


def write_native(graph: Graph, name: str, arch: str, mpy_dir: Path | None, folder: Path) -> Path:
    """Build NAME.mpy for an architecture into `folder`, with MicroPython's sources at `mpy_dir`; return its path.

    Raises `UserError` where they, a compiler or `make` are missing, and for a network of other ends than one int8 input
    and one int8 output.
    """
    check_name(name)
    checkout = _checkout(mpy_dir)
    if not shutil.which("make") or not shutil.which(ARCHITECTURES[arch]):
        missing = ARCHITECTURES[arch] if shutil.which("make") else "make"
        raise UserError(f"{missing} is missing", f"MicroPython builds modules for {arch} with it")
    ends = (*graph.inputs, *graph.outputs)
    if len(ends) != 2 or any(tensor.dtype != np.int8 for tensor in ends) or graph.states:
        raise UserError(
            "a native module has one int8 input, one int8 output, and keeps no state",
            "write C: aiedge compile",
        )
    source = generate_c(graph, "network")
    glue = GLUE.format(
        header="network.h",
        name="network",
        input=graph.inputs[0].elements,
        output=graph.outputs[0].elements,
        arena=source.plan.arena_bytes,
    )
    with tempfile.TemporaryDirectory() as place:
        build = Path(place)
        source.write(build)
        copy_engine(build)
        (build / "glue.c").write_text(glue)
        (build / "Makefile").write_text(MAKEFILE.format(module=name, name="network", arch=arch))
        command = ["make", f"MPY_DIR={checkout}", f"PYTHON={sys.executable}"]
        run = subprocess.run(command, cwd=build, capture_output=True, text=True, check=False)
        made = build / f"{name}.mpy"
        if run.returncode or not made.exists():
            said = (run.stderr or run.stdout).strip()[-600:]
            raise UserError(
                f"MicroPython's build did not end well: {said}",
                "is DIR a checkout of the version on the board, and is pyelftools installed?",
            )
        return write_atomic(folder / f"{name}.mpy", made.read_bytes())


def _checkout(mpy_dir: Path | None) -> Path:
    hint = (
        "git clone https://github.com/micropython/micropython, at the board's version, and --mpy-dir names it"
    )
    if mpy_dir is None:
        raise UserError("a native module is built with MicroPython's sources", hint)
    if lacking := [name for name in NEEDED if not (mpy_dir / name).exists()]:
        raise UserError(f"{mpy_dir} has no {', '.join(lacking)}", hint)
    return mpy_dir.absolute()
