"""A .tflite model as a C array, and back.

The array is what firmware carries: `cp notebook/NAME.cpp vscode/main/NAME.cpp`.
"""

import hashlib
import re
from pathlib import Path

from aiedge.errors import UserError
from aiedge.files import write_atomic

BYTES_PER_LINE = 20
ARRAY = re.compile(r"const unsigned char (\w+)\[\] = \{([^}]*)\}", re.DOTALL)


def to_c_array(model: bytes, name: str) -> str:
    """C++ source that defines `name`, the bytes of the model, and `name_len`, their number.

    The array is aligned to 16 bytes, as TensorFlow Lite Micro asks.

    >>> print(to_c_array(b"TFL3", "tiny").splitlines()[-3])
      0x54,0x46,0x4c,0x33,
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise UserError(
            f"{name!r} cannot be the name of a C array", "use letters, digits and _, no digit first"
        )
    lines = [
        "  " + "".join(f"0x{byte:02x}," for byte in model[start : start + BYTES_PER_LINE])
        for start in range(0, len(model), BYTES_PER_LINE)
    ]
    return "\n".join(
        [
            f"// {name}.tflite as a C array: {len(model)} bytes,",
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
    """Write the model as a C++ file whose array is named like the file."""
    return write_atomic(path, to_c_array(model, Path(path).stem))


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
    """The model in a C array file, as bytes; raises `UserError` where there is none."""
    try:
        found = ARRAY.search(Path(path).read_text(errors="replace"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "export it in the notebook first") from error
    hint = "export the model again, in the notebook"
    if not found:
        raise UserError(f"{path} holds no array of unsigned char", hint)
    try:
        return bytes(int(number, 0) for number in found[2].replace(",", " ").split())
    except ValueError as error:
        raise UserError(f"the array in {path} is damaged: {error}", hint) from error


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
