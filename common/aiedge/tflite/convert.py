"""Keras models to .tflite, with TensorFlow's converter."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras


def convert_float(model: "keras.Model") -> bytes:
    """The model as a float32 .tflite for one sample at a time."""
    return _convert(model, None)


def convert_int8(model: "keras.Model", calibration: NDArray) -> bytes:
    """The model as an int8 .tflite: weights per channel, activations by the ranges seen on `calibration`.

    `calibration` holds samples as the model takes them, float32 [n, ...]; inputs and outputs become int8 too.
    """
    return _convert(model, np.asarray(calibration, np.float32))


def _convert(model: "keras.Model", calibration: NDArray | None) -> bytes:
    # Here, not above: reading a model must not wait for TensorFlow.
    from aiedge.framework import keras, quiet, tensorflow

    with quiet():
        # Without a fixed batch the converter adds operators that compute shapes.
        one = keras.models.clone_model(model, keras.Input(model.input_shape[1:], batch_size=1))
        one.set_weights(model.get_weights())
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(one)
        if calibration is not None:
            converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in calibration)
            converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tensorflow.int8
        return converter.convert()
