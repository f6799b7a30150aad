"""Keras models to .tflite, with TensorFlow's converter."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError

if TYPE_CHECKING:
    import keras

# Of an endless generator or data set these are enough for the ranges.
MOST_SAMPLES = 10_000
UNIT_HINT = (
    "give float32 arrays [n, ...], a list of them for several inputs, a generator, or a tf.data.Dataset"
)


def convert_float(model: "keras.Model") -> bytes:
    """The model as a float32 .tflite for one sample at a time; its inputs and outputs keep their order.

    Raises `UserError` for weights that are no numbers, and for a model that has no graph of layers.
    """
    return _convert(model, None)


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
    from aiedge.train.aware import for_export, is_aware

    model = _graph_of(model, calibration)
    _check_model(model)
    if is_aware(model) or calibration is None:
        return _convert(for_export(model), [])
    return _convert(model, _samples(model, calibration), per_channel)


def _convert(model: "keras.Model", calibration: list[NDArray] | None, per_channel: bool = True) -> bytes:
    """Convert to float (None), to int8 by samples, or to int8 by the ranges that the model marks (no samples)."""
    # Here, not above: reading a model must not wait for TensorFlow.
    from aiedge.train.framework import keras, quiet, tensorflow

    _check_model(model)
    with quiet():
        # Without a fixed batch the converter adds operators that compute shapes.
        # Several inputs keep their names, by which a caller tells them apart.
        several = len(model.inputs) > 1
        each = [
            keras.Input(x.shape[1:], batch_size=1, dtype=x.dtype, name=x.name if several else None)
            for x in model.inputs
        ]
        entries = each if several else each[0]
        try:
            one = keras.models.clone_model(model, entries, clone_function=_in_float32)
            one.set_weights(model.get_weights())
        except (TypeError, NotImplementedError):
            # A layer of the user's own that cannot be made from its configuration.
            one = keras.Model(entries, model(entries))
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
            converter._experimental_disable_per_channel = not per_channel
            converter.inference_input_type = converter.inference_output_type = tensorflow.int8
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
                    f"the weight {weight.path!r} of layer {layer.name!r} has {_odd(values)}",
                    "training has diverged: lower the learning rate, and train anew from finite weights",
                )


def _samples(model: "keras.Model", calibration: Any) -> list[NDArray]:
    """The calibration samples, one array [n, ...] for each input."""
    shapes = [tuple(x.shape[1:]) for x in model.inputs]
    names = [x.name for x in model.inputs]
    arrays = _arrays(calibration() if callable(calibration) else calibration, shapes, names)
    if len(arrays) != len(shapes):
        raise UserError(
            f"there are calibration samples for {len(arrays)} inputs, and the model has {len(shapes)}",
            f"they are {', '.join(names)}; {UNIT_HINT}",
        )
    for name, shape, array in zip(names, shapes, arrays, strict=True):
        of = f" of {name!r}" if len(names) > 1 else ""
        if not _fits(array.shape[1:], shape):
            one = (
                " (one sample: put it into an array of samples, x[None])" if _fits(array.shape, shape) else ""
            )
            raise UserError(
                f"the calibration samples{of} have the shape {list(array.shape)}{one}, "
                f"and the model takes {['n', *shape]}",
                UNIT_HINT,
            )
        if not len(array):
            raise UserError(f"there are no calibration samples{of}", "give some hundred typical inputs")
        if len(array) != len(arrays[0]):
            raise UserError(
                f"there are {len(array)} calibration samples for {name!r}, and {len(arrays[0])} for {names[0]!r}",
                "give each input the same number of them",
            )
        bad = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
        if len(bad):
            raise UserError(
                f"calibration sample {bad[0]}{of} has {_odd(array[bad[0]])}"
                + (f", and so have {len(bad) - 1} more" if len(bad) > 1 else ""),
                "leave such samples out: one value of the kind would be the range of a tensor",
            )
    return arrays


def _arrays(calibration: Any, shapes: list[tuple], names: list[str]) -> list[NDArray]:
    """The samples as arrays, from arrays, a mapping, a generator or a data set; without a batch's axis it is added."""
    if isinstance(calibration, dict):
        missing = [name for name in names if name not in calibration]
        if missing:
            raise UserError(
                f"there are no calibration samples for {missing[0]!r}", f"the inputs are {', '.join(names)}"
            )
        return [_array(calibration[name]) for name in names]
    if isinstance(calibration, list | tuple) and not calibration:
        raise UserError("there are no calibration samples", "give some hundred typical inputs")
    if isinstance(calibration, list | tuple) and (
        len(shapes) > 1 or (len(calibration) == 1 and _fits(np.shape(calibration[0])[1:], shapes[0]))
    ):
        return [_array(array) for array in calibration]
    if hasattr(calibration, "__array__") or isinstance(calibration, list | tuple):
        return [_array(calibration)]
    if not isinstance(calibration, Iterable):
        raise UserError(f"calibration samples cannot be a {type(calibration).__name__}", UNIT_HINT)
    parts: list[list[NDArray]] = []
    total = 0
    for i, element in enumerate(islice(calibration, MOST_SAMPLES)):
        batches = _of_element(element, shapes, names)
        if not batches or any(batch.ndim == 0 for batch in batches):
            raise UserError(f"element {i} of the calibration samples lacks values for an input", UNIT_HINT)
        parts.append(batches)
        total += len(batches[0])
        if total >= MOST_SAMPLES:
            break
    if not parts:
        raise UserError("there are no calibration samples: the generator gave none", "make it anew")
    kinds = [[batch.shape[1:] for batch in batches] for batches in parts]
    other = next((i for i, kind in enumerate(kinds) if kind != kinds[0]), None)
    if other is not None:
        raise UserError(
            f"element {other} of the calibration samples has values of the shapes "
            f"{[list(shape) for shape in kinds[other]]}, and element 0 of {[list(shape) for shape in kinds[0]]}",
            UNIT_HINT,
        )
    return [np.concatenate(column)[:MOST_SAMPLES] for column in zip(*parts, strict=True)]


def _of_element(element: Any, shapes: list[tuple], names: list[str]) -> list[NDArray]:
    """What one step of a generator or a data set gives: a sample or a batch, mostly with labels behind it."""
    if isinstance(element, dict):
        parts = [element.get(name) for name in names]
    elif isinstance(element, tuple | list):
        nested = element[0] if element and isinstance(element[0], tuple | list | dict) else None
        if isinstance(nested, dict):
            return _of_element(nested, shapes, names)
        parts = list(nested if nested is not None else element)[: len(shapes)]
    else:
        parts = [element]
    arrays = [_array(part) for part in parts]
    return [
        array[np.newaxis] if _fits(array.shape, shape) else array
        for array, shape in zip(arrays, shapes, strict=False)
    ]


def _array(values: Any) -> NDArray:
    try:
        # A cast would drop the imaginary parts.
        if np.iscomplexobj(values):
            raise ValueError("they are complex")
        return np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise UserError(f"calibration samples are no numbers: {error}", UNIT_HINT) from error


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _odd(values: NDArray) -> str:
    """What of an array is not finite."""
    return "NaN" if np.isnan(values).any() else "an infinite value"
