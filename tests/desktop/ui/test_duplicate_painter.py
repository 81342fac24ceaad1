"""What a tile and the lines over a group show, in both themes and at both densities."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFont, QImage, QPainter

from desktop.ui import theme
from desktop.ui.duplicate_painter import DuplicatePainter, facts_of, kind_title, reason
from tests.desktop.ui.duplicates_hands import exact, group, member
from tests.desktop.ui.on_screen import color_of, picture


@pytest.fixture(params=["light", "dark"])
def painter(qapp, request: pytest.FixtureRequest) -> DuplicatePainter:
    theme.apply(qapp, request.param)
    return DuplicatePainter(QFont(), 180, 1.0)


def colors(image: QImage, area: QRect | None = None) -> set[str]:
    area = area or image.rect()
    return {
        image.pixelColor(x, y).name()
        for x in range(area.left(), area.right() + 1)
        for y in range(area.top(), area.bottom() + 1)
    }


def test_a_tile_has_its_picture_and_the_proposed_one_is_marked(painter: DuplicatePainter) -> None:
    image = picture(color_of(1))
    plain, kept = (painter.tile(member(1, keep=keep), image).toImage() for keep in (False, True))
    assert color_of(1).name() in colors(plain) & colors(kept)
    accent = theme.color("accent").name()
    assert accent in colors(kept) and accent not in colors(plain)


def test_a_tile_without_its_picture_is_calm(painter: DuplicatePainter) -> None:
    drawn = painter.tile(member(1), None).toImage()
    assert theme.color("card").name() in colors(drawn) and color_of(1).name() not in colors(drawn)


def test_a_label_is_on_the_tile_whatever_its_length(painter: DuplicatePainter) -> None:
    ready = theme.color("ready").name()
    for label in ("Swan", "a name that is by far too long for one line of a tile"):
        assert ready in colors(painter.tile(member(1, label=label), None).toImage())
    assert ready not in colors(painter.tile(member(1), None).toImage())


def test_a_dense_screen_has_more_pixels(qapp) -> None:
    theme.apply(qapp, "light")
    drawn = DuplicatePainter(QFont(), 180, 2.0).tile(member(1), None)
    assert drawn.width() == 360 and drawn.devicePixelRatio() == 2.0


def test_what_the_lines_say() -> None:
    assert [kind_title(g) for g in (group(1, 2, 3), group(1, 2, kind="similar"), exact(9, 4))] == [
        "3 copies of one picture", "2 shots of one scene", "One picture in 4 files",
    ]  # fmt: skip
    assert "IMG_00001.jpg" in reason(group(1, 2)) and "most pixels" in reason(group(1, 2))
    assert "one label" in reason(exact(9))
    measures, folder, sharpness = facts_of(member(1))
    assert "4001" in measures and "60.0 kB" in measures and folder == "/photos" and sharpness == "Sharpness 120"


def test_labels_at_odds_have_a_line_of_their_own(painter: DuplicatePainter) -> None:
    plain, conflict = group(1, 2), group(1, 2, labels=("Swan", "Banjo"))
    assert painter.head_height(conflict=True) > painter.head_height(conflict=False)
    head = QRect(20, 0, 600, painter.head_height(conflict=True))
    assert painter.chips(QRect(20, 0, 600, 44), plain) == []
    (swan, left), (banjo, right) = painter.chips(head, conflict)
    assert (swan, banjo) == ("Swan", "Banjo") and head.contains(left) and head.contains(right)
    assert not left.intersects(right) and not left.intersects(painter.button(head, conflict))


def test_of_many_labels_those_are_shown_that_fit(painter: DuplicatePainter) -> None:
    labels = [f"a rather long label {number}" for number in range(12)]
    many = group(*range(1, 13), labels=labels)
    head = QRect(20, 0, 500, painter.head_height(conflict=True))
    chips = painter.chips(head, many)
    assert 1 <= len(chips) < 12 and all(place.right() <= head.right() for _, place in chips[1:])


def test_the_chosen_label_and_what_is_under_the_mouse_can_be_seen(painter: DuplicatePainter) -> None:
    conflict = group(1, 2, labels=("Swan", "Banjo"))
    head = QRect(0, 0, 600, painter.head_height(conflict=True))
    chips = dict(painter.chips(head, conflict))

    def drawn(chosen: str | None, mouse: QPoint | None) -> QImage:
        image = QImage(600, head.height(), QImage.Format.Format_RGB32)
        image.fill(theme.color("base"))
        brush = QPainter(image)
        painter.head(brush, head, conflict, current=False, chosen=chosen, under_mouse=mouse)
        brush.end()
        return image

    tint = theme.color("tint").name()
    assert tint in colors(drawn("Banjo", None), chips["Banjo"]) and tint not in colors(drawn("Banjo", None), chips["Swan"])
    assert theme.color("hover").name() in colors(drawn(None, chips["Swan"].center()), chips["Swan"])
    assert theme.color("busy").name() in colors(drawn(None, None)), "a conflict is plain to see"
