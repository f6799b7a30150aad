"""Which model a board should run, which it does run, and what other answers that model gives."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.benchmark.data import Samples
from aiedge.board import BoardInfo
from aiedge.cost.runtimes import Reference
from aiedge.errors import UserError
from aiedge.espdl import EspdlModel, load_espdl
from aiedge.lesson import find_project, lesson_of, project_dir, projects
from aiedge.paths import COMMON
from aiedge.progress import tqdm
from aiedge.quantization import dequantize, quantize
from aiedge.tflite.integer import params_of

ESPDL = "vscode/espdl"  # where in a project the .espdl lies from which its firmware is built
_CHUNK = 20  # samples


@dataclass(frozen=True)
class Choice:
    """One of a project's models: the student's or with `solution` the solved one, int8 or with `floats` float32.

    `other` names an int8 model of the project beside its main one, or is the path of another network's C array, which
    has the main one's name: `FOLDER/NAME.cpp`.
    """

    project: str
    solution: bool = False
    floats: bool = False
    other: str = ""

    def __post_init__(self) -> None:
        if self.file:
            return
        others = find_project(self.project).lesson.others
        if self.other and self.other not in others:
            hint = f"there is {' and '.join(others)}" if others else "leave --model out"
            raise UserError(f"{self.project} has no other model named {self.other!r}", hint)

    @property
    def file(self) -> Path | None:
        """The C array of a network that is none of the project's."""
        return Path(self.other) if self.other.endswith(".cpp") else None

    @property
    def name(self) -> str:
        """The model's name, which is its file's and its array's."""
        other = "" if self.file else self.other
        return other or lesson_of(self.project) + ("_float" if self.floats else "")

    @property
    def folder(self) -> str:
        """Where in the project it lies."""
        return "solution" if self.solution else "vscode/main"

    @property
    def environment(self) -> str:
        """The environment of platformio.ini that builds it for this computer."""
        kind = "" if self.file else self.other.rpartition("_")[2] or ("float" if self.floats else "")
        return f"host-{kind}" if kind else "host"

    @property
    def path(self) -> Path:
        """The C array that the firmware is built from, whether or not it is there."""
        return self.file or project_dir(self.project) / self.folder / f"{self.name}.cpp"

    @property
    def sha256(self) -> str:
        """Hash of the .tflite in it, in hex; "" where there is none."""
        path = self.path
        return hashlib.sha256(tflite.from_c_array(path)).hexdigest() if path.exists() else ""

    def require(self) -> Path:
        """`path`; raises `UserError` where the student has not copied the model yet.

        The solution's float model is too large for the repository: it is made from the shipped weights.
        """
        path, lesson = self.path, find_project(self.project).lesson
        if lesson.firmware is None:
            raise UserError(f"{self.project} is a notebook without firmware", _with_firmware())
        if self.file:
            self._check_file(self.file)
        weights = lesson.weights
        shipped = bool(weights) and (COMMON / "weights" / f"{weights}.npz").exists()
        if not path.exists() and self.solution and self.floats and shipped:
            from aiedge.train import models  # TensorFlow, which takes seconds

            print(f"making {path.name} from the shipped weights (some seconds)", flush=True)
            tflite.write_c_array(tflite.convert_float(models.pretrained(weights)), path)
        if not path.exists():
            exported = project_dir(self.project) / "notebook" / path.name
            copy = f"cp {self.project}/notebook/{path.name} {self.project}/vscode/main/{path.name}"
            hint = copy if exported.exists() else f"export it in the notebook, then: {copy}"
            raise UserError(f"{path} is missing", f"{hint}; for the solved project add --solution")
        return path

    def _check_file(self, file: Path) -> None:
        """Raise `UserError` for an array that the project's firmware cannot take in its main model's place."""
        if file.name != f"{self.name}.cpp":
            raise UserError(
                f"{file} has another name than the model of {self.project}",
                f"aiedge search export writes {self.name}.cpp, aiedge.tflite.write_c_array any .tflite",
            )
        own = tflite.read(tflite.from_c_array(replace(self, other="", solution=True).path))
        theirs = tflite.read(tflite.from_c_array(file))
        takes, should = ([t.shape for t in (*g.inputs, *g.outputs)] for g in (theirs, own))
        if takes != should:
            raise UserError(
                f"the tensors at the ends of {file} are {takes}, those of {self.project} {should}",
                "take a network for the same pictures and classes",
            )

    def stale(self) -> str:
        """A warning where the student's firmware is not built from the notebook's last export, else ""."""
        exported = project_dir(self.project) / "notebook" / self.path.name
        if (
            self.solution
            or self.file
            or not exported.exists()
            or exported.read_bytes() == self.path.read_bytes()
        ):
            return ""
        copy = f"cp {self.project}/notebook/{self.path.name} {self.project}/vscode/main/{self.path.name}"
        return (
            f"warning: vscode/main/{self.path.name} is not the model that the notebook exported last\n"
            f"hint: {copy}, then build again"
        )

    @property
    def words(self) -> str:
        """The model in words."""
        kind = self.other or ("float" if self.floats else "int8")
        return f"{'solution' if self.solution else 'vscode/main'}'s {kind} model"


