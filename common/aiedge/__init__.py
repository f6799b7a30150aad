"""aiedge: train, quantize and run small neural networks on microcontrollers.

The package is a line of stations, in the way of the data; a station imports only from stations to its left:

    models/training → quantization → tflite → memory → codegen → board → benchmark

Beside the line stand what serves the workshop: `checks` (of the notebooks' exercises), `lessons` (the
notebooks' sources), `doctor` (what this computer has and lacks) and `cli` (the `aiedge` command).
"""

__version__ = "0.1.0"
