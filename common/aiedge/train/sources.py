"""Keras models out of files: a SavedModel folder, .keras, .h5, or a function of a Python file."""

import importlib.util
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.framework import keras, quiet, tensorflow

if TYPE_CHECKING:
    from keras import Model

FORMS = "a SavedModel folder, .keras, .h5, FILE.py:FUNCTION, .onnx, or a float .tflite"
SIGNATURE = "serving_default"  # what Keras and TensorFlow call a model's own function
FUNCTION = "make"


class _Signature(keras.layers.TFSMLayer):
    """A function of a SavedModel, which takes its inputs by their names."""

    def call(self, inputs: dict[str, Any], training: bool = False, **options: Any) -> Any:
        """The function's outputs."""
        return self.call_endpoint_fn(**inputs)


def load(source: str | Path) -> "Model":
    """The Keras model of a file: `folder/`, `model.keras`, `model.h5`, or `file.py:function`, which returns it.

    The function is called without arguments; it is `make` where none is named. Raises `UserError` for what is not there
    or holds no model, and for a function that fails.
    """
    text = str(source)
    path, colon, function = text.rpartition(":")
    if colon and path.endswith(".py"):
        return _of_function(Path(path), function)
    path_ = Path(text)
    if path_.suffix == ".py":
        return _of_function(path_, FUNCTION)
    if not path_.exists():
        raise UserError(f"there is no file or folder {text}", f"a model is {FORMS}")
    if path_.is_dir():
        return _of_saved_model(path_)
    if path_.suffix not in (".keras", ".h5", ".hdf5"):
        raise UserError(f"{text} is no model that can be converted", f"a model is {FORMS}")
    try:
        with quiet():
            return keras.models.load_model(path_, compile=False)
    except (ValueError, OSError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{text} cannot be loaded: {_line(error)}",
            "layers of your own need their classes: name a function, FILE.py:FUNCTION, which builds and loads it",
        ) from error


def predict(model: "Model", samples: Sequence[NDArray]) -> list[NDArray]:
    """The model's answers [n, ...], one array for each output, to `samples` [n, ...], one for each input in order."""
    sequential = isinstance(model, keras.Sequential)
    inputs = samples[0] if sequential else keras.tree.pack_sequence_as(model.input, list(samples))
    return [np.asarray(each) for each in keras.tree.flatten(model.predict(inputs, verbose=0))]


def _of_saved_model(folder: Path) -> "Model":
    """A SavedModel as a layer in a model of one input, or several; its weights are those of the folder."""
    if not (folder / "saved_model.pb").is_file():
        raise UserError(
            f"{folder} holds no SavedModel: there is no saved_model.pb in it",
            "model.export(folder) writes one",
        )
    try:
        with quiet():
            signatures = tensorflow.saved_model.load(str(folder)).signatures
            name = SIGNATURE if SIGNATURE in signatures else next(iter(signatures), "")
            if not name:
                raise UserError(
                    f"{folder} has no signature, which tells its inputs", "model.export(folder) writes one"
                )
            inputs = signatures[name].structured_input_signature[1]
            layer = _Signature(str(folder), call_endpoint=name)
            entries = {
                key: keras.Input(each.shape[1:], dtype=each.dtype.name, name=key)
                for key, each in inputs.items()
            }
            found = layer(entries)
            outputs = list(found.values()) if isinstance(found, dict) else found
            return keras.Model(list(entries.values()), outputs[0] if len(outputs) == 1 else outputs)
    except (ValueError, OSError, TypeError, KeyError, RuntimeError, tensorflow.errors.OpError) as error:
        raise UserError(
            f"the SavedModel {folder} cannot be loaded: {_line(error)}", "model.export(folder) writes one"
        ) from error


def _of_function(path: Path, function: str) -> "Model":
    """What a function of a Python file returns."""
    module = _module(path)
    make = getattr(module, function, None)
    if not callable(make):
        names = [name for name, value in vars(module).items() if callable(value) and name[0] != "_"]
        raise UserError(
            f"{path} has no function {function!r}",
            f"it has {', '.join(names)}: name one as {path}:FUNCTION"
            if names
            else "define one that returns the model",
        )
    try:
        model = make()
    except Exception as error:
        raise UserError(
            f"{function}() of {path} failed: {type(error).__name__}: {_line(error)}",
            "it is called without arguments; --debug shows where",
        ) from error
    if not isinstance(model, keras.Model):
        raise UserError(
            f"{function}() of {path} returns a {type(model).__name__}, not a Keras model",
            "return the model, trained, or with its weights loaded",
        )
    return model


def _module(path: Path) -> ModuleType:
    """A Python file as a module; what lies beside it can be imported, as when it is run."""
    if not path.is_file():
        raise UserError(f"there is no file {path}", "check its name and folder")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(
            f"{path} cannot be run: {type(error).__name__}: {_line(error)}", "--debug shows where"
        ) from error
    finally:
        sys.path.pop(0)
    return module


def _line(error: BaseException) -> str:
    """The first words of an error, of which Keras writes pages."""
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:200] + " ..."
