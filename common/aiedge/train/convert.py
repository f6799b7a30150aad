"""Keras models to .tflite, with TensorFlow's converter."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras


def convert_float(model: "keras.Model") -> bytes:
    """The model as a float32 .tflite for one sample at a time."""
    return _convert(model, None)


def convert_int8(model: "keras.Model", calibration: NDArray | list[NDArray] | None = None) -> bytes:
    """The model as an int8 .tflite: weights per channel, activations by the ranges seen on `calibration`.

    `calibration` holds samples as the model takes them, float32 [n, ...], in a list where the model has several inputs.
    A model of `aiedge.train.aware` needs none: its ranges are those that it learned. Inputs and outputs become
    int8 too.
    """
    if calibration is None:
        from aiedge.train.aware import for_export

        return _convert(for_export(model), [])
    arrays = calibration if isinstance(calibration, list) else [calibration]
    return _convert(model, [np.asarray(array, np.float32) for array in arrays])


def _convert(model: "keras.Model", calibration: list[NDArray] | None) -> bytes:
    """Convert to float (None), to int8 by samples, or to int8 by the ranges that the model marks (no samples)."""
    # Here, not above: reading a model must not wait for TensorFlow.
    from aiedge.train.framework import keras, quiet, tensorflow

    with quiet():
        # Without a fixed batch the converter adds operators that compute shapes.
        # Several inputs keep their names, by which a caller tells them apart.
        several = len(model.inputs) > 1
        entries = [
            keras.Input(x.shape[1:], batch_size=1, name=x.name if several else None) for x in model.inputs
        ]
        one = keras.models.clone_model(model, entries if several else entries[0])
        one.set_weights(model.get_weights())
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(one)
        if calibration is not None:
            converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
            if calibration:
                # By name: the converter sorts the inputs.
                names = [x.name for x in one.inputs]
                converter.representative_dataset = lambda: (
                    {name: sample[np.newaxis] for name, sample in zip(names, samples, strict=True)}
                    for samples in zip(*calibration, strict=True)
                )
                converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tensorflow.int8
        return converter.convert()
