"""The page of duplicates as a person uses it: states, steps, undo, looking closely, rules, and what is kept."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from desktop.ui.duplicates_menu import group_menu
from desktop.ui.duplicates_parts import DuplicatesParts
from desktop.ui.duplicates_state import DuplicatesCard, DuplicatesLine
from desktop.ui.duplicates_steps import DuplicatesSteps
from desktop.ui.keep_rules import kept_kinds, kept_rules
from desktop.ui.keep_rules_dialog import KeepRulesDialog
from desktop.ui.resolve_preview import ResolvePreview
from engine.errors import ErrorCode, LibraryError
from engine.schemas.duplicates import DuplicatesState, KeepRules, Resolution
from engine.schemas.library import Source
from tests.desktop.ui.duplicates_hands import READY, Key, Page, exact, group, many, page
from tests.desktop.ui.records import AT

__all__ = ["page"]
SHIFT = Qt.KeyboardModifier.ShiftModifier
BROKEN = LibraryError(ErrorCode.LIBRARY_BUSY, "Another program holds the library.", way_out="Wait.")


def resolved(page: Page) -> list[Resolution]:
    """What the engine was asked to resolve, step by step."""
    return [resolution for (resolutions,) in page.engine.named("resolve_duplicates") for resolution in resolutions]


def menu(page: Page) -> QMenu:
    popup = QApplication.activePopupWidget()
    assert isinstance(popup, QMenu)
    return popup


# States


def test_before_anybody_has_looked_a_card_explains_and_begins(page: Page) -> None:
    page.opened(looked=False)
    page.engine.state = DuplicatesState("absent")
    card = page.view.card
    assert isinstance(card, DuplicatesCard) and card.isVisible() and "changes nothing" in card.text.text() and not page.view.bar.isVisible()
    assert page.engine.named("find_duplicates") == [], "it is the person who begins"
    card.button.click()
    assert page.engine.named("find_duplicates") == [()] and card.meter.isVisible() and "Looking" in card.title.text()
    page.view.show_state(DuplicatesState("building", 0.42))
    assert card.meter.value() == 420
    page.library.listed = [group(1, 2)]
    page.view.show_state(READY)
    assert page.list.isVisible() and page.ids() == [(1, 2)] and page.list.hasFocus(), "the keys go to what was waited for"


def test_where_it_was_begun_before_it_goes_on_by_itself(page: Page) -> None:
    page.opened(group(1, 2))
    assert page.engine.named("find_duplicates") == [()] and page.ids() == [(1, 2)]


def test_a_search_can_be_cancelled(page: Page) -> None:
    page.opened(looked=False)
    page.engine.state = DuplicatesState("absent")
    page.view.card.button.click()
    page.view.card.button.click()
    assert page.engine.named("stop_finding_duplicates") == [()] and "Find" in page.view.card.title.text()


def test_the_index_that_comes_first_is_named(page: Page) -> None:
    page.opened(looked=False)
    page.view.show_state(DuplicatesState("building", 0.0, "The search index comes first."))
    assert "search index" in page.view.card.text.text() and page.view.card.meter.maximum() == 0


def test_a_failure_says_why_and_does_not_blink_while_it_is_tried_again(page: Page) -> None:
    page.opened(looked=False)
    page.view.show_state(DuplicatesState("absent", note="The disk is full."))
    assert "The disk is full." in page.view.card.text.text() and page.view.card.button.text() == "Try again"
    page.view.show_state(DuplicatesState("building"))
    assert "The disk is full." in page.view.card.text.text()
    page.view.show_state(DuplicatesState("building", 0.3))
    assert "Looking" in page.view.card.title.text()


def test_a_search_that_cannot_begin_says_why(page: Page) -> None:
    page.opened(looked=False)
    page.engine.errors["find_duplicates"] = BROKEN
    page.view.card.button.click()
    assert "Another program holds the library." in page.view.card.text.text()


def test_none_is_good_news(page: Page) -> None:
    page.opened()
    assert "No duplicates" in page.view.card.title.text() and page.view.card.button.text() == "Show all kinds"
    page.library.listed = [group(1, 2, kind="similar")]
    page.view.card.button.click()
    assert page.ids() == [(1, 2)] and all(button.isChecked() for button in page.view.kinds.values())


def test_over_a_list_a_line_says_how_far_the_search_is(page: Page) -> None:
    page.opened(*many(5))
    page.view.show_state(DuplicatesState("building", 0.5))
    assert isinstance(page.view.line, DuplicatesLine) and page.view.line.isVisible() and "50%" in page.view.line.text.text() and page.list.isVisible()
    page.view.line.button.click()
    assert page.engine.named("stop_finding_duplicates") and "not looked at" in page.view.line.text.text()
    page.view.line.button.click()
    assert len(page.engine.named("find_duplicates")) == 2 and not page.view.line.isVisible()
    page.view.show_state(DuplicatesState("absent", note="The disk is full."))
    assert "The disk is full." in page.view.line.text.text() and page.list.isVisible(), "the groups are still there"


def test_the_number_of_groups_is_told(page: Page) -> None:
    told: list[int | None] = []
    page.view.countChanged.connect(told.append)
    page.opened(*many(5))
    assert told[0] is None and told[-1] == 5 and page.view.title.text() == "5 groups"
    page.press(Key.Key_K)
    assert told[-1] == 4 and page.view.title.text() == "4 groups"
    page.view.reset()
    assert told[-1] is None


def test_a_library_that_can_only_be_read_is_shown_and_nothing_is_begun(page: Page) -> None:
    page.opened(group(1, 2), read_only=True)
    assert page.ids() == [(1, 2)] and page.engine.named("find_duplicates") == []
    page.press(Key.Key_K)
    assert resolved(page) == [] and "only be read" in page.said[-1]
    assert not page.view.resolve_button.isEnabled() and not page.view.trash_button.isEnabled()
    page.opened(looked=False, read_only=True)
    assert not page.view.card.button.isVisible() and "only be read" in page.view.card.text.text()


def test_another_library_is_another_list(page: Page) -> None:
    page.opened(group(1, 2))
    page.view.reset()
    assert page.ids() == [] and page.view.card.isVisible()
    page.opened(group(7, 8))
    assert page.ids() == [(7, 8)]


# Steps


def test_keep_this_one_hides_the_others_and_goes_on(page: Page) -> None:
    page.opened(group(1, 2, 3), group(4, 5))
    assert isinstance(page.view.steps, DuplicatesSteps)
    page.press(Key.Key_Right, Key.Key_K)
    assert resolved(page) == [Resolution(2, (1, 3))] and page.ids() == [(4, 5)] and page.current() == 4
    assert "Ctrl+Z" in page.said[-1]


def test_enter_takes_the_proposal_wherever_one_is(page: Page) -> None:
    page.opened(group(1, 2, 3, keep=3), group(4, 5))
    page.press(Key.Key_Right, Key.Key_Return)
    assert resolved(page) == [Resolution(3, (1, 2))] and page.ids() == [(4, 5)]


def test_hide_one_leaves_the_others(page: Page) -> None:
    page.opened(group(1, 2, 3, keep=2))
    page.press(Key.Key_Right, Key.Key_H)
    assert resolved(page) == [Resolution(2, (1,))]
    page.opened(group(1, 2))
    page.press(Key.Key_H)
    assert resolved(page)[-1] == Resolution(2, (1,)), "the proposed one can be hidden too"


def test_split_one_or_all(page: Page) -> None:
    page.opened(group(1, 2, 3), group(4, 5), group(6, 7, 8))
    page.press(Key.Key_Right, Key.Key_S)
    assert page.engine.named("part_duplicates") == [([2], [1, 3])], "one step, which one undo takes back"
    page.opened(group(4, 5), group(6, 7, 8))
    page.press(Key.Key_S)
    assert page.engine.named("part_duplicates")[-1] == ([4], [5]) and page.ids() == [(6, 7, 8)]
    page.press(Key.Key_S, modifiers=SHIFT)
    assert page.engine.named("part_duplicates")[-1] == ([6, 7, 8],) and page.ids() == []


def test_labels_at_odds_are_asked_for_and_never_chosen_by_themselves(page: Page) -> None:
    page.opened(group(1, 2, labels=("Swan", "Banjo")), group(3, 4))
    page.press(Key.Key_Return)
    assert resolved(page) == [] and page.ids()[0] == (1, 2)
    question, swan, banjo = menu(page).actions()
    assert not question.isEnabled() and "Swan" in swan.text() and "Banjo" in banjo.text()
    QTest.keyClick(menu(page), Key.Key_2)
    assert resolved(page) == [Resolution(1, (2,), "Banjo")] and page.ids() == [(3, 4)]


def test_escape_from_the_question_does_nothing(page: Page) -> None:
    page.opened(group(1, 2, labels=("Swan", "Banjo")))
    page.press(Key.Key_K)
    QTest.keyClick(menu(page), Key.Key_Escape)
    assert resolved(page) == [] and page.ids() == [(1, 2)]


def test_a_label_that_was_chosen_before_is_not_asked_for(page: Page) -> None:
    page.opened(group(1, 2, labels=("Swan", "Banjo")))
    page.press(Key.Key_L)
    QTest.keyClick(menu(page), Key.Key_2)
    page.press(Key.Key_Return)
    assert resolved(page) == [Resolution(1, (2,), "Banjo")]


def test_files_of_one_picture_offer_nothing_to_choose(page: Page) -> None:
    page.opened(exact(9))
    for key in (Key.Key_K, Key.Key_Return, Key.Key_H, Key.Key_S):
        page.press(key)
    assert resolved(page) == [] and page.engine.named("part_duplicates") == [] and "one picture" in page.said[-1]
    assert not page.view.doing["keep"].isEnabled() and page.view.doing["large"].isEnabled()


def test_undo_brings_the_group_back_and_the_person_to_it(page: Page) -> None:
    page.opened(*many(6))
    page.view.undoRequested.connect(page.engine.undo)
    page.press(Key.Key_K)
    page.press(Key.Key_End)
    page.press(Key.Key_U)
    page.view.contents_moved()
    page.view.finder._refresher.at_once()
    assert len(page.ids()) == 6 and page.model.group == 0


def test_a_list_from_before_a_step_is_not_shown_after_it(page: Page) -> None:
    page.opened(group(1, 2), group(3, 4))
    page.engine.held = True
    page.view.finder._refresher.at_once()  # reads both groups
    page.press(Key.Key_K)
    assert page.ids() == [(3, 4)]
    page.engine._waiting.pop(0)()  # the list that was read before
    assert page.ids() == [(3, 4)], "what was decided does not come back for a moment"
    page.engine.answer_all()
    assert page.ids() == [(3, 4)]


def test_a_step_that_fails_brings_the_group_back_and_says_why(page: Page, qtbot) -> None:
    page.opened(group(1, 2), group(3, 4))
    failed: list[object] = []
    page.view.finder.failed.connect(failed.append)
    page.engine.errors["resolve_duplicates"] = BROKEN
    page.press(Key.Key_K)
    assert failed == [BROKEN]
    qtbot.waitUntil(lambda: page.ids() == [(1, 2), (3, 4)])


def test_a_click_on_a_button_does_what_its_key_does_and_leaves_the_keys(page: Page) -> None:
    page.opened(group(1, 2), group(3, 4))
    QTest.mouseClick(page.view.doing["keep"], Qt.MouseButton.LeftButton)
    assert resolved(page) == [Resolution(1, (2,))] and page.list.hasFocus()


def test_the_menu_offers_what_suits_the_group(page: Page) -> None:
    page.opened(group(1, 2, labels=("a", "b")), exact(9))
    did: list[str] = []
    near, same = (group_menu(page.view, one, did.append) for one in page.model.groups)
    texts = [action.text().partition("\t")[0] for action in near.actions()]
    assert "Keep this one, hide the others" in texts and "Choose the label to keep…" in texts
    for action in same.actions():
        action.trigger()
    assert did == ["large", "similar", "reveal", "copy"]


def test_find_similar_show_in_folder_and_copy(page: Page) -> None:
    page.opened(group(1, 2))
    similar: list[object] = []
    shown: list[str] = []
    page.view.similarRequested.connect(similar.append)
    page.view.revealRequested.connect(shown.append)
    page.press(Key.Key_F)
    page.view.do("reveal")
    page.press(Key.Key_C, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert similar == [[1]] and shown == ["/photos/IMG_00001.jpg"]
    assert QGuiApplication.clipboard().text() == "/photos/IMG_00001.jpg"


# Looking closely


def test_space_looks_at_one_and_arrows_go_through_the_group(page: Page) -> None:
    page.opened(group(1, 2, 3), group(4, 5))
    page.press(Key.Key_Space)
    view = page.view
    assert view.pages.currentWidget() is view.large and view.large.hasFocus()
    QTest.keyClick(view.large, Key.Key_Right)
    assert view.large._content_id == 2
    QTest.keyClick(view.large, Key.Key_Down)
    assert view.large._content_id == 4
    QTest.keyClick(view.large, Key.Key_K)
    assert resolved(page) == [Resolution(4, (5,))] and view.large._content_id == 1, "on to what is left"
    QTest.keyClick(view.large, Key.Key_Space)
    assert view.pages.currentWidget() is page.list and page.list.hasFocus()


def test_compare_puts_the_current_one_beside_the_proposed(page: Page) -> None:
    page.opened(group(1, 2, 3))
    view = page.view
    page.press(Key.Key_C)
    assert view.pages.currentWidget() is view.compared
    assert (view.compared.left._content_id, view.compared.right._content_id) == (1, 2)
    QTest.keyClick(view.compared.right.view, Key.Key_Right)
    assert (view.compared.left._content_id, view.compared.right._content_id) == (1, 3)
    QTest.keyClick(view.compared.right.view, Key.Key_Escape)
    assert view.pages.currentWidget() is page.list


def test_with_the_last_group_the_large_picture_goes_too(page: Page) -> None:
    page.opened(group(1, 2))
    page.press(Key.Key_Space)
    QTest.keyClick(page.view.large, Key.Key_Return)
    assert page.view.card.isVisible() and page.ids() == []


# Kinds, rules and the batch


def test_kinds_are_chosen_and_kept(page: Page) -> None:
    page.opened(group(1, 2), group(3, 4, kind="similar"), exact(9))
    assert page.ids() == [(1, 2), (9,)]
    page.view.kinds["similar"].click()
    assert page.ids() == [(1, 2), (3, 4), (9,)] and kept_kinds(page.state) == ("exact", "near", "similar")
    page.view.kinds["exact"].click()
    assert page.ids() == [(1, 2), (3, 4)] and kept_kinds(page.state) == ("near", "similar")


def test_rules_count_at_once_and_are_kept(page: Page) -> None:
    page.opened(group(1, 2))
    page.view.show_sources((Source(1, "/photos", "photos", 2, AT), Source(2, "", "Single files", 2, AT)))
    page.view.rules_button.click()
    (dialog,) = page.view.findChildren(KeepRulesDialog)
    dialog.rules.move_current(1)
    wanted = KeepRules(("folder", "labelled", *KeepRules().order[2:]))
    assert page.engine.named("duplicates")[-1][-1] == wanted and kept_rules(page.state) == wanted
    assert dialog._sources == ["/photos"]
    dialog.reject()


def test_all_are_resolved_by_the_rules_in_one_step_after_a_look(page: Page) -> None:
    page.opened(*many(5000), group(90_001, 90_002, labels=("a", "b")))
    page.view.resolve_button.click()
    (dialog,) = page.view.findChildren(ResolvePreview)
    assert "5,000 groups" in dialog.summary.text()
    dialog.do_button.click()
    ((resolutions,),) = page.engine.named("resolve_duplicates")
    assert len(resolutions) == 5000 and page.ids() == [(90_001, 90_002)]


def test_a_preview_that_is_cancelled_does_nothing(page: Page) -> None:
    page.opened(*many(5))
    page.view.resolve_button.click()
    (dialog,) = page.view.findChildren(ResolvePreview)
    dialog.reject()
    assert resolved(page) == [] and len(page.ids()) == 5


def test_what_is_hidden_with_no_copy_is_said(page: Page) -> None:
    page.opened(group(1, 2))
    page.view.trash_button.click()
    assert "No picture is hidden" in page.said[-1]


def test_in_a_narrow_window_the_buttons_say_less_and_screen_readers_as_much(page: Page, qtbot) -> None:
    page.opened(group(1, 2))
    assert isinstance(page.view, DuplicatesParts) and page.view.doing["keep"].text() == "Keep this one (K)"
    page.view.resize(560, 500)
    qtbot.waitUntil(lambda: page.view.width() == 560)
    assert page.view.doing["keep"].text() == "Keep this one" and page.view.resolve_button.text() == "Resolve all…"
    assert page.view.doing["keep"].accessibleName() == "Keep this one (K)"
    for button in page.view.findChildren(QPushButton):
        if button.isVisible():
            right = button.mapTo(page.view, button.rect().topRight()).x()
            assert right < 560, button.text()


def test_every_button_has_a_name_and_can_be_reached_by_tab(page: Page) -> None:
    page.opened(group(1, 2))
    for button in page.view.findChildren(QPushButton):
        if button.isVisible():
            assert button.text() or button.accessibleName()
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert all(button.focusPolicy() & Qt.FocusPolicy.TabFocus for button in page.view.kinds.values())
