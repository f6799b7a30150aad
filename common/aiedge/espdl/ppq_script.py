"""Quantizes an ONNX file for ESP-DL. It runs in the environment of `aiedge espdl --setup`, with esp-ppq and PyTorch.

    python ppq_script.py MODEL.onnx SAMPLES.npz FOLDER NAME CHIP BITS

SAMPLES.npz has `samples` [n, ...] for calibration and `tried` [m, ...], of which it keeps the answers. Into the folder
go NAME.espdl, what esp-ppq writes beside it, and NAME-quantization.json: the exponents of each tensor's scale, one or
one for each channel, the steps of tables, how halves are rounded, and the answers as integers.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from esp_ppq.api import espdl_quantize_onnx
from esp_ppq.executor import TorchExecutor
from torch.utils.data import DataLoader


def main(model: str, samples: str, folder: str, name: str, chip: str, bits: str) -> None:
    """Quantize, and write the files."""
    torch.set_num_threads(1)
    arrays = np.load(samples)
    entries = torch.from_numpy(arrays["samples"])
    graph = espdl_quantize_onnx(
        model,
        str(Path(folder) / f"{name}.espdl"),
        DataLoader(entries, batch_size=1),
        len(entries),
        [1, *entries.shape[1:]],
        target=chip,
        quant_type=f"w{bits}a{bits}",
        device="cpu",
        error_report=False,
        export_test_values=True,
        verbose=0,
    )
    exponents: dict[str, int | list[int]] = {}
    tables, rounding = {}, set()
    for operation in graph.operations.values():
        for config, variable in operation.config_with_variable:
            if config.scale is not None and config.num_of_bits <= 16:
                found = [round(math.log2(float(scale))) for scale in config.dominated_by.scale.reshape(-1)]
                exponents[variable.name] = found if len(found) > 1 else found[0]
                rounding.add(config.rounding.name)
        if step := operation.attributes.get("int16_lut_step"):
            tables[operation.outputs[0].name] = step
    executor = TorchExecutor(graph, device="cpu")
    result = next(iter(graph.outputs))
    step = 2.0 ** np.ravel(exponents[result])[0]
    answers = [
        executor(torch.from_numpy(each[None]))[0].detach().numpy().ravel() / step for each in arrays["tried"]
    ]
    made = {
        "chip": chip,
        "bits": int(bits),
        "rounding": sorted(rounding),
        "exponents": exponents,
        "tables": tables,
        "answers": np.rint(answers).astype(int).tolist(),
    }
    (Path(folder) / f"{name}-quantization.json").write_text(json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
