"""The documents name everything that a person can type or meet, and nothing else."""

from __future__ import annotations

import ast
import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from PIL import Image

from desktop import __main__ as window
from desktop.interrupt import Interrupt as WindowInterrupt
from engine.cli import entry, interrupt
from engine.cli import table as cli_table
from engine.doctor.report import Finding, Report, State, as_data
from engine.errors import ErrorCode
from engine.schemas.job import JobState
from engine.settings import describe
from tests.images import folder_of

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


def usages() -> dict[str, str]:
    """Verb to the line that tells how it is called: one of its own, or its row in a table."""
    text = read("cli.md")
    lines = re.findall(r"^    lightdesk ([a-z]+)(.*)$", text, re.M) + re.findall(
        r"^\| `lightdesk ([a-z]+ [a-z]+)([^`]*)` \|", text, re.M
    )
    return {verb: rest for verb, rest in lines if verb in VERBS}


def test_a_usage_names_the_options_of_its_verb_and_no_others() -> None:
    assert set(usages()) == set(VERBS)
    for verb, rest in usages().items():
        options = [p for p in VERBS[verb].params if isinstance(p, click.Option)]
        assert set(re.findall(r"--[a-z-]+", rest)) == {p.opts[0] for p in options}, verb
        for option in options:
            written = rf"{option.opts[0]}(?: ([^\]]+))?\]"
            value = re.search(written, rest)
            assert value, f"{verb}: {option.opts[0]} stands in brackets, since it may be left out"
            assert bool(value[1]) is not option.is_flag, f"{verb} {option.opts[0]}"
            if isinstance(option.type, click.Choice):
                assert value[1].split("|") == list(option.type.choices)


def section(verb: str) -> str:
    return read("cli.md").partition(f"\n## lightdesk {verb}\n")[2].partition("\n## ")[0]


def test_the_options_of_classify_have_a_row_each() -> None:
    rows = re.findall(r"^\| `(--[a-z-]+)` \| .", section("classify"), re.M)
    assert rows == [p.opts[0] for p in VERBS["classify"].params if isinstance(p, click.Option)]


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a verb with --json on the fake model; returns what it printed."""
    monkeypatch.setenv("LIGHTDESK_MODEL", "fake")
    monkeypatch.setenv("LIGHTDESK_LIBRARY", str(tmp_path / "l.lightdesk"))

    def call(*arguments: object) -> Any:
        capfd.readouterr()
        entry.main([*map(str, arguments), "--json"])
        return json.loads(capfd.readouterr().out)

    return call


def test_the_keys_that_verbs_print_are_documented(tmp_path: Path, printed: Callable[..., Any]) -> None:
    keys_of = {
        verb: re.findall(r"`([a-z_]+)`", re.sub(r"\(.*?\)", "", keys))
        for verbs_, keys in re.findall(r"^\| ((?:`[a-z]+`(?:, )?)+) \| (`.+) \|$", section("library"), re.M)
        for verb in re.findall(r"[a-z]+", verbs_)
    }
    assert list(printed("library", "create", tmp_path / "l.lightdesk")) == keys_of["create"]
    folder_of(tmp_path / "photos", 1)
    entry.main(["classify", str(tmp_path / "photos")])
    assert list(printed("library", "info")) == keys_of["info"]
    assert list(printed("library", "check")) == keys_of["check"]
    assert list(printed("library", "backup", tmp_path / "b")) == keys_of["backup"]
    assert list(printed("library", "restore", tmp_path / "b")) == keys_of["restore"]
    documented = {verb: set(re.findall(r"`([a-z_0-9]+)`", section(verb))) for verb in ("jobs", "models", "settings")}
    assert set(printed("jobs")[0]) | set(get_args(JobState)) == documented["jobs"] - {"left"}
    assert set(printed("models")[0]) == documented["models"]
    listed = printed("settings", "list")
    assert {*listed, *listed["settings"]["top_k"], "default", "file", "environment"} == documented["settings"]


def test_the_keys_of_evaluate_and_doctor_are_documented(tmp_path: Path, printed: Callable[..., Any]) -> None:
    folder_of(tmp_path / "photos" / "red", 1)
    documented = set(re.findall(r"`([a-z_0-9]+)`", section("evaluate").partition("`--json` prints")[2]))
    assert set(printed("evaluate", tmp_path / "photos")) == documented
    report = Report("1", (Finding("One", "good", "ok", "fine"),))
    documented = set(re.findall(r"`([a-z_]+)`", section("doctor").partition("`--json` prints")[2]))
    assert {*as_data(report), *as_data(report)["findings"][0], *get_args(State)} == documented


def returned(source: Path) -> set[int]:
    """The numbers that the functions of a verb return for themselves."""
    functions = [node for node in ast.walk(ast.parse(source.read_bytes())) if isinstance(node, ast.FunctionDef)]
    values: list[ast.expr | None] = [
        node.value
        for function in functions
        if isinstance(function.returns, ast.Name) and function.returns.id == "int"
        for node in ast.walk(function)
        if isinstance(node, ast.Return)
    ]
    either = [part for value in values if isinstance(value, ast.IfExp) for part in (value.body, value.orelse)]
    return {value.value for value in [*values, *either] if isinstance(value, ast.Constant)}


def ends_by_signals() -> set[int]:
    """What the command line and the window end with for each signal that they listen to."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is signal.SIG_IGN:  # these tests run under nohup
        signal.signal(hangup, signal.SIG_DFL)
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    heard: set[int] = set()
    for listening in (interrupt.Interrupt(), WindowInterrupt()):
        with listening:
            heard |= {number for number in before if signal.getsignal(number) != before[number]}
    return {interrupt.Interrupted(number).exit_code for number in heard}


