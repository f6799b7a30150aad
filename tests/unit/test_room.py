"""The page of a room's laptops: what each of them lacks, whatever their files hold."""

import json
import re

import pytest

from aiedge.cli import main
from aiedge.workshop import doctor, room
from aiedge.workshop.doctor import Finding

GOOD = [Finding("ok", "computer", "Linux, 8 cores"), Finding("ok", "set-up", "complete")]


def laptop(folder, name, findings, kit="commit 1"):
    entry = {"laptop": name, "when": "2026-01-02 09:00", "kit": kit, "findings": findings}
    (folder / f"{name}.json").write_text(json.dumps(entry))


def rows(page):
    """Name and kind of each laptop, in the page's order."""
    return re.findall(r'<tr class="(\w+)"><td><b>(.*?)</b>', page)


def test_those_that_lack_something_come_first_with_what_to_do(tmp_path):
    laptop(
        tmp_path,
        "ada",
        [*GOOD, Finding("--", "clang", "missing: a second opinion", "sudo apt install clang")],
    )
    laptop(tmp_path, "bob", [*GOOD, Finding("!!", "disk", "1 GB free", "free 3 GB")])
    laptop(tmp_path, "eve", [*GOOD, Finding("--", "cc", "missing", "sudo apt install gcc g++")])
    page = room.page(tmp_path)
    assert "3 laptops: 1 ready, 2 not yet" in page
    assert rows(page) == [("lacks", "bob"), ("lacks", "eve"), ("ready", "ada")]
    assert "<code>free 3 GB</code>" in page and "<code>sudo apt install gcc g++</code>" in page
    assert "<li>clang: missing: a second opinion</li>" in page and "different versions" not in page


def test_different_versions_of_the_kit_are_told(tmp_path):
    laptop(tmp_path, "ada", GOOD)
    laptop(tmp_path, "bob", GOOD, "commit 2")
    assert "different versions of the kit: commit 1, commit 2" in room.page(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"findings": 3}', '{"findings": [["!!"]], "laptop": "x"}', "[" * 99999, "\udcff" * 3],
    ids=range(7),
)
def test_a_damaged_file_is_a_laptop_that_must_look_again(tmp_path, content):
    (tmp_path / "old.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    laptop(tmp_path, "ada", GOOD)
    page = room.page(tmp_path)
    assert rows(page) == [("lacks", "old"), ("ready", "ada")] and "cannot be read" in page


def test_what_a_file_says_is_text(tmp_path):
    evil = "<script>alert(1)</script>"
    laptop(
        tmp_path,
        "x",
        [Finding("!!", evil, evil, evil), Finding("--", evil, evil), Finding("ok", "computer", evil)],
    )
    (tmp_path / "x.json").write_text(
        (tmp_path / "x.json").read_text().replace('"laptop": "x"', f'"laptop": "{evil}"')
    )
    laptop(tmp_path, "y", GOOD, evil)
    assert "<script" not in room.page(tmp_path)


def test_the_command_adds_this_laptop_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "findings", lambda: GOOD)
    monkeypatch.setattr(room.platform, "node", lambda: "Ada's Mac/Book")
    for _ in range(2):
        assert main(["doctor", "--room", str(tmp_path / "room")]) == 0
    assert f"wrote {tmp_path}/room/index.html" in capsys.readouterr().out
    (file,) = (tmp_path / "room").glob("*.json")
    assert re.fullmatch(r"Ada-s-Mac-Book-[0-9a-f]{4}\.json", file.name)
    assert rows((tmp_path / "room" / "index.html").read_text()) == [("ready", "Ada&#x27;s Mac/Book")]
