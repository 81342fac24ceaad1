"""Camera data in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from desktop.ui.exif_words import exif_facts
from engine.ingest import exif


def rows(**fields: str) -> dict[str, str]:
    return {fact.name: fact.value.strip("\u2066\u2069") for fact in exif_facts(fields)}


def test_every_field_that_is_read_has_a_word() -> None:
    names = [name for name, _tag, _write in exif._SHOWN] + ["GPSPosition", "GPSAltitude"]
    said = rows(**dict.fromkeys(names, "1"))
    raw = [name for name in said if name in names and any(c.isupper() for c in name[1:]) and name != "ISO"]
    assert raw == []
    assert {"ISO", "Exposure", "Lens", "Aperture", "Camera", "Place"} <= set(said)


def test_values_lose_what_the_name_says() -> None:
    assert rows(ISOSpeedRatings="ISO 400", ExposureTime="1/125 s") == {"Exposure": "1/125 s", "ISO": "400"}
    assert rows(PixelXDimension="4000", PixelYDimension="3000") == {"As taken": "4000 \N{MULTIPLICATION SIGN} 3000"}
    assert rows(ExposureProgram="normal", Flash="off") == {"Program": "automatic", "Flash": "off"}


@pytest.fixture
def german() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("de_DE"))
    yield
    QLocale.setDefault(before)


def test_times_are_written_as_this_person_reads_them(german: None) -> None:
    said = rows(DateTimeOriginal="2024:05:06 10:11:12", DateTime="2024:05:06 10:11:12")
    assert said == {"Taken": "06.05.24 10:11"}
    assert rows(DateTime="yesterday") == {"Written": "yesterday"}


def test_what_has_no_word_and_what_is_hostile_is_shown_as_it_is() -> None:
    assert rows(Oddity="x\u202ey") == {"Oddity": "xy"}
    assert exif_facts({}) == []
    assert rows(PixelXDimension="4000") == {}
