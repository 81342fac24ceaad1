"""``lightdesk completion``: a script for the shell, to be put into its start-up file, and what it asks for."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from engine.cli.output import write_line


def print_script(shell: str, cli: click.Command, variable: str) -> None:
    """Print the completion script of `shell`."""
    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(cli, {}, "lightdesk", variable)
    # `source()` would start the shell only to look at its version
    write_line(made.source_template % made.source_vars())


def complete_model(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the models whose names begin so."""
    from engine.cli import journal
    from engine.errors import LightdeskError
    from engine.registry.catalogue import Registry
    from engine.settings import load, models_dir

    journal.begin()  # a broken manifest is logged, and must not be printed into the line being typed
    try:
        manifests = Registry(models_dir(load())).list()
    except LightdeskError:
        return []  # nothing can be proposed; the verb itself will say why
    refs = sorted({name for manifest in manifests for name in (manifest.name, manifest.ref)})
    return [CompletionItem(ref) for ref in refs if ref.startswith(incomplete)]


def complete_setting(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the settings whose names begin so."""
    from engine.settings import describe

    return [CompletionItem(info.name, help=info.help) for info in describe() if info.name.startswith(incomplete)]


def complete_value(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose what may be written for the setting before it: a word of a closed list, a path or a model."""
    from engine.settings import describe

    name = ctx.params.get("name")
    if name == "model":
        return complete_model(ctx, parameter, incomplete)
    for info in describe():
        if info.name == name:
            if info.type == "path":
                return [CompletionItem(incomplete, type="file" if name == "library" else "dir")]
            words = ("true", "false") if info.type == "yes/no" else info.choices
            return [CompletionItem(word) for word in words if word.startswith(incomplete)]
    return []
