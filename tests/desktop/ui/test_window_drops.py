"""Where drops and pastes go; over a real drag of the system see the hands of a person."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QPushButton

from desktop.ui.drag_out import mime_of
from tests.desktop.conftest import Shown, on_first

Show = Callable[..., Shown]
LEFT, NONE, COPY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction


def enter(shown: Shown, mime: QMimeData) -> bool:
    event = QDragEnterEvent(QPoint(300, 300), COPY, mime, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(shown.window, event)
    return event.isAccepted()


def move(shown: Shown, mime: QMimeData, at: QPoint, action: Qt.DropAction = COPY) -> QDragMoveEvent:
    event = QDragMoveEvent(at, action, mime, LEFT, NONE)
    QApplication.sendEvent(shown.window, event)
    return event


def urls(*addresses: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl(address) for address in addresses])
    return mime


def test_what_brings_nothing_is_not_taken(show: Show) -> None:
    shown = show(3)
    words = QMimeData()
    words.setText("hello")
    assert not enter(shown, words) and not shown.window._overlay.isVisible()
    assert enter(shown, urls("file:///a.jpg")) and shown.window._overlay.isVisible()


def test_files_are_copied_and_never_moved(show: Show) -> None:
    """Whoever is asked to move a file away from its folder deletes it there."""
    shown = show(3)
    mime = urls("file:///a.jpg")
    enter(shown, mime)
    both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    event = QDragMoveEvent(QPoint(300, 300), both, mime, LEFT, NONE)
    event.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(shown.window, event)
    assert event.isAccepted() and event.dropAction() == COPY
    drop = QDropEvent(QPointF(300, 300), both, mime, LEFT, NONE)
    drop.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(shown.window, drop)
    assert drop.dropAction() == COPY


def test_an_address_that_is_no_file_is_explained(show: Show) -> None:
    shown = show(3)
    window, mime = shown.window, urls("https://example.org/a.jpg")
    for at in (QPoint(300, 300), window.filters.search.mapTo(window, QPoint(9, 9))):
        window.activity.say("")
        assert enter(shown, mime)
        move(shown, mime, at)
        QApplication.sendEvent(window, QDropEvent(QPointF(at), COPY, mime, LEFT, NONE))
        assert "save the picture first" in window.activity.message.text()
    assert not shown.calls("submit") and not window.exploring.stands


def test_a_drop_inside_the_window_adds_nothing_and_says_nothing(show: Show) -> None:
    shown = show(3)
    mime = mime_of(["/photos/IMG_00001.jpg"], [1])
    assert enter(shown, mime)
    assert not move(shown, mime, QPoint(300, 300)).isAccepted()
    before = shown.window.activity.message.text()
    QApplication.sendEvent(shown.window, QDropEvent(QPointF(300, 300), COPY, mime, LEFT, NONE))
    assert not shown.calls("submit") and shown.window.activity.message.text() == before


def test_the_pictures_of_another_window_are_files_here(show: Show, qtbot) -> None:
    shown = show(3)
    mime = urls("file:///other/IMG_00001.jpg")
    mime.setData("application/x-lightdesk-contents", b"0123456789abcdef0123456789abcdef 1")
    assert enter(shown, mime) and move(shown, mime, QPoint(300, 300)).isAccepted()
    QApplication.sendEvent(shown.window, QDropEvent(QPointF(300, 300), COPY, mime, LEFT, NONE))
    qtbot.waitUntil(lambda: shown.calls("submit") == [(("/other/IMG_00001.jpg",),)])


def drop(shown: Shown, *addresses: str) -> None:
    mime = urls(*addresses)
    enter(shown, mime)
    QApplication.sendEvent(shown.window, QDropEvent(QPointF(300, 300), COPY, mime, LEFT, NONE))


def ways(shown: Shown) -> dict[str, QPushButton]:
    return {b.text(): b for b in shown.window.banner.findChildren(QPushButton) if b.isVisible()}


def test_a_drop_while_a_ranking_stands_is_said_and_leads_to_what_came(show: Show, qtbot) -> None:
    shown = show(9)
    window = shown.window
    on_first(qtbot, shown)
    window.find_similar()
    qtbot.waitUntil(lambda: window.similar.stop.is_whole, timeout=5000)
    window.filters.labelled.setCurrentIndex(2)  # and a filter
    drop(shown, "file:///a.jpg", "file:///b.jpg")
    qtbot.waitUntil(window.banner.isVisible, timeout=5000)
    assert window.banner.text.text().startswith("2 pictures are being taken in")
    assert window.exploring.stands  # nobody is pulled away
    ways(shown)["Show all pictures"].click()
    assert not window.exploring.stands and not window.filters.is_filtering() and not window.banner.isVisible()
    qtbot.waitUntil(lambda: window.grid.count() == 11 and window.grid.current_id() == 10, timeout=5000)


def test_a_drop_on_another_page_is_said_until_all_pictures_are_seen(show: Show, qtbot) -> None:
    shown = show(9)
    window = shown.window
    drop(shown, "file:///a.jpg")
    qtbot.waitUntil(lambda: window.grid.count() == 10, timeout=5000)
    assert not window.banner.isVisible()  # it is seen to come
    window.show_duplicates()
    drop(shown, "file:///b.jpg")
    qtbot.waitUntil(window.banner.isVisible, timeout=5000)
    window.back()
    assert window.grid.isVisible() and not window.banner.isVisible()
