"""Searches with a part of a picture, and what is found beside what is looked for."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from engine.schemas.similar import Region
from tests.desktop.ui.search_hands import SHIFT, Hands, Key


def test_a_part_of_the_large_picture_is_looked_for(hands: Hands) -> None:
    hands.grid.set_current(20)
    hands.key(Key.Key_Space)
    large = hands.window.large
    hands.qtbot.waitUntil(lambda: large.has_image, timeout=5000)
    large.part_button.click()
    assert hands.window.large_part.isVisible()
    hands.key(Key.Key_Escape)
    assert not hands.window.large_part.isVisible() and hands.window.middle.currentWidget() is large
    hands.key(Key.Key_P)
    hands.key(Key.Key_Right)
    hands.key(Key.Key_Return)
    hands.qtbot.waitUntil(lambda: bool(hands.shown.calls("similar")), timeout=5000)
    ((content_id, region),) = hands.shown.calls("example_of_content")
    assert content_id == 20 and region == Region(*[pytest.approx(v) for v in (0.32, 0.3, 0.4, 0.4)])
    assert hands.window.middle.currentWidget() is hands.grid
    hands.settled()
    sample = hands.search.likeness.plus[0]
    assert sample.content_id == 20 and sample.region == region and sample.image is not None
    assert not hands.shown.calls("accept")  # Enter meant the part
    hands.key(Key.Key_Right)
    hands.key(Key.Key_C)
    hands.qtbot.waitUntil(lambda: "IMG_00020" in hands.window.compared.left.name.text(), timeout=5000)
    assert hands.window.compared.left.title.text().startswith("Looked for: the marked part")


def test_by_key_a_part_is_marked_in_the_inspector_where_the_grid_is_seen(hands: Hands) -> None:
    hands.qtbot.waitUntil(lambda: hands.window.inspector.preview.has_image, timeout=5000)
    hands.key(Key.Key_P)
    assert QApplication.focusWidget() is hands.window.inspector_part
    hands.grid.setFocus()
    assert not hands.window.inspector_part.isVisible()  # the person went elsewhere
    hands.key(Key.Key_P)
    hands.grid.step(1)
    assert not hands.window.inspector_part.isVisible()  # it would be a part of another picture


def test_the_picture_that_is_looked_for_beside_those_that_are_found(hands: Hands) -> None:
    hands.find(20)
    hands.key(Key.Key_Right)
    hands.key(Key.Key_C)
    compared = hands.window.compared
    assert hands.window.middle.currentWidget() is compared
    hands.qtbot.waitUntil(lambda: "IMG_00020" in compared.left.name.text(), timeout=5000)
    hands.qtbot.waitUntil(lambda: "IMG_00019" in compared.right.name.text(), timeout=5000)
    assert compared.right.title.text().startswith("0.98") and "2 of 60" in compared.right.title.text()
    hands.qtbot.waitUntil(lambda: compared.right.view.has_image and compared.left.view.has_image, timeout=5000)
    hands.key(Key.Key_Right)
    hands.qtbot.waitUntil(lambda: "IMG_00021" in compared.right.name.text(), timeout=5000)
    assert "IMG_00020" in compared.left.name.text()
    hands.key(Key.Key_2)  # steps go to the one on the right
    hands.qtbot.waitUntil(lambda: hands.shown.calls("accept") == [((21,), 2)], timeout=5000)
    hands.key(Key.Key_Escape)
    assert hands.window.middle.currentWidget() is hands.grid and hands.window.exploring.stands
    assert hands.grid.current_id() == 21


def test_two_chosen_pictures_side_by_side(hands: Hands) -> None:
    hands.key(Key.Key_C)
    assert hands.window.middle.currentWidget() is hands.grid
    assert "two pictures" in hands.window.activity.message.text()
    hands.key(Key.Key_Right, SHIFT)
    hands.key(Key.Key_C)
    compared = hands.window.compared
    assert hands.window.middle.currentWidget() is compared
    hands.qtbot.waitUntil(lambda: "IMG_00001" in compared.left.name.text(), timeout=5000)
    hands.qtbot.waitUntil(lambda: "IMG_00002" in compared.right.name.text(), timeout=5000)
    hands.key(Key.Key_C)
    assert hands.window.middle.currentWidget() is hands.grid
