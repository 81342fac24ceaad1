"""What the page of duplicates asks the engine for: to look for them, the groups, and how far that is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.ui.duplicates_model import ListedGroup, listed
from desktop.ui.keep_rules import STANDARD_KINDS
from desktop.ui.ports import EnginePort, LibraryReader, ReadPort
from desktop.ui.refreshing import Refresher
from engine.errors import LightdeskError
from engine.schemas.duplicates import Duplicates, DuplicatesState, GroupKind, KeepRules

_UNSEEN_REST_MS = 3000  # nobody looks at the list: only its length is shown
# While files are being read it changes all the time, and is looked at: soon, but not all the time.
_SEEN_REST_MS = 700
_REST_FACTOR = 4


class DuplicatesFinder(QObject):
    """Reads the groups again when something moved, and never shows a list from before a step. GUI thread.

    Attributes
    ----------
    is_seen
        Whether the list is on the screen: else it can wait a little.
    """

    groupsCame = Signal(object)  # list[ListedGroup]
    stateCame = Signal(object)  # DuplicatesState
    failed = Signal(object)  # LightdeskError

    def __init__(self, engine: EnginePort, read: ReadPort, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._read = engine, read
        self._refresher = Refresher(self._ask, self)
        self._model_ref = ""
        self._n_asked = self._n_opened = 0
        self._n_steps = self._n_steps_running = 0
        self._reads = self._waits = False  # a read is under way; somebody waits for the one after it
        self._took_s = 0.0
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._read_soon)
        self.kinds: tuple[GroupKind, ...] = STANDARD_KINDS
        self.rules = KeepRules()
        self.read_only = False
        self.is_seen = False
        self.has_groups = False  # they have been read at least once
        self.state = DuplicatesState("absent")

    def open(self, model_ref: str, *, read_only: bool) -> None:
        """Another library: go on there with what was begun, if anything was."""
        self.close()
        self._model_ref, self.read_only = model_ref, read_only
        number = self._n_opened
        self._read.ask(
            "duplicates begun",
            lambda view: _has_looked(view, model_ref),
            lambda begun: self._go_on(begun) if number == self._n_opened else None,
        )

    def close(self) -> None:
        """The library is left."""
        self._refresher.reset()
        self._later.stop()
        self._n_opened += 1
        self._n_asked += 1
        self._n_steps_running = 0
        self._reads = self._waits = False
        self._model_ref = ""
        self.has_groups = False
        self._take_state(DuplicatesState("absent"))

    def begin(self) -> None:
        """Look for duplicates, and keep up from now on."""
        self._take_state(DuplicatesState("building"))
        self._engine.compute("find_duplicates", done=self._begun, failed=self._not_begun)

    def stop(self) -> None:
        """Let the search rest."""
        self._engine.call("stop_finding_duplicates")
        self._take_state(DuplicatesState("absent"))

    def show_state(self, state: DuplicatesState) -> None:
        """The search moved."""
        if self._model_ref:
            self._take_state(state)

    def moved(self, *, by_person: bool = False) -> None:
        """Labels, or what is in view, moved; a person who has moved them waits to see it."""
        if not self.has_groups:
            return
        if by_person and self.is_seen:
            self._read_soon()
        elif not self.is_seen:
            self._refresher.want(_UNSEEN_REST_MS)
        elif not self._later.isActive():
            self._later.start(max(_SEEN_REST_MS, round(_REST_FACTOR * self._took_s * 1000)))

    def choose(self, kinds: tuple[GroupKind, ...], rules: KeepRules) -> None:
        """List other kinds of groups, or let other rules propose."""
        if (kinds, rules) != (self.kinds, self.rules):
            self.kinds, self.rules = kinds, rules
            if self.has_groups:
                self._refresher.at_once()

    def _read_soon(self) -> None:
        """Read again, at once or after the read that is under way: never two of them, however fast the keys come."""
        self._waits = self._reads
        if not self._reads:
            self._refresher.at_once()

    def step(self, name: str, *arguments: Any, done: Callable[[Any], None], failed: Callable[[], None]) -> None:
        """Do something to groups. Lists that were read before it was done are not shown any more."""
        opened = self._n_opened
        self._n_steps_running += 1

        def ended(tell: Callable[[], None]) -> None:
            if opened == self._n_opened:
                self._n_steps += 1
                self._n_steps_running -= 1
                tell()
                self._read_soon()

        def refused(error: LightdeskError) -> None:
            self.failed.emit(error)
            ended(failed)

        self._engine.call(name, *arguments, done=lambda value: ended(lambda: done(value)), failed=refused)

    def _go_on(self, begun: bool) -> None:
        if begun:
            self.has_groups = True
            self._read_soon()
            if not self.read_only:
                self.begin()

    def _begun(self, state: DuplicatesState) -> None:
        # Its thread may not have come to say that it is at work.
        if state.phase != "absent" or state.note:
            self._take_state(state)

    def _not_begun(self, error: LightdeskError) -> None:
        self._take_state(DuplicatesState("absent", note=str(error)))

    def _take_state(self, state: DuplicatesState) -> None:
        before, self.state = self.state, state
        if state.phase == "ready":
            self.has_groups = True
            if before.phase != "ready":
                self._read_soon()
            else:
                self.moved()
        if state != before:
            self.stateCame.emit(state)

    def _ask(self) -> None:
        self._n_asked += 1
        number, n_steps = self._n_asked, self._n_steps
        self._reads = True
        began_s = time.monotonic()

        def found(duplicates: list[Duplicates]) -> None:
            if number == self._n_asked:
                self._read.ask("duplicates", lambda view: listed(duplicates, view), came, failed)

        def came(groups: list[ListedGroup]) -> None:
            if number != self._n_asked:
                return
            self._reads, self._took_s = False, time.monotonic() - began_s
            self._refresher.finished()
            if n_steps == self._n_steps and not self._n_steps_running:
                self.groupsCame.emit(groups)
            if self._waits:  # a step whose end is still to come asks by itself
                self._read_soon()

        def failed(error: LightdeskError) -> None:
            if number == self._n_asked:
                self._reads = False
                if not self._refresher.n_failed:
                    self.failed.emit(error)
                self._refresher.failed()

        self._engine.compute("duplicates", None, kinds=self.kinds, rules=self.rules, done=found, failed=failed)


def _has_looked(view: LibraryReader, model_ref: str) -> bool:
    model_id, _, _ = view.space(model_ref)
    return view.duplicates_looked(model_id) > 0
