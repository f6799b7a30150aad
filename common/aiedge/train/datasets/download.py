"""Downloads that are whole or not there: resumed where they stopped, and checked before they get their name."""

import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from aiedge.errors import UserError
from aiedge.progress import tqdm

TIMEOUT = 6.0  # seconds to wait for an answer
CHUNK = 1 << 18
ATTEMPTS = 3
PAUSE = 1.0  # seconds between them


class NoNetworkError(Exception):
    """The server cannot be reached, or does not give the file."""


def is_whole(path: Path, digest: str) -> bool:
    """Whether a file has this digest, in hex: its SHA-256, or, of 32 digits, its MD5 where no other is published."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5" if len(digest) == 32 else "sha256").hexdigest() == digest


def download(url: str, target: Path, digest: str) -> Path:
    """Fetch `url` into the file `target`, and return it, once its SHA-256 (or MD5) is `digest`.

    What has arrived is kept beside it (`.partial`), and the next call goes on from there. Raises `NoNetworkError`
    where nothing arrives, `UserError` where the transfer stops on its way or brings another file.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _refuse_company(partial)
        resumed = partial.exists()
        _transfer(url, partial)
        if not is_whole(partial, digest) and resumed:  # what was there may be of another file
            partial.unlink()
            _transfer(url, partial)
        if not is_whole(partial, digest):
            partial.unlink()
            raise UserError(
                f"{url} is not the file that was expected (its checksum differs)",
                "a login page of the network or a proxy may stand between; open the address in a browser",
            )
        partial.replace(target)
    except OSError as error:
        if error.filename is None:
            raise
        raise UserError(
            f"cannot write {error.filename}: {error.strerror}",
            "make room or set AIEDGE_CACHE to a folder that you may write to",
        ) from error
    return target


def _refuse_company(partial: Path) -> None:
    """Raise `UserError` where another process is writing the same file: it grows while this one waits."""
    if partial.exists() and time.time() - partial.stat().st_mtime < 2 * TIMEOUT:
        size = partial.stat().st_size
        time.sleep(PAUSE)
        if not partial.exists() or partial.stat().st_size != size:
            raise UserError(
                f"another program is downloading {partial.stem}", "run it again when that is done"
            )


def _transfer(url: str, partial: Path) -> None:
    """Bring `partial` to its full length, in several attempts if the connection breaks."""

    def size() -> int:
        return partial.stat().st_size if partial.exists() else 0

    first = most = size()
    reason = "it sends less than it announces"
    idle = 0  # attempts in a row that brought nothing
    while idle < ATTEMPTS:
        try:
            if _attempt(url, partial, size()):
                return
        except urllib.error.HTTPError as error:
            if (
                error.code == 416 and size()
            ):  # nothing beyond what is there: the file is complete, or another one
                return
            raise NoNetworkError(f"{url} answers {error.code} {error.reason}") from error
        except (urllib.error.URLError, TimeoutError, http.client.HTTPException, ConnectionError) as error:
            reason = str(getattr(error, "reason", error))
            if size() == 0:
                break
        idle = 0 if size() > most else idle + 1
        most = max(most, size())
        if idle:
            time.sleep(PAUSE)
    if most == first:
        raise NoNetworkError(f"cannot reach {url}: {reason}")
    raise UserError(
        f"the download of {url} stopped after {most / 1e6:.1f} MB: {reason}",
        "run it again: it goes on from there",
    )


def _attempt(url: str, partial: Path, start: int) -> bool:
    """Append what follows byte `start`; true once the server has sent all that it announced."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        if answer.status != 206:  # the whole file: the server cannot resume
            start = 0
        length = answer.headers.get("Content-Length") or ""
        # Where it is no number, the checksum tells whether all is there.
        total = start + int(length) if length.isascii() and length.isdecimal() else None
        with (
            partial.open("ab" if start else "wb") as file,
            tqdm(
                total=total,
                initial=start,
                desc=os.path.basename(url),
                unit="B",
                unit_scale=True,
                file=sys.stdout,
            ) as bar,
        ):
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
            return total is None or file.tell() >= total
