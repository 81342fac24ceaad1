"""The documents name everything that a person can type or meet, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from engine.cli import entry
from engine.errors import ErrorCode
from engine.settings import describe

DOCS = Path(__file__).resolve().parents[2] / "docs"


def read(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def verbs(command: click.Command = entry.cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """All commands that do something, with their full names."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from verbs(below, (*path, name))
    else:
        yield " ".join(path), command


VERBS = dict(verbs())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented_with_its_arguments_and_options(verb: str) -> None:
    lines = [line for line in read("cli.md").splitlines() if f"lightdesk {verb}" in line]
    assert lines, f"docs/cli.md does not name `lightdesk {verb}`"
    usage = " ".join(lines)
    for parameter in VERBS[verb].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in usage, f"lightdesk {verb}: {parameter.opts[0]}"
            assert parameter.help, f"lightdesk {verb} {parameter.opts[0]} has no help"
        elif isinstance(parameter.type, click.Choice):
            assert all(choice in usage for choice in parameter.type.choices)
        else:
            assert (parameter.metavar or parameter.human_readable_name).upper().strip("[]").split(".")[0] in usage


def test_every_documented_verb_exists() -> None:
    named = set(re.findall(r"^    lightdesk ([a-z]+)|^\| `lightdesk ([a-z]+ [a-z]+)[^`>]*`", read("cli.md"), re.M))
    for single, double in named:
        assert any(verb.startswith(single or double) for verb in VERBS), (single, double)


def test_every_documented_option_exists() -> None:
    known = {option for command in VERBS.values() for p in command.params for option in p.opts}
    named = set(re.findall(r"--[a-z][a-z-]+", read("cli.md")))
    assert named - known <= {"--help", "--version"}


def test_every_exit_code_is_documented() -> None:
    table = read("cli.md").partition("## Exit codes")[2].partition("##")[0]
    assert set(re.findall(r"^\| ([\d, ]+) \|", table, re.M)) == {"0", "1", "2", "130, 143", "141"}


def test_every_setting_is_documented_as_it_is() -> None:
    rows = {row.split("`")[1]: row for row in read("settings.md").splitlines() if row.count("|") == 7 and "`" in row}
    assert list(rows) == [info.name for info in describe()]
    for info in describe():
        row = rows[info.name]
        assert f"`{info.environment_variable}`" in row
        assert info.help in row, f"docs/settings.md: {info.name} should say: {info.help}"
        if info.default not in (None, ""):
            default = (
                str(info.default).lower() if isinstance(info.default, bool) else f"{info.default}".removesuffix(".0")
            )
            assert f"`{default}`" in row
        if info.minimum is not None and info.maximum is not None:
            assert f"{info.minimum:.0f} to {info.maximum:.0f}" in row
        assert all(f"`{choice}`" in row for choice in info.choices)


def test_the_list_of_codes_is_the_closed_list() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+) \| (.+) \|$", read("errors.md"), re.M)
    assert sorted(code for code, _, _ in rows) == sorted(ErrorCode)
    assert all(meaning.strip() and way_out.strip() for _, meaning, way_out in rows)


def test_the_record_in_the_docs_has_the_fields_of_a_real_one() -> None:
    from engine.errors import FileError
    from engine.postprocess import failure_record, success_record
    from engine.schemas.library import Detail
    from engine.schemas.prediction import ClassScore, Prediction

    detail = Detail(1, "ab", "a.jpg", "image", "image/jpeg", 1, 1, 1, (), None, ())
    prediction = Prediction("m@1", (ClassScore(0, "x", 1.0),), 1.0, 0.0, "cpu", 1.0, False, "")
    failed = failure_record(FileError(ErrorCode.EMPTY_FILE, "x", way_out="y", filename="a", path="a"))
    text = read("result-record.md")
    documented = set(re.findall(r"`([a-z_0-9]+)`", " ".join(re.findall(r"^\| (`[^|]+) \|", text, re.M))))
    used = keys(success_record(detail, prediction, top_k=1)) | keys(failed)
    assert used - {"data", "error", "metadata", "way_out", "path"} <= documented
    assert documented <= used
    for link in re.findall(r"\]\(([\w-]+\.md)\)", text):
        assert (DOCS / link).is_file()


def keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for below in value.values() for key in keys(below)}
    if isinstance(value, list):
        return {key for below in value for key in keys(below)}
    return set()


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*DOCS.glob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / link).exists(), f"{document.name}: {link}"
