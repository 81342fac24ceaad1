"""``lightdesk`` and ``python -m desktop``: a verb goes to the command line, the rest opens the window."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from engine.cli.entry import is_verb
from engine.cli.entry import main as cli_main


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if is_verb(arguments):
        return cli_main(arguments)
    try:
        library, paths = _split(arguments)
    except ValueError as error:
        print(f"lightdesk: {error} Try `lightdesk --help`.", file=sys.stderr)
        return 2
    from desktop import platform_check

    reason = platform_check.why_no_window()
    if reason is not None:
        from engine.cli.table import run_table

        print(reason, file=sys.stderr)
        return run_table(paths, library)
    from desktop.app import run

    return run(paths, library)


def _split(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Take ``--library PATH`` out of the arguments. Raises ValueError with a sentence for the person."""
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
            raise ValueError(f"There is no option {argument}.")
        else:
            paths.append(argument)
    return library, paths


if __name__ == "__main__":
    sys.exit(main())
