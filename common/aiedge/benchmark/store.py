"""Result files: `results/PROJECT-TIME.json`, with the answers once more as .csv for a spreadsheet.

A run writes each answer at once to `PROJECT-….partial`, so that the next one goes on where it stopped; a result file
appears only when all answers are there.
"""

import contextlib
import csv
import hashlib
import io
import json
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from aiedge.benchmark.firmware import FirmwareCheck
from aiedge.benchmark.result import BenchmarkResult, Setting, Traffic, Verification
from aiedge.board.line.conduct import Conduct
from aiedge.errors import UserError
from aiedge.files import locked, write_atomic
from aiedge.paths import REPO

RESULTS = REPO / "results"
FORMAT = "aiedge benchmark 1"
LARGEST = 2**62  # of a number in a file
# What taking a file apart raises where it is not as it should be.
MALFORMED = (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, MemoryError)


class Progress:
    """The answers of an unfinished run, in a file; a context manager that closes it.

    `raw` are the answered output tensors' bytes, `times_us` their times, `conducts` what else the firmware did,
    `traffic` what earlier starts of the run sent; `started` is when the first one began. With `fresh` nothing is taken
    over. Raises `UserError` while another program
    is at the same run.
    """

    def __init__(self, folder: Path, setting: Setting, fresh: bool = False):
        head = _head(setting)
        self.path = _partial(folder, setting)
        self.raw: list[bytes] = []
        self.times_us: list[int] = []
        self.conducts: list[Conduct | None] = []
        self.traffic = Traffic()
        self.started = now()
        self._file = self._open()
        if not fresh:
            self._read(head, setting.samples)
        self.resumed = len(self.raw)
        if not self.raw:
            self._file.seek(0)
            self._file.truncate()
            self._append([head, self.started])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):  # a full disk, which has been said
            self._file.close()
        if not self.raw:
            self.path.unlink(missing_ok=True)

    def add(self, raw: bytes, time_us: int, conduct: Conduct | None = None) -> None:
        """Keep the next sample's answer."""
        self.raw.append(raw)
        self.times_us.append(time_us)
        self.conducts.append(conduct)
        more = [conduct.network_us, conduct.request_us, conduct.flags, conduct.text] if conduct else []
        self._append([len(self.raw), raw.hex(), time_us, *more])

    def add_traffic(self, traffic: Traffic) -> None:
        """Keep what this start of the run sent."""
        self.traffic += traffic
        self._append(asdict(traffic))

    def _open(self) -> IO[str]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = open(self.path, "a+", encoding="utf-8", errors="replace", newline="\n")  # noqa: SIM115
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}", "choose another folder with --results"
            ) from error
        if not locked(file):
            file.close()
            raise UserError("the same benchmark is running already", "wait for it, or end it")
        return file

    def _append(self, line: object) -> None:
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}",
                "make room on the disk, or choose another folder with --results; the answers before are kept",
            ) from error

    def _read(self, head: str, samples: int) -> None:
        """Take the answers up to the first line that is not whole, and cut the rest off."""
        self._file.seek(0)
        good = 0
        for number, line in enumerate(iter(self._file.readline, "")):
            if not line.endswith("\n"):
                break
            try:
                self._take(number, json.loads(line), head, samples)
            except MALFORMED:
                break
            good = self._file.tell()
        self._file.seek(good)
        self._file.truncate()

    def _take(self, number: int, line: Any, head: str, samples: int) -> None:
        if number == 0:
            if line[0] != head:
                raise ValueError("another run's file")
            self.started = str(line[1])
        elif isinstance(line, dict):
            self.traffic += Traffic(**_finite(line))
        else:
            position, text, time_us, *more = line
            raw, time_us = bytes.fromhex(text), int(time_us)
            if position != len(self.raw) + 1 or position > samples:
                raise ValueError("out of order")
            if len(raw) != len(self.raw[0] if self.raw else raw) or not 0 <= time_us < LARGEST:
                raise ValueError("no answer of this network")
            self.raw.append(raw)
            self.times_us.append(time_us)
            self.conducts.append(_conduct(more))


def _conduct(numbers: list[Any]) -> Conduct | None:
    """What the firmware did, as `Progress.add` keeps it; raises `ValueError` or `TypeError` for anything else."""
    if not numbers:
        return None
    network_us, request_us, flags, text = numbers
    if not all(0 <= int(number) < LARGEST for number in (network_us, request_us, flags)):
        raise ValueError("no conduct")
    return Conduct.of(int(network_us), int(request_us), int(flags), str(text))


def _head(setting: Setting) -> str:
    return json.dumps({"format": f"{FORMAT}, partial", "setting": asdict(setting)})


def _partial(folder: Path, setting: Setting) -> Path:
    key = hashlib.sha256(_head(setting).encode()).hexdigest()[:12]
    return folder / f"{setting.project}-{key}.partial"


def _finite(numbers: dict[str, Any]) -> dict[str, Any]:
    """The same; raises `ValueError` where one of them is no number that can be added up and shown."""
    if not isinstance(numbers, dict):
        raise ValueError("its figures are no table")
    if not all(isinstance(n, (int, float)) and abs(n) < LARGEST for n in numbers.values()):
        raise ValueError("its figures are no numbers")
    return numbers


