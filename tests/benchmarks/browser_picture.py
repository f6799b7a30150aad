"""The picture of the board in the browser: `python -m tests.benchmarks.browser_picture --write`.

Builds the solved car firmware, shows it in a headless Chromium whose camera is a video of drawn scenes, and keeps what
it looked like in docs/browser.webp. With --folder FOLDER all pages lie there too: wide, dark, as on a phone.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from aiedge.benchmark.browser import browse
from aiedge.benchmark.data import samples
from aiedge.paths import REPO
from tests.support.page import headless, wait_until, write_y4m

PICTURE = REPO / "docs/browser.webp"
PHONE = {"width": 390, "height": 2600, "deviceScaleFactor": 1, "mobile": True}
WIDE = {"width": 1240, "height": 1010, "deviceScaleFactor": 1, "mobile": False}
READY = {
    "xormodel": "return /of 625 points/.test(document.getElementById('surface-note').textContent)",
    "": "return document.getElementById('rate').textContent && document.getElementById('board').matches('.on')",
    "cifar_cnn": "return document.getElementById('rate').textContent.length > 0",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PICTURE.relative_to(REPO)}")
    parser.add_argument("--folder", type=Path, help="write all pages there")
    parser.add_argument("--project", default="carclassifier_easy")
    options = parser.parse_args()
    os.environ["BROWSER"] = "true"  # nothing is opened beside the headless one
    os.environ.setdefault("AIEDGE_DATA", "drawn")
    data = samples("carclassifier_easy", 60)
    cars = np.flatnonzero(data.expected == 1)[[3, 8, 12]]
    with tempfile.TemporaryDirectory() as name, browse(options.project, solution=True) as page:
        pictures = data.inputs[cars].astype(np.uint8).repeat(3, 1).repeat(3, 2)
        # A camera's picture is wider than high: a wall at both sides.
        pictures = np.pad(pictures, ((0, 0), (0, 0), (48, 48), (0, 0)), mode="edge")
        video = write_y4m(Path(name) / "camera.y4m", pictures, 60)
        flags = ("use-fake-device-for-media-stream", f"use-file-for-fake-video-capture={video}")
        with headless(Path(name), *flags) as window:
            origin = page.url.rsplit("/", 2)[0]
            allow = {"permission": {"name": "camera"}, "setting": "granted", "origin": origin}
            window.execute_cdp_cmd("Browser.setPermission", allow)
            for kind, size, colours in (
                ("wide", WIDE, "light"),
                ("dark", WIDE, "dark"),
                ("phone", PHONE, "light"),
            ):
                features = [{"name": "prefers-color-scheme", "value": colours}]
                window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
                window.get(page.url)
                wait_until(window, READY.get(options.project, READY[""]))
                wait_until(
                    window, "window.since ??= performance.now(); return performance.now() > since + 3000"
                )
                png = window.get_screenshot_as_png()
                if options.folder:
                    options.folder.mkdir(parents=True, exist_ok=True)
                    (options.folder / f"{options.project}-{kind}.png").write_bytes(png)
                if options.write and kind == "wide":
                    write(png)


def write(png: bytes) -> None:
    """Write the picture as WebP, which takes a tenth of the bytes."""
    import io

    from PIL import Image

    Image.open(io.BytesIO(png)).convert("RGB").save(PICTURE, quality=80, method=6)
    print(f"wrote {PICTURE.relative_to(REPO)}, {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
