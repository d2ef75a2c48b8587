"""`sqlbackfill cancel`."""

from __future__ import annotations

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation

_EXAMPLES = (
    ("sqlbackfill cancel 20130105-0301", "stop this run; `sqlbackfill runs` has its name"),
)


@group.command("cancel", examples=_EXAMPLES)
@click.argument("run", metavar="RUN")
@options.as_json
def command(call: Invocation, run: str, as_json: bool) -> int:
    """Stop a run that is under way.

    What it has committed stays; `sqlbackfill resume` goes on from there.
    """
    from sqlbackfill.app.run import cancel

    cancel(call.options, run)
    if as_json:
        call.output.document({"schema_version": 1, "run_id": run, "cancelled": True})
        return 0
    call.output.data(f"asked run {run} to stop")
    call.output.remark(f"next: sqlbackfill resume {run}")
    return 0
