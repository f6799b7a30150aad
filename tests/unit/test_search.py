"""The search: sizes before any training, spaces, limits, the front, and workers that go on where others stopped."""

import errno
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest

from aiedge import CompiledModel, tflite
from aiedge.benchmark.models import Choice
from aiedge.boards import boards
from aiedge.cli import main
from aiedge.cost import TARGETS
from aiedge.energy.cores import chip, microjoules, milliseconds
from aiedge.errors import UserError
from aiedge.search import results, worker
from aiedge.search import study as studies
from aiedge.search.costs import Costs, Limits
from aiedge.search.space import Space, load_space, parse_space
from aiedge.search.study import Wanted
from aiedge.search.trainer import Trainer, changed, key
from aiedge.train.datasets.dataset import Dataset, Splits
from aiedge.train.models import copy_weights, lenet5, pretrained, randomize
from aiedge.train.models.blueprints import blueprint_model
from aiedge.train.pruning import importance, plan_pruning, remove

SMALL = """
data = "mnist"
family = "lenet"
[architecture]
first = 4
second = 6
kernel = [3, 5]
dense = [[8], []]
[pruning]
all = { low = 0.0, high = 0.75, step = 0.25 }
[quantization]
way = ["ptq", "ptq per tensor", "qat"]
[training]
parent_epochs = 1
epochs = 1
batch = 32
pictures = 128
"""
OTHERS = (
    'data="cifar10"\nfamily="separable"\n[architecture]\nwidths=[[8,16,24,32],[4,10]]\nkernel=[3,5]\n'
    "[pruning]\nall={low=0.0,high=0.7,step=0.1}",
    'data="cifar10"\nfamily="chain"\n[architecture]\nwidths=[[8,16],[5,9,13]]\n'
    "[pruning]\nall={low=0.0,high=0.7,step=0.1}",
    'data="cars"\nfamily="mobilenet"\n[architecture]\nalpha=[0.1,0.25]\nblocks=[2,5]\n'
    "[pruning]\nall={low=0.0,high=0.7,step=0.1}",
)


TINY = load_space("cifar-tiny").text


def draw(space: Space, rng: random.Random) -> dict:
    return {parameter.name: rng.choice(parameter.values()) for parameter in space.parameters}


def wanted(space: Space, limits: Limits | None = None) -> Wanted:
    return Wanted(space, ("ram", "flash"), limits or Limits(), "cortex-m4")


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_a_skeleton_takes_what_the_converted_network_takes(count: int) -> None:
    """Arena, input and output, and constants, to the byte, for the kernels of either core."""
    rng = random.Random(0)
    shipped = (load_space(name) for name in ("lenet-mnist", "cifar10", "cifar-tiny", "cifar-cnn"))
    spaces = [*shipped, *(parse_space(t, "other") for t in OTHERS)]
    for i in range(count):
        space = spaces[i % len(spaces)]
        values = draw(space, rng)
        blueprint, per_channel = space.blueprint(values), values["quantization.way"] != "ptq per tensor"
        samples = np.random.default_rng(i).random((4, *blueprint.input), np.float32)
        model = tflite.convert_int8(randomize(blueprint_model(blueprint)), samples, per_channel)
        for core in ("any", "esp32"):
            paper, real = Costs.of(blueprint, per_channel, core), Costs(tflite.read(model), core)
            assert (paper.ram, paper.flash, paper.macs) == (real.ram, real.flash, real.macs), (core, values)


def test_a_blueprint_is_the_network_that_the_kit_builds() -> None:
    values = {"architecture.first": 6, "architecture.second": 16, "architecture.kernel": 5}
    space = load_space("lenet-mnist")
    blueprint = space.parent(values | {"architecture.dense": [120, 84]})
    assert blueprint.parameters == lenet5().count_params() == blueprint_model(blueprint).count_params()


