"""The glossary, the questions and the minutes of the lessons: each term links to its words where it comes first."""

import re
from collections.abc import Iterator

import pytest

from aiedge.lesson import Lesson, lessons
from aiedge.paths import REPO
from aiedge.workshop.lessons.build import find_projects
from aiedge.workshop.lessons.notebook import GLOSSARY

TEXT = (REPO / "docs/glossary.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^## (.*)$", TEXT, re.M)
# Set in another type, or not read from top to bottom: code, formulas, headings, hints and answers.
APART = re.compile(
    r"<details>.*?</details>|```.*?```|\$\$.*?\$\$|\$[^$\n]+\$|^#[^\n]*$|(?<!\[)`[^`\n]*`", re.S | re.M
)
PROJECTS = find_projects(REPO)
WITH_FIRMWARE = [project for project in PROJECTS if project.lesson.firmware]


def prose(project) -> str:
    """What a student reads of a notebook."""
    nb = project.notebook_at(0)
    return APART.sub("", "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown"))


def first_use(term: str, text: str) -> re.Match[str] | None:
    words = re.escape(term).replace(r"\ ", r"\s")
    return re.search(rf"(?<![\w#-]){words}(s|es)?(?![\w-])", text, re.I)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_the_first_use_of_each_term_is_a_link(project) -> None:
    text, bare = prose(project), []
    for term in TERMS:
        if found := first_use(term, text):
            link = re.compile(rf"[*`]*\]\({re.escape(GLOSSARY)}#")
            if not link.match(text, found.end()):
                bare.append(text[max(0, found.start() - 40) : found.end() + 20].replace("\n", " "))
    assert bare == []


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_every_link_to_the_glossary_finds_its_word(project) -> None:
    places = {term.lower().replace(" ", "-") for term in TERMS}
    for notebook in (project.notebook_at(0), project.notebook_at(len(project.notebook.todos))):
        text = "\n".join(cell.source for cell in notebook.cells)
        assert "](term" not in text
        named = re.findall(rf"{re.escape(GLOSSARY)}#([^)]+)\)", text)
        assert named and set(named) <= places
    assert (project.folder / "notebook" / GLOSSARY).resolve() == (REPO / "docs/glossary.md").resolve()


def test_the_glossary_is_in_order_and_explains_each_term_shortly() -> None:
    assert sorted(TERMS, key=str.lower) == TERMS and len(set(TERMS)) == len(TERMS)
    for term, words in zip(TERMS, re.split(r"^## .*$", TEXT, flags=re.M)[1:], strict=True):
        assert 20 < len(words.strip()) < 400, term


def test_each_term_of_the_glossary_serves_a_notebook() -> None:
    everything = " ".join(prose(other) for other in PROJECTS)
    assert [term for term in TERMS if not first_use(term, everything)] == []


def sections(project) -> Iterator[tuple[str, str]]:
    """Heading and text of each numbered section."""
    nb = project.notebook_at(0)
    text = "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    parts = re.split(r"^(## \d+\. .*)$", text, flags=re.M)
    yield from zip(parts[1::2], parts[2::2], strict=True)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_each_section_asks_two_questions_with_hidden_answers(project) -> None:
    for heading, text in sections(project):
        _, _, questions = text.partition("**Check yourself**")
        found = re.findall(
            r"<details><summary>([^<]*\?[^<]*)</summary>\n\n(.+?)\n</details>", questions, re.S
        )
        assert len(found) == 2, heading
        assert all(10 < len(answer) < 400 for _, answer in found), heading


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_each_notebook_ends_with_a_recap_and_the_next_project(project) -> None:
    nb = project.notebook_at(0)
    recap, last = nb.cells[-2:]
    assert recap.source.startswith("## What you can tell a friend")
    assert 4 <= len(re.findall(r"^- ", recap.source, re.M)) <= 6
    assert last.source == f'progress.show("{project.name}")'


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_the_minutes_in_the_headings_add_up(lesson: Lesson) -> None:
    for project in (found for found in PROJECTS if found.lesson.name == lesson.name):
        minutes = [int(re.search(r" \((\d+) min\)$", heading)[1]) for heading, _ in sections(project)]
        firmware = minutes.pop() if lesson.firmware else 0
        assert sum(minutes) == lesson.minutes
        opening = re.sub(r"\s+", " ", project.notebook_at(0).cells[0].source)
        more = f", its firmware {firmware} more" if lesson.firmware else ""
        assert f"about {lesson.minutes} minutes{more}" in opening
        assert not lesson.firmware or firmware == lesson.firmware.minutes


@pytest.mark.parametrize("project", WITH_FIRMWARE, ids=lambda project: project.name)
def test_the_block_to_paste_works_where_a_terminal_opens(project) -> None:
    """Its paths begin in the project's folder, and it changes no folder, so that it can be pasted again."""
    text = dict(sections(project)).popitem()[1]
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)
    name = project.lesson.name
    assert blocks[0].splitlines() == [
        f"cp notebook/{name}.cpp vscode/main/{name}.cpp",
        "pio run -d vscode -e host -t exec",
    ]
    assert f"../run_serial.py --simulate {project.name}" in blocks[2]
    assert "cd " not in "".join(blocks)
    assert (project.folder / "vscode/main").is_dir() and (project.folder / "../run_serial.py").is_file()
