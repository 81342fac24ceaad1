"""Hands for the page of duplicates: groups to list, ports that answer, keys and clicks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSettings, Qt
from PySide6.QtTest import QTest

from desktop.ui import theme
from desktop.ui.duplicates_list import DuplicatesList
from desktop.ui.duplicates_model import DuplicatesModel, ListedGroup, Member
from desktop.ui.duplicates_view import DuplicatesView
from desktop.ui.trash_files import Outcome, TrashFile
from engine.errors import LightdeskError
from engine.schemas.duplicates import (
    Candidate,
    Duplicates,
    DuplicatesState,
    Group,
    GroupKind,
    KeepRules,
    Proposal,
)
from engine.schemas.library import Command, Detail
from tests.desktop.ui.held_ports import HeldReads, HeldThumbnails
from tests.desktop.ui.records import AT, detail

Key = Qt.Key
READY = DuplicatesState("ready", 1.0)


def member(content_id: int, *, keep: bool = False, label: str | None = None, path: str = "", size: int = 60_000) -> Member:
    facts = Candidate(content_id, 4000 + content_id, 3000, size, 120.0, label is not None, ("/photos",), AT)
    return Member(
        content_id, f"{content_id:064x}", path or f"/photos/IMG_{content_id:05d}.jpg", 1, facts, label, keep
    )


def group(
    *ids: int, kind: GroupKind = "near", labels: Sequence[str | None] = (), keep: int | None = None
) -> ListedGroup:
    """Return a group; the first one is proposed unless another is named."""
    labels = tuple(labels) or (None,) * len(ids)
    keep = ids[0] if keep is None else keep
    members = [
        member(i, keep=i == keep and kind != "exact", label=label) for i, label in zip(ids, labels, strict=True)
    ]
    members.sort(key=lambda one: not one.is_proposed)
    proposal = None if kind == "exact" else Proposal(keep, "resolution", "It has the most pixels.")
    found = Duplicates(Group(kind, ids, ids[0]), proposal, tuple(labels))
    return ListedGroup(found, tuple(members), found.label_conflict)


def exact(content_id: int, n_files: int = 3) -> ListedGroup:
    """Return one picture in several files."""
    found = Duplicates(Group("exact", (content_id,), content_id), None, (None,))
    members = [
        replace(member(content_id, path=f"/photos/{number}/a.jpg"), n_files=n_files) for number in range(n_files)
    ]
    return ListedGroup(found, tuple(members), False)


def many(n: int) -> list[ListedGroup]:
    """Return groups of two and three."""
    return [group(*range(5 * i + 1, 5 * i + 3 + i % 2)) for i in range(n)]


class DuplicatesLibrary:
    """What `HeldReads` reads of a library with duplicates."""

    def __init__(self) -> None:
        self.listed: list[ListedGroup] = []
        self.n_looked = 0

    def space(self, _ref: str) -> tuple[int, int, int]:
        return 1, 8, 100

    def duplicates_looked(self, _model_id: int) -> int:
        return self.n_looked

    def _members(self) -> Iterator[Member]:
        return (one for group in self.listed for one in group.members)

    def candidates(self, ids: Sequence[int]) -> dict[int, Candidate]:
        folders: dict[int, list[str]] = {}
        facts: dict[int, Candidate] = {}
        for one in self._members():
            folders.setdefault(one.content_id, []).append(one.path.rpartition("/")[0])
            assert one.facts is not None
            facts[one.content_id] = one.facts
        return {i: replace(facts[i], folders=tuple(dict.fromkeys(folders[i]))) for i in ids if i in facts}

    def files_of(self, ids: Sequence[int]) -> dict[int, tuple[str, list[str]]]:
        found: dict[int, tuple[str, list[str]]] = {}
        few = set(ids)
        for one in self._members():
            if one.content_id in few:
                paths = found.setdefault(one.content_id, (one.sha256, []))[1]
                if one.path not in paths:
                    paths.append(one.path)
        return found

    def detail(self, content_id: int, _ref: str) -> Detail:
        return detail(content_id)

    def hidden(self) -> np.ndarray[Any, Any]:
        return np.array([], np.int64)


class DuplicatesEngine:
    """Implements `EnginePort` over a library of groups: steps take groups away, and undo brings them back.

    Attributes
    ----------
    held
        Answers wait for `answer_all`.
    errors
        What a call of that name fails with.
    """

    def __init__(self, library: DuplicatesLibrary) -> None:
        self.library = library
        self.calls: list[tuple[Any, ...]] = []
        self.errors: dict[str, LightdeskError] = {}
        self.held = False
        self.state = DuplicatesState("absent")
        self._waiting: list[Callable[[], None]] = []
        self._undone: list[list[ListedGroup]] = []

    def call(
        self, name: str, *arguments: Any, done: Any = None, failed: Any = None, **keywords: Any
    ) -> None:
        self.calls.append((name, *arguments, *keywords.values()))
        if name == "preview":
            return  # the thumbnail has to do
        if name in self.errors:
            error = self.errors[name]
            self._later(lambda: failed(error))
            return
        value = getattr(self, f"_{name}", lambda *_arguments, **_keywords: None)(*arguments, **keywords)
        self._later(lambda: done(value) if done is not None else None)

    compute = call

    def _later(self, answer: Callable[[], None]) -> None:
        if self.held:
            self._waiting.append(answer)
        else:
            answer()

    def answer_all(self) -> None:
        """Let all that waits be answered, and what is asked then."""
        while self._waiting:
            self._waiting.pop(0)()

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of the calls of that name."""
        return [call[1:] for call in self.calls if call[0] == name]

    def _find_duplicates(self) -> DuplicatesState:
        return self.state

    def _duplicates(self, _where: None, *, kinds: Sequence[GroupKind], rules: KeepRules) -> list[Duplicates]:
        return [listed.found for listed in self.library.listed if listed.kind in kinds]

    def _resolve_duplicates(self, resolutions: Sequence[Any]) -> Command:
        gone = {i for resolution in resolutions for i in resolution.hide}
        return self._without(lambda listed: not gone.isdisjoint(listed.found.group.members), "resolve")

    def _part_duplicates(self, ids: Sequence[int], from_ids: Sequence[int] = ()) -> Command:
        named = {*ids, *from_ids}
        return self._without(lambda listed: len(named & set(listed.found.group.members)) > 1, "part")

    def _without(self, goes: Callable[[ListedGroup], bool], kind: str) -> Command:
        self._undone.append(list(self.library.listed))
        self.library.listed = [listed for listed in self.library.listed if not goes(listed)]
        return Command(len(self._undone), kind, f"{kind} it", "ann", AT, 1, False)

    def undo(self) -> None:
        self.library.listed = self._undone.pop()


