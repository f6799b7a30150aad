"""An estimate of the cycles of instructions on a Cortex-M4 or a Cortex-M0+, by the timings that ARM publishes.

They are in the Technical Reference Manuals (ARM DDI 0439, section 3.3, or ARM 100166; ARM DDI 0484, section 3.3), for
memory without wait states. What that of the Cortex-M4 leaves open is set here: a pipeline refill takes 1 to 3 cycles
there, a division 2 to 12. Unaligned accesses count as others, and an instruction that an IT block skips like one that
runs. The Cortex-M0+ is one that multiplies in one cycle, as the RP2040's.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

REFILL, DIVISION = 2, 12
TABLE_BRANCH, LOAD_PC = 6, 5  # blocking: at least so many
SINGLE = 2  # a load or store of one register; 1 where it is pipelined
# By mnemonic: cycles, those besides for each register of a list, those besides where the branch is taken. Any other
# instruction takes one cycle: all data processing, multiplications and SIMD.
TIMINGS: tuple[tuple[str, int, int, int], ...] = (
    (r"(cbn?z|b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?|bl|blx|bx)$", 1, 0, REFILL),
    (r"tb[bh]$", TABLE_BRANCH, 0, 0),
    (r"(ldrd|strd)", 3, 0, 0),
    (r"v?(ldm|stm|push|pop)", 1, 1, 0),
    (r"[su]div", DIVISION, 0, 0),
    (r"v(div|sqrt)", 14, 0, 0),
    (r"vf?n?m(la|ls|a|s)\.", 3, 0, 0),
    (r"v(ldr|str)", 2, 0, 0),
)
# The same of a Cortex-M0+.
TIMINGS_M0PLUS: tuple[tuple[str, int, int, int], ...] = (
    (r"b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$", 1, 0, 1),
    (r"(b|bx|blx)$", 2, 0, 0),
    (r"(bl|mrs|msr|dmb|dsb|isb)$", 3, 0, 0),
    (r"(ldm|stm|push|pop)", 1, 1, 0),
    (r"(ldr|str)", 2, 0, 0),
)
CORES = ("cortex-m4", "cortex-m0plus")  # whose cycles are estimated
LINE = re.compile(r"\s*([0-9a-f]+):\t[0-9a-f ]+\t(\S+)\s*([^;@]*)")
REGISTER = re.compile(r"\b(r\d+|s[lpb]|fp|ip|lr|pc|[sd]\d+)\b")


def instruction_cycles(
    program: Path, objdump: str, core: str = "cortex-m4"
) -> Iterator[tuple[int, int, int]]:
    """Of each instruction of a program: its address, its cycles, and those besides where a branch is taken.

    `core` is one of `CORES`.
    """
    text = subprocess.run([objdump, "-d", program], capture_output=True, text=True, check=True).stdout
    before = ("", "")
    for match in map(LINE.match, text.splitlines()):
        if match is None:
            before = ("", "")
            continue
        address, mnemonic, operands = (
            match[1],
            match[2].removesuffix(".w").removesuffix(".n"),
            match[3].strip(),
        )
        if core == "cortex-m4":
            cycles, taken = _cycles(mnemonic, operands, before)
        else:
            cycles, taken = _cycles_m0plus(mnemonic, operands)
        yield int(address, 16), cycles, taken
        before = mnemonic, operands


def _cycles(mnemonic: str, operands: str, before: tuple[str, str]) -> tuple[int, int]:
    """Cycles of an instruction after another one, and those besides where the branch is taken."""
    cycles, taken = 1, 0
    for pattern, fixed, each, refill in TIMINGS:
        if re.match(pattern, mnemonic):
            cycles, taken = fixed + each * _listed(operands), refill
            break
    else:
        if re.match("(ldr|str)", mnemonic):
            cycles = _single(mnemonic, operands, before)
    if re.match(r"(pop|ldm).*\bpc\b|(mov|add)\s+pc\b", f"{mnemonic} {operands}"):
        cycles += REFILL
    return cycles + _address_stall(operands, before), taken


def _cycles_m0plus(mnemonic: str, operands: str) -> tuple[int, int]:
    """The same of an instruction on a Cortex-M0+, where none waits for another."""
    for pattern, fixed, each, taken in TIMINGS_M0PLUS:
        if re.match(pattern, mnemonic):
            returns = 2 if re.match(r"pop.*\bpc\b", f"{mnemonic} {operands}") else 0
            return fixed + each * _listed(operands) + returns, taken
    return 2 if re.match(r"(mov|add)s?\s+pc\b", f"{mnemonic} {operands}") else 1, 0


def _single(mnemonic: str, operands: str, before: tuple[str, str]) -> int:
    """Cycles of a load or store of one register: one less behind a load, and for a store at a constant offset."""
    if mnemonic == "ldr" and operands.startswith("pc"):
        return LOAD_PC
    pipelined = re.match(r"ldr(?!d)", before[0]) and before[1].split(",")[0] not in _address(operands)
    at_constant = mnemonic.startswith("str") and len(_address(operands)) == 1
    return SINGLE - bool(pipelined or at_constant)


def _address_stall(operands: str, before: tuple[str, str]) -> int:
    """The cycle that an address waits for a register which the instruction before it calculated."""
    calculated = before[1].split(",")[0]
    loads = re.match(r"v?(ldr|str|ldm|stm|push|pop|b|cb|cm|t[seb]|it|nop)", before[0])
    return int(bool(calculated) and not loads and calculated in _address(operands))


def _address(operands: str) -> list[str]:
    """The registers that form the address."""
    bracket = re.search(r"\[([^]]*)\]", operands)
    return REGISTER.findall(bracket[1]) if bracket else []


def _listed(operands: str) -> int:
    """How many registers a list in braces has.

    >>> _listed("sp!, {r4-r7, lr}"), _listed("{r4, r5, r6, r7, lr}")
    (5, 5)
    """
    inside = operands[operands.find("{") + 1 : operands.find("}")]
    spans = [[int(n) for n in re.findall(r"\d+", part)] for part in inside.split(",")]
    return sum(span[1] - span[0] + 1 if len(span) == 2 else 1 for span in spans)
