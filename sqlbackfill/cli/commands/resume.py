"""`sqlbackfill resume`."""

from __future__ import annotations

from typing import Any

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation

_EXAMPLES = (
    ("sqlbackfill resume", "the newest run that did not finish"),
    ("sqlbackfill resume 20130105-0301", "that run; `sqlbackfill runs` has their names"),
)


@group.command("resume", examples=_EXAMPLES)
@click.argument("run", metavar="[RUN]", required=False)
@click.option(
    "--yes", "-y", is_flag=True, expose_value=False, help="accepted as in `run`; resume never asks"
)
@click.option(
    "--allow-empty", is_flag=True, help="let partitions that hold rows be replaced by none"
)
@click.option("--max-failures", type=click.IntRange(min=1), metavar="N", help="as in `run`")
@click.option("--max-parallel", type=click.IntRange(min=1), metavar="N", help="as in `run`")
@click.option(
    "--order",
    type=click.Choice(["plan", "newest", "oldest"]),
    default="plan",
    help="as in `run`",
)
@options.budget
@options.as_json
def command(call: Invocation, run: str | None, as_json: bool, **given: Any) -> int:
    """Go on with a run that did not finish, by its own plan: what it committed is not repeated."""
    from sqlbackfill.app.run import RunOptions, resume
    from sqlbackfill.cli.running import Running
    from sqlbackfill.run.schedule import Order

    wanted = RunOptions(
        yes=True,
        allow_empty=given["allow_empty"],
        max_failures=given["max_failures"],
        max_parallel=given["max_parallel"],
        max_cost=given["max_cost"],
        allow_unknown=given["allow_unknown"],
        order=Order(given["order"]),
    )
    running = Running(call, as_json=as_json, yes=True)
    with running:
        result = resume(call.options, run, wanted, running.sink)
    if result is None:
        if as_json:
            call.output.document({"schema_version": 1, "run_id": None, "status": "done"})
        else:
            call.output.data("nothing to resume: every run has finished")
        return 0
    return running.end(result)
