"""``lightdesk`` and ``python -m desktop``: a verb goes to the command line, the rest opens the window."""

from __future__ import annotations

import difflib
import logging
import os
import sys
from collections.abc import Sequence

from engine.cli.entry import is_verb
from engine.cli.entry import main as cli_main
from engine.cli.verbs import cli

_EXIT_USAGE, _EXIT_INTERRUPTED = 2, 130
_NEARLY = 0.75


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # while the program is still being loaded
        return _EXIT_INTERRUPTED


def _run(arguments: list[str]) -> int:
    if is_verb(arguments):
        return cli_main(arguments)
    try:
        library, paths, wanted = _split(arguments)
    except ValueError as error:
        print(f"lightdesk: {error} Try `lightdesk --help`.", file=sys.stderr)
        return _EXIT_USAGE
    if wanted is not None:
        return cli_main([wanted])
    from desktop import platform_check

    reason = platform_check.why_no_window()
    if reason is not None:
        from engine.cli.table import run_table

        print(reason, file=sys.stderr)
        return run_table(paths, library)
    from desktop.interrupt import Interrupt
    from engine.cli import journal

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Nobody reads the standard error of a window that was opened from a menu.
    journal.begin()
    with Interrupt() as interrupt:
        from desktop.app import run

        return run(paths, library, exit_code=lambda: interrupt.exit_code)


def _split(arguments: list[str]) -> tuple[str | None, list[str], str | None]:
    """Return the value of ``--library``, the paths, and ``--help`` or ``--version`` where one is asked for.

    Raises ValueError with a sentence for the person.
    """
    library: str | None = None
    paths: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--library" or argument.startswith("--library="):
            library = argument.partition("=")[2] or next(rest, "")
            if not library:
                raise ValueError("--library needs the path of a library.")
        elif argument == "--":
            paths += list(rest)
        elif argument.startswith("-") and argument != "-":
            if is_verb([argument]):
                return None, [], argument
            raise ValueError(f"There is no option {argument}.")
        else:
            _check_no_verb(argument, first=not paths)
            paths.append(argument)
    return library, paths, None


def _check_no_verb(argument: str, *, first: bool) -> None:
    """Refuse what was meant as a verb, before a window opens that misses a file of that name."""
    if os.path.lexists(argument):
        return
    if argument in cli.commands:
        raise ValueError(f"A verb comes first: `lightdesk {argument} ...`, then options and paths.")
    nearly = difflib.get_close_matches(argument, cli.commands, 1, _NEARLY) if first else []
    if nearly:
        raise ValueError(f"There is no verb and no file {argument}; did you mean `lightdesk {nearly[0]}`?")


if __name__ == "__main__":
    sys.exit(main())
