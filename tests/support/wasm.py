"""Networks as WebAssembly in a browser's page: their answers, and their times."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.compiled import CompiledModel
from aiedge.tflite.graph import Graph
from aiedge.web.wasm import places

# Runs each module on each input, `rounds` times in turn, and gives the answers of the first round and each one's
# shortest time in ms, the mean of `loops` runs: a page's clock has steps of 0.1 ms.
RUN = """
const [modules, inputs, at, bytes, rounds, loops, done] = arguments;
const unpack = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const pack = (data) => btoa(String.fromCharCode(...data));
(async () => {
    const machines = [];
    for (const text of modules) {
        const module = await WebAssembly.compile(unpack(text));
        const imports = {};
        for (const { module: from, name } of WebAssembly.Module.imports(module)) {
            (imports[from] ??= {})[name] = () => 52;
        }
        const { exports } = await WebAssembly.instantiate(module, imports);
        exports._initialize?.();
        machines.push(exports);
    }
    const answers = machines.map(() => []), best = machines.map(() => Infinity);
    const data = inputs.map(unpack);
    for (let round = 0; round < rounds; round++) {
        machines.forEach((machine, i) => {
            machine.reset();
            data.forEach((x, n) => {
                new Uint8Array(machine.memory.buffer).set(x, machine.place());
                const start = performance.now();
                let status = machine.invoke();
                for (let loop = 1; loop < loops; loop++) status |= machine.invoke();
                best[i] = Math.min(best[i], (performance.now() - start) / loops);
                if (status) throw new Error(`status ${status}`);
                const y = new Uint8Array(machine.memory.buffer, machine.place() + at, bytes);
                if (!round) answers[i].push(pack(y));
            });
        });
    }
    return { answers, best };
})().then(done, (error) => done({ error: String(error) }));
"""


def run_in_page(
    window: Any, graph: Graph, modules: Mapping[str, bytes], x: NDArray, rounds: int = 1, loops: int = 1
) -> tuple[dict[str, NDArray], dict[str, float]]:
    """Each module's outputs [n, ...] for the inputs [n, ...] of a network with one, and its shortest time in ms."""
    (output,) = graph.outputs
    offsets, _ = places(graph)
    packed = [base64.b64encode(data).decode() for data in modules.values()]
    inputs = [base64.b64encode(np.ascontiguousarray(sample).tobytes()).decode() for sample in x]
    found = window.execute_async_script(RUN, packed, inputs, offsets[1], output.bytes, rounds, loops)
    assert "error" not in found, found
    outputs = {
        name: np.array([np.frombuffer(base64.b64decode(text), output.dtype) for text in answers])
        for name, answers in zip(modules, found["answers"], strict=True)
    }
    return outputs, dict(zip(modules, found["best"], strict=True))


def expected(graph: Graph, x: NDArray) -> NDArray:
    """The outputs of the reference kernels on this computer, [n, values]."""
    return CompiledModel(graph, ("-O2", "-DAIEDGE_REFERENCE")).predict(x).reshape(len(x), -1)
