"""A network as a page that any browser opens, from a web server or from a disk."""

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.tflite.graph import Graph
from aiedge.web.facts import page_facts
from aiedge.web.wasm import places, webassembly

PAGE = Path(__file__).with_name("page")
_MOST_LABELS = 2**20  # bytes of their file
# Without 'unsafe-inline': a hash for each text in the one file, the files beside it in a folder.
_POLICY = (
    "default-src 'none'; script-src {source} 'wasm-unsafe-eval'; style-src {style}; "
    "img-src blob: data:; media-src blob:; base-uri 'none'; form-action 'none'"
)


def model_facts(
    graph: Graph, title: str, labels: Sequence[str] = (), pixels: tuple[float, float] | None = None
) -> dict[str, Any]:
    """What the page knows of a network beside `page_facts`: where in its memory inputs and outputs lie, pixels' range.

    `pixels` are the numbers of a black and of a white pixel; by default the one of 0 to 1, -1 to 1 and 0 to 255 that
    the input's quantization is for. Raises `UserError` where there are not as many labels as outputs.
    """
    outputs = graph.outputs[0].elements
    wanted = {outputs, 2} if outputs == 1 else {outputs}
    if labels and len(labels) not in wanted:
        raise UserError(
            f"there are {len(labels):,} labels, and the network has {outputs:,} outputs",
            "name a file with one label a line",
        )
    facts = page_facts(graph, title, labels)
    return {**facts, "places": places(graph)[0], "pixels": list(pixels or _range(facts["inputs"][0]))}


def _range(tensor: dict[str, Any]) -> tuple[float, float]:
    """The usual range of pixels that an input's integers are for.

    >>> _range({"type": "int8", "scale": 1 / 127.5, "zero_point": -1})
    (-1.0, 1.0)
    """
    ends = {"int8": (-128, 127), "uint8": (0, 255)}.get(tensor["type"])
    if ends is None:
        return 0.0, 1.0
    low, high = (tensor["scale"] * (end - tensor["zero_point"]) for end in ends)
    if low < -0.5:
        return -1.0, 1.0
    return (0.0, 255.0) if high > 2 else (0.0, 1.0)


def labels_in(model: Path) -> list[str]:
    """The labels in a .tflite's metadata, one for each line of the first text file that is packed in it; [] without."""
    try:
        with zipfile.ZipFile(model) as packed:
            name = next((name for name in packed.namelist() if name.endswith(".txt")), None)
            if name is None:
                return []
            with packed.open(name) as file:
                text = file.read(_MOST_LABELS)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError):
        return []
    return text.decode("utf-8", "replace").splitlines()


def write_folder(graph: Graph, facts: dict[str, Any], folder: Path) -> list[Path]:
    """Write a network's page into a folder, with what it needs; return the files' paths, the page's first."""
    policy = _POLICY.format(source="'self' file:", style="'self' file:")
    style = '<link rel="stylesheet" href="style.css">'
    scripts = '<script src="model.js"></script>\n<script src="page.js"></script>'
    texts = {
        "index.html": _html(policy, style, scripts),
        "style.css": (PAGE / "style.css").read_text(encoding="utf-8"),
        "page.js": _script(),
        "model.js": _model(graph, facts),
    }
    return [write_atomic(folder / name, text) for name, text in texts.items()]


def one_page(graph: Graph, facts: dict[str, Any]) -> str:
    """The same page as one text of HTML."""
    style, scripts = (PAGE / "style.css").read_text(encoding="utf-8"), (_model(graph, facts), _script())
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, *scripts)]
    style_hash, *script_hashes = (f"'sha256-{value}'" for value in hashes)
    policy = _POLICY.format(source=" ".join(script_hashes), style=style_hash)
    return _html(policy, f"<style>{style}</style>", "\n".join(f"<script>{text}</script>" for text in scripts))


def _html(policy: str, style: str, scripts: str) -> str:
    page = (PAGE / "model.html").read_text(encoding="utf-8")
    for word, text in (("POLICY", policy), ("STYLE", style), ("SCRIPTS", scripts)):
        page = page.replace(word, text, 1)
    return page


def _script() -> str:
    """The page's modules as one classic script: a page on a disk loads no modules."""
    texts = [(PAGE / name).read_text(encoding="utf-8") for name in ("draw.js", "frames.js", "model.js")]
    return "(() => {\n" + re.sub(r"^export ", "", "\n".join(texts), flags=re.MULTILINE) + "})();\n"


def _model(graph: Graph, facts: dict[str, Any]) -> str:
    """The network as a script; no text of the model's ends it early."""
    model = {"facts": facts, "wasm": base64.b64encode(webassembly(graph)).decode()}
    return f"globalThis.aiedgeModel = {json.dumps(model).replace('<', chr(92) + 'u003c')};\n"
