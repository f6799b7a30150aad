"""The table of operators: whatever one station does not know of an operator is found, and the file is named.

How the operators compute is tested in tests/engine: whole in test_operators.py, by their traits in test_by_nature.py.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from aiedge.codegen.operators import EMITTERS
from aiedge.codegen.toolchain import ENGINE
from aiedge.errors import UserError
from aiedge.memory import plan_memory
from aiedge.memory.bands import RULES
from aiedge.tflite.graph import MACS
from aiedge.tflite.interpreters import has_tflm, run_tflm_all
from aiedge.tflite.traits import FUSABLE, TRAITS, Nature
from tests.support.random_layers import Draw
from tests.support.random_operators import OPERATORS, WITHOUT_TFLM, dtypes, unary
from tests.support.random_streams import STREAMED, fused, in_place, streamed

SEEDS = 8
WEIGHTED = {Nature.DENSE, Nature.CONVOLUTION, Nature.DEPTHWISE, Nature.MEMORY, Nature.RECURRENT}


def kernels() -> set[str]:
    """Names of the element-wise float kernels."""
    text = (ENGINE / "aiedge_activation.h").read_text()
    return set(re.findall(r"(?:void aiedge_|AIEDGE_UNARY_F32\()(\w+?)(?:_f32\(|,)", text))


def runs_by_rows(kind: str) -> bool:
    """Whether random networks with the kind run it row by row."""
    for seed in range(SEEDS):
        graph = tflite.read(streamed(np.random.default_rng(seed), kind, dtypes(kind)[0]))
        try:
            plan = plan_memory(graph, fusable=FUSABLE, streaming=True)
        except UserError:
            continue
        if any(kind in flow.step.kinds for section in plan.sections for flow in section.flows):
            return True
    return False


def writes_over_its_input(kind: str) -> bool:
    """Whether the kind's output lies where its input lay, whole and row by row, if both are of one type."""
    for draw, place in (in_place, -2), (streamed, -3):
        graph = tflite.read(draw(np.random.default_rng(0), kind, dtypes(kind)[0]))
        operator = graph.operators[place]
        buffers = plan_memory(graph, streaming=draw is streamed).buffers
        shared = any({operator.outputs[0], t} <= {*b.tensors} for b in buffers for t in operator.inputs)
        if not shared and operator.outputs[0].dtype == operator.input(0).dtype:
            return False
    return True


def tflm_takes_int8(kind: str) -> bool:
    """Whether TensorFlow Lite Micro runs the kind on int8."""
    draw = Draw(np.random.default_rng(0), "int8")
    outputs = unary(draw, kind)
    try:
        run_tflm_all(
            draw.file.build(draw.inputs, outputs), [np.full((1, *draw.shapes[draw.inputs[0]]), 127, np.int8)]
        )
    except RuntimeError:
        return False
    return True


def gaps(kinds: set[str]) -> list[str]:
    """What is missing of these operators: in words, and the file where it belongs."""
    package = "common/aiedge"
    found = [
        f"{kind} has random models, but no row: {package}/tflite/traits.py" for kind in kinds - {*TRAITS}
    ]
    for kind in kinds & {*TRAITS}:
        trait = TRAITS[kind]

        def check(good: object, what: str, kind: str = kind) -> None:
            if not good:
                found.append(f"{kind} {what}")

        check(kind in OPERATORS, "has no random models: tests/support/random_operators.py")
        check(trait.nature in EMITTERS, f"becomes no C: {package}/codegen/operators")
        check(trait.nature in MACS or trait.nature not in WEIGHTED, f"has no MACs: {package}/tflite/graph.py")
        if trait.nature is Nature.UNARY:
            check(kind.lower() in kernels(), f"has no kernel: {package}/engine/aiedge_activation.h")
            if trait.table is None and has_tflm():
                check(not tflm_takes_int8(kind), f"has no table: {package}/tflite/traits.py")
        check(
            trait.by_rows or trait.nature not in RULES,
            f"runs row by row, which its trait denies: {package}/tflite/traits.py",
        )
        if trait.by_rows and trait.nature not in STREAMED:
            check(False, "has no random networks that run row by row: tests/support/random_streams.py")
        elif trait.by_rows:
            check(runs_by_rows(kind), f"cannot run row by row: {package}/memory/bands.py")
            if trait.in_place and trait.nature in RULES:
                check(writes_over_its_input(kind), f"is not in place: {package}/memory/lifetimes.py")
    for first, second in FUSABLE:
        if second in kinds & {*TRAITS}:
            graph = tflite.read(fused(np.random.default_rng(0), first, second))
            if (first, second) not in [step.kinds for step in plan_memory(graph, fusable=FUSABLE).steps]:
                found.append(f"{second} does not run with {first}: {package}/memory/steps.py")
    return found


def test_no_station_lacks_an_operator() -> None:
    assert gaps({*TRAITS, *OPERATORS}) == []


def of(nature: Nature) -> set[str]:
    """The kinds of a nature."""
    return {kind for kind, trait in TRAITS.items() if trait.nature is nature}


TABLES: list[tuple[dict, str]] = [
    (EMITTERS, "codegen/operators"),
    (RULES, "memory/bands.py"),
    (MACS, "tflite/graph.py"),
    (STREAMED, "tests/support/random_streams.py"),
]


@pytest.mark.parametrize("kind", TRAITS)
@pytest.mark.parametrize(("table", "file"), [(TRAITS, "traits.py"), (OPERATORS, "random_operators.py")])
def test_a_kind_that_is_left_out_is_found(
    kind: str, table: dict, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(table, kind)
    assert any(gap.startswith(kind) and gap.endswith(file) for gap in gaps({kind}))


@pytest.mark.parametrize(
    ("table", "nature", "file"), [(table, nature, file) for table, file in TABLES for nature in table]
)
def test_a_nature_that_is_left_out_is_found(
    table: dict, nature: Nature, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(table, nature)
    assert any(gap.endswith(file) for gap in gaps(of(nature)))


@pytest.mark.skipif(not has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
@pytest.mark.parametrize(
    "kind", sorted(kind for kind in of(Nature.UNARY) - {*WITHOUT_TFLM} if TRAITS[kind].table)
)
def test_a_table_that_is_left_out_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAITS, kind, replace(TRAITS[kind], table=None))
    assert f"{kind} has no table: common/aiedge/tflite/traits.py" in gaps({kind})


@pytest.mark.parametrize(
    ("module", "name", "stub", "kind", "file"),
    [
        ("lifetimes", "overwritable", lambda operator: (), "ADD", "memory/lifetimes.py"),
        ("steps", "_pools_alone", lambda conv, pool: False, "MAX_POOL_2D", "memory/steps.py"),
    ],
)
def test_a_rule_that_is_left_out_is_found(
    module: str, name: str, stub: Callable, kind: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module(f"aiedge.memory.{module}"), name, stub)
    assert any(gap.endswith(file) for gap in gaps({kind}))


def test_a_kernel_that_is_left_out_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ENGINE / "aiedge_activation.h").read_text()
    (tmp_path / "aiedge_activation.h").write_text(text.replace("tanh", "sinh"))
    monkeypatch.setattr("test_traits.ENGINE", tmp_path)
    assert "TANH has no kernel: common/aiedge/engine/aiedge_activation.h" in gaps({"TANH"})
