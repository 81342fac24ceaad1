"""The log of the command line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli import journal

log = logging.getLogger("engine.test")


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in [h for h in root.handlers if h not in before]:
        root.removeHandler(handler)
        handler.close()


def test_it_is_made_when_there_is_something_to_say(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    journal.begin()
    log.info("all is well")
    assert not home.exists()
    log.warning("the disk of %s hums", "Zoë")
    assert journal.log_file() == home / "data" / "lightdesk.log"
    text = journal.log_file().read_text("utf-8")
    assert text.endswith("WARNING engine.test: the disk of Zoë hums\n")
    assert capfd.readouterr() == ("", "")


def test_begun_twice_it_writes_once() -> None:
    journal.begin()
    journal.begin()
    log.error("once")
    assert journal.log_file().read_text("utf-8").count("once") == 1


def test_one_older_file_is_kept() -> None:
    journal.begin()
    journal.log_file().parent.mkdir(parents=True)
    for old in ("first", "second"):
        journal.log_file().write_text(old + "x" * 1_000_001, "utf-8")
        journal.begin()
        log.warning("new")
        assert journal.log_file().read_text("utf-8").count("\n") == 1
        kept = journal.log_file().with_suffix(".log.1")
        assert kept.read_text("utf-8").startswith(old)
    assert {path.name for path in journal.log_file().parent.iterdir()} == {"lightdesk.log", "lightdesk.log.1"}


def test_text_that_is_no_unicode_is_written_escaped() -> None:
    journal.begin()
    log.warning("caf\udce9.jpg")
    assert "caf\\udce9.jpg" in journal.log_file().read_text("utf-8")


def test_where_nothing_can_be_written_it_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIGHTDESK_HOME", str(tmp_path / "file"))
    journal.begin()
    log.error("lost")
    assert capfd.readouterr() == ("", "")
