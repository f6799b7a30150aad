"""From what others trained to a .tflite that runs: sources, options, and what each option costs.

- `source`: a Keras model out of a SavedModel, .keras, .h5 or a Python function; ONNX; a float .tflite
- `onnx_file`, `onnx_translation`, `onnx_operators`, `onnx_windows`, `network`: ONNX to a float .tflite
- `quantizer`: a float .tflite to int8 by samples
- `samples`: samples for calibration out of files
- `compare`: all conversions of a network side by side
"""

from aiedge.convert.compare import Row, compare, report
from aiedge.convert.samples import load_samples
from aiedge.convert.source import Source, load

__all__ = ["Row", "Source", "compare", "load", "load_samples", "report"]
