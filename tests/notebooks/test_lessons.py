"""`aiedge lessons check` of every project: its files are up to date, each TODO stops a student until it is solved."""

import pytest

from aiedge.paths import REPO
from aiedge.workshop.lessons.build import Project, find_lessons
from aiedge.workshop.lessons.check import check

PROJECTS = [project for lesson in find_lessons(REPO) for project in lesson.projects]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_the_lesson_is_sound(project: Project) -> None:
    assert check(project, progress=False) == []
