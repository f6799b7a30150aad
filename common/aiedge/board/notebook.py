"""A network in a cell of a notebook."""

import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path

from aiedge.files import cache_folder, write_atomic
from aiedge.tflite import read
from aiedge.tflite.graph import Graph
from aiedge.web.folder import labels_in, model_facts, one_page


class ModelPage:
    """A page of a network: a notebook shows it in the cell, anything else its address on this computer's disk."""

    def __init__(self, html: str, height: int):
        self.html = html
        self.height = height
        name = hashlib.sha256(html.encode()).hexdigest()[:16]
        self.path = write_atomic(cache_folder("web") / f"{name}.html", html)

    @property
    def url(self) -> str:
        """The page's address."""
        return self.path.absolute().as_uri()

    def __repr__(self) -> str:
        return f"open this page in a browser: {self.url}"

    def _repr_html_(self) -> str:
        """A frame with the page in it, which needs nothing of the notebook's own page but the camera."""
        style = f"width: 100%; height: {self.height}px; border: 0"
        return (
            f'<iframe srcdoc="{escape(self.html)}" style="{style}" allow="camera" '
            'title="a network in the browser"></iframe>'
        )


def browser(
    model: str | Path | bytes | Graph, classes: Sequence[str] = (), title: str = "", height: int = 700
) -> ModelPage:
    """A page on which a model runs in the browser, as WebAssembly; a notebook shows it where a cell ends with it.

    Its inputs are the camera, pictures, a pad or sliders, and nothing leaves the computer. `classes` name the outputs,
    by default as the model's metadata does; the frame is `height` pixels high. The integers are those of the board, bit
    for bit. Raises `UserError` where ziglang, which compiles, is missing, and for a model that cannot become C.
    """
    path = Path(model) if isinstance(model, str | Path) else None
    graph = model if isinstance(model, Graph) else read(model)
    if path and not classes:
        found = labels_in(path)
        classes = found if len(found) == graph.outputs[0].elements else ()
    name = title or (path.stem if path else "a network in the browser")
    return ModelPage(one_page(graph, model_facts(graph, name, classes)), height)
