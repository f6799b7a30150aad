"""The road to Espressif's ESP-DL: ONNX out of a float .tflite, esp-ppq in a place of its own, its arithmetic in NumPy.

- `onnx_writer`: a float `Graph` as ONNX
- `environment`, `ppq_script`, `quantize`: esp-ppq, which writes the .espdl
- `floats`: an int8 network with its weights as real numbers
- `model`, `firmware`: the files that it wrote, read back, and as the kit's firmware includes them
- `twin`: what an ESP-DL network computes, on integers, without esp-ppq
"""

from aiedge.espdl.floats import as_floats
from aiedge.espdl.model import EspdlModel, load_espdl
from aiedge.espdl.onnx_writer import to_onnx
from aiedge.espdl.quantize import load_quantization, quantize_espdl
from aiedge.espdl.twin import Quantization, exponents, integers_of, run

__all__ = [
    "EspdlModel",
    "Quantization",
    "as_floats",
    "exponents",
    "integers_of",
    "load_espdl",
    "load_quantization",
    "quantize_espdl",
    "run",
    "to_onnx",
]
