"""The diagnosis screen: fits one screen, is quick, and says what to do about every lack."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from aiedge.board.ports import SerialPort
from aiedge.workshop import doctor


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
