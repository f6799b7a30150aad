"""Damage .tflite files at random, and read, plan and compile each: a program that limits its own memory and time.

    python -m tests.support.fuzz_reader FILES SEED FIRST COUNT [meaning]

FILES is a folder of .tflite files. With `meaning` they are not damaged, but say something else (tests/fuzz/meaning.py).
Prints as JSON how many such files were refused, could not become C, and became C. A file that makes anything but a
`UserError`, or a warning, is kept as FILES/crash-N.bin with its traceback. Every file has `SECONDS`: the process dies
of SIGALRM beyond.
"""

import json
import resource
import signal
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from aiedge.codegen import generate
from aiedge.errors import UserError
from aiedge.tflite import read
from tests.fuzz.meaning import MeaningMutator

SECONDS = 10
MEMORY = 2**30
EXTREMES = [
    0,
    1,
    2,
    4,
    255,
    2**15 - 1,
    2**16 - 1,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 4,
    2**32 - 1,
    2**63,
    2**64 - 1,
]


class Mutator:
    """Damaged copies of some files; the same seed and number give the same copy.

    Nine of ten changes hit the structure instead of the weights, of which any values are valid.
    """

    def __init__(self, files: list[bytes], seed: int):
        self.files = files
        self.seed = seed
        self.structure = [structure(file) for file in files]

    def __call__(self, number: int) -> bytes:
        rng = np.random.default_rng([self.seed, number])
        which = int(rng.integers(len(self.files)))
        data = bytearray(self.files[which])

        def position() -> int:
            if rng.random() < 0.1:
                return int(rng.integers(len(data)))
            return int(rng.choice(self.structure[which])) % len(data)

        for _ in range(int(rng.choice([1, 1, 1, 2, 3, 8]))):
            match int(rng.integers(6)):
                case 0:  # another byte
                    data[position()] = int(rng.integers(256))
                case 1:  # another bit
                    data[position()] ^= 1 << int(rng.integers(8))
                case 2:  # an extreme integer, aligned
                    size = int(rng.choice([1, 2, 4, 8]))
                    at = position() // size * size
                    value = int(EXTREMES[rng.integers(len(EXTREMES))]) % 2 ** (8 * size)
                    data[at : at + size] = value.to_bytes(size, "little")
                case 3:  # a small change of an integer: another index, length or offset
                    at = position() // 4 * 4
                    value = int.from_bytes(data[at : at + 4], "little") + int(rng.integers(-8, 9))
                    data[at : at + 4] = (value % 2**32).to_bytes(4, "little")
                case 4:  # a piece of this or another file over, or between, its bytes
                    other = self.files[rng.integers(len(self.files))]
                    start, length = int(rng.integers(len(other))), int(rng.integers(1, 65))
                    at = position()
                    data[at : at + length * int(rng.integers(2))] = other[start : start + length]
                case 5 if rng.random() < 0.3:  # truncated
                    del data[max(position(), 1) :]
        return bytes(data)


def structure(file: bytes) -> np.ndarray:
    """Positions of the bytes that are not constant tensors' values."""
    free = np.ones(len(file), bool)
    for tensor in read(file).constants:
        values = tensor.values.tobytes()
        if len(values) > 16:
            start = file.find(values)
            free[start : start + len(values)] = False
    return np.flatnonzero(free)


def outcome(file: bytes) -> str:
    """What becomes of a file; raises what is not a `UserError`."""
    try:
        graph = read(file)
    except UserError as error:
        if isinstance(error.__cause__, MemoryError):
            raise AssertionError("reading takes too much memory") from error
        return "refused"
    try:
        generate(graph, "net")
    except UserError:
        return "not for C"
    return "C"


def peak_kb() -> int:
    """The most memory that this process has held, in KiB.

    `getrusage` would begin with what the parent held when it started this process.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main() -> None:
    folder, (seed, first, count) = Path(sys.argv[1]), map(int, sys.argv[2:5])
    kind = MeaningMutator if sys.argv[5:] == ["meaning"] else Mutator
    mutate = kind([path.read_bytes() for path in sorted(folder.glob("*.tflite"))], seed)
    # What the imports took, and MEMORY.
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    warnings.simplefilter("error")
    outcomes: Counter[str] = Counter()
    for number in range(first, first + count):
        file = mutate(number)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            outcomes[outcome(file)] += 1
        except Exception:
            outcomes["crash"] += 1
            (folder / f"crash-{number}.bin").write_bytes(file)
            (folder / f"crash-{number}.txt").write_text(traceback.format_exc())
        signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps(outcomes | {"peak_kb": peak_kb()}))


if __name__ == "__main__":
    main()
