"""What a student has solved: kept in the clone, by notebooks and firmware, and never a reason to stop."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiedge import logbook
from aiedge.benchmark import command, watch
from aiedge.cli import main
from aiedge.errors import UserError
from aiedge.lesson import find_project, projects
from aiedge.workshop import progress
from aiedge.workshop.checks import passed


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(logbook, "FILE", tmp_path / ".progress")
    return logbook.FILE


def test_a_line_for_each_project_in_the_order_of_the_workshop(capsys):
    logbook.note("xormodel", "notebook", 1, 2, 3, 4)
    logbook.note("xormodel", "firmware", 1, 2)
    assert main(["progress"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "xormodel ✓ notebook 4/6, firmware 2/5 · next: TODO 5"
    assert [line.split()[0] for line in lines] == [
        "xormodel",
        "carclassifier_easy",
        "carclassifier_hard",
        "cifar_cnn",
        "search",
        "roads",
    ]
    assert lines[1].startswith("carclassifier_easy ✓ notebook 0/10, firmware 0/")


def test_first_the_notebook_then_the_firmware_then_the_next_project(capsys, monkeypatch):
    logbook.note("xormodel", "notebook", *range(1, 7))
    assert logbook.line("xormodel") == "xormodel ✓ notebook 6/6, firmware 0/5 · next: firmware, TODO 1"
    logbook.note_firmware("xormodel", "the firmware is unfinished: TODO 4: read the output (main.cpp)")
    assert logbook.line("xormodel").endswith("firmware 3/5 · next: firmware, TODO 4")
    logbook.note_firmware("xormodel", "✓ TODO 4. Next: TODO 5, main.cpp line 70")
    assert logbook.solved("xormodel", "firmware") == {1, 2, 3, 4}
    logbook.note_firmware("xormodel")
    assert logbook.line("xormodel") == "xormodel ✓ notebook 6/6, firmware 5/5 · done"
    assert logbook.complete("xormodel") and not logbook.complete("cifar_cnn")
    monkeypatch.chdir(find_project("xormodel").folder / "notebook")
    progress.show("xormodel")
    assert capsys.readouterr().out.splitlines()[-2:] == [
        logbook.line("xormodel"),
        "Next: carclassifier_easy",
    ]
    logbook.FILE.unlink()
    progress.show("xormodel")
    assert capsys.readouterr().out.splitlines() == [
        "xormodel ✓ notebook 0/6, firmware 0/5 · still open: TODO 1",
        "Next: carclassifier_easy",
    ]


def test_both_levels_lead_to_the_last_project(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for project in ("carclassifier_easy", "carclassifier_hard", "cifar_cnn", "search", "roads"):
        progress.show(project)
    assert capsys.readouterr().out.splitlines() == [
        *["Next: cifar_cnn"] * 2,
        "Next: search",
        "Next: roads",
        "That was the last project.",
    ]


def test_a_check_counts_where_a_student_works_and_nowhere_else(tmp_path, monkeypatch, file):
    folder = find_project("carclassifier_hard").folder
    for elsewhere in (tmp_path, folder, folder / "solution"):
        monkeypatch.chdir(elsewhere)
        passed(3, "right")
    assert not file.exists()
    monkeypatch.chdir(folder / "notebook")
    passed(3, "right")
    passed(3, "right again")
    assert file.read_text() == "\ncarclassifier_hard notebook 3\n"
    assert logbook.solved("carclassifier_easy", "notebook") == set()


@pytest.mark.parametrize(
    "damage",
    [
        b"\x00\xff\xfe" * 50,
        b"xormodel note",
        b"xormodel notebook 9999999999\n",
        b"xormodel notebook 77\n",
        b"",
    ],
)
def test_a_damaged_file_costs_its_damaged_lines_alone(file, damage, capsys):
    logbook.note("xormodel", "notebook", 2)
    with file.open("ab") as opened:
        opened.write(damage)
    logbook.note("xormodel", "notebook", 5)
    assert logbook.solved("xormodel", "notebook") == {2, 5}
    assert main(["progress"]) == 0 and "Traceback" not in capsys.readouterr().err


def test_a_file_that_cannot_be_written_stops_nobody(file, monkeypatch, capsys):
    file.mkdir()
    monkeypatch.chdir(find_project("xormodel").folder / "notebook")
    passed(1, "right")
    assert main(["progress"]) == 0
    assert "xormodel ✓ notebook 0/6" in capsys.readouterr().out


def test_several_write_at_once():
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda todo: logbook.note("cifar_cnn", "notebook", todo), range(1, 9)))
    assert logbook.solved("cifar_cnn", "notebook") == set(range(1, 9))


def test_the_benchmark_notes_where_the_students_firmware_stops(monkeypatch):
    def stops(*_):
        raise UserError("the firmware is unfinished: TODO 3: run the network and time it (main.cpp)")

    monkeypatch.setattr(command.session, "simulate", stops)
    assert command.main(["--simulate", "xormodel", "--solution"]) == 2
    assert logbook.solved("xormodel", "firmware") == set()
    assert command.main(["--simulate", "xormodel"]) == 2
    assert logbook.solved("xormodel", "firmware") == {1, 2}


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the firmware")
@pytest.mark.parametrize("own", [True, False], ids=["of the student", "of the solution"])
def test_a_run_on_this_computer_notes_where_the_students_firmware_stops(own, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(watch, "mistakes", lambda *_: [])  # the script proves nothing of TODO 1 and 2
    folder = find_project("xormodel").folder
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho 'TODO 3: run the network and time it (main.cpp line 52)'\nexit 3\n")
    program.chmod(0o755)
    main_cpp = folder / ("vscode/main/main.cpp" if own else "solution/main.cpp")
    assert watch.main(["xormodel", str(main_cpp), str(program)]) == 0
    said = capsys.readouterr().out
    assert "✓ TODO 1. TODO 2 is compared once the last one is done. Next: TODO 3" in said
    assert logbook.solved("xormodel", "firmware") == ({1, 2} if own else set())


def test_a_notebook_that_was_begun_leads_to_the_next_todo(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda text: shown.append(text.data))
    folder = find_project("xormodel").folder / "notebook"
    logbook.note("xormodel", "notebook", 1, 2, 3)
    monkeypatch.chdir(tmp_path)
    progress.resume()
    assert shown == []  # a solution's run, or another copy
    monkeypatch.chdir(folder)
    progress.resume()
    assert "notebook 3/6" in shown[-1] and "next: TODO 4" in shown[-1]
    assert "[4. Eight bits (12 min)](<#4.-Eight-bits-(12-min)>)" in shown[-1]
    logbook.note("xormodel", "notebook", *range(1, 7))
    progress.resume()
    assert "next: firmware, TODO 1" in shown[-1] and "Run All" not in shown[-1]


def test_a_new_notebook_begins_without_a_word(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda text: shown.append(text.data))
    monkeypatch.chdir(find_project("xormodel").folder / "notebook")
    progress.resume()
    assert shown == [progress.STYLE]


def test_a_notebook_that_cannot_be_read_has_no_section(tmp_path):
    for text in ("", "{}", '{"cells": [{}]}', '{"cells": 3}'):
        (tmp_path / "n.ipynb").write_text(text)
        assert progress.section_of(1, tmp_path / "n.ipynb") == ""
    assert progress.section_of(1, tmp_path / "none.ipynb") == ""


def test_an_unknown_project(capsys):
    assert main(["progress", "xor"]) == 2
    assert "there is no project named 'xor'" in capsys.readouterr().err


def test_every_project_has_todos_in_each_of_its_parts():
    for project in projects():
        for part in ("notebook", "firmware") if find_project(project).lesson.firmware else ("notebook",):
            numbers = logbook.todos(project, part)
            assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 4


@pytest.mark.skipif(os.name != "posix", reason="the append of POSIX")
def test_the_file_is_ignored_by_git(repo):
    assert "/.progress" in (repo / ".gitignore").read_text().splitlines()
