"""The diagnosis screen: fits one screen, is quick, and says what to do about every lack."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from aiedge.board.ports import SerialPort
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.workshop import doctor, environment, verify


def lacks(findings):
    return {finding.name: finding for finding in findings if finding.mark != "ok"}


def test_one_screen():
    lines = doctor.report().splitlines()
    assert len(lines) <= 35
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("aiedge 0.1.0, ")
    assert all(re.match(r"(ok|--|!!) [\w-]+ ", line) or line.startswith(" " * 20) for line in lines[1:-1])


def test_does_not_import_tensorflow():
    program = (
        "import sys; from aiedge.workshop import doctor; doctor.report(); print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_lack_has_advice(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    monkeypatch.setattr(doctor, "version", lambda _: "")
    monkeypatch.setattr(doctor.environment, "usable", lambda: False)
    monkeypatch.setattr("aiedge.board.ports.find_ports", lambda: [])
    findings = [
        *doctor.computer(),
        *doctor.set_up(),
        *doctor.packages(),
        *doctor.tflm(),
        *doctor.tools(),
        *doctor.serial_ports(),
    ]
    found = lacks(findings)
    assert {"set-up", "packages", "TFLM", "cc", "arm-none-eabi-gcc", "qemu-system-arm", "serial port"} <= set(
        found
    )
    assert all(finding.advice for finding in found.values())
    # A package's name that is broken at a hyphen cannot be pasted.
    assert not any(line.endswith("-") for finding in findings for line in str(finding).splitlines())


def test_a_package_of_another_version(monkeypatch):
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda name: "1.0" if name == "numpy" else real(name))
    finding = lacks(doctor.packages())["packages"]
    assert finding.mark == "!!" and "not as locked: numpy" in finding.advice


def test_a_full_disk(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=1e9))
    assert lacks(doctor.set_up())["disk"].mark == "!!"


@pytest.mark.skipif(os.name != "posix", reason="permissions of device files")
def test_a_port_that_may_not_be_opened(monkeypatch):
    port = SerialPort("/dev/ttyUSB0", "CP2102", "10c4:ea60")
    monkeypatch.setattr("aiedge.board.ports.find_ports", lambda: [port])
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    (finding,) = doctor.serial_ports()
    assert finding.mark == "!!" and "10c4:ea60" in finding.found and "usermod -aG" in finding.advice


def test_a_space_in_the_kits_path(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "REPO", tmp_path / "my kit")
    finding = lacks(doctor.firmware())["ESP32 tools"]
    assert finding.mark == "--" and "a space" in finding.found and "without spaces" in finding.advice
    monkeypatch.setattr(doctor, "REPO", tmp_path)
    assert "a space" not in lacks(doctor.firmware())["ESP32 tools"].found


@pytest.mark.parametrize("name", ["a$HOME", 'the "kit"', "a`b"])
def test_a_kits_path_in_which_no_firmware_builds(monkeypatch, tmp_path, name):
    monkeypatch.setattr(doctor, "REPO", tmp_path / name)
    (finding,) = doctor.firmware()
    assert finding.mark == "!!" and f"in its path: {tmp_path / name}" in finding.found
    assert "rename it" in finding.advice


def installed(folder, **files):
    """A package `tiny` 1.0 in `folder`, as an installer leaves it."""
    record = "tiny-1.0.dist-info/RECORD,,\n"
    for name, text in {**files, "tiny-1.0.dist-info/METADATA": "Name: tiny\nVersion: 1.0\n"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(text)}\n"
    (folder / "tiny-1.0.dist-info/RECORD").write_text(record)


def test_verify_names_a_package_that_differs_from_the_lock(monkeypatch, tmp_path):
    lock = tmp_path / "a.lock"
    lock.write_text(
        "# made by a tool\ntiny==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
        f"never==2.0 ; sys_platform == 'plan9' \\\n    --hash=sha256:00\n"
        f"more==3.0 ; sys_platform == '{sys.platform}' \\\n    --hash=sha256:00\n"
    )
    monkeypatch.setattr(environment, "LOCKS", {"user": lock, "dev": lock})
    monkeypatch.syspath_prepend(tmp_path / "site")
    installed(tmp_path / "site", **{"tiny/__init__.py": "one = 1\n", "tiny/b.py": ""})
    assert verify.locked(lock) == {"tiny": "1.0", "more": "3.0"}
    assert list(verify.differences(lock)) == ["more 3.0 is not installed"]

    (tmp_path / "site/tiny/__init__.py").write_text("one = 2\n")
    (tmp_path / "site/tiny/b.py").unlink()
    lock.write_text("tiny==1.0 \\\n    --hash=sha256:00\n")
    assert list(verify.differences(lock)) == ["tiny 1.0: changed or missing: tiny/__init__.py, of 2"]
    lock.write_text("tiny==1.1 \\\n    --hash=sha256:00\n")
    with pytest.raises(UserError, match=r"tiny is 1\.0, not 1\.1") as refused:
        doctor.verify_packages()
    assert "--setup" in refused.value.hint


COMPONENTS_LOCK = """\
dependencies:
  espressif/esp-tflite-micro:
    component_hash: {0}
    dependencies:
    - name: espressif/esp-nn
      require: private
      version: ^1.1.1
    source:
      registry_url: https://components.espressif.com/
      type: service
    version: 1.3.5
  idf:
    source:
      type: idf
    version: 5.5.0
