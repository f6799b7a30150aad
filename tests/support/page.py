"""Pages in a headless browser: what the tests of the board on a page share."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

PATIENCE = 60.0  # s, on a computer that does other things, too


def write_y4m(path: Path, pictures: NDArray[np.uint8], frames: int, rate: int = 20) -> Path:
    """A video of RGB pictures [n, height, width, 3], each for so many frames, as Chromium takes it for a camera."""
    _, height, width, _ = pictures.shape
    red, green, blue = np.moveaxis(pictures.astype(np.float64), -1, 0)
    # BT.601, as video has it: luma 16 to 235, chroma around 128, one for each 2 x 2 pixels.
    y = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    u = 128 + (-37.797 * red - 74.203 * green + 112 * blue) / 255
    v = 128 + (112 * red - 93.786 * green - 18.214 * blue) / 255
    small = [plane.reshape(len(plane), height // 2, 2, width // 2, 2).mean((2, 4)) for plane in (u, v)]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for planes in zip(y, *small, strict=True):
            frame = b"FRAME\n" + b"".join(plane.round().astype(np.uint8).tobytes() for plane in planes)
            file.write(frame * frames)
    return path


@contextmanager
def headless(folder: Path, *flags: str) -> Iterator[Any]:
    """A headless Chromium with these flags beside the usual ones; its profile lies in `folder`."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("needs chromium and chromedriver: apt install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        f"user-data-dir={folder}/chromium",
        "window-size=1300,900",
        *flags,
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    window.set_script_timeout(PATIENCE)
    try:
        yield window
    finally:
        window.quit()


def wait_until(window: Any, script: str) -> Any:
    """Wait until a script is true in the page, and return its value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := window.execute_script(script):
            return value
        time.sleep(0.05)
    raise TimeoutError(f"not true in the page: {script}\n{window.get_log('browser')}")


def text(window: Any, name: str) -> str:
    """The text of the element with an id."""
    return window.execute_script(f"return document.getElementById({name!r}).textContent")


def complaints(window: Any) -> list[str]:
    """What the page wrote to the browser's console since the last call."""
    return [entry["message"] for entry in window.get_log("browser")]
