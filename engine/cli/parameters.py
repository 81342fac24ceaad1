"""What several verbs take: paths as they were typed, and options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.cli.completion import complete_model


class PathText(click.Path):
    """A path as it was typed. Whether it can be used is told file by file, in a record, not by click."""

    def __init__(self, *, as_path: bool = True) -> None:
        super().__init__(readable=False, path_type=Path if as_path else None)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty text (a variable that is not set): as a path it would mean the current folder."""
        if value == "":
            self.fail("The path is empty.", param, ctx)
        return super().convert(value, param, ctx)


library_option = click.option(
    "--library", type=PathText(), help="Library file to use; by default the one in your data folder."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
model_option = click.option(
    "--model",
    metavar="NAME[@VERSION]",
    shell_complete=complete_model,
    help="Model to use, as `lightdesk models` lists it.",
)
device_option = click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to run the model.")
where_option = click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help="Only what passes: class=NAME, confidence>=0.5, confidence<=0.9, source=FOLDER, "
    "label=labelled|unlabelled|rejected, date>=2026-01-31, date<=2026-02-28, name=TEXT. "
    "Repeat it for more conditions.",
)
