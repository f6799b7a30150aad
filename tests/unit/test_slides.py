"""Slides from the lessons' own sources: whole, without a network, with the plots of the solution."""

import base64
import re
from pathlib import Path

import pytest

from aiedge.cli import main
from aiedge.paths import REPO
from aiedge.workshop.lessons.build import find_projects
from aiedge.workshop.lessons.notebook import from_file
from aiedge.workshop.lessons.slides import slides, to_html

PROJECTS = find_projects(REPO)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_a_lesson_s_slides_hold_its_sections_todos_plots_and_questions(project) -> None:
    page = slides(project)
    source = project.notebook_at(0)
    text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
    for heading in re.findall(r"^## (.*)$", text, re.M):
        assert f"<h2>{heading.replace('&', '&amp;')}</h2>" in page
    assert page.count("<summary>Solution</summary>") == len(project.notebook.todos)
    assert page.count("<details><summary>") == text.count("<details><summary>") + len(project.notebook.todos)
    outputs = [
        output.get("data", {})
        for cell in from_file(project.solution).cells
        for output in cell.get("outputs", [])
    ]
    drawn = sum("image/png" in data or "image/svg" in data.get("text/html", "") for data in outputs)
    assert drawn > 5 and page.count('<img class="plot"') == drawn
    assert page.count('class="formula"') == len(re.findall(r"\$\$.+?\$\$", text, re.S))


@pytest.mark.parametrize("project", PROJECTS[:1], ids=lambda project: project.name)
def test_the_page_asks_the_network_for_nothing_and_is_well_formed(project) -> None:
    page = slides(project)
    assert re.findall(r'(?:src|href)="(?!data:)', page) == [] and "@import" not in page and "KEPT" not in page
    for tag in ("section", "details", "pre", "h2"):
        assert page.count(f"<{tag}") == page.count(f"</{tag}>"), tag
    for data in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page):
        assert b"<svg" in base64.b64decode(data)


def test_markdown_with_formulas_answers_and_tags() -> None:
    html = to_html("Is $q = 1 < 2$?\n\n<details><summary>Why `x < 1`?</summary>\n\nSee **it**.\n</details>")
    assert 'alt="q = 1 &lt; 2"' in html
    assert "<details><summary>Why <code>x &lt; 1</code>?</summary><p>See <strong>it</strong>.</p>" in html


def test_the_command_writes_a_page_for_each_project_of_a_lesson(tmp_path: Path, capsys) -> None:
    assert main(["lessons", "slides", "carclassifier", "-o", str(tmp_path / "new")]) == 0
    written = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert written == ["carclassifier_easy.html", "carclassifier_hard.html"]


def test_a_solution_that_was_not_run_is_refused(tmp_path: Path, capsys) -> None:
    from tests.support.tiny_lesson import write_lesson

    write_lesson(tmp_path)
    assert main(["lessons", "build", "--root", str(tmp_path)]) == 0
    assert main(["lessons", "slides", "--root", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert "hint: aiedge lessons build --execute tiny" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