def now() -> str:
    """The time on the wall in ISO 8601, to the second, with the distance to UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def write(result: BenchmarkResult, folder: Path) -> Path:
    """Write a result's .csv, then its .json, under a name that is not taken yet; return the latter's path.

    Its unfinished run in the same folder is done with and removed.
    """
    stem = f"{result.setting.project}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = [stem, *(f"{stem}-{number}" for number in range(2, 1000))]
    path = next(path for name in names if not (path := folder / f"{name}.json").exists())
    table, document = _csv(result), json.dumps(_document(result), indent=1) + "\n"
    try:
        write_atomic(path.with_suffix(".csv"), table)
        write_atomic(path, document)
    except BaseException:  # one result, of which no half stays
        with contextlib.suppress(OSError):
            path.with_suffix(".csv").unlink()
        raise
    _partial(folder, result.setting).unlink(missing_ok=True)
    return path


def read(path: Path) -> BenchmarkResult:
    """The result in a .json file; raises `UserError` for a file that is damaged, half-written or none of the kit's."""
    hint = "name a result of ./run_serial.py, results/PROJECT-TIME.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(document, ensure_ascii=False).encode()  # raises ValueError for halves of characters
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", hint) from error
    except RecursionError as error:
        raise UserError(f"{path} is no result: its lists are nested without end", hint) from error
    except (ValueError, MemoryError) as error:
        raise UserError(f"{path} is damaged or no result: {error}", hint) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UserError(f"{path} is no result of this version of the kit", hint)
    try:
        return _result(document)
    except MALFORMED as error:
        raise UserError(f"{path} is damaged: {error}", hint) from error


def find(folder: Path, project: str = "") -> list[Path]:
    """Files that may be results, of one project or all, the oldest first."""
    paths = [path for path in folder.glob(f"{project}-*.json" if project else "*.json") if path.is_file()]
    return sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _document(result: BenchmarkResult) -> dict[str, Any]:
    times = np.percentile(result.times_us, [5, 50, 95])
    return {
        "format": FORMAT,
        "started": result.started,
        "port": result.port,
        "kit": result.kit,
        "commit": result.commit,
        "setting": asdict(result.setting),
        "summary": {
            "right": result.right,
            "accuracy": result.accuracy,
            "balanced_accuracy": result.balanced_accuracy,
            "balanced_accuracy_without_trucks": result.without_trucks,
            "accuracy_by_kind": result.by_kind,
            "auc": result.auc,
            "top_3_accuracy": result.top_accuracy,
            "time_us_5_50_95_percent": times.tolist(),
            "goodput": result.goodput,
        },
        "traffic": asdict(result.traffic),
        "verified": asdict(result.verified) if result.verified else None,
        "firmware": asdict(result.firmware),
        "answers": {
            "index": result.index.tolist(),
            "expected": result.expected.tolist(),
            "kinds": list(result.kinds),
            "outputs": result.outputs.tolist(),
            "time_us": result.times_us.tolist(),
            "says": list(result.says),
        },
    }


def _result(document: dict[str, Any]) -> BenchmarkResult:
    """Raises KeyError, TypeError or ValueError where anything is missing or of another kind."""
    answers, verified = document["answers"], document["verified"]
    setting = document["setting"]
    for field in fields(Setting):
        # JSON knows lists for tuples, and a whole number may stand for a real one.
        kinds = {"classes": list, "noise": (int, float)}.get(field.name, field.type)
        if not isinstance(setting[field.name], kinds):  # type: ignore[arg-type]
            raise ValueError(f"its {field.name} is {setting[field.name]!r:.99}")
    _finite({name: value for name, value in setting.items() if isinstance(value, (int, float))})
    index, expected, times_us = (
        np.array(answers[name], np.int64) for name in ("index", "expected", "time_us")
    )
    result = BenchmarkResult(
        setting=Setting(**{**setting, "classes": tuple(map(str, setting["classes"]))}),
        port=str(document["port"]),
        started=str(document["started"]),
        kit=str(document["kit"]),
        commit=str(document["commit"]),
        index=index,
        expected=expected,
        kinds=tuple(map(str, answers["kinds"])),
        outputs=np.array(answers["outputs"], np.float32),
        times_us=times_us,
        traffic=Traffic(**_finite(document["traffic"])),
        verified=Verification(**verified) if verified else None,
        firmware=_firmware(document.get("firmware", {})),
        says=tuple(map(str, answers.get("says", ()))),
    )
    samples, classes = result.setting.samples, len(result.setting.classes)
    if result.outputs.ndim != 2 or result.outputs.shape[1] not in (1, classes):
        raise ValueError("its outputs are no table")
    if not samples or {len(index), len(expected), len(times_us), len(result.outputs)} != {samples}:
        raise ValueError("answers are missing")
    if verified:
        _finite({name: verified[name] for name in ("outputs", "predictions")})
    if times_us.min() < 0 or times_us.max() >= LARGEST:
        raise ValueError("its figures are no numbers")
    if len(result.says) not in (0, samples):
        raise ValueError("answers are missing")
    if len(result.kinds) not in (0, samples) or not 0 <= expected.min() <= expected.max() < classes:
        raise ValueError("its classes are wrong")
    return result


def _firmware(found: dict[str, Any]) -> FirmwareCheck:
    mistakes = tuple(map(str, found.get("mistakes", ())))
    counts = _finite({name: value for name, value in found.items() if name != "mistakes"})
    return FirmwareCheck(**counts, mistakes=mistakes)


def _csv(result: BenchmarkResult) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    outputs = result.outputs.shape[1]
    names = ["output"] if outputs == 1 else [f"output_{number}" for number in range(outputs)]
    writer.writerow(["index", "kind", "expected", "predicted", *names, "time_us"])
    kinds = result.kinds or [""] * len(result.outputs)
    rows = zip(
        result.index, kinds, result.expected, result.predicted, result.outputs, result.times_us, strict=True
    )
    for index, kind, expected, predicted, values, time_us in rows:
        writer.writerow([index, kind, expected, predicted, *(f"{v:.9g}" for v in values), time_us])
    return text.getvalue()
