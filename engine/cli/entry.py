"""``lightdesk VERB``: the headless half of the program. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import click

from engine.errors import LightdeskError

_VERBS = ("classify", "models", "jobs", "library", "doctor", "completion")


def is_verb(argv: Sequence[str]) -> bool:
    """Tell whether the arguments are for the command line rather than for the window."""
    return bool(argv) and (argv[0] in _VERBS or argv[0] in ("--help", "-h", "--version"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        result = cli.main(
            args=list(sys.argv[1:] if argv is None else argv), prog_name="lightdesk", standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return 2
    except click.exceptions.Abort:
        return 130
    except LightdeskError as error:
        click.echo(f"lightdesk: {error}", err=True)
        return 2 if error.code == "INVALID_ARGUMENT" else 1
    except BrokenPipeError:
        # The reader has seen enough. Python would complain at exit when it flushes what is left.
        sys.stdout = None
        return 0
    return result if isinstance(result, int) else 0


library_option = click.option(
    "--library", type=click.Path(path_type=Path), help="Library file to use; by default the one in your data folder."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("lightdesk"), prog_name="lightdesk")
def cli() -> None:
    """Lightdesk: see what a vision model thinks of your pictures, on your own machine.

    Without a verb, or with files and folders, it opens the window.
    """


@cli.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one result record a line, in input order.")
@click.option("--top-k", type=click.IntRange(1, 20), default=None, help="Classes in each record (5).")
@click.option("--model", metavar="NAME[@VERSION]", help="Model to use.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to run it.")
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

    overrides = {"model": model, "device": device, "library": library, "top_k": top_k}
    return run(paths, {k: v for k, v in overrides.items() if v is not None}, as_json=as_json)


@cli.command()
@json_option
def models(as_json: bool) -> None:
    """List the models there are."""
    from engine.cli.listing import print_models

    print_models(as_json=as_json)


@cli.command()
@click.argument("action", type=click.Choice(["list", "pause", "resume", "cancel"]), default="list")
@click.argument("job_id", type=int, required=False)
@library_option
@json_option
def jobs(action: str, job_id: int | None, library: Path | None, as_json: bool) -> None:
    """List jobs, or pause, resume or cancel one by its number."""
    from engine.cli.listing import change_job, print_jobs

    if action == "list":
        print_jobs(library, as_json=as_json)
    elif job_id is None:
        raise click.UsageError(f"`lightdesk jobs {action}` needs the number of a job.")
    else:
        change_job(library, action, job_id)


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
    """Look for damage. Exit code 1 where there is some."""
    from engine.cli.library import print_check

    return print_check(library, as_json=as_json)


@library.command()
@click.argument("target", type=click.Path(path_type=Path))
@library_option
def backup(target: Path, library: Path | None) -> None:
    """Copy the library to TARGET, also while it is in use."""
    from engine.cli.library import back_up

    back_up(library, target)


@library.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@library_option
def restore(source: Path, library: Path | None) -> None:
    """Put the backup SOURCE in the library's place; the one that was there is kept beside it."""
    from engine.cli.library import put_back

    put_back(library, source)


@cli.command()
@library_option
@json_option
def doctor(library: Path | None, as_json: bool) -> int:
    """Say what works on this machine and what does not. Exit code 1 where something should and does not."""
    from engine.doctor.examination import examine, render_json, render_text
    from engine.settings import load

    report = examine(load({"library": library} if library else {}))
    click.echo(render_json(report) if as_json else render_text(report))
    return 0 if report.ok else 1


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "lightdesk", "_LIGHTDESK_COMPLETE").source())
