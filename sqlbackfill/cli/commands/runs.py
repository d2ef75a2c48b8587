"""`sqlbackfill runs`."""

from __future__ import annotations

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation

_EXAMPLES = (
    ("sqlbackfill runs", "the last twenty"),
    ("sqlbackfill runs --limit 500 --json", "for scripts"),
)


@group.command("runs", examples=_EXAMPLES)
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="at most",
)
@options.as_json
def command(call: Invocation, limit: int, as_json: bool) -> int:
    """List past runs and the one under way, the newest first."""
    from sqlbackfill.app.runs import runs
    from sqlbackfill.cli.show.listing import runs_text

    found = [run.as_json() for run in runs(call.options, limit)]
    if as_json:
        call.output.document({"schema_version": 1, "runs": found})
    else:
        call.output.data(runs_text(found, call.output.out))
    return 0
