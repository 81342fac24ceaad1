"""The command line as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.images import encoded, folder_of, picture


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LIGHTDESK_MODEL": "fake"}
    environment.pop("DISPLAY", None)
    environment.pop("QT_QPA_PLATFORM", None)
    command = [sys.executable, "-m", "desktop", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False, **options)


def test_records_in_input_order(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 12)
    (folder / "0005.jpg").write_bytes(b"\xff\xd8\xff broken")
    done = run("classify", str(folder), str(tmp_path / "missing.jpg"), "--json", "--top-k", "2")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert len(records) == 13
    names = [r["data"]["metadata"]["filename"] if r["success"] else r["error"]["details"]["filename"] for r in records]
    assert names == [f"{i:04}.jpg" for i in range(12)] + ["missing.jpg"]
    assert records[5]["error"]["code"] == "UNREADABLE_IMAGE"
    assert records[12]["error"]["code"] == "FILE_NOT_FOUND"
    assert len(records[0]["data"]["top_predictions"]) == 2
    assert records[0]["data"]["metadata"]["cached"] is False
    again = run("classify", str(folder / "0000.jpg"), "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["data"]["metadata"]["cached"] is True


def test_without_a_display_a_table_is_printed() -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert "chelsea.jpg" in done.stdout and "fake" in done.stdout
    assert "no display" in done.stderr


def test_library_verbs(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture(1), "PNG"))
    library = str(tmp_path / "l.lightdesk")
    assert run("classify", str(tmp_path / "a.png"), "--library", library).returncode == 0
    info = json.loads(run("library", "info", "--json", "--library", library).stdout)
    assert (info["contents"], info["predictions"], info["embeddings"], info["labels"]) == (1, 1, 1, 0)
    assert run("library", "check", "--library", library).returncode == 0
    assert run("library", "backup", str(tmp_path / "copy.lightdesk"), "--library", library).returncode == 0
    assert "done" in run("jobs", "--library", library).stdout
    assert run("jobs", "pause", "77", "--library", library).returncode == 1
    assert "efficientnet-lite0@1" in run("models").stdout


def test_usage_errors_and_help() -> None:
    assert run("classify").returncode == 2
    assert run("--help").returncode == 0
    assert run("--nonsense").returncode == 2
    assert "complete" in run("completion", "bash").stdout


def test_an_empty_folder_is_no_failure(tmp_path: Path) -> None:
    done = run("classify", str(tmp_path))
    assert done.returncode == 0 and "no images" in done.stderr


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 30)
    command = f"{sys.executable} -m desktop classify {folder} --json | head -1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "LIGHTDESK_MODEL": "fake"}, timeout=60
    )
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["success"]


def test_ctrl_c(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 400)
    environment = {**os.environ, "LIGHTDESK_MODEL": "fake"}
    command = [sys.executable, "-m", "desktop", "classify", str(folder), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.readline()
        time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=20)
    assert child.returncode == 130
    assert "Traceback" not in errors


def test_doctor() -> None:
    done = run("doctor", "--json")
    report = json.loads(done.stdout)
    names = {f["name"] for f in report["findings"]}
    assert {"SQLite", "sqlite-vec", "JPEG", "numeric self-test", "NVIDIA driver"} <= names
    assert done.returncode == (0 if report["ok"] else 1)
