"""`aiedge lessons check` of every project: its files are up to date, each TODO stops a student until it is solved."""

import pytest

from aiedge.paths import REPO
from aiedge.workshop.lessons.build import Sources, board_files, find_projects
from aiedge.workshop.lessons.check import check, check_tree


def test_the_boards_files_are_made_from_their_table() -> None:
    assert check_tree(board_files(REPO)) == []


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("project", find_projects(REPO), ids=lambda project: project.name)
def test_the_lesson_is_sound(project: Sources) -> None:
    assert check(project, progress=False) == []
