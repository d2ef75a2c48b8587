"""`sqlbackfill run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.planning import plan_request, show_planned
from sqlbackfill.cli.usage import usage_error

_EXAMPLES = (
    ("sqlbackfill run", "everything that is missing or stale"),
    ("sqlbackfill run -s flights+ -p 2013-03 --yes", "March, with what reads it, unasked"),
    ("sqlbackfill run carrier_day@2013-03-10", "one day of one model"),
    ("sqlbackfill run --plan plan.json", "just what was planned, or nothing if things changed"),
)


@group.command("run", examples=_EXAMPLES)
@options.words(takes_partitions=True)
@options.selection
@options.partitions
@options.planning
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="run this saved plan; it leaves no place for -s, -p and --strategy",
)
@click.option("--yes", "-y", is_flag=True, help="do not ask")
@click.option("--dry-run", is_flag=True, help="the same as `plan`: change nothing")
@click.option(
    "--allow-empty", is_flag=True, help="let partitions that hold rows be replaced by none"
)
@click.option(
    "--max-failures",
    type=click.IntRange(min=1),
    metavar="N",
    help="begin nothing more after N failed queries; default: go on with what does not need them",
)
@click.option(
    "--max-parallel",
    type=click.IntRange(min=1),
    metavar="N",
    help="so many queries at a time, on DuckDB one for each model; default: the profile's threads",
)
@click.option(
    "--order",
    type=click.Choice(["plan", "newest", "oldest"]),
    default="plan",
    help="what goes first: models as planned (the default), or the newest or oldest partitions "
    "through all models",
)
@options.budget
@options.as_json
def command(call: Invocation, **given: Any) -> int:
    """Rebuild partitions: those that -p names, or else what is missing or stale.

    The plan is shown first and a terminal is asked; without one, --yes is needed. Each chunk is
    replaced in one transaction together with its record, and starts once what it reads is built.
    Ctrl-C finishes the queries under way, and a second one gives them up; `sqlbackfill resume` goes
    on.
    """
    words = given.pop("words")
    plan_file: Path | None = given.pop("plan_file")
    if plan_file is not None:
        _refuse_beside_plan(words, given)
    request = None if plan_file else plan_request("run", words, given)
    if given["dry_run"]:
        return _dry_run(call, request, plan_file, as_json=given["as_json"])
    from sqlbackfill.app.run import RunOptions, run
    from sqlbackfill.cli.running import Running
    from sqlbackfill.run.schedule import Order

    wanted = RunOptions(
        yes=given["yes"],
        allow_empty=given["allow_empty"],
        max_failures=given["max_failures"],
        max_parallel=given["max_parallel"],
        max_cost=given["max_cost"],
        allow_unknown=given["allow_unknown"],
        order=Order(given["order"]),
    )
    running = Running(call, as_json=given["as_json"], yes=given["yes"])
    with running:
        result = run(call.options, request, plan_file, wanted, running.confirm, running.sink)
    return running.end(result)


def _refuse_beside_plan(words: tuple[str, ...], given: dict[str, Any]) -> None:
    names = {
        "select": "-s",
        "exclude": "--exclude",
        "partitions": "-p",
        "strategy": "--strategy",
        "strict_strategy": "--strict-strategy",
        "missing_upstream": "--missing-upstream",
        "state": "--state",
    }
    clashing = [option for name, option in names.items() if given[name]]
    clashing += [f"`{word}`" for word in words]
    if clashing:
        raise usage_error(
            "CONFLICTING_OPTIONS",
            f"--plan excludes {', '.join(clashing)}: a saved plan says what is rebuilt and how",
            "leave them out, or make another plan with them",
        )


def _dry_run(call: Invocation, request: Any, plan_file: Path | None, *, as_json: bool) -> int:
    from sqlbackfill.app.plan import open_plan, plan

    planned = open_plan(call.options, plan_file) if plan_file else plan(call.options, request)
    return show_planned(call, planned, as_json=as_json)
