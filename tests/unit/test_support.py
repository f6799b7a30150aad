"""What tests lean on: files made once, Ctrl-C in a background job, the hidden wheel."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.hidden_wheel import HOOK
from tests.support.once import made_once
from tests.support.processes import restore_ctrl_c


def test_what_many_want_is_made_once(tmp_path: Path) -> None:
    calls = []

    def make() -> bytes:
        calls.append(1)
        time.sleep(0.2)
        return b"made"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: made_once(tmp_path / "new" / "file", make), range(4)))
    assert results == [b"made"] * 4 and len(calls) == 1


def test_what_fails_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        made_once(tmp_path / "file", lambda: bytes(1 // 0))
    assert made_once(tmp_path / "file", lambda: b"made") == b"made"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_is_restored_in_a_background_job() -> None:
    code = "import signal; print(repr(signal.getsignal(signal.SIGINT)))"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ignored, restored = (
            subprocess.run([sys.executable, "-c", code], preexec_fn=function, capture_output=True, text=True)
            for function in (None, restore_ctrl_c)
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert "SIG_IGN" in ignored.stdout and "default_int_handler" in restored.stdout


def test_the_wheel_is_hidden_from_a_new_python(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    code = "from aiedge.tflite import has_tflm; print(has_tflm())"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
