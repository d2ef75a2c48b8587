"""`sqlbackfill plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.planning import plan_request, save_plan, show_planned

_EXAMPLES = (
    ("sqlbackfill plan", "everything that is missing or stale"),
    ("sqlbackfill plan -s flights+ -p 2013-03", "March, with what reads it"),
    ("sqlbackfill plan -p 2013 -o plan.json", "to be run later by `run --plan plan.json`"),
)


@group.command("plan", examples=_EXAMPLES)
@options.words(takes_partitions=True)
@options.selection
@options.partitions
@options.planning
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="write the plan for `run --plan FILE`",
)
@options.as_json
def command(
    call: Invocation, words: tuple[str, ...], file: Path | None, as_json: bool, **rest: Any
) -> int:
    """Show what a run would rebuild, in which order, in which queries, and why. Spends nothing."""
    request = plan_request("plan", words, rest)
    from sqlbackfill.app.plan import plan

    planned = plan(call.options, request)
    if file is not None:
        save_plan(planned, file)
    code = show_planned(call, planned, as_json=as_json)
    if file is not None:
        call.output.remark(f"wrote {file}; next: sqlbackfill run --plan {file}")
    return code
