"""Rules and kinds last from one start to the next, and what is not understood is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from desktop.ui.keep_rules import (
    KINDS,
    RULES,
    STANDARD_KINDS,
    keep_kinds,
    keep_rules,
    kept_kinds,
    kept_rules,
    rule_name,
)
from engine.schemas.duplicates import KeepRules


def settings(home: Path) -> QSettings:
    return QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)


@pytest.mark.parametrize(
    "rules",
    [
        KeepRules(),
        KeepRules(("size", "labelled")),
        KeepRules(("oldest",), ("/one",)),
        KeepRules(("folder", "size"), ("/b, with a comma", "/a", "C:\\photos")),
        KeepRules((), ("/a", "/b")),
    ],
)
def test_rules_come_back_as_they_were(home: Path, rules: KeepRules) -> None:
    state = settings(home)
    keep_rules(state, rules)
    state.sync()
    assert kept_rules(settings(home)) == rules


@pytest.mark.parametrize("kinds", [(), ("similar",), ("exact", "similar"), KINDS])
def test_kinds_come_back_as_they_were(home: Path, kinds) -> None:
    state = settings(home)
    keep_kinds(state, kinds)
    state.sync()
    assert kept_kinds(settings(home)) == kinds


def test_without_any_the_standard_ones_count(home: Path) -> None:
    assert kept_rules(settings(home)) == KeepRules() and kept_kinds(settings(home)) == STANDARD_KINDS


def test_what_is_not_understood_is_passed_over(home: Path) -> None:
    state = settings(home)
    state.setValue("duplicates/rules", ["size", "beauty", "size"])
    state.setValue("duplicates/folders", 5)
    state.setValue("duplicates/kinds", ["cousins"])
    assert kept_rules(state) == KeepRules(("size",)) and kept_kinds(state) == STANDARD_KINDS
    state.setValue("duplicates/rules", ["beauty"])
    assert kept_rules(state) == KeepRules()


def test_each_rule_has_words() -> None:
    assert set(RULES) == set(KeepRules().order) and len({rule_name(rule) for rule in RULES}) == len(RULES)
