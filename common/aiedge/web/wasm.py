"""A network's C as a WebAssembly module, by the compiler that pip brings.

The module needs nothing from the page. It exports its `memory`, `place()`, where in it the inputs begin, behind them
the outputs, each at the next multiple of 16 bytes, `invoke()` and `reset()`, which return a status of the engine.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from aiedge.codegen import CSource, generate
from aiedge.codegen.toolchain import ENGINE, run_compiler, zig
from aiedge.files import cache_folder, write_atomic
from aiedge.tflite.graph import Graph

ALIGNMENT = 16
FLAGS = ("-O3", "-msimd128")
_TARGET = ("--target=wasm32-wasi", "-fno-sanitize=undefined")
_LIBRARY = ("-mexec-model=reactor", "-Wl,--no-entry", "-Wl,--gc-sections", "-Wl,--strip-all")


def places(graph: Graph) -> tuple[list[int], int]:
    """Bytes from `place()` to each input and each output, and of all of them.

    >>> from aiedge import tflite
    >>> from aiedge.paths import REPO
    >>> places(tflite.read(REPO / "xormodel/solution/xormodel.cpp"))
    ([0, 16], 32)
    """
    found, end = [], 0
    for tensor in (*graph.inputs, *graph.outputs):
        found.append(end)
        end += -(-tensor.bytes // ALIGNMENT) * ALIGNMENT
    return found, end


def webassembly(graph: Graph, flags: Sequence[str] = FLAGS) -> bytes:
    """The network as a module, compiled with `flags`; what was compiled before is kept in the user's cache folder.

    Raises `UserError` where the compiler is not installed, or for a model that cannot become C.
    """
    source = generate(graph, "model")
    command = zig("cc", *_TARGET, *flags)
    main = _main(graph, source)
    engine = [path.read_text(encoding="utf-8") for path in sorted(ENGINE.glob("*.h"))]
    content = "\0".join([*command[3:], *_LIBRARY, source.header, source.c, main, *engine])
    kept = cache_folder("web") / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.wasm"
    if kept.exists():
        return kept.read_bytes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source.write(folder)
        (folder / "main.c").write_text(main)
        made = folder / "model.wasm"
        files = [str(folder / file) for file in ("model.c", "main.c")]
        run_compiler([*command, *_LIBRARY, f"-I{folder}", *files, "-o", str(made), "-lm"])
        return write_atomic(kept, made.read_bytes()).read_bytes()


def _main(graph: Graph, source: CSource) -> str:
    """C that holds the network's memory and exports it."""
    offsets, size = places(graph)
    arguments = ", ".join(f"(void *)(memory_of_all + {offset})" for offset in [*offsets, size])
    reset = "model_reset(memory_of_all + SIZE)" if graph.states else "0"
    return f"""#include "model.h"
#define EXPORT(name) __attribute__((export_name(name)))
enum {{ SIZE = {size} }};
static _Alignas({ALIGNMENT}) uint8_t memory_of_all[SIZE + {source.plan.arena_bytes} + {ALIGNMENT}];
EXPORT("place") void *place(void) {{ return memory_of_all; }}
EXPORT("invoke") int32_t invoke(void) {{ return model_invoke({arguments}); }}
EXPORT("reset") int32_t reset(void) {{ return {reset}; }}
"""
