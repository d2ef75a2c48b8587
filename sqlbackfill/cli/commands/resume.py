"""`sqlbackfill resume`."""

from __future__ import annotations

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
@options.as_json
def command(
    call: Invocation,
    run: str | None,
    allow_empty: bool,
    max_failures: int | None,
    as_json: bool,
) -> int:
    """Go on with a run that did not finish, by its own plan: what it committed is not repeated."""
    from sqlbackfill.app.run import RunOptions, resume
    from sqlbackfill.cli.running import Running

    wanted = RunOptions(yes=True, allow_empty=allow_empty, max_failures=max_failures)
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
