"""A .tflite model as a C array, and back.

The array is what firmware carries: `cp notebook/NAME.cpp vscode/main/NAME.cpp`.
"""

import hashlib
import re
from pathlib import Path

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.tflite.names import array_name, c_name, is_c_name

BYTES_PER_LINE = 20
NUMBER = re.compile(r"[^\s,]+")
# The elements of an array of bytes, however it is declared; attributes and macros may stand anywhere.
ARRAY = re.compile(
    r"\b(?:unsigned\s+char|u?int8_t|char|byte|u8)\b[^;{}]{0,500}?[\[>][^;{}]{0,500}\{\s*\{?(?P<values>[^{}]*)\}"
)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def to_c_array(model: bytes, name: str, kind: str = "tflite") -> str:
    """C++ source that defines `name`, the bytes of the model, and `name_len`, their number.

    The array is aligned to 16 bytes, as TensorFlow Lite Micro asks.

    >>> print(to_c_array(b"TFL3", "tiny").splitlines()[-3])
      0x54,0x46,0x4c,0x33,
    """
    if not is_c_name(name):
        raise UserError(
            f"{name!r} cannot be the name of a C array", "use letters, digits and _, no digit first"
        )
    lines = [
        "  " + "".join(f"0x{byte:02x}," for byte in model[start : start + BYTES_PER_LINE])
        for start in range(0, len(model), BYTES_PER_LINE)
    ]
    return "\n".join(
        [
            f"// {name}.{kind} as a C array: {len(model)} bytes,",
            f"// SHA-256 {hashlib.sha256(model).hexdigest()}.",
            f"extern const unsigned char {name}[];",
            f"extern const unsigned int {name}_len;",
            f"alignas(16) const unsigned char {name}[] = {{",
            *lines,
            "};",
            f"const unsigned int {name}_len = {len(model)};",
            "",
        ]
    )


def write_c_array(model: bytes, path: str | Path) -> Path:
    """Write the model as a C++ file whose array is named like the file, as far as C allows that."""
    return write_atomic(path, to_c_array(model, array_name(c_name(Path(path).stem))))


def export(
    name: str, float_model: bytes, int8_model: bytes, folder: str | Path = ".", float_array: bool = False
) -> list[Path]:
    """Write `name_float.tflite`, `name.tflite` (int8) and `name.cpp` (its C array); return their paths.

    With `float_array` the float model becomes a C array, too: `name_float.cpp`.
    """
    folder = Path(folder)
    arrays = [write_c_array(float_model, folder / f"{name}_float.cpp")] if float_array else []
    return [
        write_atomic(folder / f"{name}_float.tflite", float_model),
        write_atomic(folder / f"{name}.tflite", int8_model),
        write_c_array(int8_model, folder / f"{name}.cpp"),
        *arrays,
    ]


def from_c_array(path: str | Path) -> bytes:
    """The model in a C array file, as bytes; raises `UserError` where there is none.

    The array may be declared in any way that people use: `xxd -i`'s, with a size, attributes, `alignas`, PROGMEM. Of
    several arrays it is the first that holds a .tflite, or else the first.
    """
    try:
        text = Path(path).read_text(errors="replace")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "export it in the notebook first") from error
    hint = "export the model again, in the notebook"
    arrays = [found["values"] for found in ARRAY.finditer(COMMENT.sub(" ", text))]
    if not arrays:
        raise UserError(f"{path} holds no array of unsigned char", hint)
    problem: ValueError | None = None
    models = []
    for values in arrays:
        try:
            models.append(_bytes(values))
        except ValueError as error:
            problem = problem or error
    whole = next((model for model in models if model[4:8] == b"TFL3"), None)
    if whole is not None:
        return whole
    if problem:
        raise UserError(f"the array in {path} is damaged: {problem}", hint) from problem
    return models[0]


def _bytes(values: str) -> bytes:
    """The elements of an array; raises `ValueError` where one is no byte."""
    numbers = (int(word[0].rstrip("uUlL"), 0) for word in NUMBER.finditer(values))
    # A signed char's -1 is the byte 255.
    return bytes(number + 256 if -128 <= number < 0 else number for number in numbers)


def load_model(path: str | Path) -> bytes:
    """The bytes of a model in either form, by the file's name: a .tflite, or a C array in .c, .cc, .cpp or .h."""
    path = Path(path)
    if path.suffix in (".c", ".cc", ".cpp", ".h"):
        return from_c_array(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}", "give a .tflite file or its C array"
        ) from error
