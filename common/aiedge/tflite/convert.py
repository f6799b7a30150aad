"""Keras models to .tflite, with TensorFlow's converter."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
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
    import keras
    import tensorflow as tf

    # Without a fixed batch the converter adds operators that compute shapes.
    fixed = keras.Input(model.input_shape[1:], batch_size=1)
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(fixed, model(fixed)))
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    with _quiet():
        return converter.convert()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converter's hundreds of lines, Python's and C++'s, off the screen; show them if it fails."""
    with tempfile.TemporaryFile() as log:
        saved = [os.dup(1), os.dup(2)]
        try:
            with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
                yield
        except BaseException:
            os.dup2(saved[1], 2)
            log.seek(0)
            os.write(2, log.read())
            raise
        finally:
            for stream, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, stream)
                os.close(copy)
