"""A lesson as slides: one HTML file that needs no network, made from the lesson's source and its solution's outputs.

Each section is some slides: its text, each TODO with hint and solution to unfold, each plot beneath the words before
it, and the questions with their answers to unfold. Arrow keys, the space bar and a click go on; printing shows all.
"""

import base64
import io
import re
from collections.abc import Iterator
from html import escape

import mistune
from nbformat import NotebookNode

from aiedge.errors import UserError
from aiedge.workshop.lessons.build import Sources
from aiedge.workshop.lessons.notebook import from_file, keep_outputs

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.S)
_DETAILS = re.compile(r"<details><summary>(.*?)</summary>\s*(.*?)\s*</details>", re.S)
_LINK = re.compile(r"\[([^\]]+)\]\((?!http)[^)]*\)")  # the files that it leads to are not there
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ margin: 0; font: 1.5rem/1.45 system-ui, sans-serif; color: #111; background: white }}
section {{ display: none; box-sizing: border-box; min-height: 100vh; padding: 4vh 7vw; margin: auto }}
section.now {{ display: block }}
h1 {{ font-size: 2.6rem; color: #0072b2 }} h2 {{ font-size: 2rem; color: #0072b2; margin-top: 0 }}
section > p > img, .plot {{ display: block; max-width: 100%; max-height: 58vh; margin: 1rem auto }}
.plot {{ height: 58vh; object-fit: contain }}
.formula {{ height: 3.2rem }} .inline {{ height: 1.3rem; vertical-align: middle }}
pre {{ font-size: 1.1rem; background: #f2f5f7; padding: .8rem; overflow: auto; white-space: pre-wrap }}
details {{ margin: .8rem 0; cursor: pointer }} summary {{ font-weight: 600 }}
footer {{ position: fixed; right: 1rem; bottom: .5rem; color: #666; font-size: 1rem }}
@media print {{ section {{ display: block; page-break-after: always; min-height: 0 }} footer {{ display: none }} }}
</style>
{slides}
<footer></footer>
<script>
const slides = [...document.querySelectorAll("section")];
let now = Math.min(Math.max(parseInt(location.hash.slice(1)) || 1, 1), slides.length) - 1;
function show(index) {{
  slides[now].classList.remove("now");
  now = Math.min(Math.max(index, 0), slides.length - 1);
  slides[now].classList.add("now");
  location.replace("#" + (now + 1));
  document.querySelector("footer").textContent = (now + 1) + " / " + slides.length;
}}
const steps = {{ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1}};
addEventListener("keydown", event => {{
  if (event.key in steps) {{ event.preventDefault(); show(now + steps[event.key]); }}
  if (event.key === "Home") show(0);
  if (event.key === "End") show(slides.length - 1);
}});
addEventListener("click", event => {{ if (!event.target.closest("details, pre")) show(now + 1); }});
show(now);
</script>
</html>
"""


def slides(project: Sources) -> str:
    """The HTML page; raises `UserError` where the solution was not run as the source is now."""
    nb = project.notebook_at(len(project.notebook.todos))
    if not keep_outputs(nb, from_file(project.solution)):
        raise UserError(
            f"the solution of {project.name} was not run as it is now",
            f"aiedge lessons build --execute {project.lesson.name}",
        )
    student = project.notebook_at(0)
    found = _slides(nb, student)
    page = "\n".join(f"<section>{slide}</section>" for slide in found)
    return _PAGE.format(title=escape(project.lesson.title), slides=page)


def _slides(nb: NotebookNode, student: NotebookNode) -> Iterator[str]:
    """The slides' content, in the notebook's order."""
    heading, words, hint = "", "", ""
    for cell, skeleton in zip(nb.cells, student.cells, strict=True):
        if cell.cell_type == "markdown":
            hint = "".join(f"\n\n{match[0]}" for match in _DETAILS.finditer(cell.source))
            text = cell.source if "**Check yourself**" in cell.source else _DETAILS.sub("", cell.source)
            first, _, rest = text.strip().partition("\n")
            if re.match("#{1,2} ", first):
                heading, text = first.lstrip("# "), rest.strip()
                level = "h1" if first.startswith("# ") else "h2"
                yield f"<{level}>{escape(heading)}</{level}>{to_html(text)}"
            elif text.strip():
                yield f"<h2>{escape(heading)}</h2>{to_html(text)}"
            paragraphs = [part for part in text.strip().split("\n\n") if part and not part.startswith("$$")]
            words = paragraphs[-1] if paragraphs else words
        elif todo := re.search(r"# (TODO \d+: .*)", cell.source):
            solution = f"<details><summary>Solution</summary><pre>{escape(cell.source)}</pre></details>"
            yield (f"<h2>{escape(todo[1])}</h2><pre>{escape(skeleton.source)}</pre>{to_html(hint)}{solution}")
        else:
            for picture in _pictures(cell):
                caption = "" if words.startswith("**") else to_html(words)
                yield f"<h2>{escape(heading)}</h2>{caption}{picture}"


def to_html(text: str) -> str:
    """Markdown as HTML, with its formulas as pictures; links to files become words.

    >>> to_html("A [scale](../docs/glossary.md#scale) and *more*.").strip()
    '<p>A scale and <em>more</em>.</p>'
    """
    folded: list[str] = []

    def keep(html: str) -> str:
        folded.append(html)
        return f"KEPT{len(folded) - 1}KEPT"

    text = _DETAILS.sub(
        lambda m: keep(f"<details><summary>{_inline(m[1])}</summary>{to_html(m[2])}</details>"), text
    )
    text = _FORMULA.sub(lambda m: keep(_formula(m[1] or m[2], "formula" if m[1] else "inline")), text)
    html = str(mistune.html(_LINK.sub(r"\1", text)))
    html = re.sub(r"<p>(KEPT\d+KEPT\s*)+</p>", lambda m: m[0][3:-4], html)
    return re.sub(r"KEPT(\d+)KEPT", lambda m: folded[int(m[1])], html)


def _inline(text: str) -> str:
    """A line of Markdown without a paragraph around it."""
    return re.sub(r"^<p>|</p>\s*$", "", to_html(text))


def _formula(text: str, kind: str) -> str:
    """A formula in TeX as a picture, which says the formula to those who cannot see it."""
    from matplotlib import mathtext

    drawn = io.BytesIO()
    line = " ".join(text.split())
    mathtext.math_to_image(f"${line}$", drawn, format="svg")
    data = base64.b64encode(drawn.getvalue()).decode()
    return f'<img class="{kind}" alt="{escape(line)}" src="data:image/svg+xml;base64,{data}">'


def _pictures(cell: NotebookNode) -> Iterator[str]:
    """What a cell has drawn, within the page."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if str(data.get("text/html", "")).startswith("<img src="):  # a moving picture
            yield data["text/html"].replace("<img ", '<img class="plot" ', 1)
        elif "image/png" in data:
            png = data["image/png"].replace("\n", "")
            yield f'<img class="plot" src="data:image/png;base64,{png}">'