def _with_firmware() -> str:
    named = (name for name in projects() if find_project(name).lesson.firmware)
    return f"these have one: {', '.join(named)}"


def choices(project: str) -> list[Choice]:
    """All models of a project that are there."""
    kinds = [(False, ""), (True, ""), *((False, other) for other in find_project(project).lesson.others)]
    every = [Choice(project, solution, *kind) for kind in kinds for solution in (False, True)]
    return [choice for choice in every if choice.path.exists()]


def find_model(sha256: str) -> Choice | None:
    """The model with this hash among the projects'."""
    for project in projects():
        for choice in choices(project):
            try:
                if choice.sha256 == sha256:
                    return choice
            except UserError:  # a damaged file is not the one
                continue
    return None


def check_model(info: BoardInfo, choice: Choice) -> None:
    """Raise `UserError` unless the board runs the model of the project's that was chosen."""
    if info.sha256 == choice.sha256:
        return
    problem = f"the board does not run the model in {choice.path}"
    others = [c for name in (info.project, *projects()) if name in projects() for c in choices(name)]
    if known := next((c for c in others if c.sha256 == info.sha256), None):
        problem += f" but {known.project}'s {known.words}"
    project = choice.project
    if known and known.project == project:
        options = [
            f"{'add' if there else 'leave out'} {option}"
            for option, there, asked in (
                ("--solution", known.solution, choice.solution),
                ("--float", known.floats, choice.floats),
                (f"--model {known.other or choice.other}", known.other, choice.other),
            )
            if there != asked
        ]
        raise UserError(problem, f"{' and '.join(options)}, or build and flash the other")
    hint = f"build and flash {project}/vscode again, after copying {choice.path.name} there"
    raise UserError(problem, hint)


def find_espdl(info: BoardInfo) -> EspdlModel:
    """The model of a board that runs ESP-DL; raises `UserError` where the project's folder has another one, or none."""
    folder = project_dir(info.project) / ESPDL
    model = load_espdl(folder)
    if info.sha256 != model.sha256:
        raise UserError(
            f"the board does not run the model in {model.path}", "build and flash esp-eye-espdl again"
        )
    return model


class Codec:
    """A model's way from real numbers to an input tensor's bytes and from an output tensor's bytes back."""

    def __init__(self, model: bytes | EspdlModel):
        self.graph = model.graph if isinstance(model, EspdlModel) else tflite.read(model)
        self.model = self.graph.source
        if self.graph.states:
            raise UserError(
                "the model keeps state from one input to the next, and a benchmark asks for single inputs",
                "give it its sequences in a program of your own: Model::reset() and Model::invoke(), or CompiledModel",
            )

    @property
    def variant(self) -> str:
        """Type of the model's input, such as "int8" or "float32"."""
        return self.graph.inputs[0].dtype.name

    def encode(self, values: NDArray[np.float32]) -> bytes:
        """Bytes of the input tensor for the real numbers of one sample."""
        entry = self.graph.inputs[0]
        if entry.dtype.kind == "f":
            return values.astype("<f4").tobytes()
        return quantize(values, params_of(entry), entry.dtype.newbyteorder("<")).tobytes()

    def decode(self, raw: bytes) -> NDArray[np.float32]:
        """Real numbers of an output tensor."""
        result = self.graph.outputs[0]
        stored = np.frombuffer(raw, result.dtype.newbyteorder("<"))
        return (
            stored.astype(np.float32) if result.dtype.kind == "f" else dequantize(stored, params_of(result))
        )

    def answers(self, data: Samples, reference: Reference) -> list[bytes]:
        """The bytes of the same model's answers on this computer."""
        entry = self.graph.inputs[0]
        answers = []
        with tqdm(
            total=len(data),
            desc=f"the same in {reference.name}",
            unit=" samples",
            disable=len(data) < 2 * _CHUNK,
            leave=False,
        ) as bar:
            for start in range(0, len(data), _CHUNK):
                rows = range(start, min(start + _CHUNK, len(data)))
                raw = b"".join(self.encode(data.real(i)) for i in rows)
                batch = np.frombuffer(raw, entry.dtype).reshape(len(rows), *entry.sample_shape)
                answers += [row.tobytes() for row in np.asarray(reference.run(batch))]
                bar.update(len(rows))
        return answers