@pytest.mark.parametrize(("name", "macs"), [("cifar-tiny", 3_011_520), ("cifar-cnn", 3_645_064)])
def test_a_whole_network_of_a_space_is_the_shipped_one(
    name: str, macs: int, tmp_path: Path, monkeypatch
) -> None:
    """Costs, answers, and that it is not trained once more; shipped weights of another network are refused."""
    space = load_space(name)
    trainer = Trainer(space, tmp_path)
    rng = np.random.default_rng(0)
    every = Dataset(
        rng.integers(0, 256, (60, 32, 32, 3), np.uint8), np.arange(60) % 10, ("",) * 10, np.full(60, "")
    )
    trainer.data = Splits(every, every, every, "test")
    monkeypatch.setattr(trainer, "_fit", None)  # nothing learns
    values = {parameter.name: parameter.values()[0] for parameter in space.parameters}
    shipped = pretrained(space.training.parent)
    np.testing.assert_allclose(
        trainer.parent(values)(every.inputs), shipped(every.inputs), rtol=1e-5, atol=1e-4
    )
    files = trainer.candidate(values), tflite.convert_int8(shipped, every.inputs)
    made, theirs = (tflite.read(file) for file in files)
    shapes = [[[t.shape for t in op.inputs[1:] if t] for op in graph.operators] for graph in (made, theirs)]
    assert shapes[0] == shapes[1] and space.blueprint(values).parameters == made.parameters
    costs = wanted(space).costs(values), Costs(made), Costs(theirs)
    assert {(c.ram, c.flash, c.macs) for c in costs} == {(costs[0].ram, costs[0].flash, macs)}
    with pytest.raises(UserError, match="do not fit"):
        copy_weights(lenet5(), trainer.parent(values))


@pytest.mark.parametrize("mirrored", [False, True])
def test_pictures_are_moved_and_mirrored_where_that_is_right(mirrored: bool) -> None:
    ramp = np.tile(np.arange(0, 160, 5, dtype=np.uint8)[None, None, :, None], (300, 32, 1, 1))
    labels = np.arange(300) % 2
    ramp[labels == 1] = ramp[labels == 1].swapaxes(1, 2)  # of class 1 the rows differ
    batches = list(changed(Dataset(ramp, labels, ("", ""), np.full(300, "")), 128, mirrored))
    assert [len(x) for x, _ in batches] == [128, 128, 44]
    x = np.concatenate([255 * pictures.numpy() for pictures, _ in batches])[..., 0]
    kind = np.concatenate([numbers.numpy() for _, numbers in batches])
    assert sorted(kind) == sorted(labels)  # each once
    across, down = x[kind == 0, 16, 8:24], x[kind == 1, 8:24, 16]
    flipped = across[:, 0] > across[:, -1]
    assert (down[:, 0] < down[:, -1]).all() and (
        0.3 < flipped.mean() < 0.7 if mirrored else not flipped.any()
    )
    across[flipped] = across[flipped, ::-1]
    for values in (across, down):
        np.testing.assert_allclose(np.diff(values), 5, atol=1e-3)
        moved = np.round((values[:, 8] - 80) / 5)
        assert set(moved) == set(range(-4, 5))


def test_a_ladder_goes_from_the_whole_network_to_the_smallest(tmp_path: Path) -> None:
    space = parse_space(SMALL, "small")
    where = studies.place("ladder", folder=tmp_path)
    for _ in range(2):  # the second one finds it there
        study = studies.new(where, wanted(space), ladder=3)
    shares = [list(space.shares(studies.suggest(study.ask(), space)).values()) for _ in range(3)]
    assert shares == [[0.0] * 3, [0.75] * 3, [0.5] * 3]
    assert len(study.get_trials()) == 3 and [r["pruning.all"] for r in studies.rungs(space, 1)] == [0]
    widths = [r["pruning.stage1"] for r in studies.rungs(load_space("cifar-tiny"), 5)]
    assert widths == [0, 0.875, 0.4375, 0.25, 0.625]


