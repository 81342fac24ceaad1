"""The verbs and their options. Each does its work in a module of its own, imported when it runs: help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from engine.cli.completion import complete_setting, complete_value
from engine.cli.parameters import (
    PathText,
    device_option,
    json_option,
    library_option,
    model_option,
    where_option,
)

COMPLETING = "_LIGHTDESK_COMPLETE"


class _Verbs(click.Group):
    """Completes files where no verb fits, since `lightdesk PATH...` opens the window with them."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return super().shell_complete(ctx, incomplete) or [CompletionItem(incomplete, type="file")]


def _overrides(**flags: Any) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _wrong(text: str) -> NoReturn:
    raise click.UsageError(text)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib import metadata

        click.echo(f"lightdesk {metadata.version('lightdesk')}")
        ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and end.",
)
def cli() -> None:
    """See what a vision model thinks of your pictures, on your own machine.

    Without a verb, or with files and folders, the window opens. A file that is named like a verb opens
    with ./ before it.
    """
    from engine.cli import journal

    journal.begin()


@cli.command(short_help="Classify images and folders.")
@click.argument("paths", nargs=-1, required=True, type=PathText(as_path=False), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print one result record a line, in input order.")
@click.option(
    "--top-k", type=click.IntRange(1, 20), help="Classes in each record; 5 unless the settings say otherwise."
)
@model_option
@device_option
@library_option
def classify(
    paths: tuple[str, ...],
    as_json: bool,
    top_k: int | None,
    model: str | None,
    device: str | None,
    library: Path | None,
) -> int:
    """Classify images and folders, and keep the results in the library."""
    from engine.cli.classify import run

    return run(paths, _overrides(model=model, device=device, library=library, top_k=top_k), as_json=as_json)


@cli.command(short_help="Find what looks like these pictures.")
@click.argument("queries", nargs=-1, required=True, type=PathText(as_path=False), metavar="QUERY...")
@click.option("--minus", multiple=True, type=PathText(as_path=False), metavar="PICTURE", help="Unlike this picture.")
@where_option
@click.option("--in", "folder", type=PathText(as_path=False), help="Look in this folder only; it is taken in first.")
@click.option(
    "--count", "-k", "k", type=click.IntRange(1, 10_000), help="How many; 20 in the table, 100 as JSON unless given."
)
@click.option("--json", "as_json", is_flag=True, help="Print one result a line: rank, score, sha256, paths.")
@model_option
@device_option
@library_option
def similar(
    queries: tuple[str, ...],
    minus: tuple[str, ...],
    conditions: tuple[str, ...],
    folder: str | None,
    k: int | None,
    as_json: bool,
    model: str | None,
    device: str | None,
    library: Path | None,
) -> int:
    """Find what in the library looks like the pictures QUERY..., the most alike first.

    A folder among them is where to look: it is taken into the library first. The pictures themselves need not be in
    the library, and do not get there.
    """
    from engine.cli.similar import run

    overrides = _overrides(model=model, device=device, library=library)
    return run(queries, minus, conditions, folder, k, overrides, as_json=as_json)


@cli.command(short_help="Find pictures that are the same, or nearly.")
@click.argument("folder", required=False, type=PathText(as_path=False))
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["exact", "near", "similar"]),
    help="Which groups: exact and near unless given. Repeat it for several.",
)
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print one group a line: its kind and members.")
def duplicates(folder: str | None, kinds: tuple[Any, ...], library: Path | None, as_json: bool) -> int:
    """Find pictures that are the same, or nearly: in the library, or in FOLDER, which is taken in first.

    Exact: one picture in several files. Near: resized, cropped, saved again. Similar: other shots of a scene.
    Nothing is changed.
    """
    from engine.cli.duplicates import run

    return run(folder, kinds or ("exact", "near"), _overrides(library=library), as_json=as_json)


@cli.command(short_help="Compare the model with known classes.")
@click.argument("folder", type=PathText())
@click.option(
    "--truth",
    type=PathText(),
    help="CSV with the columns file and class (number or name). Without it, the folders in FOLDER are the classes.",
)
@model_option
@device_option
@library_option
@json_option
def evaluate(
    folder: Path, truth: Path | None, model: str | None, device: str | None, library: Path | None, as_json: bool
) -> int:
    """Compare the model with known classes: top-1, top-5, each class, confusions, calibration."""
    from engine.cli.evaluate import run

    return run(folder, truth, _overrides(model=model, device=device, library=library), as_json=as_json)


