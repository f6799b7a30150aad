"""Keras models to .tflite, with TensorFlow's converter."""

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.samples import UNIT_HINT, odd, sample_arrays

if TYPE_CHECKING:
    import keras

Quantize = Literal["none", "dynamic", "float16", "int8", "int16x8"]
QUANTIZED: tuple[Quantize, ...] = get_args(Quantize)
BY_SAMPLES = ("int8", "int16x8")


def convert_float(model: "keras.Model") -> bytes:
    """The model as a float32 .tflite for one sample at a time; its inputs and outputs keep their order.

    Raises `UserError` for weights that are no numbers, and for a model that has no graph of layers.
    """
    return convert(model)


def convert_int8(model: "keras.Model", calibration: Any = None, per_channel: bool = True) -> bytes:
    """The model as an int8 .tflite: weights per channel, activations by the ranges seen on `calibration`.

    Without `per_channel` a layer's weights have one scale.

    `calibration` holds samples as the model takes them, float32 [n, ...], in a list where the model has several inputs;
    or it is an iterator, a function that gives one, or a `tf.data.Dataset`, of samples or batches with labels or
    without, of which the first 10,000 samples are taken. A model of `aiedge.train.aware` needs none, and takes none:
    its ranges are those that it learned. Inputs and outputs become int8 too, and keep their order.

    Raises `UserError` for samples that are none, are not finite or do not fit the model, naming which, and as
    `convert_float`.
    """
    return convert(model, "int8", calibration, per_channel)


def convert(
    model: "keras.Model", quantize: Quantize = "none", calibration: Any = None, per_channel: bool = True
) -> bytes:
    """The model as a .tflite for one sample at a time; inputs and outputs keep their order.

    - "none": float32
    - "dynamic": int8 weights, float32 activations, which TensorFlow Lite Micro does not run
    - "float16": float16 weights, the same
    - "int8": weights and activations, as `convert_int8`
    - "int16x8": int8 weights, int16 activations

    The last two take `calibration` samples, in the forms of `convert_int8`. Raises `UserError` as that does.
    """
    from aiedge.train.aware import for_export, is_aware

    if quantize not in QUANTIZED:
        raise UserError(f"there is no quantization {quantize!r}", f"there are {', '.join(QUANTIZED)}")
    if quantize in BY_SAMPLES:
        model = _graph_of(model, calibration)
    _check_model(model)
    if quantize == "int8" and (is_aware(model) or calibration is None):
        return _convert(for_export(model), "int8")
    samples = None
    if quantize in BY_SAMPLES:
        if calibration is None:
            raise UserError(f"{quantize} needs samples, by which it finds the activations' ranges", UNIT_HINT)
        samples = sample_arrays(
            calibration, [x.shape[1:] for x in model.inputs], [x.name for x in model.inputs]
        )
    return _convert(model, quantize, samples, per_channel)


def at_batch_1(model: "keras.Model") -> "keras.Model":
    """The same network for one sample at a time, in float32; several inputs keep their names."""
    from aiedge.train.framework import keras

    several = len(model.inputs) > 1
    each = [
        keras.Input(x.shape[1:], batch_size=1, dtype=x.dtype, name=x.name if several else None)
        for x in model.inputs
    ]
    # A list, a dictionary or a tensor, as the model's own.
    sequential = isinstance(model, keras.Sequential)
    entries = each[0] if sequential else keras.tree.pack_sequence_as(model.input, each)
    try:
        one = keras.models.clone_model(model, entries, clone_function=_in_float32)
        one.set_weights(model.get_weights())
    except (TypeError, NotImplementedError):
        # A layer of the user's own that cannot be made from its configuration.
        one = keras.Model(entries, model(entries))
    # TensorFlow's converter takes no dictionary.
    return keras.Model(each, one.outputs) if isinstance(entries, dict) else one


