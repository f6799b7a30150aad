"""Running as on macOS, Windows and ARM, for which TensorFlow Lite Micro has no wheel."""

import os
import sys
from pathlib import Path

# Python imports sitecustomize at its start; None in sys.modules stands for a package that is not there.
HOOK = "import sys\nsys.modules['tflite_micro'] = None\n"


def hide_tflm(folder: Path) -> None:
    """Hide the wheel from this Python, and from all that it starts by a hook in `folder`."""
    sys.modules["tflite_micro"] = None  # type: ignore[assignment]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(HOOK)
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
