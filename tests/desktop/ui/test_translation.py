"""Every word that a person reads can be translated, and is found by the tool that collects them."""

from __future__ import annotations

import ast
import re
import shutil
import string
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from desktop.ui import translation
from desktop.ui.inspector_words import label_state
from desktop.ui.setting_words import HELP
from engine.schemas.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "desktop").rglob("*.py"))
# Functions that mark a text, with the place of the text among the arguments.
_MARKS = {"tr": 0, "translate": 1, "_T": 1, "QT_TRANSLATE_NOOP": 1}
_SETTERS = frozenset(
    ["setText", "setToolTip", "setStatusTip", "setWhatsThis", "setWindowTitle", "setTitle", "setPlaceholderText", "setAccessibleName", "setAccessibleDescription", "setSpecialValueText", "setPlainText", "addAction", "addItem", "addMenu", "addButton", "addTab", "insertItem", "drawText", "show_text", "show_notice", "show_error", "say"]
)
_MAKERS = frozenset(["QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QAction", "QGroupBox", "QMenu", "QToolButton", "QListWidgetItem"])
# Names, which are the same in every language.
_NAMES = frozenset({"Lightdesk", "SHA-256", "Python", "Qt"})
# Said of several only.
_FROM_TWO_ON = frozenset({("desktop/ui/tile_words.py", "file"), ("desktop/ui/duplicates_list.py", "file")})
_LUPDATE = shutil.which("pyside6-lupdate", path=Path(sys.executable).parent)
_ALIAS = ("-tr-function-alias", "QT_TRANSLATE_NOOP+=_T")


def called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def literal_words(node: ast.AST) -> Iterator[str]:
    """Yield the fixed parts of a text that have two letters in a row: words, and not signs or keys."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.search(r"[^\W\d_]{2}", node.value) and node.value.strip(" \N{EN DASH}") not in _NAMES:
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from literal_words(part)
    elif isinstance(node, ast.BinOp):
        yield from literal_words(node.left)
        yield from literal_words(node.right)
    elif isinstance(node, ast.IfExp):
        yield from literal_words(node.body)
        yield from literal_words(node.orelse)


def untranslated(tree: ast.AST) -> Iterator[str]:
    """Yield words that go into a widget past `tr`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) in _SETTERS | _MAKERS:
            for argument in node.args:
                yield from (f"{node.lineno}: {word!r}" for word in literal_words(argument))


def marks(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Yield each call that marks a text, and the text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) in _MARKS and len(node.args) > _MARKS[called_name(node)]:
            yield node, node.args[_MARKS[called_name(node)]]