def test_pruning_on_paper_is_pruning() -> None:
    rng = random.Random(1)
    shipped = (load_space(name) for name in ("lenet-mnist", "cifar10", "cifar-tiny", "cifar-cnn"))
    for space in (*shipped, parse_space(OTHERS[0], "other")):
        values = draw(space, rng)
        parent, shares = space.parent(values), space.shares(values)
        model = randomize(blueprint_model(parent))
        by_layer = {
            f"layer_{i:03}": shares[layer.group] for i, layer in enumerate(parent.layers) if layer.group
        }
        dense = {name for name in by_layer if "dense" in parent.layers[int(name[6:])].kind}
        plan = plan_pruning(
            model,
            importance(model, "l1"),
            channels={name: share for name, share in by_layer.items() if name not in dense},
            neurons={name: share for name, share in by_layer.items() if name in dense},
        )
        smaller = remove(model, plan)
        widths = [layer.width for layer in space.blueprint(values).layers if layer.width]
        assert [layer.output.shape[-1] for layer in smaller.layers if layer.name in by_layer] == widths[:-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data", "is no TOML"),
        ('data = "mnist"', "has the family None"),
        ('data = "faces"\nfamily = "lenet"', "has the data 'faces'"),
        ('data = "mnist"\nfamily = "vgg"', "has the family 'vgg'"),
        ('data = "mnist"\nfamily = "lenet"\nx = 1', "has 'x'"),
        (SMALL.replace("first = 4", "first = 0"), "architecture.first is 0"),
        (SMALL.replace("first = 4", "first = true"), "architecture.first is True"),
        (SMALL.replace("first = 4", 'first = "4"'), "architecture.first is '4'"),
        (SMALL.replace("first = 4", "widths = 4"), "has 'widths'"),
        (SMALL.replace("dense = [[8], []]", "dense = [[8], [-1]]"), "architecture.dense is [-1]"),
        (SMALL.replace("high = 0.75", "high = 1.5"), "prunes a share of 1.0"),
        (SMALL.replace("low = 0.0", "low = 0.9"), "goes from 0.9 to 0.75"),
        (SMALL.replace("step = 0.25", "step = 0"), "by 0.0"),
        (SMALL.replace("all =", "third ="), "prunes 'third'"),
        (SMALL.replace("[pruning]", '[pruning]\nmethod = "luck"'), "has the method 'luck'"),
        (SMALL.replace('"qat"', '"int4"'), "quantizes by 'int4'"),
        (SMALL.replace("batch = 32", "batch = -1"), "training.batch = -1"),
        (SMALL.replace("batch = 32", "rounds = 1"), "has 'rounds'"),
        (SMALL.replace("[training]", "[[training]]"), "[training] is [{"),
        (SMALL.replace("batch = 32", "augment = 1"), "training.augment = 1"),
        (SMALL.replace("batch = 32", "parent = 1"), "has the parent 1"),
        (SMALL.replace("batch = 32", 'parent = "vgg"'), "has the parent 'vgg'"),
        (TINY.replace('"cifar_tiny"', '"cifar_tiny_qat"'), "has the parent 'cifar_tiny_qat'"),
        (
            SMALL.replace("batch = 32", 'parent = "cifar_tiny"'),
            "cifar_tiny do not fit the network {'first': 4",
        ),
        (SMALL.replace("parent_epochs = 1", "parent_epochs = 0"), "training.parent_epochs = 0"),
        (TINY.replace("last = 96", "last = 95"), "'last': 95} of the space mine"),
        (TINY.replace("blocks = [1, 2]", "blocks = [2]"), "2 widths and 1 numbers of blocks"),
    ],
)
def test_a_wrong_space_is_told(text: str, words: str) -> None:
    with pytest.raises(UserError) as error:
        parse_space(text, "mine")
    assert words in error.value.message and error.value.hint


def test_what_cannot_fit_is_told_before_anything(tmp_path: Path) -> None:
    space = parse_space(SMALL, "small")
    least = min(wanted(space).costs(values).ram for values in space.smallest)
    where = studies.place("tight", folder=tmp_path)
    with pytest.raises(UserError, match=f"fits {least - 1:,} bytes of ram: the smallest takes {least:,}"):
        studies.new(where, wanted(space, Limits(ram=least - 1)))
    studies.new(where, wanted(space, Limits(ram=least)))
    with pytest.raises(UserError, match="is there already"):
        studies.new(where, wanted(space, Limits(ram=least + 1)))


