"""The documents: what they state comes from a run, from the code, or is tried here."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from aiedge.errors import UserError
from aiedge.paths import REPO, projects
from aiedge.text import edited, part, parts, renew
from aiedge.tflite import has_tflm

DOCUMENTS = [REPO / "README.md", REPO / "common/weights/README.md", *sorted((REPO / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_generated_parts_are_as_they_were_generated(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert edited(text) == [], "renew them by the command that each one names"
    # Each mark opens or ends a part that was looked at.
    assert text.count("<!-- ") == 2 * len(parts(text))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("32", "31"),
        lambda text: text.replace("| 1 |", "| 1  |"),
        lambda text: text.replace("<!-- end", "one line more\n<!-- end"),
        lambda text: re.sub(r" sha256:\w+", "", text),
        lambda text: text.replace("xor.py", "engine.py"),
    ],
)
def test_an_edit_by_hand_is_told(spoil) -> None:
    text = "32 pages\n" + part("xor.py", "| 32 B |\n| 1 |\n") + "\nmore\n"
    assert edited(text) == []
    assert len(edited(spoil(text))) == 1


def test_a_part_is_renewed_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    path.write_text("before\n<!-- a -->\n<!-- end -->\nbetween\n<!-- b -->\nold\n<!-- end -->\nafter\n")
    renew(path, "b", "new\n")
    renew(path, "a", "first\n")
    renew(path, "b", "newer \\1\n")
    made = part("a", "first\n"), part("b", "newer \\1\n")
    assert path.read_text() == "before\n{}\nbetween\n{}\nafter\n".format(*made)
    with pytest.raises(UserError, match="0 places for c"):
        renew(path, "c", "")


def test_the_table_is_what_the_benchmark_prints(repo: Path, need_tool) -> None:
    compiler = need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("12.2") or not has_tflm():
        pytest.skip(
            "needs arm-none-eabi-gcc 12.2, whose code sizes the table has, and the tflite-micro wheel"
        )
    spec = importlib.util.spec_from_file_location("xor_benchmark", repo / "tests" / "benchmarks" / "xor.py")
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    table, _, _ = benchmark.measure()
    assert table in (repo / "README.md").read_text()


def test_every_project_and_every_linked_file_exists(repo: Path) -> None:
    text = (repo / "README.md").read_text()
    for project in projects():
        assert f"[{project}]({project})" in text
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (repo / target).exists(), target
