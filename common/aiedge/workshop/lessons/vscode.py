"""A project's `vscode/` but for the sources in it: PlatformIO's files, from templates in `common/platforms/project`."""

import textwrap
from pathlib import Path

import jinja2

from aiedge.lesson import Project
from aiedge.paths import COMMON

TEMPLATES = COMMON / "platforms" / "project"
WIDTH = 118  # of a comment's text


def project_files(project: Project) -> dict[Path, str]:
    """Path and content of every file that a template makes; none for a lesson without firmware."""
    firmware = project.lesson.firmware
    if firmware is None:
        return {}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    known = {
        "lesson": project.lesson,
        "name": project.name,
        "level": project.level,
        "firmware": firmware,
        "environments": _environments(["lesson.ini", *firmware.environments], firmware.about),
    }
    return {
        project.folder / "vscode" / template: environment.get_template(template).render(known)
        for template in environment.list_templates()
    }


def _environments(files: list[str], about: str) -> str:
    """A comment of an .ini file that says where the environments are, and what there is.

    >>> _environments(["lesson.ini", "stream.ini"], "row by row")
    '; The environments are in common/platforms/lesson.ini and stream.ini: row by row.'
    """
    names = " and ".join(filter(None, (", ".join(files[:-1]), files[-1])))
    text = f"The environments are in common/platforms/{names}{': ' if about else ''}{about}."
    return "\n".join(f"; {line}" for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False))
