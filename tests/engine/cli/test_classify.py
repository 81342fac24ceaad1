"""`lightdesk classify`: order, records, the table, exit codes."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from engine.service import Engine
from tests.engine.cli.running import job_states, name_of, posix, records, run
from tests.images import encoded, folder_of, picture


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
