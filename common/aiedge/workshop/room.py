"""The room before the day: a page of all laptops that were looked at, with what each of them lacks.

`aiedge doctor --room FOLDER`, on each laptop, adds a file to a shared folder or a stick and makes the page anew of all
files that are there. What the files say was written by other people's computers: it is shown as text.
"""

import hashlib
import json
import platform
import re
import time
import uuid
from collections.abc import Iterable
from html import escape
from pathlib import Path

from aiedge.files import write_atomic
from aiedge.paths import REPO, commit
from aiedge.workshop.doctor import Finding

PAGE = "index.html"
MOST = 2**20  # bytes of one laptop's file
# Without these a laptop cannot take part in the whole morning, though the doctor's screen only mentions them.
NEEDED = {"cc"}
_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Laptops</title><style>
body { font: 1rem/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
body { color: #111; background: white } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .5rem; border-top: 1px solid #ccc }
.lacks td:first-child { border-left: .5rem solid #c00 } .ready td:first-child { border-left: .5rem solid #009e73 }
code { background: #f2f5f7; padding: 0 .2rem } summary { cursor: pointer; color: #555 }
</style>
"""


def add(folder: Path, findings: Iterable[Finding]) -> Path:
    """Write this laptop's file into the folder, and the page of all; returns the page's path."""
    name = platform.node() or "laptop"
    # Laptops of one make share a name; this tells them apart and says nothing of them.
    mark = hashlib.sha256(f"{uuid.getnode()} {REPO}".encode()).hexdigest()[:4]
    entry = {
        "laptop": name,
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "kit": commit(),
        "findings": [list(finding) for finding in findings],
    }
    file = re.sub(r"[^\w.-]", "-", name)
    write_atomic(folder / f"{file}-{mark}.json", json.dumps(entry, indent=1) + "\n")
    return write_atomic(folder / PAGE, page(folder))


def page(folder: Path) -> str:
    """The page of all laptops in the folder, those that lack something first."""
    laptops = [_read(path) for path in sorted(folder.glob("*.json"))]
    lacking = [laptop for laptop in laptops if _lacks(laptop[1])]
    kits = {laptop[2] for laptop in laptops} - {""}
    rows = sorted(laptops, key=lambda laptop: (not _lacks(laptop[1]), laptop[0].lower()))
    ready = len(laptops) - len(lacking)
    text = f"<h1>{len(laptops)} laptop{'s' * (len(laptops) != 1)}: {ready} ready, {len(lacking)} not yet</h1>"
    if len(kits) > 1:
        text += f"<p>They have different versions of the kit: {escape(', '.join(sorted(kits)))}.</p>"
    table = "".join(map(_row, rows))
    return f"{_HEAD}{text}<table><tr><th>laptop<th>what is missing<th>what to do</tr>{table}</table></html>\n"


def _read(path: Path) -> tuple[str, list[Finding], str, str]:
    """A laptop's name, findings, kit and time; a file that is no such thing is a laptop that must look again."""
    try:
        if path.stat().st_size > MOST:
            raise ValueError
        entry = json.loads(path.read_text(encoding="utf-8"))
        findings = [Finding(*map(str, finding)) for finding in entry["findings"]]
        return str(entry["laptop"]), findings, str(entry["kit"]), str(entry["when"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return path.stem, [Finding("!!", "report", "its file cannot be read", "aiedge doctor --room")], "", ""


def _lacks(findings: list[Finding]) -> list[Finding]:
    return [
        finding
        for finding in findings
        if finding.mark == "!!" or (finding.mark != "ok" and finding.name in NEEDED)
    ]


def _row(laptop: tuple[str, list[Finding], str, str]) -> str:
    name, findings, kit, when = laptop
    lacks = _lacks(findings)
    others = [finding for finding in findings if finding.mark != "ok" and finding not in lacks]
    more = "".join(f"<li>{escape(finding.name)}: {escape(finding.found)}</li>" for finding in others)
    about = (
        f"<details><summary>{len(others)} more, not needed by all</summary><ul>{more}</ul></details>"
        if more
        else ""
    )
    computer = next((finding.found for finding in findings if finding.name == "computer"), "")
    first = (
        f"<td><b>{escape(name)}</b><br>{escape(computer)}<br>{escape(' · '.join(filter(None, (kit, when))))}"
    )
    if not lacks:
        return f'<tr class="ready">{first}<td>nothing{about}<td></tr>'
    missing = "".join(f"<div>{escape(finding.name)}: {escape(finding.found)}</div>" for finding in lacks)
    advice = "".join(f"<div><code>{escape(finding.advice)}</code></div>" for finding in lacks)
    return f'<tr class="lacks">{first}<td>{missing}{about}<td>{advice}</tr>'
