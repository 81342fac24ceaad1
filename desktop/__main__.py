"""``lightdesk`` and ``python -m desktop``: a verb goes to the command line, the rest opens the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from engine.cli.entry import is_verb
from engine.cli.entry import main as cli_main


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if is_verb(arguments):
        return cli_main(arguments)
    library, paths = _split(arguments)
    if paths and paths[0].startswith("-"):
        print(f"lightdesk: unknown option {paths[0]}. Try `lightdesk --help`.", file=sys.stderr)
        return 2
    from desktop import platform_check

    reason = platform_check.why_no_window()
    if reason is not None:
        from engine.cli.table import run_table

        print(reason, file=sys.stderr)
        return run_table(paths, library)
    from desktop.app import run

    return run(paths, library)


def _split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take ``--library PATH`` out of the arguments."""
    library: str | None = None
    paths: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--library":
            library = next(rest, None)
        elif argument.startswith("--library="):
            library = argument.partition("=")[2]
        elif argument == "--":
            paths += list(rest)
        else:
            paths.append(argument)
    return library, [os.fspath(path) for path in paths]


if __name__ == "__main__":
    sys.exit(main())
