"""Wells: what lies in them, and how it is taken out, by mouse and by keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QGuiApplication, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolTip

from desktop.ui import theme
from desktop.ui.example_well import ExampleWell
from desktop.ui.likeness import Sample
from engine.schemas.similar import Example, Region
from tests.desktop.ui.on_screen import color_of, picture, pixels, shown

LEFT, MIDDLE, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier


def of(content_id: int, **changes: object) -> Sample:
    values = {"content_id": content_id, "image": picture(color_of(content_id)), "example": Example(content_id)}
    return Sample(f"{content_id}.jpg", **(values | changes))


@pytest.fixture
def well(qtbot) -> ExampleWell:
    well = ExampleWell("plus")
    shown(qtbot, well, 200, 48)
    return well


@pytest.fixture
def taken(well: ExampleWell) -> list[Sample]:
    taken: list[Sample] = []
    well.removeRequested.connect(taken.append)
    return taken


def hover(well: ExampleWell, at: QPoint) -> None:
    where = QPointF(well.mapToGlobal(at))
    QApplication.sendEvent(
        well, QMouseEvent(QEvent.Type.MouseMove, QPointF(at), where, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, NONE)
    )


def test_small_pictures_lie_side_by_side(well: ExampleWell) -> None:
    well.show_samples((of(1), of(2)))
    shot = pixels(well.grab().toImage()).astype(int)
    for place, content_id in enumerate((1, 2)):
        center = well.rect_of(place).center()
        assert shot[center.y(), center.x()].tolist() == list(color_of(content_id).getRgb()[:3])
    assert not well.rect_of(0).intersects(well.rect_of(1))


def test_many_come_closer_together_and_none_is_out_of_reach(well: ExampleWell) -> None:
    samples = tuple(of(i) for i in range(1, 11))
    well.show_samples(samples)
    assert well.rect_of(9).right() < well.width()
    lefts = [well.rect_of(place).left() for place in range(10)]
    assert lefts == sorted(set(lefts))
    assert well.sizeHint().width() == ExampleWell.sizeHint(_with(samples[:4])).width()  # the bar does not grow with them


def _with(samples: tuple[Sample, ...]) -> ExampleWell:
    well = ExampleWell("plus")
    well.show_samples(samples)
    return well


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_empty_well_invites(qtbot, qapp, scheme: str) -> None:
    for side, words in (("plus", "Drag pictures here"), ("minus", "not like these")):
        well = ExampleWell(side)  # type: ignore[arg-type]
        shown(qtbot, well, 120, 48)
        theme.apply(qapp, scheme)  # type: ignore[arg-type]
        try:
            shot = pixels(well.grab().toImage()).astype(int)
        finally:
            theme.apply(qapp, "light")
        assert words in well.accessibleDescription() and well.accessibleName()
        inner = shot[10:-10, 8:-8]
        assert (abs(inner - inner[0, -1]).max(axis=2) > 60).sum() > 30  # a sign and a word


def test_the_cross_under_the_mouse_takes_out(well: ExampleWell, taken: list[Sample], qtbot) -> None:
    samples = of(1), of(2)
    well.show_samples(samples)
    before = well.grab().toImage()
    hover(well, well.rect_of(1).center())
    assert well.grab().toImage() != before
    qtbot.mouseClick(well, LEFT, NONE, well.rect_of(0).center() + QPoint(-8, 8))
    assert not taken  # beside the cross a click only goes there
    qtbot.mouseClick(well, LEFT, NONE, well.cross_of(1).center())
    assert taken == [samples[1]]
    qtbot.mouseClick(well, MIDDLE, NONE, well.rect_of(0).center())
    assert taken == [samples[1], samples[0]]
    qtbot.mousePress(well, LEFT, NONE, well.cross_of(0).center())
    qtbot.mouseRelease(well, LEFT, NONE, QPoint(190, 40))
    assert len(taken) == 2  # let go elsewhere: not meant


def test_a_press_on_what_has_changed_meanwhile_takes_nothing_out(well: ExampleWell, taken: list[Sample], qtbot) -> None:
    well.show_samples((of(1),))
    qtbot.mousePress(well, LEFT, NONE, well.cross_of(0).center())
    well.show_samples((of(2),))
    qtbot.mouseRelease(well, LEFT, NONE, well.cross_of(0).center())
    assert not taken


def test_by_keys(well: ExampleWell, taken: list[Sample], qtbot) -> None:
    samples = of(1), of(2), of(3, region=Region(0, 0, 0.5, 0.5))
    well.show_samples(samples)
    well.setFocus()
    assert well.accessibleDescription().startswith("Part of 3.jpg, example 3 of 3")  # the one that came last
    qtbot.keyClick(well, Qt.Key.Key_Left)
    assert well.accessibleDescription().startswith("2.jpg, example 2 of 3")
    qtbot.keyClick(well, Qt.Key.Key_Left)
    qtbot.keyClick(well, Qt.Key.Key_Left)
    qtbot.keyClick(well, Qt.Key.Key_Delete)
    assert taken == [samples[0]]
    well.show_samples(samples[1:])
    qtbot.keyClick(well, Qt.Key.Key_Right)
    qtbot.keyClick(well, Qt.Key.Key_Backspace)
    assert taken == [samples[0], samples[2]]
    well.show_samples(())
    qtbot.keyClick(well, Qt.Key.Key_Delete)
    assert len(taken) == 2


def test_the_focus_is_seen(well: ExampleWell) -> None:
    for samples in ((), (of(1), of(2))):
        well.show_samples(samples)
        well.clearFocus()
        without = well.grab().toImage()
        well.setFocus()
        assert well.grab().toImage() != without


def test_the_menu_by_key_takes_out(well: ExampleWell, taken: list[Sample]) -> None:
    samples = of(1), of(2)
    well.show_samples(samples)
    QApplication.sendEvent(well, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1)))
    (menu,) = well.findChildren(QMenu)
    menu.actions()[0].trigger()
    menu.close()
    assert taken == [samples[1]]


def test_the_menu_pastes_what_can_be_pasted_also_into_an_empty_well(well: ExampleWell) -> None:
    asked: list[int] = []
    well.pasteRequested.connect(lambda: asked.append(1))
    clipboard = QGuiApplication.clipboard()
    for enabled in (True, False):
        clipboard.setImage(picture(color_of(1))) if enabled else clipboard.setText("words")
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(4, 4), well.mapToGlobal(QPoint(4, 4)))
        QApplication.sendEvent(well, event)
        menu = next(menu for menu in well.findChildren(QMenu) if menu.isVisible())
        (paste,) = menu.actions()
        assert paste.isEnabled() == enabled
        paste.trigger()
        menu.close()
    assert asked == [1]


def test_paste_is_the_well_s_own_while_it_has_the_keys(well: ExampleWell, qtbot) -> None:
    asked: list[int] = []
    well.pasteRequested.connect(lambda: asked.append(1))
    QGuiApplication.clipboard().setText("x")
    qtbot.keyClick(well, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert asked == [1]


def test_one_that_has_not_been_looked_at_is_seen_to_wait(well: ExampleWell) -> None:
    sample = of(1, example=None)
    well.show_samples((sample,))
    waiting = well.grab().toImage()
    sample.example = Example(1)
    well.show_samples((sample,))
    assert well.grab().toImage() != waiting


def test_names_are_in_the_tooltip_as_they_are(well: ExampleWell, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _where, text, *_rest: said.append(text))
    sample = of(1)
    sample.name = "<b>caf\udce9</b>.jpg"
    well.show_samples((sample,))
    for at in (well.rect_of(0).center(), QPoint(190, 5)):
        QApplication.sendEvent(well, QHelpEvent(QEvent.Type.ToolTip, at, well.mapToGlobal(at)))
    assert "&lt;b&gt;caf" in said[0] and "Drag pictures here" in said[1]


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_pictures_are_sharp_and_keep_their_middle(well: ExampleWell, monkeypatch, ratio: float) -> None:
    image = picture(QColor("red"), 300, 100)
    for x in range(100, 200):
        for y in range(100):
            image.setPixelColor(x, y, QColor("lime"))
    monkeypatch.setattr(well, "devicePixelRatioF", lambda: ratio)
    well.show_samples((of(1, image=image),))
    assert well._square(image).width() == round(well.rect_of(0).width() * ratio)
    assert (pixels(well._square(image)).reshape(-1, 3).mean(axis=0)[1]) > 230  # the middle third is all that fits