def contexts(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each marked text with the context under which it is looked up."""

    def walk(node: ast.AST, inside: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            name = child.name if isinstance(child, ast.ClassDef) else inside
            if isinstance(child, ast.Call) and called_name(child) in _MARKS:
                place = _MARKS[called_name(child)]
                text = child.args[place] if len(child.args) > place else None
                if isinstance(text, ast.Constant):
                    given = child.args[0]
                    yield (str(given.value) if place and isinstance(given, ast.Constant) else name), str(text.value)
            yield from walk(child, name)

    yield from walk(tree, "")


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_bytes()) for path in FILES}


def test_no_word_goes_past_translation(trees: dict[str, ast.Module]) -> None:
    found = [f"{name}:{where}" for name, tree in trees.items() if name.startswith("desktop/ui/") for where in untranslated(tree)]
    assert not found, f"{found}: wrap them in self.tr(...), with {{0}} for what is put in"


@pytest.mark.parametrize(
    "code",
    [
        "label.setText('Good morning')",
        "label.setToolTip(f'{n} files')",
        "menu.addAction('Copy' if one else self.tr('Copy all'))",
        "QLabel('Size')",
        "bar.say('Done: ' + title)",
    ],
)
def test_the_check_can_see(code: str) -> None:
    assert list(untranslated(ast.parse(code)))
    fine = "label.setText(self.tr('Good morning')); key.setText('X'); box.addItem(name, value)"
    assert not list(untranslated(ast.parse(fine)))


def test_marked_texts_are_plain_literals(trees: dict[str, ast.Module]) -> None:
    """A text that is put together when the program runs is in no table of translations."""
    for name, tree in trees.items():
        for call, text in marks(tree):
            inside_wrapper = isinstance(text, ast.Call | ast.Name | ast.Attribute) and called_name(call) == "translate"
            assert inside_wrapper or (isinstance(text, ast.Constant) and isinstance(text.value, str)), (
                f"{name}:{call.lineno}: a literal, with {{0}} and format()"
            )


def test_placeholders_are_numbered_and_filled(trees: dict[str, ast.Module]) -> None:
    for name, tree in trees.items():
        texts = {id(call): text.value for call, text in marks(tree) if isinstance(text, ast.Constant)}
        for call, text in marks(tree):
            if not isinstance(text, ast.Constant):
                continue
            fields = [field for _, field, _, _ in string.Formatter().parse(text.value) if field is not None]
            where = f"{name}:{call.lineno}: {text.value!r}"
            assert all(field.isdigit() for field in fields), f"{where}: number the places, a language may turn them round"
            assert not re.search(r"%[0-9sdn]", text.value), f"{where}: {{0}}, as everywhere here"
            assert "(s)" not in text.value, f"{where}: two texts, one for one and one for many"
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and called_name(node) == "format" and isinstance(node.func, ast.Attribute)):
                continue
            text = texts.get(id(node.func.value))
            if text is not None and not any(isinstance(argument, ast.Starred) for argument in node.args):
                fields = {int(field) for _, field, _, _ in string.Formatter().parse(text) if field is not None}
                assert fields == set(range(len(node.args))), f"{name}:{node.lineno}: {text!r} is filled with {len(node.args)}"


def test_one_has_a_text_of_its_own_beside_many(trees: dict[str, ast.Module]) -> None:
    """English has two forms: where a number is followed by a plural that it rules, the form for one stands near."""
    pairs = {"image", "video", "problem", "job", "picture", "file"}
    for name, tree in trees.items():
        said = " | ".join(text.value for _, text in marks(tree) if isinstance(text, ast.Constant)).casefold()
        for noun in pairs:
            if re.search(rf"\}} (more )?{noun}s\b", said) and (name, noun) not in _FROM_TWO_ON:
                singular = rf"\b(1|one|a)( more)? {noun}\b|\b{noun}\b(?! ?s)"
                assert re.search(singular, said), f"{name}: {{0}} {noun}s, and nothing for one {noun}"


@pytest.mark.skipif(_LUPDATE is None, reason="pyside6-lupdate is not installed beside this Python")
def test_lupdate_finds_every_text(trees: dict[str, ast.Module], tmp_path: Path) -> None:
    assert _LUPDATE is not None
    file = tmp_path / "all.ts"
    sources = [name for name in trees if name.startswith("desktop/ui/")]
    command = [_LUPDATE, *_ALIAS, *sources, "-ts", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found = {
        (context.findtext("name"), message.findtext("source"))
        for context in ElementTree.parse(file).getroot().iter("context")
        for message in context.iter("message")
    }
    assert len(found) > 200
    missing = {
        f"{name}: {context}: {text}"
        for name in sources
        for context, text in contexts(trees[name])
        if (context, text) not in found
    }
    assert not missing, (
        f"{sorted(missing)}: lupdate reads no \\N{{...}} and nothing inside f-strings; write the character or \\uXXXX, "
        "and call tr before the f-string"
    )


def test_the_commands_in_the_readme_are_those_that_work() -> None:
    for file in ("resources/translations/README.md", "desktop/ui/translation.py"):
        assert " ".join(_ALIAS) in (ROOT / file).read_text("utf-8"), file


def test_help_of_settings_is_for_people_at_a_window() -> None:
    """All have a word, and none speaks of what is typed into a file: the choices stand beside it."""
    hints = typing.get_type_hints(Settings)
    assert set(HELP) == set(hints)
    for name, text in HELP.items():
        typed = [word for word in typing.get_args(hints[name]) if isinstance(word, str)] + ["NAME", "; 0 for", "; empty for"]
        assert not [word for word in typed if re.search(rf"(?<!\w){word}\b", str(text))], text


class _Shouting(QTranslator):
    """Turns every text into capitals, as a language of its own."""

    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str:
        return re.sub(r"[^{}]+(?![^{]*\})", lambda part: part[0].upper(), text)


def test_words_are_looked_up_when_they_are_shown(qtbot) -> None:
    from desktop.ui.activity_bar import ActivityBar
    from desktop.ui.exif_words import exif_facts
    from desktop.ui.filter_bar import FilterBar
    from desktop.ui.settings_dialog import SettingsDialog
    from desktop.ui.shortcuts_sheet import ShortcutsSheet
    from engine.schemas.job import Preflight
    from tests.desktop.ui.records import label

    app = QCoreApplication.instance()
    assert app is not None
    translator = _Shouting(app)
    app.installTranslator(translator)
    try:
        assert label_state(None)[0] == "NO LABEL YET"
        assert label_state(label())[1].startswith("SET BY \u2068Ada\u2069")
        assert exif_facts({"LensModel": "x", "Flash": "fired"})[1].value == "FIRED"
        bar = ActivityBar()
        qtbot.addWidget(bar)
        assert bar.preflight_text(Preflight(1, 2, 0, 0, 0, finished=True)) == "FOUND 2 IMAGES."
        filters = FilterBar()
        qtbot.addWidget(filters)
        assert filters.search.placeholderText() == "SEARCH"
        dialog = SettingsDialog(Settings(), lambda _n, _v: None, frozenset(), filters)
        assert dialog.groups.item(1).text() == "MODEL AND DEVICE"
        assert dialog.editors["top_k"].widget.accessibleDescription().isupper()
        sheet = ShortcutsSheet(filters)
        assert sheet.windowTitle().isupper()
    finally:
        app.removeTranslator(translator)


def test_a_translation_beside_the_program_is_loaded(qtbot, tmp_path: Path) -> None:
    lrelease = shutil.which("pyside6-lrelease", path=Path(sys.executable).parent)
    if lrelease is None:
        pytest.skip("pyside6-lrelease is not installed beside this Python")
    source = tmp_path / "lightdesk_de.ts"
    source.write_text(
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE TS><TS version="2.1" language="de"><context>'
        "<name>Inspector</name><message><source>No label yet</source><translation>Noch ohne Label</translation>"
        "</message></context></TS>",
        encoding="utf-8",
    )
    subprocess.run([lrelease, str(source)], capture_output=True, check=True, timeout=120)
    app = QCoreApplication.instance()
    assert app is not None
    before = app.findChildren(QTranslator)
    found = translation.install(app, QLocale("de_AT"), tmp_path)
    added = [child for child in app.findChildren(QTranslator) if child not in before]
    try:
        assert str(tmp_path / "lightdesk_de.qm") in found
        assert label_state(None)[0] == "Noch ohne Label"
    finally:
        for translator in added:
            app.removeTranslator(translator)
    assert label_state(None)[0] == "No label yet"


def test_where_our_words_stay_english_so_do_the_buttons_of_qt(qtbot, tmp_path: Path) -> None:
    app = QCoreApplication.instance()
    assert app is not None
    assert translation.install(app, QLocale("de_DE"), tmp_path) == []
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Cancel"
