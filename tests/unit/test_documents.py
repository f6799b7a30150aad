"""The documents: what they state comes from a run, from the code, or is tried here."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from aiedge import CompiledModel, tflite
from aiedge.codegen import footprint, generate
from aiedge.codegen.toolchain import ENGINE
from aiedge.cost import bench
from aiedge.cost.ladder import ladder
from aiedge.errors import UserError
from aiedge.lesson import find_project, projects
from aiedge.paths import REPO
from aiedge.quantization import dequantize, quantize
from aiedge.text import edited, part, parts, renew
from aiedge.tflite import has_tflm
from tests.support.networks import network, trained

NAMED = ("README.md", "CONTRIBUTING.md", "common/weights/README.md")
DOCUMENTS = [*(REPO / name for name in NAMED), *sorted((REPO / "docs").glob("*.md"))]


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
    """The module of a part's benchmark: `xor.py` is that of tests/benchmarks/xor.py."""
    return import_module(f"tests.benchmarks.{Path(name).stem}")


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


def need_compiler(need_tool, core: str = "arm") -> None:
    """Skip without the core's compiler whose code the tables are of."""
    program, package = {
        "arm": ("arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        "xtensa": ("xtensa-lx106-elf-gcc", "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf"),
    }[core]
    compiler = need_tool(program, f"apt install {package}")
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("12.2"):
        pytest.skip(f"needs {program} 12.2, whose code the tables are of")


@pytest.mark.parametrize(
    ("target", "core", "column"),
    [
        ("cortex-m4", "arm", "instructions per MAC, Cortex-M4 (emulated)"),
        ("xtensa", "xtensa", "instructions per MAC, Xtensa LX106 (emulated)"),
    ],
)
def test_instructions_of_xor_are_those_of_now(target: str, core: str, column: str, need_tool) -> None:
    need_compiler(need_tool, core)
    need_tool(f"qemu-system-{core}", "apt install qemu-system-arm qemu-system-misc")
    engine = benchmark("engine.py")
    report = bench(trained("xormodel"), "XOR", target, peers=False)
    found = row("engine.py", column, network="XOR")[column]
    assert found == engine.cost("xormodel", target, report).replace("*", "")


@pytest.mark.parametrize("name", ["cifar_cnn_25_51_76", "resnet8", "xormodel"])
def test_sizes_of_the_engine_are_those_of_now(name: str, need_tool) -> None:
    engine = benchmark("engine.py")
    graph = tflite.read(trained(name))
    found = row("engine.py", "MACs", network=engine.NAMES[name])
    source = generate(graph, "net")
    assert found["MACs"] == f"{graph.macs:,}"
    assert found["arena"] == f"{source.plan.arena_bytes:,} B"
    need_compiler(need_tool)
    sizes = [footprint(source, optimize=level) for level in ("-O2", "-Os")]
    assert found["code, Cortex-M4, -O2 / -Os"] == " / ".join(f"{size.code:,} B" for size in sizes)


def test_the_esp32s_core_takes_what_the_table_says(need_tool) -> None:
    esp32 = benchmark("esp32.py")
    need_compiler(need_tool, "xtensa")
    for program in esp32.ESP32.tools:
        need_tool(program, f"apt install {esp32.ESP32.packages}")
    name = "cifar_cnn_25_51_76"
    graph = tflite.read(trained(name))
    found = row("esp32.py", "arena (of any core)", network=esp32.NAMES[name])
    made = [*esp32.counted(name, graph), *esp32.sizes(graph)]
    assert plain(made) == list(found.values())[1:8]


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


@pytest.mark.parametrize("name", ["facts.py:operators", "facts.py:commands", "facts.py:boards"])
def test_what_the_documents_list_is_what_the_code_has(name: str) -> None:
    facts = benchmark("facts.py")
    document = facts.DOCUMENT.read_text(encoding="utf-8")
    assert part(name, facts.PARTS[name]()) in document, "renew it: python -m tests.benchmarks.facts --write"


def test_the_readme_is_short_and_its_figures_are_among_the_results() -> None:
    text = (REPO / "README.md").read_bytes()
    assert len(text) <= 7000
    figures = re.findall(r"\d{1,3}(?:,\d{3})+ B", text.decode())
    assert figures
    results = RESULTS.read_text(encoding="utf-8")
    assert [figure for figure in figures if figure not in results] == []


def test_minutes_are_those_of_the_lessons() -> None:
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    instructors = (REPO / "docs/instructors.md").read_text(encoding="utf-8")
    for path in sorted((REPO / "common/lessons").glob("*/lesson.toml")):
        lesson = tomllib.loads(path.read_text(encoding="utf-8"))
        minutes = str(lesson["minutes"])
        both = f"{minutes} + {lesson['firmware']['minutes']}" if "firmware" in lesson else minutes
        (line,) = (line for line in readme.splitlines() if re.match(rf"\| \d\. \[{path.parent.name}", line))
        assert line.endswith(f"| {both} |")
        assert re.search(rf"^\| .*notebook.* \| {minutes} \|$|\b{re.escape(both)} minutes", instructors, re.M)


def code(language: str = "") -> Iterator[tuple[Path, str]]:
    """The blocks of code in the documents, and where they stand."""
    for path in DOCUMENTS:
        for block in re.findall(rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.M | re.S):
            yield path, block


def commands() -> list[list[str]]:
    """Every command in the documents, without its comment, as words."""
    lines = [line for _, block in code() for line in block.splitlines()]
    for path in DOCUMENTS:
        lines += re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8"))
    return [words for line in lines if (words := re.sub(r"\s+#.*|[^\x20-\x7e].*", "", line).split())]


@cache
def help_of(*command: str) -> str:
    """What a command prints with --help."""
    run = subprocess.run([*command, "--help"], cwd=REPO, capture_output=True, text=True, check=True)
    return run.stdout


PROGRAMS = {
    "aiedge": (sys.executable, "-m", "aiedge"),
    "./run_serial.py": (sys.executable, "run_serial.py"),
    "./start-notebook.sh": ("bash", "start-notebook.sh"),
}


def test_every_command_has_the_options_that_are_shown() -> None:
    wrong: list[tuple[str, ...]] = []
    for name, *rest in commands():
        if name not in PROGRAMS:
            continue
        words, known = [], help_of(*PROGRAMS[name])
        while len(words) < len(rest) and re.search(rf"^    {rest[len(words)]}\s", known, re.M):  # a command
            words.append(rest[len(words)])
            known = help_of(*PROGRAMS[name], *words)
        if name == "aiedge" and rest and not words and not rest[0].startswith("-"):
            wrong.append((name, rest[0]))
        options = [word.split("=")[0] for word in rest if re.match("--?[a-z]", word)]
        wrong += [(name, *words, option) for option in options if not re.search(rf"{option}\b", known)]
        named = [
            rest[i + 1] for i, word in enumerate(rest[:-1]) if word in ("--simulate", "--run", "--project")
        ]
        wrong += [
            (name, project)
            for project in named
            if re.match("[a-z_]+$", project) and project not in projects()
        ]
    assert wrong == []


def test_every_script_module_and_environment_exists() -> None:
    environments = "".join(path.read_text("utf-8") for path in (REPO / "common/platforms").glob("*.ini"))
    for words in commands():
        if words[:3] == ["python", "-m", "pydoc"]:
            assert find_spec(words[3]), words
        elif words[:2] == ["python", "-m"]:
            module = find_spec(words[2])
            assert module, words
            assert not module.submodule_search_locations or find_spec(f"{words[2]}.__main__")
        elif words[0] == "python" and len(words) > 1:
            assert (REPO / words[1]).is_file(), words
        elif words[:2] == ["pio", "run"] and "-e" in words[:-1]:
            assert f"[env:{words[words.index('-e') + 1]}]" in environments, words
        elif re.match("(host|cortex-m4|esp-eye)(-[a-z]+)*$", words[0]) and words[0] != "esp-eye":
            assert f"[env:{words[0]}]" in environments, words


def test_every_extra_exists() -> None:
    extras = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = re.findall(r"`aiedge\[(\w+)\]`", "".join(path.read_text("utf-8") for path in DOCUMENTS))
    assert set(named) <= set(extras)


@pytest.mark.parametrize("document", ["README.md", "docs/compiler.md"])
def test_the_python_that_is_shown_runs(document: str, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.tflite").write_bytes(network("resnet8"))
    (block,) = (block for path, block in code("python") if path == REPO / document)
    values = {"x": np.zeros((1, 32, 32, 3), np.int8)}
    exec(compile(block, document, "exec"), values)
    graph = tflite.read("model.tflite")
    assert str(generate(graph, "net").plan.arena_bytes) in capsys.readouterr().out
    np.testing.assert_array_equal(values["y"], CompiledModel(graph).predict(values["x"]))


STRICT = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    f"-I{ENGINE}",
    "-I.",
]


def c_of(document: str, xormodel: bytes, name: str, folder: Path, more: str = "") -> Path:
    """The program that a document's C is, with a network of that name; `more` is written below it."""
    (block,) = (block for path, block in code("c") if path == REPO / document)
    generate(tflite.read(xormodel), name).write(folder)
    (folder / "main.c").write_text(block + more)
    command = ["cc", *STRICT, "-O2", "main.c", f"{name}.c", "-o", "program", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "program"


def test_the_c_of_the_compiler_answers(xormodel: bytes, tmp_path: Path, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    program = c_of("docs/compiler.md", xormodel, "xormodel", tmp_path)
    out = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    model = CompiledModel(xormodel)
    x, y = (tensors[0].quantization for tensors in (model.inputs, model.outputs))
    expected = dequantize(model.predict(quantize([[0.0, 1.0]], x)), y)[0, 0]
    assert out == f"0 xor 1 = {expected:.3f}\n"


ASK = """
#include <stdio.h>
int main(void) {
  float real[MODEL_INPUT_COUNT];
  int8_t output[MODEL_OUTPUT_COUNT];
  while (fread(real, sizeof real, 1, stdin) == 1) {
    if (infer(real, output)) return 1;
    fwrite(output, sizeof output, 1, stdout);
  }
  return 0;
}
"""


def test_the_c_of_the_readme_rounds_and_clamps(xormodel: bytes, tmp_path: Path, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    program = c_of("README.md", xormodel, "model", tmp_path, ASK)
    model = CompiledModel(xormodel)
    params = model.inputs[0].quantization
    halves = np.float32(params.scale) * (np.arange(-131, 131, dtype=np.float32) + 0.5 - params.zero_point)
    reals = np.stack(
        [np.concatenate([halves, [np.inf, -np.inf]]), np.linspace(-1e9, 1e9, 264)], 1, dtype=np.float32
    )
    run = subprocess.run([program], input=reals.tobytes(), capture_output=True, check=True)
    expected = model.predict(quantize(reals, params))
    np.testing.assert_array_equal(np.frombuffer(run.stdout, np.int8), expected.ravel())


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_every_linked_file_and_place_exists(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        name, _, place = target.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), target
        if place:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
            assert place in map(slug, headings), target


def test_the_readme_names_every_project() -> None:
    text = (REPO / "README.md").read_text(encoding="utf-8")
    for name in projects():
        found = find_project(name)
        place = found.student.relative_to(REPO).as_posix() if found.lesson.within else name
        assert f"[{name}]({place})" in text
