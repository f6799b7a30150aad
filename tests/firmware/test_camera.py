"""A folder of pictures in place of the camera: formats, and every kind of file that is no picture."""

import io
import re
import struct
import subprocess

import numpy as np
import pytest
from PIL import Image
from test_image import area_mean

from aiedge import tflite
from tests.support.firmware import BUILDS, car_main, firmware, oracle

CAMERA = ["-DAIEDGE_CAMERA"]


@pytest.fixture(scope="module")
def camera(tmp_path_factory, car_models):
    """The firmware that takes pictures from its camera, a program with the option --images."""
    main, model = car_main(tmp_path_factory.mktemp("camera")), car_models / "carclassifier.cpp"
    return firmware(*BUILDS["gcc-sanitized"], main, model, CAMERA)


def classify(camera, *arguments) -> subprocess.CompletedProcess[str]:
    return subprocess.run([camera, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def picture(columns: int, rows: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256 >> seed % 3, (rows, columns, 3), np.uint8))


def saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_pictures_are_classified_in_the_order_of_their_names(camera, car_models, tmp_path):
    pictures = {"b.bmp": (101, 96), "a.ppm": (96, 96), "d.ppm": (320, 240), "c.bmp": (240, 321)}
    pictures = {name: picture(*size, seed) for seed, (name, size) in enumerate(pictures.items())}
    for name, image in pictures.items():
        image.save(tmp_path / name)
    (tmp_path / ".hidden").write_text("no picture")
    (tmp_path / "z").mkdir()
    done = classify(camera, "--images", tmp_path)
    assert done.returncode == 0 and done.stderr == ""

    model = tflite.load_model(car_models / "carclassifier.cpp")
    quant = tflite.read(model).outputs[0].quantization
    resized = [area_mean(np.asarray(pictures[name]), 96, 96) for name in sorted(pictures)]
    stored = oracle(model, np.stack([image.view(np.int8) ^ -128 for image in resized]))
    expected = (stored.astype(np.float32).ravel() - quant.zero_point) * quant.scale
    answers = re.findall(
        r"^(no car|car)   (?:LED \w+   )?result (\S+) \(\d+ us\)$", done.stdout, re.MULTILINE
    )[1:]
    assert answers == [("car" if p > 0.5 else "no car", f"{p:.4f}") for p in expected]


def test_the_light_goes_on_and_off_with_the_answers(camera, tmp_path):
    for seed in range(6):
        picture(96, 96, seed).save(tmp_path / f"{seed}.ppm")
    lines = [line for line in classify(camera, "--images", tmp_path).stdout.splitlines() if "result" in line]
    light = "off"
    for line in lines:
        wanted = "off" if line.startswith("no car") else "on"
        assert re.findall(r"LED (\w+)", line) == ([wanted] if wanted != light else [])
        light = wanted
    assert len(lines) == 7


PPM = saved(picture(8, 8), "PPM")
BMP = saved(picture(7, 8), "BMP")


def bmp(offset: int, layout: str, value: int) -> bytes:
    damaged = bytearray(BMP)
    struct.pack_into(layout, damaged, offset, value)
    return bytes(damaged)


BAD = {
    "text": (b"These are my pictures.\n", "no PPM or BMP"),
    "text that begins with P": (b"Pictures of cars\n", "no PPM or BMP"),
    "text that begins with B": (b"Beautiful cars\n", "no PPM or BMP"),
    "empty": (b"", "no PPM or BMP"),
    "png": (saved(picture(8, 8), "PNG"), "no PPM or BMP"),
    "jpeg": (saved(picture(8, 8), "JPEG"), "no PPM or BMP"),
    "grey ppm": (saved(picture(8, 8).convert("L"), "PPM"), "mode is P5"),
    "text ppm": (b"P3\n1 1\n255\n1 2 3\n", "mode is P3"),
    "ppm of 16 bits": (b"P6 1 1 65535\n" + bytes(6), "8 bits a colour"),
    "ppm without a size": (b"P6\nwide\n", "header is damaged"),
    "ppm that ends in its header": (b"P6 8", "header is damaged"),
    "ppm that ends in a comment": (b"P6 # 8 8 255", "header is damaged"),
    "truncated ppm": (PPM[:-1], "truncated"),
    "ppm of no size": (b"P6 0 8 255\n", "size is 0 x 8"),
    "huge ppm": (b"P6 99999999999999999999 1 255\n", "size is 4294967295 x 1"),
    "ppm that says to be large": (b"P6 16384 16384 255\n", "truncated"),
    "bmp of 8 bits": (saved(picture(8, 8).quantize(16), "BMP"), "24 bits a pixel"),
    "compressed bmp": (bmp(30, "<I", 1), "24 bits a pixel"),
    "truncated bmp": (BMP[:-1], "truncated"),
    "bmp that ends in its header": (BMP[:30], "header is damaged"),
    "wide bmp": (bmp(18, "<i", -7), "size is 4294967289 x 8"),
    "bmp whose pixels are elsewhere": (bmp(10, "<I", 0xFFFFFFF0), "truncated"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_picture_is_an_error_with_a_hint(camera, tmp_path, name):
    data, message = BAD[name]
    (tmp_path / "a.ppm").write_bytes(PPM)
    (tmp_path / "b").write_bytes(data)
    done = classify(camera, "--images", tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(rf"error: \S*b: .*{message}.*\nhint: .+\n", done.stderr), done.stderr
    assert done.stdout.count("result") == 2  # the grey one, and the picture before


def test_a_bmp_from_top_to_bottom_is_the_same_picture(camera, tmp_path):
    rows = [BMP[54:][i * 24 : (i + 1) * 24] for i in range(8)]
    (tmp_path / "a.bmp").write_bytes(BMP)
    (tmp_path / "b.bmp").write_bytes(bmp(22, "<i", -8)[:54] + b"".join(reversed(rows)))
    (tmp_path / "c.ppm").write_bytes(b"P6 # a comment\n7\t8 # another\n255\n" + picture(7, 8).tobytes())
    results = re.findall(r"result (\S+)", classify(camera, "--images", tmp_path).stdout)[1:]
    assert len(results) == 3 and len(set(results)) == 1


def test_a_camera_without_a_folder_is_an_error_with_a_hint(camera, tmp_path):
    for arguments in [], ["--images", tmp_path], ["--images", tmp_path / "none"], ["--images"]:
        done = classify(camera, *arguments)
        assert done.returncode == 2 and re.fullmatch(r"error: .+\nhint: .+\n", done.stderr), done.stderr


def test_both_levels_agree_and_brightness_and_threshold_have_their_effect(tmp_path, car_models, camera):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(3):
        picture(96, 96, seed).save(folder / f"{seed}.ppm")
    main, model = car_main(tmp_path, level="hard"), car_models / "carclassifier.cpp"
    hard = firmware(*BUILDS["clang-release"], main, model, CAMERA)
    plain = re.findall(r"result (\S+)", classify(hard, "--images", folder).stdout)
    assert plain == re.findall(r"result (\S+)", classify(camera, "--images", folder).stdout)
    assert len(plain) == 4 and len(set(plain)) > 1

    source = main.read_text()
    for old, new in ("kBrightness = 0.0f", "kBrightness = 2.0f"), ("kThreshold = 0.5f", "kThreshold = 2.0f"):
        assert old in source
        source = source.replace(old, new)
    main.write_text(source)
    white = firmware(*BUILDS["gcc-sanitized"], main, model, CAMERA)
    answers = re.findall(r"(no car|car)   result (\S+)", classify(white, "--images", folder).stdout)
    assert len(answers) == 4 and len(set(answers)) == 1 and answers[0][0] == "no car"
