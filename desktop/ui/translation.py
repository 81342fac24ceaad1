"""Loads translations: ours from resources/translations, and Qt's own for its buttons and dialogs.

English is the source and needs no file. ``pyside6-lupdate -tr-function-alias QT_TRANSLATE_NOOP+=_T desktop/ui/*.py
-ts resources/translations/lightdesk_de.ts`` makes the file for a language, ``pyside6-lrelease`` the ``.qm`` that is loaded.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator


def install(app: QCoreApplication, locale: QLocale | None = None, folder: Path | None = None) -> list[str]:
    """Install what there is for the locale (the system's if None); returns the names of the files found."""
    locale = locale or QLocale()
    ours = folder or Path(str(resources.files("resources"))) / "translations"
    qts = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    found = []
    for name, place in (("lightdesk", str(ours)), ("qtbase", qts)):
        translator = QTranslator(app)
        if not translator.load(locale, name, "_", place) or not app.installTranslator(translator):
            break  # a window speaks one language: where our words stay English, so do Qt's buttons
        found.append(translator.filePath())
    return found
