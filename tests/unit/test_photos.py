"""Some photographs through a board: which pictures, what they show, the table."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aiedge import tflite
from aiedge.benchmark import Samples, command
from aiedge.benchmark.models import Choice
from aiedge.benchmark.photos import UNKNOWN, photos, report
from aiedge.benchmark.result import BenchmarkResult, Setting, Traffic, Verification
from aiedge.errors import UserError
from aiedge.train.datasets.sets import CLASSES
from tests.support.model_files import ModelFile


def save(path: Path, colour: tuple[int, int, int] = (255, 0, 0)) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (40, 32), colour).save(path)


def test_one_picture_of_each_class_of_the_test_set(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.array([3, 3, 9, 0, 3, 1, 2, 4, 5, 6, 7, 8, 0])
    images = np.arange(13, dtype=np.uint8)[:, None, None, None] * np.ones((1, 32, 32, 3), np.uint8)
    data = Samples(images, labels, CLASSES, index=np.arange(13) + 100)
    monkeypatch.setattr("aiedge.benchmark.photos.samples", lambda project: data)
    chosen = photos("cifar_cnn")
    assert chosen.expected.tolist() == [3, 9, 0, 1, 2, 4, 5, 6, 7, 8]
    assert chosen.inputs[:, 0, 0, 0].tolist() == [0, 2, 3, 5, 6, 7, 8, 9, 10, 11]
    assert chosen.kinds is not None and chosen.kinds[1] == "truck, test picture 102"


def test_own_pictures_are_named_by_their_folder_or_file(tmp_path: Path) -> None:
    for name in ("cat.jpg", "dog-2.png", "Truck.bmp", "holiday.jpeg", "frog/IMG_1.jpg", "mine/ship 1.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    save(tmp_path / ".hidden" / "cat.png")
    chosen = photos("cifar_cnn", tmp_path)
    assert chosen.kinds is not None
    found = dict(zip(chosen.kinds.tolist(), chosen.expected.tolist(), strict=True))
    assert found == {
        "cat.jpg": 3, "dog-2.png": 5, "Truck.bmp": 9, "holiday.jpeg": UNKNOWN, "IMG_1.jpg": 6, "ship 1.png": 8,
    }  # fmt: skip
    assert chosen.inputs.shape == (6, 32, 32, 3) and chosen.inputs.dtype == np.uint8
    assert photos("cifar_cnn", tmp_path / "cat.jpg").expected.tolist() == [3]
    save(tmp_path / "no car" / "a.png")
    save(tmp_path / "car" / "b.png")
    cars = photos("carclassifier_easy", tmp_path)
    named = dict(
        zip(cars.kinds.tolist() if cars.kinds is not None else [], cars.expected.tolist(), strict=True)
    )
    assert (named["a.png"], named["b.png"], cars.inputs.shape[1]) == (0, 1, 96)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.jpg", "no file"),
        ("empty", "holds no picture"),
        ("text.jpg", "not an image"),
        ("cut.png", "cut off"),
    ],
)
def test_what_is_no_picture_is_an_error_with_a_hint(
    name: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jpg").write_text("no picture, and long enough to look at")
    save(tmp_path / "good.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:60])
    with pytest.raises(UserError, match=message) as error:
        photos("cifar_cnn", tmp_path / name)
    assert error.value.hint
    with pytest.raises(UserError, match="takes pictures"):
        photos("xormodel", tmp_path / "good.png")


def logits_model() -> bytes:
    """A model that ends in ten logits."""
    file = ModelFile()
    x, y = (file.tensor([1, n], scale=0.1) for n in (4, 10))
    w = file.tensor([10, 4], scale=0.1, data=np.zeros((10, 4)))
    file.operator("FULLY_CONNECTED", [x, w], [y])
    return file.build([x], [y])


def result(outputs: np.ndarray, expected: list[int], names: list[str]) -> BenchmarkResult:
    n = len(outputs)
    setting = Setting(
        "cifar_cnn", "int8", "vscode", "", 0, "compiled", 0, True, 0, 0.0, 0, "", "", n, CLASSES
    )
    return BenchmarkResult(
        setting, "", "", "", "", np.arange(n), np.array(expected), tuple(names), outputs.astype(np.float32),
        np.ones(n, np.int64), Traffic(), Verification("TensorFlow Lite Micro", 1, 0),
    )  # fmt: skip


def test_the_table_has_names_shares_and_whether_they_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tflite.write_c_array(logits_model(), tmp_path / "cifar_cnn.cpp")
    monkeypatch.setattr(Choice, "path", path)
    outputs = np.full((4, 10), -50.0)
    outputs[0, [3, 5, 2]] = np.log([6, 3, 1])  # a cat that it takes for a cat
    outputs[1, [3, 5, 2]] = np.log([6, 3, 1])  # a dog
    outputs[2, [0, 8, 9]] = np.log([5, 4, 1])  # what nobody has named
    outputs[3, [0, 8, 9]] = np.log([5, 4, 1])  # a horse
    lines = report(result(outputs, [3, 5, UNKNOWN, 7], ["a.jpg", "b.jpg", "c.jpg", "d.jpg"])).splitlines()
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    assert cells[0] == ["picture", "class", "top 3", "answer"]
    cat, plane = "cat 60.0 %, dog 30.0 %, bird 10.0 %", "airplane 50.0 %, ship 40.0 %, truck 10.0 %"
    assert cells[2:6] == [
        ["a.jpg", "cat", cat, "right"], ["b.jpg", "dog", cat, "wrong"], ["c.jpg", plane],
        ["d.jpg", "horse", plane, "wrong"],
    ]  # fmt: skip
    assert lines[6:] == [
        "1 of 3 right, 2 among the top 3", "1 answers differ from TensorFlow Lite Micro's",
    ]  # fmt: skip


def test_the_command_asks_for_the_photos_and_keeps_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    path = tflite.write_c_array(logits_model(), tmp_path / "cifar_cnn.cpp")
    monkeypatch.setattr(Choice, "path", path)
    asked: list[Samples] = []

    def simulate(project: str, how: command.Options) -> BenchmarkResult:
        assert project == "cifar_cnn" and how.samples is not None and how.folder is None
        asked.append(how.samples(project))
        return result(np.eye(10)[:1], [UNKNOWN], ["photo.png"])

    monkeypatch.setattr(command, "simulate", simulate)
    save(tmp_path / "photo.png", (10, 20, 30))
    folder = tmp_path / "results"
    arguments = ["--simulate", "cifar_cnn", "--results", str(folder), "--photos", str(tmp_path / "photo.png")]
    assert command.main(arguments) == 1  # for the answer that differs
    assert asked[0].inputs[0, 5, 5].tolist() == [10, 20, 30]
    assert "airplane 23.2 %, automobile 8.5 %, bird 8.5 %" in capsys.readouterr().out and not folder.exists()
    assert command.main([*arguments[:-1], str(tmp_path / "none.png")]) == 2
