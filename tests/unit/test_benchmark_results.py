"""Figures, files and comparisons of benchmark results."""

import csv
import json
import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiedge.benchmark import BenchmarkResult, Setting, Traffic, Verification, metrics, store
from aiedge.benchmark.compare import compare, latest
from aiedge.benchmark.page import write_page
from aiedge.benchmark.pictures import draw
from aiedge.energy.esp32 import energy_mj
from aiedge.errors import UserError
from aiedge.files import write_atomic
from tests.support.benchmark_results import CIFAR, make_cifar, make_result

LABELLED_SCORES = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40).filter(
    lambda rows: len({positive for positive, _ in rows}) == 2
)


@given(LABELLED_SCORES)
@settings(max_examples=200, deadline=None)
def test_auc_is_the_probability_of_a_right_order(rows):
    """Counted pair by pair; equal scores are half right (the Mann-Whitney statistic)."""
    positive, scores = np.array([p for p, _ in rows]), np.array([s for _, s in rows], float)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    assert metrics.auc(positive, scores) == pytest.approx(np.mean(pairs))
    x, y = metrics.roc(positive, scores)
    assert (np.diff(x) >= 0).all() and (np.diff(y) >= 0).all()
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)


def test_confusion_and_balanced_accuracy():
    expected = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 2, 2])
    assert metrics.confusion(expected, predicted, 3).tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert metrics.balanced_accuracy(expected, predicted) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_figures_of_a_result():
    result = make_result(
        outputs=[0.1, 0.9, 0.7, 0.4],
        expected=[0, 1, 0, 1],
        kinds=("frog", "automobile", "truck", "automobile"),
    )
    assert result.accuracy == 0.5
    assert result.by_kind == {"truck": 0.0, "automobile": 0.5, "frog": 1.0}
    many = make_result(kinds=("frog", "truck") * 10, outputs=[0.1] * 20)
    assert "hardest   truck 0.0%, frog 100.0%\n" in str(many)
    assert result.without_trucks == pytest.approx((1 + 0.5) / 2)
    assert result.auc == pytest.approx(3 / 4)


def test_several_outputs_give_the_largest():
    outputs = [[0.1, 0.2, 0.7], [0.3, 0.4, 0.3]]
    result = make_result(outputs=outputs, expected=[2, 0], classes=("a", "b", "c"))
    assert result.predicted.tolist() == [2, 1]
    assert result.right == 1
    assert result.auc is None
    draw(result)


