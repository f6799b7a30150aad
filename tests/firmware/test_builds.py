"""What `aiedge memory --board esp-eye` says of the board's builds, against what ESP-IDF's linker said of them."""

import json
import re

import pytest

from aiedge.boards import board
from aiedge.cli import main
from aiedge.lesson import find_project
from tests.support.firmware import HERE

BUILDS = json.loads((HERE / "esp_idf/builds.json").read_text())["builds"]
EYE = board("esp-eye")
SLACK = (
    3072  # by so much the firmware's part may be taken for larger than it is, for it is one figure for all
)


def label(build: dict) -> str:
    return "-".join(str(build[key]) for key in ("project", "environment", "arena") if key in build)


@pytest.mark.parametrize("build", BUILDS, ids=label)
def test_the_verdict_is_the_linkers(build: dict, capsys: pytest.CaptureFixture) -> None:
    project, environment = find_project(build["project"]), build["environment"]
    firmware = project.lesson.firmware
    compiled = "-compiled" in environment or "-stream" in environment
    step = ("streamed" if "-stream" in environment else "fused") if compiled else "TFLM"
    options = ["--build", step, *(["--camera"] if firmware.camera else [])]
    if not compiled:
        options += ["--reserved", str(build.get("arena", firmware.arena))]
    model = project.folder / f"solution/{project.lesson.name}.cpp"
    assert main(["memory", str(model), "--board", "esp-eye", "--target", "any", *options]) == 0
    out = capsys.readouterr().out
    (row,) = re.findall(rf"^SRAM +{step} +([\d,]+)  (yes|NO).+<- this build$", out, re.MULTILINE)
    assert (row[1] == "yes") == build["links"]
    if "dram" in build:
        said = int(row[0].replace(",", "")) + EYE.sram - EYE.room(firmware.camera)["SRAM"]
        assert build["dram"] <= said <= build["dram"] + SLACK


def test_the_table_holds_what_the_board_says_of_the_firmware() -> None:
    assert len(BUILDS) == 12
    assert EYE.room()["SRAM"] == 166_350  # the largest arena that links
    (image,) = (build for build in BUILDS if "image" in build)
    assert (EYE.base["iram"], EYE.base["flash"]) == (image["iram"], image["image"])


def test_what_does_not_go_with_the_camera_is_said(capsys: pytest.CaptureFixture) -> None:
    model = find_project("xormodel").folder / "solution/xormodel.cpp"
    most = EYE.room(camera=True)["SRAM"]
    for reserved, words in (most, "yes, "), (most + 1, "but not beside the camera's driver"):
        assert main(["memory", str(model), "--board", "esp-eye", "--reserved", str(reserved)]) == 0
        (row,) = re.findall(r"^SRAM +TFLM .+$", capsys.readouterr().out, re.MULTILINE)
        assert words in row and ("beside" in row) == (reserved > most)
