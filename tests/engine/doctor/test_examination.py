"""The whole examination, on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.doctor import codecs, examination
from engine.doctor.examination import examine
from engine.doctor.report import Finding, Report, as_data, render_json, render_text
from engine.schemas.settings import Settings
from engine.settings import load
from tests.engine.cli.running import run
from tests.engine.doctor.findings import texts


@pytest.fixture(scope="module")
def its_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def report(its_home: Path) -> Report:
    patch = pytest.MonkeyPatch()
    patch.setenv("LIGHTDESK_HOME", str(its_home))
    patch.setenv("LIGHTDESK_MODEL", "fake")
    sections: list[str] = []
    found = examine(load(), on_section=sections.append)
    patch.undo()
    assert sections == ["Machine", "GPU", "Inference", "Storage", "Formats", "Window", "Settings"]
    return found


@pytest.mark.qt
def test_every_section_says_something(report: Report) -> None:
    found = {f.section for f in report.findings}
    assert found == {"Machine", "GPU", "Inference", "Storage", "Formats", "Window", "Settings"}
    names = {f.name for f in report.findings}
    assert names >= {
        *("system", "processor", "memory", "NVIDIA driver", "CUDA support", "compiled providers", "offered devices"),
        *(
            "CPU",
            "CPU self-test",
            "CPU speed",
            "SQLite",
            "sqlite-vec",
            "library",
            "cache folder",
            "JPEG",
            "AVIF",
            "HEIC",
        ),
        *("Qt", "platform", "fonts", "model"),
    }


def test_no_check_failed_by_itself(report: Report) -> None:
    assert "check itself failed" not in texts(report.findings)


@pytest.mark.qt
def test_a_machine_without_a_gpu_is_fine(report: Report) -> None:
    if any(f.name == "GPU" for f in report.findings):
        pytest.skip("there is a GPU here")
    assert report.ok, render_text(report)


def test_it_says_that_cuda_is_untested(report: Report) -> None:
    assert "not yet been tested on a real GPU" in texts(report.findings)


def test_data_and_text(report: Report) -> None:
    data = json.loads(render_json(report))
    assert data == as_data(report) and data["ok"] == report.ok
    assert {"section", "name", "state", "text", "way_out", "facts"} == set(data["findings"][0])
    speed = next(f for f in data["findings"] if f["name"] == "CPU speed")
    assert all(s["images_per_s"] > 0 for s in speed["facts"]["images_per_s"])
    assert "Nothing of this leaves it." in render_text(report).splitlines()[0]


def test_it_writes_nothing_that_stays(report: Report, its_home: Path) -> None:
    assert report.findings and not [p for p in its_home.rglob("*") if p.is_file()]


_SHUT = """
import os, sys

def shut(event, arguments):
    '''Refuse and note what asks a name server, connects, or sends to an address; sockets of this machine pass.'''
    asks = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
    goes = event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple)
    if asks or goes:
        with open(os.environ["NOTES"], "a", encoding="utf-8") as notes:
            print(event, arguments, file=notes)
        raise OSError(101, "Network is unreachable")

sys.addaudithook(shut)
"""


@pytest.fixture
def cut_off(tmp_path: Path) -> dict[str, str]:
    """An environment in which Python, in children too, gets out of the machine nowhere, and notes each try."""
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant" / "sitecustomize.py").write_text(_SHUT, "utf-8")
    variables = {"PYTHONPATH": str(tmp_path / "plant"), "NOTES": str(tmp_path / "notes")}
    tries = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"
    done = subprocess.run([sys.executable, "-c", tries], env={**os.environ, **variables}, capture_output=True)
    assert b"Network is unreachable" in done.stderr and "192.0.2.1" in Path(variables["NOTES"]).read_text("utf-8")
    Path(variables["NOTES"]).write_text("")
    return variables


@pytest.mark.qt
def test_nothing_leaves_the_machine(report: Report, cut_off: dict[str, str]) -> None:
    """Cut off from everything it comes to the same, and it does not even try."""
    done = run("doctor", "--json", QT_QPA_PLATFORM="offscreen", **cut_off)
    assert Path(cut_off["NOTES"]).read_text("utf-8") == ""
    found = [(f["section"], f["name"], f["state"]) for f in json.loads(done.stdout)["findings"]]
    assert found == [(f.section, f.name, f.state) for f in report.findings]
    assert done.returncode == (0 if report.ok else 1)


def test_a_section_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Settings) -> Any:
        yield Finding("Formats", "JPEG", "ok", "reads")
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(codecs, "examine", broken)
    found = examination._examined("Formats", "engine.doctor.codecs", Settings())
    assert [f.state for f in found] == ["ok", "fail"] and "ZeroDivisionError: oops" in found[1].text
    found = examination._examined("Formats", "engine.doctor.nowhere", Settings())
    assert [f.state for f in found] == ["fail"]
