"""aiedge: train, quantize and run small neural networks on microcontrollers.

The package is a line of stations, in the way of the data; a station imports only from stations to its left:

    quantization → train → tflite → memory → tflm → codegen → web → micropython → convert → espdl → cost → rtos →
    energy → search → board → benchmark → workshop

- `quantization`: integer arithmetic in NumPy
- `train`: data sets, Keras networks, training, pruning, quantization-aware training, conversion
- `tflite`: the model file as a `Graph`
- `memory`, `tflm`: the arena of compiled C; that of TensorFlow Lite Micro
- `codegen`, `engine`: one C file per model, over kernels in C
- `web`: a network in a browser
- `micropython`: one module per model, over kernels in viper
- `convert`: what others trained as a .tflite, and what each option costs
- `espdl`: ONNX, and networks for Espressif's ESP-DL
- `cost`, `energy`: instructions, time, bytes; what an inference takes out of a battery
- `rtos`: one firmware as super-loop, interrupt and tasks
- `search`: from a board and an accuracy to the network
- `board`, `benchmark`: a board and its serial line; a data set over a board
- `workshop`: lessons, checks, plots, set-up

All of them stand on `errors`, `files`, `text`, `paths`, `lesson`, `boards`, `colours` and `progress`. Only `train` and
`workshop` import TensorFlow. `cli` is the list of commands; each lies in its station's `command`.
"""

from pathlib import Path

__version__ = "0.1.0"


def include_dir() -> Path:
    """The folder of the engine's headers, for the `-I` of a compiler that gets generated C.

    >>> (include_dir() / "aiedge_engine.h").exists()
    True
    """
    return Path(__file__).with_name("engine")


def __getattr__(name: str) -> object:
    """`aiedge.CompiledModel`, imported when it is first asked for, so that `import aiedge` stays quick."""
    if name == "CompiledModel":
        from aiedge.codegen import CompiledModel

        return CompiledModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