def test_every_exit_code_is_documented() -> None:
    table = read("cli.md").partition("## Exit codes")[2].partition("##")[0]
    documented = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.M) for code in re.findall(r"\d+", row)}
    verbs_ = {DOCS.parent / f"engine/cli/{verb.split()[0]}.py" for verb in VERBS} | {Path(cli_table.__file__)}
    by_verbs = set().union(*map(returned, verbs_))
    assert by_verbs >= {0, 1}
    named = {code for module in (entry, window) for name, code in vars(module).items() if name.startswith("_EXIT_")}
    assert len(named) >= 4
    assert documented == by_verbs | named | ends_by_signals()


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


def made_in(source: Path) -> set[str]:
    """The codes that a module gives to somebody: those that it only compares with do not count."""
    tree = ast.parse(source.read_bytes())
    compared = {
        id(below)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.MatchValue)
        for below in ast.walk(node)
    }
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "ErrorCode"
        and id(node) not in compared
    }


def test_a_code_can_occur_unless_its_row_says_that_it_is_reserved() -> None:
    can_occur = set().union(*(made_in(path) for path in (DOCS.parent / "engine").rglob("*.py")))
    reserved = set(re.findall(r"^\| `([A-Z_]+)` \| Reserved\.", read("errors.md"), re.M))
    assert set(ErrorCode.__members__) - can_occur == reserved


def test_every_code_that_can_occur_is_met_in_a_test() -> None:
    texts = [path.read_text("utf-8") for path in (DOCS.parent / "tests").rglob("test_*.py") if path != Path(__file__)]
    reserved = set(re.findall(r"^\| `([A-Z_]+)` \| Reserved\.", read("errors.md"), re.M))
    unmet = {code for code in ErrorCode if not any(re.search(rf"\b{code}\b", text) for text in texts)}
    assert unmet <= reserved, "nobody has seen these codes at work"


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


def screenshots() -> set[str]:
    """Names of the pictures that benchmarks/screenshots.py makes: its scales and themes, and all that it takes."""
    tree = ast.parse((DOCS.parent / "benchmarks/screenshots.py").read_bytes())
    constants = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in ("_SCALES", "_THEMES")
    }
    taken = {
        ast.literal_eval(node.args[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_take"
    }
    assert {"empty", "window"} <= taken
    ends = {scale: ".png" if scale == 1 else f"@{scale}x.webp" for scale in constants["_SCALES"]}
    return {f"{name}-{theme}{end}" for name in taken for theme in constants["_THEMES"] for end in ends.values()}


def test_the_pictures_are_those_that_screenshots_makes() -> None:
    there = {path.name for path in (DOCS / "images").iterdir()}
    assert there == screenshots(), "make screenshots, and take away what it no longer makes"
    for name in there:
        start = (DOCS / "images" / name).read_bytes()[:12]
        assert start.startswith(b"\x89PNG") if name.endswith(".png") else start[8:] == b"WEBP", f"{name} is no picture"
        with Image.open(DOCS / "images" / name) as picture:
            scale = 2 if "@2x" in name else 1
            assert picture.size == (1320 * scale, 840 * scale), f"{name} shows a window that was squeezed"


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*DOCS.glob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / link).exists(), f"{document.name}: {link}"
