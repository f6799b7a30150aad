"""aiedge: train, quantize and run small neural networks on microcontrollers.

The package is a line of stations, in the way of the data; a station imports only from stations to its left:

    datasets → models/training → pruning → quantization → tflite → memory → codegen → board → benchmark

Beside the line stand what looks at it: `report`, `plots`, `runtimes` (one model on every runtime) and `bench` (what
a compiled model costs, here or on an emulated core), `energy` (what an inference costs a battery), `image` (a picture
of one's own as a network's input), `recipes` (the commands that made the shipped weights); and what serves the
workshop: `checks` (of the notebooks' exercises), `lessons` (the notebooks' sources), `notebooks`, `doctor` (what this
computer has and lacks), `environment` and `start` (the set-up) and `cli` (the `aiedge` command).
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`aiedge.CompiledModel`, imported when it is first asked for, so that `import aiedge` stays quick."""
    if name == "CompiledModel":
        from aiedge.codegen import CompiledModel

        return CompiledModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
