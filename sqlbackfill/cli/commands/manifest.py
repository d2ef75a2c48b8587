"""`sqlbackfill manifest`."""

from __future__ import annotations

from pathlib import Path

import click

from sqlbackfill.cli import group
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.planning import write_text

_EXAMPLES = (
    ("sqlbackfill manifest -o main.json", "what the models of this branch mean"),
    ("sqlbackfill plan -s state:modified+ --state main.json", "on another: what it changes"),
)


@group.command("manifest", examples=_EXAMPLES)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="where to write it",
)
@click.option(
    "--stats",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="what `stats export` wrote, in place of a warehouse",
)
def command(call: Invocation, file: Path, stats: Path | None) -> int:
    """Write what each model means: its fingerprint, its inputs and their read windows.

    A small file with a line for each model. `--state FILE` compares with it, so that
    `-s state:modified` chooses the models whose rows may differ: layout and comments are no change.
    """
    from sqlbackfill.app.manifest import manifest

    write_text(manifest(call.options, stats), file, "the manifest")
    call.output.remark(f"wrote {file}; next: -s state:modified --state {file} on another branch")
    return 0