@cli.command()
@json_option
def models(as_json: bool) -> None:
    """List the models there are."""
    from engine.cli.models import print_models

    print_models(as_json=as_json)


@cli.command()
@click.argument("action", type=click.Choice(["list", "pause", "resume", "cancel"]), default="list")
@click.argument("job_id", type=int, required=False, metavar="[ID]")
@library_option
@json_option
def jobs(action: str, job_id: int | None, library: Path | None, as_json: bool) -> int:
    """List jobs, or pause, resume or cancel one by its number."""
    from engine.cli import jobs as work

    if action == "list":
        if job_id is not None:
            _wrong("`lightdesk jobs list` takes no number.")
        return work.print_jobs(library, as_json=as_json)
    if job_id is None:
        _wrong(f"`lightdesk jobs {action}` needs the number of a job.")
    return work.change_job(library, action, job_id, as_json=as_json)


@cli.group()
def words() -> None:
    """Find pictures with words, by a model of your own."""


@words.command("add")
@click.argument("folder", type=PathText())
@json_option
def words_add(folder: Path, as_json: bool) -> int:
    """Take the CLIP-like model in FOLDER, exported to ONNX, into the models folder; nothing in FOLDER changes."""
    from engine.cli.words import add

    return add(folder, as_json=as_json)


@words.command("list")
@json_option
def words_list(as_json: bool) -> int:
    """List the models there are for it."""
    from engine.cli.words import print_pairs

    return print_pairs(as_json=as_json)


@words.command("prepare")
@library_option
@json_option
def words_prepare(library: Path | None, as_json: bool) -> int:
    """Prepare the library's pictures for it, here and now; the window does so by itself in the background."""
    from engine.cli.words import prepare

    return prepare(_overrides(library=library), as_json=as_json)


@cli.group()
def library() -> None:
    """Look after a library."""


@library.command()
@library_option
@json_option
def info(library: Path | None, as_json: bool) -> None:
    """Print how much is in the library."""
    from engine.cli.library import print_info

    print_info(library, as_json=as_json)


@library.command()
@library_option
@json_option
def check(library: Path | None, as_json: bool) -> int:
    """Look for damage. The exit code is 1 where there is some."""
    from engine.cli.library import print_check

    return print_check(library, as_json=as_json)


@library.command()
@click.argument("target", type=PathText())
@library_option
@json_option
def backup(target: Path, library: Path | None, as_json: bool) -> None:
    """Copy the library to TARGET, also while it is in use."""
    from engine.cli.library import back_up

    back_up(library, target, as_json=as_json)


@library.command(short_help="Put a backup in the library's place.")
@click.argument("source", type=PathText())
@library_option
@json_option
def restore(source: Path, library: Path | None, as_json: bool) -> None:
    """Put the backup SOURCE in the library's place; the one that was there is kept beside it."""
    from engine.cli.library import put_back

    put_back(library, source, as_json=as_json)


@library.command()
@click.argument("path", type=PathText())
@json_option
def create(path: Path, as_json: bool) -> None:
    """Make an empty library at PATH."""
    from engine.cli.library import make

    make(path, as_json=as_json)


@cli.command()
@library_option
@device_option
@json_option
def doctor(library: Path | None, device: str | None, as_json: bool) -> int:
    """Say what works on this machine and what does not.

    The exit code is 1 where something that should work does not. Nothing of it leaves the machine.
    """
    from engine.cli.doctor import run

    return run(_overrides(library=library, device=device), as_json=as_json)


@cli.group()
def settings() -> None:
    """See and change settings."""


@settings.command("list")
@json_option
def settings_list(as_json: bool) -> None:
    """List every setting, its value, and where that comes from."""
    from engine.cli.settings import print_settings

    print_settings(as_json=as_json)


@settings.command("get")
@click.argument("name", shell_complete=complete_setting)
def settings_get(name: str) -> None:
    """Print the value of one setting."""
    from engine.cli.settings import print_value

    print_value(name)


@settings.command("set")
@click.argument("name", shell_complete=complete_setting)
@click.argument("value", shell_complete=complete_value)
def settings_set(name: str, value: str) -> None:
    """Write one setting into the settings file."""
    from engine.cli.settings import change

    change(name, value)


@settings.command("unset")
@click.argument("name", shell_complete=complete_setting)
def settings_unset(name: str) -> None:
    """Go back to the default of one setting."""
    from engine.cli.settings import forget

    forget(name)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    from engine.cli.completion import print_script

    print_script(shell, cli, COMPLETING)