def _convert(
    model: "keras.Model",
    quantize: Quantize,
    samples: list[NDArray] | None = None,
    per_channel: bool = True,
) -> bytes:
    """Convert by samples, or without them to int8 by the ranges that the model marks."""
    # Here, not above: reading a model must not wait for TensorFlow.
    from aiedge.train.framework import quiet, tensorflow

    with quiet():
        # Without a fixed batch the converter adds operators that compute shapes.
        one = at_batch_1(model)
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(one)
        if quantize != "none":
            converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tensorflow.float16]
        if samples is not None:
            # By name: the converter sorts the inputs.
            names = [x.name for x in one.inputs]
            converter.representative_dataset = lambda: (
                {name: sample[np.newaxis] for name, sample in zip(names, each, strict=True)}
                for each in zip(*samples, strict=True)
            )
            sets = tensorflow.lite.OpsSet
            wide = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
            converter.target_spec.supported_ops = [
                wide if quantize == "int16x8" else sets.TFLITE_BUILTINS_INT8
            ]
        if quantize in BY_SAMPLES:
            converter._experimental_disable_per_channel = not per_channel
            kind = tensorflow.int16 if quantize == "int16x8" else tensorflow.int8
            converter.inference_input_type = converter.inference_output_type = kind
        made = converter.convert()
    return _in_order(made, [x.name for x in one.inputs], [f"output_{i}" for i in range(len(one.outputs))])


def _in_order(model: bytes, inputs: list[str], outputs: list[str]) -> bytes:
    """The model with its inputs and outputs in the order of these names of its signature, which the converter sorts.

    Where the signature has other names, all stays as it is.
    """
    from ai_edge_litert import schema_py_generated as schema

    changed = bytearray(model)
    root = schema.Model.GetRootAs(changed, 0)
    graph, signature = root.Subgraphs(0), root.SignatureDefs(0)
    sides = (
        (inputs, signature.Inputs, signature.InputsLength(), graph.InputsAsNumpy()),
        (outputs, signature.Outputs, signature.OutputsLength(), graph.OutputsAsNumpy()),
    )
    for names, entry, count, tensors in sides:
        places = {each.Name().decode(): each.TensorIndex() for each in map(entry, range(count))}
        order = [places.get(name, -1) for name in names]
        if sorted(order) == sorted(tensors):
            tensors[:] = order  # a view of `changed`
    return bytes(changed)


def _in_float32(layer: "keras.Layer") -> "keras.Layer":
    """A copy of the layer that computes in float32, whatever the policy of mixed precision it was made with."""
    from aiedge.train.framework import keras

    if isinstance(layer, keras.layers.TFSMLayer):
        return layer  # of a SavedModel that was loaded, which Keras loads no second time without being asked
    config = layer.get_config()
    if layer.dtype_policy.compute_dtype in ("float16", "bfloat16"):
        config["dtype"] = "float32"
    return type(layer).from_config(config)


def _has_graph(model: "keras.Model") -> bool:
    """Whether the model tells its inputs; raises `UserError` for what is no layer of Keras."""
    from aiedge.train.framework import keras

    if not isinstance(model, keras.Layer):
        raise UserError(
            f"what is converted is a Keras model, not a {type(model).__name__}",
            "keras.models.load_model(path) reads one from a file",
        )
    return bool(getattr(model, "operations", None)) or (type(model).__name__ == "Sequential" and model.built)


def _graph_of(model: "keras.Model", calibration: Any) -> "keras.Model":
    """The model, or for one of a class of its own a functional one around it, of the samples' shapes."""
    from aiedge.train.framework import keras

    arrays = calibration if isinstance(calibration, list | tuple) else [calibration]
    if _has_graph(model) or not all(isinstance(array, np.ndarray) and len(array) for array in arrays):
        return model
    several = [keras.Input(array.shape[1:]) for array in arrays]
    entries = several if len(several) > 1 else several[0]
    try:
        return keras.Model(entries, model(entries), name=model.name)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"the model {model.name!r} ({type(model).__name__}) cannot be called on the samples: {error}",
            UNIT_HINT,
        ) from error


def _check_model(model: "keras.Model") -> None:
    """Raise `UserError` for a model without a graph of layers, and for weights that are not finite."""
    if not _has_graph(model):
        raise UserError(
            f"the model {model.name!r} ({type(model).__name__}) has no graph of layers, which tells its inputs",
            "build it with the functional API, keras.Model(x, model(x)) of x = keras.Input(...), or keras.Sequential",
        )
    for layer in model.layers:
        for weight in layer.weights:
            values = np.asarray(weight)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise UserError(
                    f"the weight {weight.path!r} of layer {layer.name!r} has {odd(values)}",
                    "training has diverged: lower the learning rate, and train anew from finite weights",
                )
