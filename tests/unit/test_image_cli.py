"""`aiedge image` and `aiedge weights` as a person types them."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aiedge import tflite
from aiedge.benchmark.image import answers, in_colours
from aiedge.cli import main
from aiedge.errors import UserError
from aiedge.tflite.bin_file import read_bin
from aiedge.train.datasets.drawn_cars import draw_cars
from tests.support.model_files import ModelFile

CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def picture_model(bias: list[float], end: str | None = None, side: int = 2) -> bytes:
    """A network for [side, side, 3] that answers with the biases; the first pixel's red adds 10 to the last one."""
    file = ModelFile()
    image = file.tensor([1, side, side, 3], scale=1 / 255, zero_point=-128)
    weights = np.zeros((len(bias), side * side * 3))
    weights[-1, 0] = 100
    w = file.tensor(list(weights.shape), scale=0.1, data=weights)
    b = file.tensor([len(bias)], "int32", scale=0.1 / 255, data=np.array(bias) * 2550)
    out = file.tensor([1, len(bias)], scale=0.1)
    file.operator("FULLY_CONNECTED", [image, w, b], [out])
    if end:
        logits, out = out, file.tensor([1, len(bias)], scale=1 / 256, zero_point=-128)
        file.operator(end, [logits], [out], **({"beta": 1.0} if end == "SOFTMAX" else {}))
    return file.build([image], [out])


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wide black picture with a square of colours in its middle; the test runs in its folder."""
    monkeypatch.chdir(tmp_path)
    pixels = np.zeros((108, 192, 3), np.uint8)
    pixels[:, 42:150] = (200, 100, 50)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return Path("photo.png")


@pytest.mark.parametrize(("project", "side"), [("cifar_cnn", 32), ("carclassifier_easy", 96)])
def test_a_photo_becomes_the_networks_input(
    project: str, side: int, photo: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["image", str(photo), "--project", project]) == 0
    pixels = np.frombuffer(Path("photo.bin").read_bytes(), np.int8).reshape(side, side, 3)
    assert (pixels == np.array([200 - 128, 100 - 128, 50 - 128])).all()
    out = capsys.readouterr().out
    assert f"{3 * side * side:,} bytes" in out and "\x1b" not in out  # colours are for terminals only


def test_without_options_it_shows_the_picture_and_the_top_3(
    photo: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, need_tool
) -> None:
    need_tool("cc", "apt install gcc")
    Path("m.tflite").write_bytes(picture_model([0, 0, 0, 2, 0, 1, 0, 0, 0, -20], side=32))
    monkeypatch.setattr("aiedge.benchmark.image.project_model", lambda project: Path("m.tflite"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["image", "photo.png", "--project", "cifar_cnn"]) == 0
    first, *shown, _, cat, dog, airplane = capsys.readouterr().out.splitlines()
    assert first.startswith("wrote photo.bin") and len(shown) == 16
    pixels = np.frombuffer(Path("photo.bin").read_bytes(), np.int8).reshape(32, 32, 3) + np.int16(128)
    for row, line in enumerate(shown):
        colours = np.array(re.findall(r"(\d+);(\d+);(\d+)m", line), np.int16).reshape(32, 2, 3)
        np.testing.assert_array_equal(colours.swapaxes(0, 1), pixels[2 * row : 2 * row + 2])
    assert [line.split()[0] for line in (cat, dog, airplane)] == ["cat", "dog", "airplane"]


def test_without_a_model_the_picture_is_written_all_the_same(
    photo: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(project: str) -> Path:
        raise UserError("main/cifar_cnn.cpp is missing", "export it in the notebook")

    monkeypatch.setattr("aiedge.benchmark.image.project_model", none)
    assert main(["image", "photo.png", "--project", "cifar_cnn"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("main/cifar_cnn.cpp is missing\nhint: export it in the notebook\n")
    assert Path("photo.bin").stat().st_size == 3072


def test_a_picture_with_an_odd_number_of_rows_is_shown_whole() -> None:
    image = np.arange(3 * 2 * 3, dtype=np.uint8).reshape(3, 2, 3)
    lines = in_colours(image).splitlines()
    found = [re.findall(r"(\d+);(\d+);(\d+)m", line) for line in lines]
    colours = np.array(found, np.uint8).reshape(2, 2, 2, 3).transpose(0, 2, 1, 3).reshape(4, 2, 3)
    np.testing.assert_array_equal(colours, image[[0, 1, 2, 2]])


def test_chw_and_ppm_and_the_array_hold_the_same_picture(photo: Path, capsys: pytest.CaptureFixture) -> None:
    base = ["image", str(photo), "--project", "cifar_cnn"]
    assert main([*base, "-o", "a.bin", "--layout", "chw", "--c-array"]) == 0
    planes = np.frombuffer(Path("a.bin").read_bytes(), np.int8).reshape(3, 32, 32)
    assert main([*base, "-o", "a.ppm"]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open("a.ppm")), planes.transpose(1, 2, 0) + np.int16(128))
    text = Path("a.h").read_text()
    assert [int(word) for word in text[text.index("{") + 1 : text.index("}")].split(",")[:-1]] == (
        planes.reshape(-1).tolist()
    )
    assert "times the .bin" in capsys.readouterr().out


def test_the_models_top_3_with_their_names(photo: Path, capsys: pytest.CaptureFixture, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    Path("m.tflite").write_bytes(picture_model([0, 0, 0, 2, 0, 1, 0, 0, 0, -20], side=32))
    assert main(["image", str(photo), "--project", "cifar_cnn", "--model", "m.tflite"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["cat", "dog", "airplane"]
    shares = np.exp([2, 1, 0]) / np.exp([0, 0, 0, 2, 0, 1, 0, 0, 0, -12.2]).sum()
    assert [line.split()[1] for line in lines[1:]] == [f"{100 * share:.1f}" for share in shares]
    assert not Path("photo.bin").exists()


@pytest.mark.parametrize("end", [None, "LOGISTIC"])
def test_a_single_output_is_the_second_class(end: str | None, need_tool) -> None:
    need_tool("cc", "apt install gcc")
    graph = tflite.read(picture_model([-3], end))
    for red, share in ((0, 1 / (1 + np.exp(3))), (255, 1 / (1 + np.exp(-7)))):
        image = np.full((2, 2, 3), red, np.uint8)
        found = dict(answers(graph, image, ("no car", "car")))
        assert found["car"] == pytest.approx(share, abs=0.006)
        assert sum(found.values()) == pytest.approx(1)


def test_probabilities_stay_as_they_are(need_tool) -> None:
    need_tool("cc", "apt install gcc")
    found = answers(tflite.read(picture_model([0, 1, 2], "SOFTMAX")), np.zeros((2, 2, 3), np.uint8), "abc")
    assert [name for name, _ in found] == ["c", "b", "a"]
    expected = np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum()
    assert [share for _, share in found] == pytest.approx(expected.tolist(), abs=0.005)


def test_models_of_something_else_are_refused() -> None:
    graph = tflite.read(picture_model([0, 1, 2]))
    for image, classes, message in (
        (np.zeros((3, 3, 3), np.uint8), "abc", r"takes \[2, 2, 3\], not \[3, 3, 3\]"),
        (np.zeros((2, 2, 3), np.uint8), CIFAR, "3 outputs for 10 classes"),
    ):
        with pytest.raises(UserError, match=message):
            answers(graph, image, classes)
    file = ModelFile()
    x, y = file.tensor([1, 2, 2, 3], "float32"), file.tensor([1, 2, 2, 3], "float32")
    file.operator("LOGISTIC", [x], [y])
    with pytest.raises(UserError, match="not int8"):
        answers(tflite.read(file.build([x], [y])), np.zeros((2, 2, 3), np.uint8), "ab")


def test_the_shipped_car_classifier_answers(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture, need_tool
) -> None:
    need_tool("cc", "apt install gcc")
    if not (repo / "carclassifier_easy" / "solution" / "carclassifier.cpp").exists():
        pytest.skip("needs carclassifier_easy's solution: aiedge lessons build --execute carclassifier")
    images, labels, _ = draw_cars(6, seed=1, clear=True)
    right = 0
    for image, label in zip(images, labels, strict=True):
        Image.fromarray(image).save(tmp_path / "car.png")
        assert main(["image", str(tmp_path / "car.png"), "--project", "carclassifier_easy", "--run"]) == 0
        right += capsys.readouterr().out.splitlines()[1].startswith("  no car") == (label == 0)
    assert right >= 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jpg", "--project", "cifar_cnn"], "there is no file none.jpg"),
        (["text.jpg", "--project", "cifar_cnn"], "text.jpg is not an image"),
        (["photo.HEIC", "--project", "cifar_cnn"], "of a kind that cannot be read (.HEIC)"),
        ([".", "--project", "cifar_cnn"], "is a folder"),
        (["cut.png", "--project", "cifar_cnn"], "damaged or cut off"),
        (["photo.png", "--project", "xormodel"], "'xormodel' takes pictures"),
        (["photo.png", "--project", "carclassifier_medium"], "'carclassifier_medium' takes pictures"),
        (["photo.png", "--project", "cifar_cnn", "-o", "x.jpg"], "neither a .bin nor a .ppm"),
        (["photo.png", "--project", "cifar_cnn", "-o", "x.ppm", "--layout", "chw"], "one layout"),
        (["photo.png", "--project", "cifar_cnn", "-o", "photo.png/x.bin"], "cannot write"),
        (["photo.png", "--project", "cifar_cnn", "--model", "none.tflite"], "cannot read none.tflite"),
        (["photo.png", "--project", "cifar_cnn", "--model", "text.jpg"], "not a .tflite file"),
        (
            ["photo.png", "--project", "carclassifier_easy", "--model", "m.tflite"],
            "the model takes [2, 2, 3]",
        ),
    ],
)
def test_mistakes_end_with_error_hint_and_status_2(
    arguments: list[str], message: str, photo: Path, capsys: pytest.CaptureFixture
) -> None:
    Path("text.jpg").write_text("no picture, and long enough to look at")
    Path("photo.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    Path("cut.png").write_bytes(photo.read_bytes()[:150])
    Path("m.tflite").write_bytes(picture_model([0, 1]))
    assert main(["image", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and "\nhint: " in error
    assert not list(Path().glob("*.bin")) and not list(Path().glob("*.ppm"))


def test_wrong_options_end_with_status_2() -> None:
    for arguments in (["image", "x.png"], ["image", "x.png", "--project", "cifar_cnn", "--layout", "nhwc"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 2


def test_weights_are_written(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model = repo / "xormodel/solution/xormodel.cpp"
    for layout in ("hwc", "chw"):
        path = tmp_path / f"{layout}.bin"
        assert main(["weights", str(model), "-o", str(path), "--layout", layout]) == 0
        assert f"{path.stat().st_size:,} bytes" in capsys.readouterr().out
        assert read_bin(path, tflite.read(model))
    assert main(["weights", "none.tflite", "-o", str(tmp_path / "x.bin")]) == 2


def test_a_picture_does_not_wait_for_tensorflow() -> None:
    code = "import sys, aiedge.benchmark.image, aiedge.energy; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
