"""What a tile looks like: the pixels are looked at, at several device pixel ratios, light and dark."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui.plain_text import printable
from desktop.ui.tile_cache import TileCache
from desktop.ui.tile_painter import TilePainter, TileShape, confidence_color, percent
from engine.schemas.library import Tile
from tests.desktop.ui.on_screen import picture, pixels
from tests.desktop.ui.records import tile

BLUE = QColor(20, 60, 220)
WIDTH = 160


def painter_for(qapp: QApplication, scheme: str = "light", ratio: float = 1.0, width: int = WIDTH) -> TilePainter:
    theme.apply(qapp, scheme)  # type: ignore[arg-type]
    return TilePainter(qapp.palette(), QFont("DejaVu Sans", 9), width, ratio)


def rendered(painter: TilePainter, row: Tile | None, image: QImage | None = None) -> np.ndarray:
    return pixels(painter.render(row, image).toImage()).astype(int)


def part(shot: np.ndarray, rect: QRect, ratio: float = 1.0) -> np.ndarray:
    left, top = round(rect.left() * ratio), round(rect.top() * ratio)
    return shot[top : top + round(rect.height() * ratio), left : left + round(rect.width() * ratio)]


def caption(painter: TilePainter) -> QRect:
    place = painter.shape.picture
    return QRect(place.left(), place.bottom() + 1, place.width(), painter.shape.height - place.bottom() - 5)


def inked(area: np.ndarray) -> int:
    """Count pixels that differ from the ground."""
    return int((np.abs(area - area[0, 0]).max(axis=2) > 40).sum())


def same(pixel: np.ndarray, color: QColor, within: int = 6) -> bool:
    return (
        max(abs(int(a) - b) for a, b in zip(pixel, (color.red(), color.green(), color.blue()), strict=True)) <= within
    )


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    def luminance(pixel: np.ndarray) -> float:
        parts = [c / 255 for c in pixel]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_text_number_and_bar_are_there(qapp, scheme: str, ratio: float) -> None:
    painter = painter_for(qapp, scheme, ratio)
    row = tile(1, confidence=0.5)
    pixmap = painter.render(row, picture(BLUE))
    assert pixmap.devicePixelRatio() == ratio
    assert pixmap.width() == round(painter.shape.width * ratio) and not pixmap.hasAlpha()
    shot = pixels(pixmap.toImage()).astype(int)
    place = part(shot, painter.shape.picture, ratio)
    assert same(place[place.shape[0] // 2, place.shape[1] // 2], BLUE)
    text = part(shot, caption(painter), ratio)
    n_left, n_right = inked(text[:, : text.shape[1] // 2]), inked(text[:, -round(30 * ratio) :])
    assert n_left > 40 and n_right > 15
    without = part(rendered(painter, tile(1, confidence=None)), caption(painter), ratio)
    assert inked(without[:, -round(30 * ratio) :]) == 0


def test_at_twice_the_ratio_twice_as_sharp(qapp) -> None:
    """Lines one device pixel wide survive: nothing is painted small and blown up."""
    stripes = QImage(284, 222, QImage.Format.Format_RGB32)
    stripes.fill(Qt.GlobalColor.black)
    for x in range(0, stripes.width(), 2):
        for y in range(stripes.height()):
            stripes.setPixelColor(x, y, Qt.GlobalColor.white)
    painter = painter_for(qapp, ratio=2.0)
    assert painter.shape.picture.width() == 142
    place = part(rendered(painter, None, stripes), painter.shape.picture, 2.0)
    middle = place[place.shape[0] // 2, 40:240, 0]
    assert (np.abs(np.diff(middle)) > 200).mean() > 0.95


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bar_is_as_long_as_the_confidence_and_coloured_by_it(qapp, scheme: str) -> None:
    painter = painter_for(qapp, scheme)
    lengths = []
    for confidence in (0.1, 0.5, 0.9):
        area = part(rendered(painter, tile(1, confidence=confidence)), caption(painter))
        color = confidence_color(confidence, dark=scheme == "dark")
        hits = [sum(same(pixel, color) for pixel in line) for line in area[-8:]]
        lengths.append(max(hits) / painter.shape.picture.width())
    assert lengths == pytest.approx([0.1, 0.5, 0.9], abs=0.04)


def test_confidence_colours_are_told_apart_without_red_and_green() -> None:
    for dark in (False, True):
        low, high = confidence_color(0.0, dark=dark), confidence_color(1.0, dark=dark)
        assert high.blue() - high.red() > 60 and low.red() - low.blue() > 60
        assert [confidence_color(x, dark=dark) for x in (-1.0, 2.0)] == [low, high]


@pytest.mark.parametrize(
    ("confidence", "text"),
    [(0.0, "0%"), (0.004, "0%"), (0.5, "50%"), (0.994, "99%"), (0.9994, "99%"), (0.9995, "100%"), (1.0, "100%")],
)
def test_a_hundred_percent_is_for_certainty_only(confidence: float, text: str) -> None:
    assert percent(confidence) == text


def badge_area(painter: TilePainter) -> QRect:
    place = painter.shape.picture
    return QRect(place.left() + 4, place.top() + 4, 18, 18)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["white", "black", "#1d6b3c"])
def test_badges_are_told_apart_by_shape_on_any_picture(qapp, scheme: str, ground: str) -> None:
    painter = painter_for(qapp, scheme)
    image = picture(QColor(ground))
    rows = {
        "none": tile(1),
        "accepted": tile(1, label="tench", label_state="accepted"),
        "rejected": tile(1, label_state="rejected"),
    }
    shots = {name: part(rendered(painter, row, image), badge_area(painter)) for name, row in rows.items()}
    assert inked(shots["none"]) == 0
    for name in ("accepted", "rejected"):
        # A white edge, a dark disc, a white sign: seen on light, dark and green alike.
        grey = shots[name].mean(axis=2)
        assert grey.min() < 120 and grey.max() > 200
    signs = [(shots[name][4:14, 4:14].min(axis=2) > 150) for name in ("accepted", "rejected")]
    assert (signs[0] != signs[1]).sum() > 10


def test_a_persons_label_takes_the_place_of_the_prediction(qapp) -> None:
    painter = painter_for(qapp)
    area = caption(painter)
    own = tile(1, top1="tench", confidence=0.5, label="flamingo", label_state="accepted")
    other = tile(1, top1="black swan", confidence=0.9, label="flamingo", label_state="accepted")
    # The number would speak of another class: it is not there, and the text is the label alone.
    assert (part(rendered(painter, own), area) == part(rendered(painter, other), area)).all()
    same_class = tile(1, top1="flamingo", confidence=0.5, label="flamingo", label_state="accepted")
    assert inked(part(rendered(painter, same_class), area)) > inked(part(rendered(painter, own), area))


def test_a_rejected_prediction_is_struck_out(qapp) -> None:
    painter = painter_for(qapp)
    row = tile(1, top1="tench", confidence=None)
    plain, struck = (
        part(rendered(painter, r), caption(painter))
        for r in (row, tile(1, top1="tench", label_state="rejected", confidence=None))
    )

    def longest_run(area: np.ndarray) -> int:
        ink = np.abs(area - area[0, 0]).max(axis=2) > 40
        return max(len(run) for line in ink for run in "".join("x" if dot else " " for dot in line).split(" "))

    assert longest_run(struck) > 2 * longest_run(plain)


def test_several_files_are_counted(qapp) -> None:
    painter, image = painter_for(qapp), picture(BLUE)
    place = painter.shape.picture
    corner = QRect(place.right() - 60, place.bottom() - 22, 60, 22)
    one = part(rendered(painter, tile(1), image), corner)
    several = part(rendered(painter, tile(1, n_files=12), image), corner)
    assert (one == one[0, 0]).all()
    white = (several.min(axis=2) > 200).sum()
    assert white > 10 and (several.max(axis=2) < 90).sum() > 100


@pytest.mark.parametrize("selected", [False, True])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(qapp, scheme: str, selected: bool) -> None:
    painter = painter_for(qapp, scheme, ratio=3.0)
    for row in (
        tile(1, confidence=None),
        tile(1, top1=None, confidence=None),
        tile(1, label_state="rejected", confidence=None),
    ):
        pixmap = painter.render(row, None)
        if selected:
            drawing = QPainter(pixmap)
            cell = QRect(0, 0, painter.shape.width, painter.shape.height)
            painter.selection(drawing, cell, selected=True, current=True, focus=True)
            drawing.end()
        area = part(pixels(pixmap.toImage()).astype(int), caption(painter), 3.0)
        ground = area[0, 0]
        ink = max((pixel for line in area for pixel in line), key=lambda pixel: contrast(pixel, ground))
        assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize(
    "name",
    [
        "caf\udce9.jpg",
        "two\nlines.jpg",
        "a" * 300 + ".jpg",
        "\N{CAT FACE}.jpg",
        "",
        "\ud800.jpg",
        "a\x00b.jpg",
        "<b>x</b>.jpg",
    ],
)
def test_any_name_can_be_painted_in_its_line(qapp, name: str) -> None:
    painter = painter_for(qapp)
    shot = rendered(painter, tile(1, name=name, top1=None, confidence=None))
    # As it is written everywhere else in the window, and in logs.
    assert (shot == rendered(painter, tile(1, name=printable(name), top1=None, confidence=None))).all()
    area = caption(painter)
    if name:
        assert inked(part(shot, area)) > 10
    line = area.top() + 5 + QFontMetrics(QFont("DejaVu Sans", 9)).height()
    below = part(shot, QRect(0, line + 1, painter.shape.width, painter.shape.height - line - 1))
    assert inked(below) == 0 and inked(part(shot, QRect(0, 0, 8, painter.shape.height))) == 0


@pytest.mark.parametrize(("width", "height"), [(256, 2), (2, 256), (1, 1), (256, 256), (3000, 20)])
def test_pictures_of_any_shape_stay_in_their_place(qapp, width: int, height: int) -> None:
    painter = painter_for(qapp, ratio=1.5)
    blank = rendered(painter, None)
    shot = rendered(painter, None, picture(BLUE, width, height))
    changed = np.argwhere(np.abs(shot - blank).max(axis=2) > 10)
    place = painter.shape.picture
    assert len(changed)
    assert changed[:, 0].min() >= place.top() * 1.5 - 1 and changed[:, 0].max() <= (place.bottom() + 1) * 1.5
    assert changed[:, 1].min() >= place.left() * 1.5 - 1 and changed[:, 1].max() <= (place.right() + 1) * 1.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_selected_current_and_ticked_are_seen_and_leave_the_picture_as_it_is(qapp, scheme: str) -> None:
    painter = painter_for(qapp, scheme)
    cell = QRect(0, 0, painter.shape.width, painter.shape.height)
    tile_pixmap = painter.render(tile(1), picture(BLUE))

    def shot(**how: bool) -> np.ndarray:
        pixmap = QPixmap(cell.size())
        drawing = QPainter(pixmap)
        drawing.drawPixmap(0, 0, tile_pixmap)
        if how:
            painter.selection(drawing, cell, **how)
        drawing.end()
        return pixels(pixmap.toImage()).astype(int)

    plain = shot()
    selected = shot(selected=True, current=False, focus=True)
    current = shot(selected=False, current=True, focus=True)
    elsewhere = shot(selected=False, current=True, focus=False)
    looks = [plain, selected, current, elsewhere]
    for i, one in enumerate(looks):
        for other in looks[:i]:
            assert (np.abs(one - other).max(axis=2) > 12).sum() > 60
        # The colours of the picture are what a person judges.
        assert (part(one, painter.shape.picture) == part(plain, painter.shape.picture)).all()
    accent = qapp.palette().color(QPalette.ColorRole.Highlight)
    assert all(same(current[cell.height() // 2, x], accent) for x in (3, 4))  # sharp


def test_shape_is_the_same_for_painting_and_laying_out(qapp) -> None:
    font = QFont("DejaVu Sans", 9)
    for width in (96, 97, 160, 333):
        shape = TileShape.of(width, QFontMetrics(font))
        assert TilePainter(qapp.palette(), font, width, 1.0).shape == shape
        assert shape.picture.right() < width - 8 and shape.picture.bottom() < shape.height - 8


# Kept tiles


def test_tiles_are_kept_within_a_bound(qapp) -> None:
    painter, cache = painter_for(qapp), TileCache()
    cache.set_measures(painter, n_visible=4, ratio=1.0)
    tile_bytes = 4 * painter.shape.width * painter.shape.height
    assert cache._limit * tile_bytes <= 96 << 20
    cache._limit = 10
    for i in range(30):
        cache.draw(i, painter, tile(i), None)
        assert cache.get(0) is not None  # in use all the time
    assert len(cache._tiles) == 10 and cache.get(29) is not None and cache.get(1) is None
    cache.clear()
    assert cache.get(0) is None and not cache.has_picture(29)


def test_a_screen_full_is_kept_however_large(qapp) -> None:
    painter, cache = painter_for(qapp, width=320, ratio=2.0), TileCache()
    cache.set_measures(painter, n_visible=500, ratio=2.0)
    assert cache._limit >= 2000


def test_fresh_is_what_drawing_again_would_not_change(qapp) -> None:
    painter, cache, row, image = painter_for(qapp), TileCache(), tile(1), picture(BLUE)
    without = cache.draw(1, painter, row, None)
    assert cache.is_fresh(without, painter, row, None) and not cache.is_fresh(without, painter, row, image)
    assert not cache.has_picture(1)
    drawn = cache.draw(1, painter, row, image)
    assert cache.has_picture(1)
    assert cache.is_fresh(drawn, painter, row, None)  # its image has left memory: it is still on the tile
    assert not cache.is_fresh(drawn, painter, tile(1), image)
    assert not cache.is_fresh(drawn, painter_for(qapp, "dark"), row, image)
