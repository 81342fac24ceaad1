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
from engine.service import Engine
from engine.settings import library_path, load
from tests.engine.cli.running import command, environment, heeding_permissions, name_of, records, run, started
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


def with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fake model run on the CPU although CUDA was asked for."""
    from engine.backends.fake import FakeSession
    from engine.schemas.device import DeviceReport

    made = FakeSession.__init__

    def init(self: FakeSession, *arguments: object) -> None:
        made(self, *arguments)  # type: ignore[arg-type]
        self.report = DeviceReport("cpu", "CPU", "cuda", "x", "No NVIDIA driver was found, so the CPU is used.")

    monkeypatch.setattr(FakeSession, "__init__", init)


def test_why_the_cpu_is_used_is_said_once(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    with_a_reason(monkeypatch)
    folder_of(tmp_path / "photos", 40)
    done = lightdesk("classify", tmp_path / "photos", "--json", "--device", "cuda")
    assert done.code == 0 and len(records(done.out)) == 40
    assert done.err == "lightdesk: No NVIDIA driver was found, so the CPU is used.\n"


def test_it_is_said_too_where_every_answer_is_known(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is through before the model is loaded; the person asked for CUDA all the same."""
    folder = folder_of(tmp_path / "photos", 1)
    assert lightdesk("classify", folder).err == ""
    with_a_reason(monkeypatch)
    for _ in range(3):
        done = lightdesk("classify", folder, "--device", "cuda")
        assert (done.code, done.err) == (0, "lightdesk: No NVIDIA driver was found, so the CPU is used.\n")


def test_failures_in_the_table_name_the_reason_and_once_what_to_do(tmp_path: Path, lightdesk) -> None:
    folder = folder_of(tmp_path / "photos", 1)
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(b"")
    done = lightdesk("classify", folder)
    rows = [row.split(None, 2) for row in done.out.splitlines()[2:]]
    assert rows == [[f"{folder}/{name}", "EMPTY_FILE", "is empty (0 bytes)."] for name in ("a.jpg", "b.jpg")]
    assert done.err.count("EMPTY_FILE (2 files): Copy it again") == 1
    assert lightdesk("classify", folder, "--json").err == "", "the records have it"


def test_top_k(tmp_path: Path, lightdesk) -> None:
    folder = folder_of(tmp_path / "photos", 1)
    lightdesk("classify", folder)

    def classes(*arguments: object) -> list[int]:
        (record,) = records(lightdesk("classify", folder, "--json", *arguments).out)
        return [score["class_id"] for score in record["data"]["top_predictions"]]

    whole = classes("--top-k", 20)
    assert len(whole) == 10, "all that the fake model has"
    assert classes() == whole[:5] and classes("--top-k", 1) == whole[:1]
    assert lightdesk("settings", "set", "top_k", "3").code == 0 and classes() == whole[:3]


def test_while_the_window_has_the_library_open(tmp_path: Path, engine: Engine) -> None:
    """The window's engine and the command line at work on one library: each sees what the other has done."""
    mine, theirs = folder_of(tmp_path / "mine", 150), folder_of(tmp_path / "theirs", 150, seed=500)
    job_id = engine.submit([str(mine)])
    done = run("classify", str(theirs), str(mine / "0000.jpg"), "--json")
    assert done.returncode == 0 and done.stderr == ""
    assert len(records(done.stdout)) == 151
    assert engine.wait(job_id, 60).state == "done"
    facts = engine.info()
    assert (facts.contents, facts.files, facts.predictions, facts.problems) == (300, 300, 300, 0)
    assert engine.check().ok


# In processes of their own


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
    with started(
        command("classify", str(folder), "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGINT)
        err = child.stderr.read()
        assert child.wait(60) == 130
    assert b"Traceback" not in err
    assert run("library", "check").returncode == 0


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
        assert child.wait(60) == 141
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
        # not `communicate`, which forgets what `readline` has taken from the pipe already
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
    with started(
        command("classify", str(folder), "--json"), stdout=subprocess.PIPE, stderr=follower, env=environment()
    ) as child:
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
