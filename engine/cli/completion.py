"""``lightdesk completion``: a script for the shell, to be put into its start-up file."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from engine.cli.output import write_line


def print_script(shell: str, cli: click.Command, variable: str) -> None:
    """Print the completion script of `shell`."""
    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(cli, {}, "lightdesk", variable)
    # `source()` would start the shell only to look at its version
    write_line(made.source_template % made.source_vars())
