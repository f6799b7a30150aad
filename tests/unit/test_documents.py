"""The documents: what they state comes from a run, from the code, or is tried here."""

import importlib.util
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from aiedge import tflite
from aiedge.codegen import footprint, generate
from aiedge.cost.ladder import ladder
from aiedge.errors import UserError
from aiedge.paths import REPO, projects
from aiedge.text import edited, part, parts, renew
from aiedge.tflite import has_tflm
from tests.support.networks import network

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


RESULTS = REPO / "docs/results.md"


def test_no_table_of_the_results_is_typed_in() -> None:
    text = RESULTS.read_text(encoding="utf-8")
    made = "".join(parts(text).values()).splitlines()
    assert [line for line in text.splitlines() if line.startswith("|") and line not in made] == []


def benchmark(name: str) -> ModuleType:
    """The benchmark `tests/benchmarks/NAME` as a module."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, REPO / "tests/benchmarks" / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(name: str, column: str, **cells: str) -> dict[str, str]:
    """The only row with these cells of the table with that column, in a part of results.md; without marks of bold."""
    tables = re.findall(r"(?:^\|.*\n)+", parts(RESULTS.read_text(encoding="utf-8"))[name], re.MULTILINE)
    found = []
    for lines in map(str.splitlines, tables):
        head, _, *rows = ([cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines)
        if column in head:
            found += [dict(zip(head, each, strict=True)) for each in rows]
    (right,) = (each for each in found if cells.items() <= each.items())
    return right


def plain(cells: Sequence[str]) -> list[str]:
    return [cell.strip("*") for cell in cells]


def test_the_table_of_xor_is_what_the_benchmark_prints(need_tool) -> None:
    need_compiler(need_tool)
    if not has_tflm():
        pytest.skip("needs tflite-micro: its wheel exists for Linux on x86-64")
    made, _, _ = benchmark("xor.py").measure()
    assert part("xor.py", made) in RESULTS.read_text(encoding="utf-8")


def need_compiler(need_tool) -> None:
    """Skip without the compiler whose code sizes the tables have."""
    compiler = need_tool("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("12.2"):
        pytest.skip("needs arm-none-eabi-gcc 12.2, whose code sizes the tables have")


@pytest.mark.parametrize("name", ["cifar_cnn_25_51_76", "resnet8", "xormodel"])
def test_sizes_of_the_engine_are_those_of_now(name: str, need_tool) -> None:
    engine = benchmark("engine.py")
    graph = tflite.read(engine.load(name))
    found = row("engine.py", "MACs", network=engine.NAMES[name])
    source = generate(graph, "net")
    assert found["MACs"] == f"{graph.macs:,}"
    assert found["arena"] == f"{source.plan.arena_bytes:,} B"
    need_compiler(need_tool)
    sizes = [footprint(source, optimize=level) for level in ("-O2", "-Os")]
    assert found["code, Cortex-M4, -O2 / -Os"] == " / ".join(f"{size.code:,} B" for size in sizes)


@pytest.mark.parametrize("name", ["cifar_cnn_25_51_76", "resnet8"])
def test_sizes_by_rows_are_those_of_now(name: str, need_tool) -> None:
    streaming = benchmark("streaming.py")
    graph = tflite.read(network(name))
    found = row("streaming.py", "rows: arena", network=streaming.NAMES[name])
    sources = [generate(graph, "net", stream) for stream in (False, True)]
    plans = [source.plan for source in sources]
    assert plain(streaming.planned(name, graph, *plans)) == list(found.values())[1:4]
    need_compiler(need_tool)
    sizes = [footprint(source, optimize="-Os") for source in sources]
    assert found["code, Cortex-M4 -Os"] == " → ".join(f"{size.code:,} B" for size in sizes)


@pytest.mark.parametrize("name", ["cifar_cnn_25_51_76", "resnet8", "densenet", "nasnet"])
def test_orders_and_steps_are_those_of_now(name: str) -> None:
    memory = benchmark("memory.py")
    label = memory.KIT[name]
    found = row("memory.py", "peak, best order", network=label)
    made = dict(zip(memory.ORDERS, plain(memory.order_row(name, label, network(name))), strict=True))
    assert {**made, "seconds": found["seconds"]} == found
    found = row("memory.py", "streamed (C)", network=label)
    assert plain(memory.ladder_rows(label, ladder(network(name)))) == list(found.values())


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("cifar_cnn", "pruned, quantization-aware"),
        ("cifar_tiny", "small residual network, quantization-aware"),
    ],
)
def test_the_networks_of_cifar_take_what_the_shipped_ones_take(file: str, label: str) -> None:
    graph = tflite.read(REPO / "cifar_cnn/solution" / f"{file}.cpp")
    found = row("cifar.py", "MACs", network=label, format="INT8")
    plans = [generate(graph, "net", stream).plan for stream in (False, True)]
    assert [found["parameters"], found["MACs"]] == [f"{graph.parameters:,}", f"{graph.macs:,}"]
    assert [found["arena + input and output"], found["the same, row by row"]] == [
        f"{plan.arena_bytes:,} B + {plan.held_bytes(graph):,}" for plan in plans
    ]


def test_every_project_and_every_linked_file_exists(repo: Path) -> None:
    text = (repo / "README.md").read_text()
    for project in projects():
        assert f"[{project}]({project})" in text
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (repo / target).exists(), target