direct_dependencies:
- espressif/esp-tflite-micro
- idf
manifest_hash: {0}
target: esp32
version: 3.0.0
"""


def test_verify_names_a_component_that_differs_from_the_lock(tmp_path):
    """In the form in which ESP-IDF's component manager 3.1 writes it."""
    component = tmp_path / "managed_components/espressif__esp-tflite-micro"
    assert list(verify.component_differences(tmp_path)) == []
    (tmp_path / "dependencies.lock").write_text(COMPONENTS_LOCK.format("ab" * 32))
    assert list(verify.component_differences(tmp_path)) == []  # nothing is fetched yet
    component.mkdir(parents=True)
    assert list(verify.component_differences(tmp_path)) == [
        "espressif/esp-tflite-micro is not in managed_components"
    ]
    (component / ".component_hash").write_text("ab" * 32)
    assert list(verify.component_differences(tmp_path)) == []
    (component / ".component_hash").write_text("cd" * 32)
    assert list(verify.component_differences(tmp_path)) == [
        "espressif/esp-tflite-micro has another hash than in dependencies.lock"
    ]


def test_components_of_the_board_have_one_version_each():
    """No range, so that a new release of a component changes no build; where a lock is kept, it has these versions."""
    for project in REPO.glob("*/vscode"):
        named = re.findall(
            r'^  (\S+/\S+): "(.*)"$', (project / "main/idf_component.yml").read_text(), re.MULTILINE
        )
        assert named and all(re.fullmatch(r"==\d+\.\d+\.\d+", version) for _, version in named)
        if (lock := project / "dependencies.lock").exists():
            for name, version in named:
                wanted = (
                    rf"^  {name}:\n    component_hash: [0-9a-f]{{64}}\n(    .*\n)*    version: {version[2:]}$"
                )
                assert re.search(wanted, lock.read_text(), re.MULTILINE), f"{lock} is not of {name} {version}"


def test_every_locked_package_has_hashes_and_one_version():
    """Of both files: what the set-up demands of them, and the names of the one in the other."""
    for lock in environment.LOCKS.values():
        entries = re.split(r"\n(?=\w)", re.sub(r"^#.*\n", "", lock.read_text(), flags=re.MULTILINE))
        assert len(entries) > 100
        for entry in entries:
            assert re.fullmatch(
                r"[\w.-]+==\S+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n?)+", entry
            ), entry
    user, dev = (verify.locked(environment.LOCKS[kind]) for kind in ("user", "dev"))
    assert dev.items() >= user.items()
