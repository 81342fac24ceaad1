"""The page of duplicates: which kinds are shown, the list, what can be done with it, and pictures to look at closely."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QSettings, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui.compare_view import CompareView, Load
from desktop.ui.duplicates_finder import DuplicatesFinder
from desktop.ui.duplicates_list import DuplicatesList
from desktop.ui.duplicates_menu import group_menu, label_menu
from desktop.ui.duplicates_model import DuplicatesModel, ListedGroup
from desktop.ui.duplicates_parts import DuplicatesParts
from desktop.ui.duplicates_steps import DuplicatesSteps
from desktop.ui.hidden_copies import HiddenFile, hidden_copies
from desktop.ui.keep_rules import KINDS, keep_kinds, keep_rules, kept_kinds, kept_rules
from desktop.ui.keep_rules_dialog import KeepRulesDialog
from desktop.ui.large_preview import LargePreview
from desktop.ui.likeness import Sample
from desktop.ui.plain_text import printable
from desktop.ui.ports import EnginePort, ReadPort, ThumbnailPort, TrashPort
from desktop.ui.resolve_preview import ResolvePreview
from desktop.ui.trash_dialog import TrashDialog
from engine.schemas.duplicates import DuplicatesState, KeepRules
from engine.schemas.library import Source

_Key = Qt.Key
_ZOOM = 1.25
_LOOKING = {
    _Key.Key_K: "keep", _Key.Key_Return: "proposal", _Key.Key_Enter: "proposal", _Key.Key_H: "hide",
    _Key.Key_Delete: "hide", _Key.Key_U: "undo", _Key.Key_C: "compare", _Key.Key_Space: "large", _Key.Key_Escape: "list",
}  # fmt: skip


class DuplicatesView(DuplicatesParts):
    """GUI thread.

    Parameters
    ----------
    load
        Brings a picture that is not in the library; for comparing.
    state
        Where rules and kinds are kept.
    """

    said = Signal(str)
    undoRequested = Signal()
    similarRequested = Signal(object)  # content ids
    revealRequested = Signal(str)
    countChanged = Signal(object)  # number of groups, None while nobody has looked

    def __init__(
        self,
        read: ReadPort,
        thumbnails: ThumbnailPort,
        engine: EnginePort,
        load: Load,
        trash: TrashPort,
        state: QSettings,
    ) -> None:
        model = DuplicatesModel()
        groups = DuplicatesList(model, thumbnails)
        super().__init__(groups, LargePreview(read, thumbnails, engine), CompareView(read, thumbnails, engine, load))
        self._read, self._trash, self._settings = read, trash, state
        self._model_ref = ""
        self._sources: list[str] = []
        self._failure = ""
        self._n_told = 0
        self._beside: int | None = None  # what stands on the left of a comparison
        self.model = model
        self.finder = DuplicatesFinder(engine, read, self)
        self.finder.kinds, self.finder.rules = kept_kinds(state), kept_rules(state)
        self.steps = DuplicatesSteps(self.finder, model, groups, self._ask_label, self)
        self._connect()
        self._show_state(self.finder.state)

    def _connect(self) -> None:
        self.list.asked.connect(self.do)
        self.list.labelChosen.connect(self._choose_label)
        self.list.menuRequested.connect(self._menu)
        self.list.currentChanged.connect(self._current_changed)
        self.steps.said.connect(self.said)
        self.finder.groupsCame.connect(self._show_groups)
        self.finder.stateCame.connect(self._show_state)
        for part in (self.card, self.line):
            part.beginRequested.connect(self.finder.begin)
            part.stopRequested.connect(self.finder.stop)
        self.card.kindsRequested.connect(self._show_all_kinds)
        for kind, choice in self.kinds.items():
            choice.setChecked(kind in self.finder.kinds)
            choice.toggled.connect(lambda _on: self._choose_kinds())
        for ask, button in self.doing.items():
            button.clicked.connect(lambda _checked=False, ask=ask: self.do(ask))
        self.trash_button.clicked.connect(lambda _checked=False: self.show_trash())
        self.rules_button.clicked.connect(lambda _checked=False: self.show_rules())
        self.resolve_button.clicked.connect(lambda _checked=False: self.show_preview())

    # What the window says

    def open(self, model_ref: str, *, read_only: bool) -> None:
        """Another library."""
        self.reset()
        self._model_ref = model_ref
        self.finder.open(model_ref, read_only=read_only)
        self._show_page()

    def reset(self) -> None:
        """Forget everything: the library is left."""
        self._failure = ""
        self.finder.close()
        self.list.reset()
        self.large.reset()
        self.compared.reset()
        self._show_page()
        self.countChanged.emit(None)

    def show_state(self, state: DuplicatesState) -> None:
        """The search moved."""
        self.finder.show_state(state)

    def contents_moved(self, *, by_person: bool = False) -> None:
        """Labels, or what is in view, moved; by a step of somebody here, or by anything."""
        self.finder.moved(by_person=by_person)
        self.large.refresh()

    def pictures_came(self) -> None:
        """Files were taken in: one more of a picture that is there is told by nothing else."""
        if self.finder.is_seen:
            self.finder.moved()

    def show_sources(self, sources: tuple[Source, ...]) -> None:
        """Know the folders that can have priority."""
        self._sources = [source.path for source in sources if source.path]

    def zoom(self, steps: int) -> None:
        """Show what is looked at larger or smaller."""
        page = self.pages.currentWidget()
        if page is self.large or page is self.compared:
            page.zoom(_ZOOM**steps)
        else:
            self.list.zoom(steps)

    # What is shown

    def _show_groups(self, groups: list[ListedGroup]) -> None:
        self.list.show_groups(groups)
        self._tell_count()
        self.list.tell()

    def _tell_count(self) -> None:
        self._n_told = len(self.model.groups)
        self._show_page()
        self.countChanged.emit(self._n_told)

    def _show_state(self, state: DuplicatesState) -> None:
        if state.phase == "absent":
            self._failure = state.note
        elif state.phase == "ready" or state.fraction or state.note:
            self._failure = ""  # one that is tried again every few seconds says so without blinking
        if self.model.groups and state.phase == "building" and not self._failure:
            self.line.show_building(state.fraction, state.note)
        elif self.model.groups and state.phase == "absent" and not self.finder.read_only:
            self.line.show_failure(self._failure) if self._failure else self.line.show_stopped()
        else:
            self.line.hide()
        self._show_page()

    def _show_page(self) -> None:
        """Turn to the list, or to the card that says why there is none."""
        state, groups = self.finder.state, self.model.groups
        if self._failure:
            self.card.show_failure(self._failure)
        elif state.phase == "building":
            self.card.show_building(state.fraction, state.note)
        elif state.phase == "ready" or (self.finder.read_only and self.finder.has_groups):
            self.card.show_none(all_kinds=set(self.finder.kinds) == set(KINDS))
        else:
            self.card.show_absent(can_begin=not self.finder.read_only)
        page = self.pages.currentWidget()
        if not groups:
            self._turn_to(self.card)
        elif page is self.card:
            self._turn_to(self.list)
        self.foot.setVisible(bool(groups))
        self.bar.setVisible(bool(groups) or self.finder.has_groups)
        n = len(groups)
        self.title.setText(self.tr("1 group") if n == 1 else self.tr("{0} groups").format(f"{n:,}"))
        can_resolve = any(group.proposed is not None for group in groups) and not self.finder.read_only
        self.resolve_button.setEnabled(can_resolve)
        self.trash_button.setEnabled(not self.finder.read_only)

    def _turn_to(self, page: QWidget) -> None:
        before = self.pages.currentWidget()
        if before is None or page is before:
            return
        focus = QApplication.focusWidget()
        had_keys = focus is not None and (focus is self or before.isAncestorOf(focus) or focus is before)
        self.pages.setCurrentWidget(page)
        if had_keys:
            page.setFocus()

    def _current_changed(self) -> None:
        group = self.model.current
        for ask in ("keep", "hide", "part_one", "part_all", "compare"):
            self.doing[ask].setEnabled(group is not None and group.kind != "exact")
        if len(self.model.groups) != self._n_told:
            self._tell_count()
        if self.pages.currentWidget() is self.large:
            self._show_large()
        elif self.pages.currentWidget() is self.compared:
            self._show_beside()

    # What is done

    def do(self, ask: str) -> None:
        """Do what a key, a button or a menu asks for."""
        member = self.model.current_member
        run: dict[str, Callable[[], None]] = {
            "keep": self.steps.keep,
            "proposal": self.steps.keep_proposed,
            "hide": self.steps.hide,
            "part_one": self.steps.part_one,
            "part_all": self.steps.part_all,
            "label": self._choose_from_menu,
            "undo": self.undoRequested.emit,
            "large": self._toggle_large,
            "compare": self._toggle_compared,
            "list": lambda: self._turn_to(self.list),
        }
        if ask in run:
            run[ask]()
        elif member is not None and ask == "similar":
            self.similarRequested.emit([member.content_id])
        elif member is not None and ask == "copy":
            QGuiApplication.clipboard().setText(printable(member.path))
            self.said.emit(self.tr("The path was copied."))
        elif member is not None and ask == "reveal":
            self.revealRequested.emit(member.path)

    def _menu(self, at: QPoint) -> None:
        group = self.model.current
        if group is not None:
            group_menu(self, group, self.do).popup(at)

    def _choose_label(self, label: str) -> None:
        group = self.model.current
        if group is not None:
            self.model.choose_label(group, None if self.model.label_of(group) == label else label)
            self.list.viewport().update()
            self.list.tell()

    def _choose_from_menu(self) -> None:
        group = self.model.current
        if group is not None and group.is_conflict:
            self._ask_label(group, self._choose_label)

    def _ask_label(self, group: ListedGroup, chosen: Callable[[str], None]) -> None:
        menu = label_menu(self, group, chosen)
        menu.popup(self.list.tile_on_screen())
        menu.setActiveAction(menu.actions()[1])

    def _choose_kinds(self) -> None:
        kinds = tuple(kind for kind, button in self.kinds.items() if button.isChecked())
        keep_kinds(self._settings, kinds)
        self.finder.choose(kinds, self.finder.rules)

    def _show_all_kinds(self) -> None:
        for button in self.kinds.values():
            button.setChecked(True)

    # Dialogs

    def show_rules(self) -> None:
        """Choose which one of a group is proposed."""
        dialog = KeepRulesDialog(self.finder.rules, self._sources, self)
        dialog.changed.connect(self._take_rules)
        dialog.open()

    def _take_rules(self, rules: KeepRules) -> None:
        keep_rules(self._settings, rules)
        self.finder.choose(self.finder.kinds, rules)

    def show_preview(self) -> None:
        """Show what the rules would do with all groups, and do it when the person says so."""
        dialog = ResolvePreview(list(self.model.groups), self.model.label_of, self)
        dialog.labelChosen.connect(self._take_label)
        dialog.accepted.connect(lambda: self.steps.resolve(dialog.plans))
        dialog.open()

    def _take_label(self, group: ListedGroup, label: str | None) -> None:
        self.model.choose_label(group, label)
        self.list.viewport().update()

    def show_trash(self) -> None:
        """Show the hidden files that can be moved to the system's trash."""
        ref = self._model_ref
        self._read.ask("hidden copies", lambda view: hidden_copies(view, ref), self._offer_trash)

    def _offer_trash(self, files: list[HiddenFile]) -> None:
        if files:
            TrashDialog(files, self._trash, self).open()
        else:
            self.said.emit(self.tr("No picture is hidden of which a copy is in view."))

    # Looking closely

    def _toggle_large(self) -> None:
        if self.pages.currentWidget() in (self.large, self.compared):
            self._turn_to(self.list)
        elif self.model.current_member is not None:
            self._turn_to(self.large)
            self._show_large()

    def _show_large(self) -> None:
        member = self.model.current_member
        self.large.show_content(member.content_id if member is not None else None, self._model_ref, self._place_words())

    def _toggle_compared(self) -> None:
        if self.pages.currentWidget() is self.compared:
            self._turn_to(self.list)
        elif self.model.current is not None and self.model.current.kind != "exact":
            if self.model.current_member is self._compared_with():
                self.model.go(self.model.group, self.model.member + 1)
            self._beside = None
            self._turn_to(self.compared)
            self._show_beside()

    def _compared_with(self) -> object:
        group = self.model.current
        return (group.proposed or group.members[0]) if group is not None else None

    def _show_beside(self) -> None:
        group, member = self.model.current, self.model.current_member
        if group is None or member is None or group.kind == "exact":
            self._turn_to(self.list)
            return
        one = group.proposed or group.members[0]
        if one.content_id != self._beside:
            self._beside = one.content_id
            self.compared.begin(Sample("", one.content_id), self.tr("Proposed"))
        self.compared.show_beside(member.content_id, self._place_words())

    def _place_words(self) -> str:
        group = self.model.current
        n = len(group.members) if group is not None else 0
        return self.tr("{0} of {1}").format(self.model.member + 1, n)

    # Keys

    def event(self, event: QEvent) -> bool:
        looks = hasattr(self, "steps") and self.pages.currentWidget() in (self.large, self.compared)
        if looks and event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
            if plain and (event.key() in _LOOKING or event.text().isalnum()):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        looks = self.pages.currentWidget() in (self.large, self.compared)
        moves = {_Key.Key_Left: (0, -1), _Key.Key_Right: (0, 1), _Key.Key_Up: (-1, 0), _Key.Key_Down: (1, 0)}
        key = _Key(event.key())
        if looks and key in moves:
            group, member = moves[key]
            self.list.go(self.model.group + group, 0 if group else self.model.member + member)
        elif looks and key in _LOOKING:
            self.do(_LOOKING[key])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        page = self.pages.currentWidget()
        if page is not None:
            page.setFocus(event.reason())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.finder.is_seen = True
        self.finder.moved(by_person=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.finder.is_seen = False
