"""`sqlbackfill stats`."""

from __future__ import annotations

from pathlib import Path

import click

from sqlbackfill.cli import group
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.planning import write_text

_EXAMPLES = (("sqlbackfill stats export -o stats.json", "to be committed, for `estimate --stats`"),)


@group.command("stats", examples=_EXAMPLES)
@click.argument("what", type=click.Choice(["export"]), metavar="export")
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="where to write them",
)
def command(call: Invocation, what: str, file: Path) -> int:  # noqa: ARG001
    """Write how sources and tables are stored: rows, bytes by column, rows by partition bounds.

    A small file with a line for each, from metadata alone: no row is read, and no value of your data
    stands in it but the first and last partitions. With it `estimate --stats FILE` needs neither
    warehouse nor credentials.
    """
    from sqlbackfill.app.stats import export_statistics

    text, warnings = export_statistics(call.options)
    call.warn(warnings)
    write_text(text, file, "the statistics")
    call.output.remark(f"wrote {file}; next: sqlbackfill estimate -p last:30 --stats {file}")
    return 0
