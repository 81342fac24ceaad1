"""Camera data in a person's words: what EXIF calls ISOSpeedRatings is ISO."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QDateTime, QLocale

from desktop.ui.facts import Fact
from desktop.ui.plain_text import left_to_right, printable

_T = QT_TRANSLATE_NOOP
# In the order to show them; what has no word here follows under EXIF's own name.
_NAMES = {
    "Make": _T("Exif", "Maker"),
    "Model": _T("Exif", "Camera"),
    "LensModel": _T("Exif", "Lens"),
    "DateTimeOriginal": _T("Exif", "Taken"),
    "DateTime": _T("Exif", "Written"),
    "ExposureTime": _T("Exif", "Exposure"),
    "FNumber": _T("Exif", "Aperture"),
    "ISOSpeedRatings": _T("Exif", "ISO"),
    "FocalLength": _T("Exif", "Focal length"),
    "FocalLengthIn35mmFilm": _T("Exif", "As on 35 mm film"),
    "ExposureBiasValue": _T("Exif", "Correction"),
    "ExposureProgram": _T("Exif", "Program"),
    "Flash": _T("Exif", "Flash"),
    "Dimensions": _T("Exif", "As taken"),
    "Software": _T("Exif", "Software"),
    "Artist": _T("Exif", "Author"),
    "Copyright": _T("Exif", "Copyright"),
    "ImageDescription": _T("Exif", "Description"),
    "GPSPosition": _T("Exif", "Place"),
    "GPSAltitude": _T("Exif", "Altitude"),
}
_VALUES = {
    "fired": _T("Exif", "fired"),
    "off": _T("Exif", "off"),
    "manual": _T("Exif", "manual"),
    "normal": _T("Exif", "automatic"),
    "aperture priority": _T("Exif", "aperture priority"),
    "shutter priority": _T("Exif", "shutter priority"),
    "creative": _T("Exif", "creative"),
    "action": _T("Exif", "action"),
    "portrait": _T("Exif", "portrait"),
    "landscape": _T("Exif", "landscape"),
}
_TRANSLATED_VALUES = ("Flash", "ExposureProgram")
_TIMES = ("DateTimeOriginal", "DateTime")
_MEASURES = ("ExposureTime", "FNumber", "FocalLength", "FocalLengthIn35mmFilm", "ExposureBiasValue", "GPSPosition")
_TIME_FORMAT = "yyyy:MM:dd HH:mm:ss"  # EXIF's own; without a zone, the camera's clock


def exif_facts(fields: Mapping[str, str]) -> list[Fact]:
    """Return rows for the inspector.

    Parameters
    ----------
    fields
        As `engine.ingest.exif.read_exif` names and orders them.
    """
    left = dict(fields)
    width, height = left.pop("PixelXDimension", ""), left.pop("PixelYDimension", "")
    if width and height:
        left["Dimensions"] = left_to_right(f"{width} \N{MULTIPLICATION SIGN} {height}")
    if left.get("DateTime") == left.get("DateTimeOriginal"):
        left.pop("DateTime", None)
    names = [name for name in _NAMES if name in left] + [name for name in left if name not in _NAMES]
    return [Fact(_translated(_NAMES.get(name, name)), _value(name, left[name])) for name in names]


def _value(name: str, text: str) -> str:
    if name in _TIMES:
        moment = QDateTime.fromString(text[:19], _TIME_FORMAT)
        return QLocale().toString(moment, QLocale.FormatType.ShortFormat) if moment.isValid() else printable(text)
    if name in _TRANSLATED_VALUES:
        return _translated(_VALUES.get(text, text))
    if name == "ISOSpeedRatings":
        return text.removeprefix("ISO ")
    return left_to_right(text) if name in _MEASURES else printable(text)


def _translated(text: object) -> str:
    return QCoreApplication.translate("Exif", str(text))