class Fake(Trainer):
    """Accuracies that rise with the parameters; the networks are real."""

    trained: int = 0

    def candidate(self, values, go_on=lambda epoch, accuracy: True):
        Fake.trained += 1
        blueprint = self.space.blueprint(values)
        go_on(0, 0.5)
        samples = np.random.default_rng(0).random((4, *blueprint.input), np.float32)
        return tflite.convert_int8(
            blueprint_model(blueprint), samples, values["quantization.way"] != "ptq per tensor"
        )

    def accuracy(self, model, data=None):
        return 1 - 1 / tflite.read(model).parameters


def answers_of(folder: Path, rows: int) -> list[list[int]]:
    """What an exported network answers to pictures of one shade, in a program of its folder alone."""
    header = (folder / "network.h").read_text()
    by_rows = "network_push_row" in header
    call = (
        "network_begin(arena); for (int row = 0; row < 28; row++) network_push_row(input, output, arena);"
        if by_rows
        else "network_invoke(input, output, arena);"
    )
    (folder / "main.c").write_text(
        '#include <stdio.h>\n#include <string.h>\n#include "network.h"\n'
        "static _Alignas(16) uint8_t arena[NETWORK_ARENA_BYTES];\n"
        "int main(void) { static int8_t input[28 * 28], output[10]; const int shades[] = {-128, 77};\n"
        f"for (int k = 0; k < {rows}; k++) {{ memset(input, shades[k], sizeof input); {call}\n"
        'for (int i = 0; i < 10; i++) printf("%d ", output[i]); printf("\\n"); } }\n'
    )
    command = ["cc", "-I.", "main.c", "network.c", "-lm", "-o", "program"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    printed = subprocess.run([folder / "program"], capture_output=True, text=True, check=True).stdout
    return [[int(number) for number in line.split()] for line in printed.splitlines()]


def test_a_picture_shows_published_networks_beside_the_front() -> None:
    space = load_space("cifar10")
    found = results.published(Wanted(space, ("flash", "ram"), Limits(), "cortex-m4"))
    assert found["pruned, INT8"] == (28_576, 0.7263) and len(found) == 3
    assert results.published(Wanted(space, ("ram",), Limits(), "cortex-m4")) == {}
    assert results.published(wanted(load_space("lenet-mnist"))) == {}
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.add_trial(optuna.trial.create_trial(values=[0.8, 20_000], user_attrs={"fits": True}))
    axes = results.picture(study, Wanted(space, ("flash",), Limits(), "cortex-m4")).axes[0]
    assert [text.get_text() for text in axes.texts] == list(found)


def test_a_study_from_end_to_end(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(worker, "Trainer", Fake)
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL)
    space = load_space("small.toml")
    sizes = sorted(wanted(space).costs(draw(space, random.Random(i))).flash for i in range(40))
    assert main(["search", "new", "first", "--space", "small.toml", "--flash", str(sizes[20])]) == 0
    assert main(["search", "show", "first"]) == 0
    assert "There is no front yet" in capsys.readouterr().out
    assert main(["search", "work", "first", "--trials", "5", "--seed", "3"]) == 0
    study, what = studies.load(studies.place("first"))
    done, front = studies.trained(study), studies.front(study)
    assert len(done) == 5 and Fake.trained == len({trial.user_attrs["key"] for trial in done})
    # Nothing beats a network of the front, each other one is beaten or equalled, and none is above the limit.
    for trial in done:
        beaten = any(studies._beats(other.values, trial.values) for other in done)
        assert beaten != any(trial.values == other.values for other in front)
        assert trial.values[2] <= sizes[20]
    for trial in study.get_trials():
        assert ("fits" in trial.user_attrs) == (
            what.costs(studies.values_of(trial, space)).flash <= sizes[20]
        )
    assert main(["search", "export", "first", "-o", "out"]) == 0
    lines = Path("out/front.csv").read_text().splitlines()
    assert len(lines) == len(front) + 1 and lines[0].startswith("trial,accuracy,ram,flash,")
    assert Path("out/front.png").read_bytes().startswith(b"\x89PNG")
    for trial in front:
        folder = Path(f"out/network-{trial.number}")
        figures = json.loads((folder / "figures.json").read_text())
        assert [figures["ram"], figures["flash"]] == trial.values[1:]
        made = subprocess.run(["cc", "-c", "network.c", "-o", "network.o"], cwd=folder, capture_output=True)
        assert made.returncode == 0, made.stderr
    assert (
        answers_of(folder, rows=2)
        == CompiledModel((folder / "network.tflite").read_bytes())
        .predict(np.full((2, 28, 28, 1), [[[[-128]]], [[[77]]]], np.int8))
        .reshape(2, -1)
        .tolist()
    )
    assert results.summary(study, what).count("\n") == len(front) + 3


def test_a_network_for_a_lesson_s_pictures_comes_as_the_array_that_its_firmware_takes(tmp_path: Path) -> None:
    model = Path("tests/golden/cifar_cnn_25_51_76.tflite").read_bytes()
    for space in ("cifar10", "lenet-mnist"):
        results._network(model, wanted(load_space(space)), {}, tmp_path / space)
    assert not (tmp_path / "lenet-mnist/cifar_cnn.cpp").exists()
    path = tmp_path / "cifar10/cifar_cnn.cpp"
    choice = Choice("cifar_cnn", True, other=str(path))
    assert choice.require() == path and choice.environment == "host" and not choice.stale()
    assert choice.sha256 == tflite.read(model).sha256
    other = path.rename(tmp_path / "other.cpp")
    with pytest.raises(UserError, match="another name than the model of cifar_cnn"):
        Choice("cifar_cnn", other=str(other)).require()
    tflite.write_c_array(tflite.from_c_array("xormodel/solution/xormodel.cpp"), path)
    with pytest.raises(UserError, match="the tensors at the ends of"):
        Choice("cifar_cnn", other=str(path)).require()
    path.unlink()
    with pytest.raises(UserError, match=r"cifar_cnn\.cpp"):
        Choice("cifar_cnn", other=str(path)).require()


def test_errors_of_the_command(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for words, message in (
        (["show", "nothing"], "there is no study 'nothing'"),
        (["new", "a b"], "'a b' cannot name a study"),
        (["new", "x", "--space", "gone.toml"], "gone.toml is no space"),
        (["new", "x", "--board", "uno"], "there is no board 'uno'"),
        (["new", "x", "--ram", "-3"], "-3 bytes of ram"),
        (["new", "x", "--ladder", "-1"], "a ladder of -1 networks"),
        (["new", "x", "--target", "z80"], "there is no core 'z80'"),
        (["work", "x", "--storage", "postgresql+nothing://host/x"], "cannot be opened"),
        (
            ["work", "x", "--storage", "postgresql+psycopg://me@127.0.0.1:1/x"],
            "127.0.0.1:1/x cannot be opened",
        ),
        (["new", "x", "--ram", "100"], "nothing in this space fits 100 bytes of ram: the smallest takes"),
        (["work", "x", "--minutes", "0"], "0.0 minutes are no time"),
    ):
        assert main(["search", *words]) == 2
        err = capsys.readouterr().err
        assert err.startswith("error: ") and message in err and "\nhint: " in err, err
    assert main(["search", "new", "y"]) == 0
    assert main(["search", "new", "y"]) == 0  # the same again
    capsys.readouterr()
    assert main(["search", "new", "y", "--space", "cifar10"]) == 2
    assert "y is there already, and for something else" in capsys.readouterr().err
    Path("studies/y/journal.log").write_text("{")
    capsys.readouterr()
    assert main(["search", "show", "y"]) == 2 and "error: " in capsys.readouterr().err


def test_a_full_disk_is_told_and_the_network_tried_once_more(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(worker, "Trainer", Fake)
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL)
    assert main(["search", "new", "full", "--space", "small.toml"]) == 0

    def full(path: Path, data: bytes) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(worker, "write_atomic", full)
        assert main(["search", "work", "full", "--trials", "1"]) == 2
    err = capsys.readouterr().err
    assert "No space left on device" in err and "\nhint: " in err
    study, _ = studies.load(studies.place("full"))
    (left,) = study.get_trials()
    assert left.state.name == "RUNNING" and not list(tmp_path.glob("studies/full/networks/*"))
    with monkeypatch.context() as patch:
        patch.setattr(studies, "_alive", lambda process: False)
        assert main(["search", "work", "full", "--trials", "1"]) == 0
    first, second = study.get_trials()
    assert (first.state.name, second.state.name) == ("FAIL", "COMPLETE") and first.params == second.params


def test_no_network_begins_after_the_minutes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(worker, "Trainer", Fake)
    where = studies.place("short", folder=tmp_path)
    studies.new(where, wanted(parse_space(SMALL, "small")))
    assert len(studies.trained(worker.work(where, 99, progress=False, minutes=1e-9))) == 1


def test_the_same_network_is_trained_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(worker, "Trainer", Fake)
    monkeypatch.setattr(Fake, "trained", 0)
    where = studies.place("twins", folder=tmp_path)
    few = 'data = "mnist"\nfamily = "lenet"\n[pruning]\nall = { low = 0.0, high = 0.5, step = 0.5 }'
    studies.new(where, wanted(parse_space(few, "few")))
    study = worker.work(where, 6, progress=False)
    assert len(studies.trained(study)) == 6 and Fake.trained == 2


def test_training_stops_where_the_usual_gain_does_not_reach_the_front() -> None:
    assert worker.usual_gain([], 0) == 1.0
    courses = [[0.5, 0.5 + gain / 100, 0.5 + gain / 100] for gain in range(1, 11)]
    assert worker.usual_gain(courses, 0) == pytest.approx(np.quantile([g / 100 for g in range(1, 11)], 0.9))

    class Trial:
        values = (0.9, 100.0, 50.0)

    best = [Trial()]
    assert worker._pays(0.91, [100.0, 50.0], best)  # type: ignore[list-item]
    assert worker._pays(0.5, [99.0, 50.0], best)  # type: ignore[list-item]
    assert not worker._pays(0.9, [100.0, 60.0], best)  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["cifar10", "lenet-mnist", "mnist-16k"])
def test_a_shipped_space_is_asked_without_a_word(name: str, recwarn: pytest.WarningsRecorder) -> None:
    """Steps such as 1/12 do not reach the end of their range, at which Optuna warns."""
    space = load_space(name)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    asked = [studies.suggest(study.ask(), space) for _ in range(40)]
    assert [str(w.message) for w in recwarn if "divisible" in str(w.message)] == []
    for p in space.parameters:
        assert all(values.get(p.name, p.values()[0]) <= p.high for values in asked if not p.choices)


def test_an_open_trial_of_a_worker_that_is_gone_is_retried_once(tmp_path: Path, monkeypatch) -> None:
    space = parse_space(SMALL, "small")
    where = studies.place("kill", folder=tmp_path)
    study = studies.new(where, wanted(space))
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    for process in (gone.stdout.strip(), str(os.getpid())):
        trial = study.ask()
        studies.suggest(trial, space)
        trial.set_user_attr("worker", f"{studies.me().rpartition(':')[0]}:{process}")
    assert studies.retry_dead(study) == 1 and studies.retry_dead(study) == 0
    first, second, queued = study.get_trials()
    assert (first.state.name, second.state.name, queued.state.name) == ("FAIL", "RUNNING", "WAITING")
    retried = study.ask()
    assert studies.suggest(retried, space) == studies.values_of(first, space)
    assert "worker" not in retried.user_attrs  # of the one that is gone
    retried.set_user_attr("worker", f"{studies.me().rpartition(':')[0]}:{gone.stdout.strip()}")
    assert studies.retry_dead(study) == 1
    states = [trial.state.name for trial in study.get_trials()]
    assert states == ["FAIL", "RUNNING", "FAIL"]  # not once more
    study.ask()
    assert studies.retry_dead(study) == 0  # it may be about to say who it is
    monkeypatch.setattr(studies, "SILENT", -1)
    assert studies.retry_dead(study) == 1


def test_a_candidate_learns_and_goes_on_from_its_checkpoint(tmp_path: Path, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 10
    pixels = np.zeros((400, 28, 28, 1), np.uint8)
    for i, label in enumerate(labels):
        pixels[i, 2 * label : 2 * label + 6, 4:24] = 255
    pixels = np.clip(pixels + rng.integers(0, 60, pixels.shape), 0, 255).astype(np.uint8)
    every = Dataset(pixels, labels, tuple("0123456789"), np.full(400, ""))
    text = SMALL.replace("pictures = 128", "pictures = 0").replace("parent_epochs = 1", "parent_epochs = 8")
    trainer = Trainer(parse_space(text, "small"), tmp_path)
    trainer.data = Splits(every, every.take(20), every, "test")
    values = draw(trainer.space, random.Random(0)) | {"pruning.all": 0.25, "quantization.way": "qat"}

    class Stop(Exception):
        pass

    def stop(epoch: int, accuracy: float) -> bool:
        raise Stop

    with pytest.raises(Stop):
        trainer.candidate(values, stop)
    (parent,) = (tmp_path / "parents").glob("*.npz")
    written = parent.stat().st_mtime_ns
    model = trainer.candidate(values)
    assert parent.stat().st_mtime_ns == written  # trained once
    assert not list((tmp_path / "trials").glob("*"))
    assert trainer.accuracy(model) > 0.5
    real, paper = Costs(tflite.read(model)), wanted(trainer.space).costs(values)
    assert (real.ram, real.flash) == (paper.ram, paper.flash)
    assert key(trainer.space, values) != key(trainer.space, values | {"pruning.method": "l2"})


@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m4", "esp32"])
def test_energy_goes_by_the_emulated_cycles(target: str) -> None:
    """Of a skeleton, which takes the instructions that the converted network takes."""
    try:
        TARGETS[target].require()
    except UserError as error:
        pytest.skip(error.message)
    space = parse_space(SMALL, "small")
    values = draw(space, random.Random(3)) | {"pruning.all": 0.5, "quantization.way": "ptq"}
    asked = Wanted(space, ("energy",), Limits(), target)
    paper = asked.costs(values)
    samples = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)
    model = tflite.convert_int8(randomize(blueprint_model(space.blueprint(values))), samples)
    real = Costs(tflite.read(model), asked.core)
    # Requantization takes a step more or less by its shifts.
    assert paper.instructions(target) == pytest.approx(real.instructions(target), rel=0.02)
    low, high = microjoules(target, paper.cycles(target))
    assert paper.value("energy", target) == round(high) > low > 0
    assert paper.cycles(target) >= paper.instructions(target)
    assert milliseconds(target, chip(target).clock_hz) == 1000


def test_a_board_s_core_is_the_one_that_counts(tmp_path: Path, monkeypatch, capsys) -> None:
    assert {each.core for each in boards().values()} <= {"", *TARGETS}
    monkeypatch.chdir(tmp_path)
    for board, words, target in (
        ("pico", [], "cortex-m0plus"),
        ("bluepill", [], "cortex-m4"),
        ("pico", ["--target", "esp32"], "esp32"),
    ):
        name = f"s_{board}_{len(words)}"
        assert main(["search", "new", name, "--board", board, "--objective", "energy", *words]) == 0
        assert studies.load(studies.place(name))[1].target == target
    assert main(["search", "new", "x", "--objective", "energy", "--target", "xtensa"]) == 2
    assert "no estimate of energy for the core 'xtensa'" in capsys.readouterr().err