@given(st.integers(4, 10), st.integers(1, 30), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_the_first_three_are_the_largest(classes, n, seed):
    rng = np.random.default_rng(seed)
    outputs, expected = rng.integers(-3, 4, (n, classes)), rng.integers(0, classes, n)
    # The right one is beaten by fewer than three: by larger outputs, or by equal ones that come first.
    beaten = [
        sum(v > row[right] or (v == row[right] and c < right) for c, v in enumerate(row))
        for row, right in zip(outputs, expected, strict=True)
    ]
    names = tuple(map(str, range(classes)))
    result = make_result(outputs=outputs, expected=expected, classes=names)
    assert result.top_accuracy == pytest.approx(np.mean(np.array(beaten) < 3))
    assert make_result().top_accuracy is None


def test_ten_classes_fit_a_terminal():
    result = make_cifar(samples=300)
    assert result.without_trucks is None  # a class of its own, no odd car
    text = str(result)
    assert max(map(len, text.splitlines())) <= 100
    lines = [line.split() for line in text.splitlines()]
    head = next(line for line in lines if line[:1] == ["answer"])
    assert head == [
        "answer",
        "airpl",
        "autom",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
        "right",
    ]
    cats = next(line for line in lines if line[:1] == ["cat"])
    assert [int(cell) for cell in cats[1:-1]] == result.confusion[3].tolist()
    assert cats[-1] == f"{100 * result.confusion[3, 3] / 30:.1f}%"
    assert f"top 3 {100 * result.top_accuracy:.2f}%" in text


def test_a_few_pictures_show_their_first_three():
    outputs = np.zeros((2, 10))
    outputs[0, [3, 5, 9]] = 4, 2.5, 1
    outputs[1, [0, 8]] = 1, 2
    result = make_result(
        outputs=outputs, expected=[3, 0], classes=CIFAR, inputs=("sample 0", "sample 1"), times=[7, 8]
    )
    shown = [line for line in str(result).splitlines() if line.strip().startswith("sample")]
    assert [" ".join(line.split()) for line in shown] == [
        "sample 0 cat cat 4.00, dog 2.50, truck 1.00 7 µs",
        "sample 1 airplane ship 2.00, airplane 1.00, automobile 0.00 8 µs <- wrong",
    ]


def test_goodput_is_the_part_of_the_time_that_carries_inputs():
    """115,200 baud are 11,520 bytes a second."""
    result = make_result(baud=115200, traffic=Traffic(seconds=10.0, payload_bytes=57_600))
    assert result.goodput == pytest.approx(0.5)
    assert "50.0% of the time at 115,200 baud carried inputs" in str(result)
    assert make_result(baud=0).goodput is None


def test_energy_is_time_times_power():
    low, high = energy_mj(0.5)
    assert low == pytest.approx(0.030 * 3.3 * 0.5 * 1000)
    assert high == pytest.approx(0.068 * 3.3 * 0.5 * 1000)


# Files.


def test_a_result_comes_back_from_its_file(tmp_path):
    result = make_result(kinds=("frog", "automobile") * 10, verified=Verification("NumPy integers", 1, 0))
    path = store.write(result, tmp_path)
    again = store.read(path)
    for field in ("setting", "port", "started", "kit", "commit", "kinds", "traffic", "verified"):
        assert getattr(again, field) == getattr(result, field)
    for field in ("index", "expected", "outputs", "times_us"):
        assert np.array_equal(getattr(again, field), getattr(result, field))
    rows = list(csv.DictReader(path.with_suffix(".csv").read_text().splitlines()))
    assert [int(row["predicted"]) for row in rows] == result.predicted.tolist()
    assert [np.float32(row["output"]) for row in rows] == result.outputs[:, 0].tolist()


def test_results_of_one_second_get_names_of_their_own(tmp_path):
    paths = {store.write(make_result(), tmp_path) for _ in range(3)}
    assert len(paths) == 3
    assert store.find(tmp_path, "xormodel") == sorted(paths, key=lambda path: path.stat().st_mtime_ns)


def change(path, *keys, value=None):
    document = json.loads(path.read_text())
    place = document
    for key in keys[:-1]:
        place = place[key]
    if value is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["format"], "another"),
        (["setting"], None),
        (["setting", "project"], None),
        (["setting", "project"], 7),
        (["setting", "samples"], "many"),
        (["setting", "samples"], 3),
        (["setting", "classes"], ["one"]),
        (["setting", "classes"], "xy"),
        (["setting", "extra"], 1),
        (["answers", "outputs"], [0.5] * 20),
        (["answers", "outputs"], [[0.5]] * 19),
        (["answers", "outputs"], [["a"]] * 20),
        (["answers", "outputs"], [[0.5], [0.5, 0.5]] * 10),
        (["answers", "expected"], [9] * 20),
        (["answers", "expected"], [-1] * 20),
        (["answers", "time_us"], ["a"] * 20),
        (["answers", "time_us"], {"a": 1}),
        (["answers", "kinds"], ["frog"]),
        (["traffic"], {"seconds": 1, "nonsense": 2}),
        (["traffic"], []),
        (["traffic", "seconds"], "long"),
        (["verified"], {"runtime": "", "outputs": "", "predictions": 0}),
        (["answers", "time_us"], [-1] * 20),
        (["verified"], {"runtime": 1}),
        (["verified"], {"runtime": "", "outputs": 10**30, "predictions": 0}),
        (["answers", "time_us"], [10**30] * 20),
        (["answers", "expected"], [10**30] * 20),
        (["answers", "outputs"], [[10**400]] * 20),
        (["setting", "arena_bytes"], 10**400),
        (["setting", "noise"], math.inf),
        (["setting", "project"], "\ud800"),
        (["traffic", "seconds"], math.inf),
        (["traffic", "retries"], 10**30),
        (["port"], "\ud800"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, keys, value):
    path = store.write(make_result(), tmp_path)
    change(path, *keys, value=value)
    with pytest.raises(UserError) as caught:
        store.read(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_file_that_was_cut_off_is_named(tmp_path, part):
    path = store.write(make_result(), tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(UserError, match="is damaged or no result"):
        store.read(path)


@pytest.mark.parametrize("content", [b"[]", b"7", b"null", b"\xff\xfe\0", b"<html>"])
def test_a_foreign_file_is_named(tmp_path, content):
    path = tmp_path / "xormodel-x.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match="no result"):
        store.read(path)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b'{"format": 1e400}', b'"\\ud800"']
)
def test_one_strange_file_does_not_keep_the_page_from_the_others(tmp_path, content):
    store.write(make_result(), tmp_path)
    (tmp_path / "xormodel-0.json").write_bytes(content)
    (tmp_path / "xormodel-1.json").mkdir()
    (tmp_path / "xormodel-2.json").symlink_to("nowhere")
    assert "xormodel-0.json" in write_page(tmp_path).read_text(encoding="utf-8")
    assert latest(tmp_path, "xormodel") is not None


