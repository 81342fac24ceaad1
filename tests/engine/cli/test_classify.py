"""`lightdesk classify`: order, records, exit codes, pipes, signals, names."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.library import jobs, migrations
from engine.settings import library_path, load
from tests.engine.cli.running import command, environment, name_of, records, run, started
from tests.images import encoded, folder_of, picture

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and names of POSIX")


def job_states() -> list[str]:
    conn = migrations.open_for_reading(library_path(load()))
    try:
        return [job.state for job in jobs.listed(conn)]
    finally:
        conn.close()


def test_records_come_in_input_order_with_errors_among_them(tmp_path: Path, lightdesk) -> None:
    folder = folder_of(tmp_path / "photos", 12)
    (folder / "0005.jpg").write_bytes(b"\xff\xd8\xff broken")
    (folder / "notes.txt").write_text("not an image")
    alone = tmp_path / "alone.png"
    alone.write_bytes(encoded(picture(99), "PNG"))
    done = lightdesk("classify", tmp_path / "missing.jpg", folder, tmp_path / "no" / "x", alone, "--json", "--top-k", 2)
    found = records(done.out)
    expected = ["missing.jpg", *(f"{i:04}.jpg" for i in range(12)), "x", "alone.png"]
    assert [name_of(record) for record in found] == expected
    assert done.code == 1
    assert [r["error"]["code"] for r in found if not r["success"]] == [
        "FILE_NOT_FOUND",
        "UNREADABLE_IMAGE",
        "FILE_NOT_FOUND",
    ]
    assert found[0]["error"]["details"]["path"] == str(tmp_path / "missing.jpg")
    good = found[1]["data"]
    assert len(good["top_predictions"]) == 2 and good["prediction"] == good["top_predictions"][0]
    assert good["metadata"]["model"] == "fake" and good["metadata"]["device"] == "fake"
    assert good["metadata"]["cached"] is False


def test_a_known_file_is_cached(tmp_path: Path, lightdesk) -> None:
    folder = folder_of(tmp_path / "photos", 3)
    first = lightdesk("classify", folder, "--json")
    again = lightdesk("classify", folder, "--json")
    assert first.code == again.code == 0
    assert [r["data"]["metadata"]["cached"] for r in records(again.out)] == [True] * 3
    before, after = records(first.out), records(again.out)
    assert [r["data"]["prediction"] for r in before] == [r["data"]["prediction"] for r in after]


def test_the_same_content_twice_gives_two_records(tmp_path: Path, lightdesk) -> None:
    for name in ("b.png", "a.png"):
        (tmp_path / name).write_bytes(encoded(picture(1), "PNG"))
    done = lightdesk("classify", tmp_path / "b.png", tmp_path / "a.png", "--json")
    found = records(done.out)
    assert [name_of(record) for record in found] == ["b.png", "a.png"]
    assert len({record["data"]["metadata"]["sha256"] for record in found}) == 1
    assert len(records(lightdesk("classify", tmp_path / "b.png", tmp_path / "b.png", "--json").out)) == 1


def test_a_file_that_is_no_image_is_refused_when_named(tmp_path: Path, lightdesk) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    done = lightdesk("classify", tmp_path / "notes.txt", "--json")
    assert done.code == 1
    assert records(done.out)[0]["error"]["code"] == "UNSUPPORTED_FORMAT"


def test_an_empty_folder_is_no_failure(tmp_path: Path, lightdesk) -> None:
    (tmp_path / "empty").mkdir()
    done = lightdesk("classify", tmp_path / "empty", "--json")
    assert (done.code, done.out) == (0, "") and "no images" in done.err
    (tmp_path / "empty" / "notes.txt").write_text("x")
    assert "no images in what you gave: 1 other file." in lightdesk("classify", tmp_path / "empty").err
    (tmp_path / "empty" / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")
    assert "1 video (not read yet) and 1 other file." in lightdesk("classify", tmp_path / "empty").err


@posix
def test_what_cannot_be_looked_at_inside_a_folder_is_a_failure(tmp_path: Path, lightdesk) -> None:
    """It has no place among the files, so its record comes last."""
    folder = folder_of(tmp_path / "photos", 2)
    (folder / "0001.gif").symlink_to(tmp_path / "gone.gif")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "0000.socket"))
        done = lightdesk("classify", tmp_path / "none.jpg", folder, "--json")
        table = lightdesk("classify", folder)
    found = records(done.out)
    assert [name_of(r) for r in found] == ["none.jpg", "0000.jpg", "0001.jpg", "0000.socket", "0001.gif"]
    assert [r["error"]["code"] for r in found if not r["success"]] == ["FILE_NOT_FOUND", "NOT_A_FILE", "FILE_NOT_FOUND"]
    assert done.code == table.code == 1 and done.err == ""
    assert table.out.splitlines()[-2].split()[:2] == [f"{folder}/0000.socket", "NOT_A_FILE"]
    assert "NOT_A_FILE (1 file): " in table.err and "no images" not in table.err


def test_the_table(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path / "photos", 2)
    (tmp_path / "photos" / "日本.jpg").write_bytes(encoded(picture(5), "JPEG"))
    done = lightdesk("classify", "photos", "gone.jpg")
    head, *rows = done.out.splitlines()
    assert head.split() == ["file", "top-1", "conf.", "device"]
    assert [row.split()[0] for row in rows] == ["photos/0000.jpg", "photos/0001.jpg", "photos/日本.jpg", "gone.jpg"]
    assert rows[0].endswith("%  fake") and "FILE_NOT_FOUND" in rows[3]
    assert done.code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["classify"],
        ["classify", "x", "--top-k", "0"],
        ["classify", "x", "--device", "tpu"],
        ["classify", "--nonsense", "x"],
    ],
)
def test_wrong_usage(arguments: list[str], lightdesk) -> None:
    done = lightdesk(*arguments)
    assert done.code == 2 and "Usage" in done.err and done.out == ""


def test_an_unknown_model_is_wrong_usage(tmp_path: Path, lightdesk) -> None:
    done = lightdesk("classify", tmp_path, "--model", "nonsense@9")
    assert done.code == 2 and "nonsense@9" in done.err and "efficientnet-lite0@1" in done.err


def test_a_library_of_its_own(tmp_path: Path, lightdesk) -> None:
    folder_of(tmp_path / "photos", 2)
    library = tmp_path / "l.lightdesk"
    assert lightdesk("classify", tmp_path / "photos", "--library", library).code == 0
    info = json.loads(lightdesk("library", "info", "--json", "--library", library).out)
    assert (info["contents"], info["files"], info["predictions"], info["embeddings"]) == (2, 2, 2, 2)
    assert lightdesk("library", "info").code == 1, "the default library must not have been made"


def test_a_foreign_file_as_library(tmp_path: Path, lightdesk) -> None:
    library = tmp_path / "notes.txt"
    library.write_text("my notes " * 1000)
    done = lightdesk("classify", tmp_path, "--library", library)
    assert done.code == 1 and "not a Lightdesk library" in done.err
    assert library.read_text() == "my notes " * 1000


def test_a_damaged_model_ends_in_words(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import ErrorCode, ModelError
    from engine.registry.catalogue import Registry

    def ensure(*_: object) -> None:
        raise ModelError(ErrorCode.MODEL_DAMAGED, "The model is damaged.", way_out="Install it again.")

    monkeypatch.setattr(Registry, "ensure", ensure)
    folder_of(tmp_path / "photos", 1)
    done = lightdesk("classify", tmp_path / "photos", "--json")
    assert done.code == 1 and "The model is damaged. Install it again." in done.err
    assert job_states() == ["cancelled"]


def test_why_the_cpu_is_used_is_said_once(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.backends.fake import FakeSession
    from engine.schemas.device import DeviceReport

    made = FakeSession.__init__

    def with_reason(self: FakeSession, *arguments: object) -> None:
        made(self, *arguments)  # type: ignore[arg-type]
        self.report = DeviceReport("cpu", "CPU", "cuda", "x", "No NVIDIA driver was found, so the CPU is used.")

    monkeypatch.setattr(FakeSession, "__init__", with_reason)
    folder_of(tmp_path / "photos", 40)
    done = lightdesk("classify", tmp_path / "photos", "--json", "--device", "cuda")
    assert done.code == 0 and len(records(done.out)) == 40
    assert done.err.count("No NVIDIA driver was found") == 1


# In processes of their own


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "photos", 60)
    with started(
        command("classify", str(folder), "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        assert json.loads(child.stdout.readline())["success"]
        child.stdout.close()
        said = child.stderr.read()
        assert child.wait(30) == 141
    assert said == b""
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
    with started(
        command("classify", str(folder), "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        first = child.stdout.readline()
        child.send_signal(number)
        began_s = time.monotonic()
        # not `communicate`, which forgets what `readline` has taken from the pipe already
        out, err = child.stdout.read(), child.stderr.read()
        child.wait(20)
        assert time.monotonic() - began_s < 5
    assert child.returncode == code
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
        with started(
            command("classify", str(folder), "--json"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(LIGHTDESK_HOME=str(home)),
        ) as child:
            until_s = time.monotonic() + 20
            while not (home / "data").exists() and time.monotonic() < until_s:
                time.sleep(0.005)
            time.sleep(delay_s)
            child.send_signal(signal.SIGINT)
            assert child.stderr is not None
            err = child.stderr.read()
            child.wait(20)
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
    with started(
        command("classify", str(folder), "--json"), stdout=subprocess.PIPE, stderr=follower, env=environment()
    ) as child:
        os.close(follower)
        assert child.stdout is not None
        out = child.stdout.read()
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        assert child.wait(30) == 0
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
