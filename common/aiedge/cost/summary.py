"""What a model costs wherever it runs: bytes of the compiled network, instructions on the emulated cores."""

import hashlib
import json
from dataclasses import asdict, dataclass

from aiedge import tflite
from aiedge.codegen import footprint, generate
from aiedge.codegen.toolchain import ENGINE
from aiedge.cost import TARGETS, instructions
from aiedge.errors import UserError
from aiedge.files import cache_folder, write_atomic


@dataclass(frozen=True)
class Costs:
    """Bytes of a network compiled for a Cortex-M4 (-Os), and instructions of one inference by emulated core.

    `code_bytes` is None where the compiler is missing, and `missing` says for a core why there is no count.
    """

    macs: int
    arena_bytes: int
    constant_bytes: int
    code_bytes: int | None
    instructions: dict[str, int]
    missing: dict[str, str]

    @property
    def flash_bytes(self) -> int | None:
        """Code and constants."""
        return None if self.code_bytes is None else self.code_bytes + self.constant_bytes


def costs(model: bytes) -> Costs:
    """The costs of a model, from the user's cache folder or found now, which takes some seconds."""
    graph = tflite.read(model)
    source = generate(graph, "model")
    engine = "".join(path.read_text() for path in sorted(ENGINE.glob("*.[hS]")))
    digest = hashlib.sha256((source.header + source.c + engine).encode()).hexdigest()
    kept = cache_folder("costs") / f"{digest[:32]}.json"
    try:
        found = Costs(**json.loads(kept.read_text()))
    except (OSError, ValueError, TypeError):
        found = None
    if found and not found.missing:  # what was missing may have been installed
        return found
    size = footprint(source)
    counts, missing = {}, {}
    for name in TARGETS:
        try:
            counts[name] = instructions(graph, name)
        except UserError as error:
            missing[name] = error.message
    found = Costs(
        macs=graph.macs,
        arena_bytes=source.plan.arena_bytes,
        constant_bytes=source.constant_bytes,
        code_bytes=size.code if size else None,
        instructions=counts,
        missing=missing,
    )
    write_atomic(kept, json.dumps(asdict(found)))
    return found
