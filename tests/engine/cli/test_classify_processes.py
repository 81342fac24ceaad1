"""`lightdesk classify` in processes of its own: two at once, rights, terminals, pipes, signals, names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.cli.running import (
    classifying,
    command,
    environment,
    heeding_permissions,
    job_states,
    name_of,
    posix,
    records,
    run,
    started,
)
from tests.images import encoded, folder_of, picture


def test_two_at_once_on_one_new_library(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 200)
    wanted = command("classify", str(folder), "--json")
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    with started(wanted, **options) as one, started(wanted, **options) as other:
        answers = [child.communicate(timeout=120) for child in (one, other)]
        assert (one.returncode, other.returncode) == (0, 0), answers
    assert [err for _, err in answers] == ["", ""]
    first, second = ([record["data"]["prediction"] for record in records(out)] for out, _ in answers)
    assert len(first) == 200 and first == second
    facts = json.loads(run("library", "info", "--json").stdout)
    assert (facts["contents"], facts["files"], facts["predictions"], facts["embeddings"]) == (200, 200, 200, 200)
    assert run("library", "check").returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="root gives its rights up as on Linux")
def test_what_may_not_be_read_is_a_failed_file_and_stops_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 1)
    alone = folder / "alone.jpg"
    alone.write_bytes(encoded(picture(9), "JPEG"))
    for path, mode in ((folder / "closed", 0o000), (tmp_path / "shut", 0o000)):
        folder_of(path, 1).chmod(mode)
    alone.chmod(0o000)
    try:
        done = run(
            as_list=heeding_permissions("classify", str(alone), str(folder), str(tmp_path / "shut"), "--json"),
        )
    finally:
        for path in (folder / "closed", tmp_path / "shut"):
            path.chmod(0o700)
    found = records(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert [name_of(r) for r in found] == ["alone.jpg", "0000.jpg", "shut", "closed"]
    assert [r["success"] for r in found] == [False, True, False, False]
    assert {r["error"]["code"] for r in found if not r["success"]} == {"PERMISSION_DENIED"}
    assert {r["error"]["details"]["path"] for r in found if not r["success"]} == {
        str(alone),
        str(tmp_path / "shut"),
        str(folder / "closed"),
    }


@posix
def test_a_narrow_terminal(tmp_path: Path) -> None:
    """Rows of answers keep to the width; of a failure the whole reason is shown."""
    import fcntl
    import pty
    import struct
    import termios

    folder = folder_of(tmp_path / "photos", 3)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 24, 60, 0, 0))
    env = environment(NO_COLOR="1")
    env.pop("COLUMNS", None)
    with started(command("classify", str(folder)), stdout=follower, stderr=follower, env=env) as child:
        os.close(follower)
        shown = everything(leader)
        assert child.wait(60) == 1
    os.close(leader)
    assert b"\x1b" not in shown, "no colours, no cursor"
    rows = [row.split("\r")[-1] for row in shown.decode().replace("\r\n", "\n").splitlines()]
    head = next(i for i, row in enumerate(rows) if row.startswith("file"))
    answers = [row for row in rows[head : head + 5] if "UNREADABLE_IMAGE" not in row]
    assert len(answers) == 4 and all(len(row) < 60 for row in answers)
    (failure,) = [row for row in rows if "UNREADABLE_IMAGE  " in row]
    assert failure.endswith(".") and "\N{HORIZONTAL ELLIPSIS}" not in failure.partition("UNREADABLE")[2]
    assert any(row.startswith("UNREADABLE_IMAGE (1 file): ") for row in rows)
    assert rows[-1].startswith("4 files, 1 failed, ")


def everything(leader: int) -> bytes:
    """What comes from a terminal until its other side is closed."""
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux's way to say so
            return shown
        if not part:
            return shown
        shown += part


@posix
def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 500)
    with classifying(folder) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGINT)
        err = child.stderr.read()
        assert child.wait(60) == 130
    assert "Traceback" not in err
    assert run("library", "check").returncode == 0


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 60)
    with classifying(folder) as child:
        assert child.stdout is not None and child.stderr is not None
        assert json.loads(child.stdout.readline())["success"]
        child.stdout.close()
        said = child.stderr.read()
        assert child.wait(60) == 141
    assert said == ""
    assert set(job_states()) <= {"cancelled", "done"}


@posix
def test_a_full_device(tmp_path: Path) -> None:
    folder_of(tmp_path / "photos", 3)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("classify", str(tmp_path / "photos"), "--json"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
    assert done.returncode == 1 and "No space left" in done.stderr and "Traceback" not in done.stderr


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_by_a_signal(number: signal.Signals, code: int, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 500)
    with classifying(folder) as child:
        assert child.stdout is not None and child.stderr is not None
        first = child.stdout.readline()
        child.send_signal(number)
        out, err = child.stdout.read(), child.stderr.read()
        assert child.wait(60) == code
    assert "Stopped" in err and "Traceback" not in err
    whole = records(first + out)
    assert 0 < len(whole) < 500 and all(record["success"] for record in whole)
    assert job_states() == ["cancelled"]
    again = run("classify", str(folder), "--json")
    assert again.returncode == 0 and len(records(again.stdout)) == 500


@posix
def test_a_signal_while_the_engine_starts_gives_no_traceback(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 200)
    for delay_s in (0.0, 0.05, 0.15):
        home = tmp_path / f"home-{delay_s}"
        with classifying(folder, {"LIGHTDESK_HOME": str(home)}, stdout=subprocess.DEVNULL) as child:
            until_s = time.monotonic() + 20
            while not (home / "data").exists() and time.monotonic() < until_s:
                time.sleep(0.005)
            time.sleep(delay_s)
            child.send_signal(signal.SIGINT)
            assert child.stderr is not None
            err = child.stderr.read()
            child.wait(60)
        assert child.returncode in (130, 0), err
        assert "Traceback" not in err


@posix
def test_names_of_any_kind(tmp_path: Path) -> None:
    names = [b"line\nbreak.png", b"\xff\xfe.png", "emoji \N{PARTY POPPER}.png".encode(), b"tab\t.png", b"-dash.png"]
    folder = os.fsencode(tmp_path / "photos")
    os.mkdir(folder)
    for i, name in enumerate(names):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(encoded(picture(i), "PNG"))
    done = run("classify", str(tmp_path / "photos"), "--json")
    assert done.returncode == 0
    found = [name_of(record) for record in records(done.stdout)]
    shown = ["-dash.png", "emoji \N{PARTY POPPER}.png", "line\nbreak.png", "tab\t.png", "\\xff\\xfe.png"]
    assert sorted(found) == sorted(shown)
    given = [os.path.join(os.fsdecode(folder), os.fsdecode(name)) for name in names]
    table = run("classify", *given)
    assert table.returncode == 0 and len(table.stdout.splitlines()) == 1 + len(names)
    assert "line\\nbreak.png" in table.stdout and "\\xff\\xfe.png" in table.stdout


@posix
def test_a_terminal_that_knows_ascii_only(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "été.png").write_bytes(encoded(picture(1), "PNG"))
    table = run("classify", str(folder), PYTHONIOENCODING="ascii")
    assert table.returncode == 0 and "\\xe9t\\xe9.png" in table.stdout
    record = run("classify", str(folder), "--json", PYTHONIOENCODING="ascii")
    assert name_of(records(record.stdout)[0]) == "été.png"


@posix
def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    import pty

    folder = folder_of(tmp_path / "photos", 300)
    leader, follower = pty.openpty()
    with classifying(folder, stderr=follower) as child:
        os.close(follower)
        assert child.stdout is not None
        out = child.stdout.read()
        shown = everything(leader)
        assert child.wait(60) == 0
    os.close(leader)
    assert len(out.splitlines()) == 300
    assert b"/300" in shown and b"img/s" in shown
    assert "300 files" in shown.decode().splitlines()[-1]


def test_a_module_in_the_current_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    folder_of(tmp_path / "photos", 1)
    (tmp_path / "photos" / "json.py").write_text("raise SystemExit('shadowed')")
    script = Path(sys.executable).with_name("lightdesk")
    if not script.exists():
        pytest.skip("the command is not installed here")
    done = subprocess.run(
        [script, "classify", ".", "--json"],
        cwd=tmp_path / "photos",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(records(done.stdout)) == 1
