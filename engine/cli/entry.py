"""``lightdesk VERB``: the headless half of the program.

Runs a verb of `engine.cli.verbs`, and turns whatever ends it into words and an exit code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import click

from engine.cli.interrupt import Interrupted
from engine.cli.output import prepare_streams, say
from engine.cli.verbs import COMPLETING, cli
from engine.errors import ErrorCode, LightdeskError, UsageError

_EXIT_FAILED, _EXIT_USAGE, _EXIT_INTERRUPTED, _EXIT_PIPE = 1, 2, 130, 141


def is_verb(argv: Sequence[str]) -> bool:
    """Tell whether the arguments (without the program's name) are for the command line, not for the window.

    A file that is named like a verb opens with ``./`` before it.
    """
    if os.environ.get(COMPLETING):
        return True
    return bool(argv) and (argv[0] in cli.commands or argv[0] in ("--help", "-h", "--version"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Nothing but our own words reaches the person."""
    arguments = list(sys.argv[1:] if argv is None else argv)

    def run() -> int:
        if os.environ.get(COMPLETING):
            cli.main(args=arguments, prog_name="lightdesk", complete_var=COMPLETING, standalone_mode=False)
            return 0
        # Not `cli.main`: it answers a closed pipe by itself, with the exit code of a failure.
        with cli.make_context("lightdesk", arguments) as context:
            result = cli.invoke(context)
        return result if isinstance(result, int) else 0

    return guarded(run)


def guarded(run: Callable[[], int]) -> int:
    """Run a verb and turn whatever ends it into words and an exit code."""
    prepare_streams()
    try:
        code = run()
        sys.stdout.flush()
        return code
    except click.exceptions.Exit as ended:
        _flush_quietly()
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return _EXIT_USAGE
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _EXIT_INTERRUPTED
    except Interrupted as stopped:  # before the verb had begun
        return stopped.exit_code
    except LightdeskError as error:
        _flush_quietly()
        say(f"lightdesk: {error}")
        wrong_request = isinstance(error, UsageError) or error.code in (
            ErrorCode.INVALID_ARGUMENT,
            ErrorCode.SETTINGS_INVALID,
            ErrorCode.MODEL_NOT_FOUND,
        )
        return _EXIT_USAGE if wrong_request else _EXIT_FAILED
    except BrokenPipeError:
        return _pipe_closed()
    except OSError as error:
        if error.errno is None:
            return _bug(error)
        _forget_output()
        say(f"lightdesk: {error.strerror}{f': {error.filename}' if error.filename else ''}.")
        return _EXIT_FAILED
    except Exception as error:
        return _bug(error)


def _pipe_closed() -> int:
    """The reader has seen enough (``| head``). The code is what the shell reports of any program then."""
    _forget_output()
    return _EXIT_PIPE


def _forget_output() -> None:
    """Send what is still buffered nowhere: Python would complain at its end that it cannot be written."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass  # standard output is no file (a test's, a closed one): nothing is left to fail


def _flush_quietly() -> None:
    """Put what was printed before the words of an error."""
    try:
        sys.stdout.flush()
    except OSError:
        _forget_output()


def _bug(error: Exception) -> int:
    import logging

    from engine.cli import journal
    from engine.settings import log_file

    journal.begin()
    logging.getLogger(__name__).error("The command failed on a bug", exc_info=error)
    _flush_quietly()
    say(f"lightdesk: {ErrorCode.INTERNAL}: {type(error).__name__}: {error}")
    say(f"This is a mistake in Lightdesk. Please report it with the last lines of {log_file()}.")
    return _EXIT_FAILED