class HeldTrash:
    """Implements `TrashPort`: says what it is told to say of each path."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.moved: list[str] = []
        self.waiting: list[Callable[[], None]] = []
        self.held = False

    def look(self, files: Sequence[TrashFile], done: Any, _failed: Any) -> None:
        self._later(lambda: done([self.outcomes.get(file.path, Outcome(file.path)) for file in files]))

    def move(self, files: Sequence[TrashFile], done: Any, _failed: Any) -> None:
        def work() -> None:
            came = [self.outcomes.get(file.path, Outcome(file.path)) for file in files]
            self.moved += [outcome.path for outcome in came if not outcome.reason]
            done(came)

        self._later(work)

    def _later(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)
        if not self.held:
            while self.waiting:
                self.waiting.pop(0)()


class Page:
    """A page of duplicates on the screen, and what answers it."""

    def __init__(self, qtbot: Any, home: Path) -> None:
        self.library, self.reads, self.thumbnails = DuplicatesLibrary(), HeldReads(), HeldThumbnails()
        self.reads.view = self.library  # type: ignore[assignment]
        self.reads.at_once = True
        self.engine, self.trash = DuplicatesEngine(self.library), HeldTrash()
        self.state = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
        self.view = DuplicatesView(
            self.reads, self.thumbnails, self.engine, lambda *_: None, self.trash, self.state  # type: ignore[arg-type]
        )
        self.said: list[str] = []
        self.view.said.connect(self.said.append)
        qtbot.addWidget(self.view)
        self.view.resize(900, 640)
        self.view.show()
        self.view.activateWindow()
        qtbot.waitUntil(self.view.isActiveWindow, timeout=20_000)

    @property
    def list(self) -> DuplicatesList:
        return self.view.list

    @property
    def model(self) -> DuplicatesModel:
        return self.view.model

    def opened(self, *groups: ListedGroup, read_only: bool = False, looked: bool = True) -> Page:
        """Open a library with these groups."""
        self.library.listed, self.library.n_looked = list(groups), int(looked)
        self.engine.state = READY
        self.view.open("fake@1", read_only=read_only)
        self.view.setFocus()
        return self

    def ids(self) -> list[tuple[int, ...]]:
        """Members of the groups that are listed."""
        return [listed.found.group.members for listed in self.model.groups]

    def current(self) -> int | None:
        """The current content."""
        one = self.model.current_member
        return None if one is None else one.content_id

    def press(self, *keys: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        for key in keys:
            QTest.keyClick(self.list, key, modifiers)

    def tile(self, place: int, at: int) -> QRect:
        """Return where a tile is in the viewport."""
        return self.list._on_screen(self.list._layout.tile(place, at))

    def click(self, where: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        QTest.mouseClick(self.list.viewport(), button, Qt.KeyboardModifier.NoModifier, where)


@pytest.fixture
def page(qtbot, qapp, home: Path) -> Iterator[Page]:
    theme.apply(qapp, "light")
    made = Page(qtbot, home)
    yield made
    made.reads.close()
    made.thumbnails.instant = False