@pytest.mark.parametrize("line", ["[]", "{}", "7", "[1, [], 3]", '[1, "00", 1e400]', '[1, "00", -1]', '["a"'])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_answer_ends_an_unfinished_run(tmp_path, line, place):
    setting = make_result().setting
    with store.Progress(tmp_path, setting) as progress:
        for _ in range(3):
            progress.add(b"\1", 5)
    lines = progress.path.read_text().splitlines()
    lines[place] = line
    progress.path.write_text("\n".join(lines) + "\n")
    with store.Progress(tmp_path, setting) as progress:
        assert progress.resumed == max(place - 1, 0) and len(progress.times_us) == progress.resumed
        assert math.isfinite(progress.traffic.seconds)


def test_figures_without_end_are_no_traffic(tmp_path):
    setting = make_result().setting
    with store.Progress(tmp_path, setting) as progress:
        progress.add(b"\1", 5)
    with progress.path.open("a") as file:
        file.write('{"seconds": 1e400}\n')
    with store.Progress(tmp_path, setting) as progress:
        assert progress.resumed == 1 and progress.traffic.seconds == 0


def test_a_result_is_two_files_or_none(tmp_path, monkeypatch):
    def full(path, content):
        if path.suffix == ".json":
            raise UserError("no room")
        return write_atomic(path, content)

    monkeypatch.setattr(store, "write_atomic", full)
    with pytest.raises(UserError, match="no room"):
        store.write(make_result(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_a_full_disk_is_an_error_that_keeps_the_answers(tmp_path):
    with (
        pytest.raises(UserError, match="cannot write"),
        store.Progress(tmp_path, make_result().setting) as run,
    ):
        run.add(b"\1", 5)
        run._file = open("/dev/full", "w")  # noqa: SIM115
        run.add(b"\1", 5)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        store.write(make_result(), tmp_path / "file")


# Comparison.


def test_the_latest_result_that_can_be_read(tmp_path):
    first, second = (store.write(make_result(), tmp_path) for _ in range(2))
    second.write_text("{")
    store.write(make_result(project="other"), tmp_path)
    assert latest(tmp_path, "xormodel") == first
    assert latest(tmp_path, "nonsense") is None


def test_a_comparison():
    old = make_result(outputs=[0.1, 0.9, 0.9, 0.1], expected=[0, 1, 0, 1], times=[100] * 4)
    new = make_result(outputs=[0.1, 0.1, 0.1, 0.1], expected=[0, 1, 0, 1], times=[50] * 4, runtime="tflm")
    assert compare(new, old, "old.json").splitlines()[1:] == [
        "  runtime compiled → tflm",
        "  median latency 100 → 50 µs (-50%)",
        "  accuracy 50.00% → 50.00% (+0.00 points) on the 4 samples of both",
        "  answers: 2 of 4 changed, 1 now right, 1 now wrong (samples 1, 2)",
    ]


def test_samples_are_compared_by_their_place_in_the_test_set():
    old = make_result(outputs=[0.1, 0.9, 0.9, 0.1], expected=[0, 1, 1, 0])
    new = make_result(outputs=[0.9, 0.9], expected=[0, 1], index=[3, 2])
    assert "1 of 2 changed, 0 now right, 1 now wrong (samples 3)" in compare(new, old, "")
    other = make_result(source="drawn")
    assert "not compared, since the samples are others" in compare(other, make_result(), "")


# Pictures.


def test_a_picture_of_a_result(artifacts):
    rng = np.random.default_rng(0)
    expected = np.arange(400) % 2
    scores = np.clip(rng.normal(0.2 + 0.6 * expected, 0.25), 0, 1)
    result = make_result(
        outputs=scores, expected=expected, times=rng.gamma(9, 100, 400).astype(int), classes=("no car", "car")
    )
    picture = draw(result)
    (artifacts / "benchmark_result.png").write_bytes(picture)
    assert picture.startswith(b"\x89PNG")


def test_a_picture_of_ten_classes(artifacts):
    picture = draw(make_cifar(samples=5000))
    (artifacts / "benchmark_ten_classes.png").write_bytes(picture)
    assert picture.startswith(b"\x89PNG")


def test_odd_results_are_drawn_and_printed():
    for result in (
        make_result(outputs=[math.nan, 1.0], expected=[0, 1]),
        make_result(outputs=[0.5], expected=[1]),
        make_result(outputs=[0.2, 0.8], expected=[1, 1], times=[0, 0]),
    ):
        assert isinstance(result, BenchmarkResult) and isinstance(result.setting, Setting)
        draw(result)
        str(result)
        compare(result, result, "")
