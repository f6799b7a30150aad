"""The methods of TensorFlow Lite Micro's resolver that generated headers call, against a table of its real ones."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from aiedge.codegen.source import resolver_method
from aiedge.lesson import lessons
from aiedge.paths import REPO
from aiedge.tflite.traits import TRAITS
from tests.support.firmware import CXX, ENGINE, HERE, LIBRARY, compile_cpp, generated, need
from tests.support.random_operators import WITHOUT_TFLM

IDF = HERE / "esp_idf"
TABLE = dict(re.findall(r"^METHOD\((\w+), (\w+)\)$", (IDF / "tflm_methods.inc").read_text(), re.MULTILINE))
MODELS = {
    model.stem: model
    for lesson in lessons()
    for name in lesson.shipped
    if (model := lesson.projects[0].folder / "solution" / name).suffix == ".cpp"
}


@pytest.mark.parametrize("kind", sorted(TRAITS.keys() - {*WITHOUT_TFLM}))
def test_every_operator_has_its_method(kind: str) -> None:
    assert resolver_method(kind) == TABLE[kind]


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_interpreter_of_every_shipped_model_compiles(model: Path) -> None:
    flags = ["-fsyntax-only", "-DAIEDGE_RUNTIME_TFLM", f"-I{generated(model)}", f"-I{IDF}", f"-I{ENGINE}"]
    compile_cpp("g++", flags, [LIBRARY / "TflmModel.cpp"], Path(os.devnull))


def test_a_wrong_name_does_not_compile(tmp_path: Path) -> None:
    need("g++")
    source = tmp_path / "main.cpp"
    for method, works in ("AddConv2D", True), ("AddConv2d", False):
        source.write_text(
            '#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"\n'
            f"void add(tflite::MicroMutableOpResolver<1> &resolver) {{ resolver.{method}(); }}\n"
        )
        command = ["g++", *CXX, "-fsyntax-only", f"-I{IDF}", str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode == 0) == works, done.stderr


def test_the_table_is_of_the_version_that_the_board_gets() -> None:
    manifest = (REPO / "common/platforms/project/main/idf_component.yml").read_text()
    version = re.search(r'esp-tflite-micro: "==(.+)"', manifest)
    assert version and f"v{version[1]}," in (IDF / "tflm_methods.inc").read_text()
