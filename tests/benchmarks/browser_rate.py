"""How many pictures a second the board on a page answers: `python -m tests.benchmarks.browser_rate`.

Shows the solved car firmware in a headless Chromium whose camera is a video of drawn scenes, and counts for some
seconds what a person would see. What else the computer does, the load before, is printed with it. No camera gives more
than the page takes, some 30 pictures a second.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from aiedge.benchmark.browser import browse
from aiedge.benchmark.data import samples
from aiedge.errors import exit_cleanly
from tests.support.page import headless, wait_until, write_y4m

RATE = 60  # of the camera
# The page leaves each answer in this variable.
COUNT = """
    const [seconds, done] = arguments;
    const networks = [], frames = [], late = [];
    let value = window.lastAnswer, last = performance.now(), running = true;
    Object.defineProperty(window, "lastAnswer", { configurable: true, get: () => value, set(answer) {
        value = answer;
        networks.push(answer.network / 1000);
        late.push(performance.now() - last);
        last = performance.now();
    } });
    const frame = (now) => { frames.push(now); if (running) requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    setTimeout(() => { running = false; done([networks, late, frames.length]); }, 1000 * seconds);
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", default="carclassifier_easy")
    parser.add_argument("--seconds", type=int, default=10, help="how long it counts")
    options = parser.parse_args()
    os.environ["BROWSER"] = "true"  # nothing is opened beside the headless one
    os.environ.setdefault("AIEDGE_DATA", "drawn")
    scenes = samples("carclassifier_easy", 20).inputs.astype(np.uint8).repeat(2, 1).repeat(2, 2)
    with tempfile.TemporaryDirectory() as name, browse(options.project, solution=True) as page:
        video = write_y4m(Path(name) / "camera.y4m", scenes, RATE // 4, RATE)
        flags = ("use-fake-device-for-media-stream", f"use-file-for-fake-video-capture={video}")
        with headless(Path(name), *flags) as window:
            allow = {
                "permission": {"name": "camera"},
                "setting": "granted",
                "origin": page.url.rsplit("/", 2)[0],
            }
            window.execute_cdp_cmd("Browser.setPermission", allow)
            window.get(page.url)
            wait_until(window, "return window.lastAnswer && document.querySelector('[value=camera]').checked")
            wait_until(window, "window.since ??= performance.now(); return performance.now() > since + 3000")
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
            networks, late, frames = window.execute_async_script(COUNT, options.seconds)
            version = window.capabilities["browserVersion"].partition(".")[0]
    print(f"{options.project}, headless Chromium {version}, {os.cpu_count()} cores, load {load:.1f} before")
    print(f"{len(networks) / options.seconds:.1f} pictures answered a second, {len(networks)} in all")
    print(
        f"{np.median(late):.1f} ms from answer to answer in the median, {np.percentile(late, 95):.1f} ms for 95 %"
    )
    print(f"{np.median(networks):.2f} ms for the network in the median, {min(networks):.2f} ms at best")
    print(f"{frames / options.seconds:.1f} frames of the page drawn a second")
    return 0


if __name__ == "__main__":
    sys.exit(exit_cleanly(main))
