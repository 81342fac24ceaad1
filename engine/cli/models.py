"""``lightdesk models``."""

from __future__ import annotations

from engine.cli.output import write_json, write_line, write_table
from engine.registry.catalogue import Registry
from engine.settings import load, models_dir


def print_models(*, as_json: bool) -> None:
    """Print every usable model; the one in use is marked."""
    settings = load()
    registry = Registry(models_dir(settings))
    in_use = registry.get(settings.model).ref
    manifests = registry.list()
    if as_json:
        write_json(
            [
                {
                    "name": m.name,
                    "version": m.version,
                    "title": m.title,
                    "task": m.task,
                    "licence": m.licence,
                    "classes": len(m.labels),
                    "embedding_dim": m.output.embedding_dim if m.output.embedding else 0,
                    "in_use": m.ref == in_use,
                }
                for m in manifests
            ]
        )
        return
    write_table(
        ("", "model", "classes", "licence", "title"),
        [("*" if m.ref == in_use else "", m.ref, str(len(m.labels)), m.licence, m.title) for m in manifests],
        right=(2,),
    )
    write_line()
    write_line("* in use; `lightdesk settings set model NAME` chooses another.")
