"""`sqlbackfill estimate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.planning import plan_request
from sqlbackfill.cli.usage import usage_error

_EXAMPLES = (
    ("sqlbackfill estimate -p 2024-03", "what a rebuild of March would read, take and cost"),
    (
        "sqlbackfill estimate -s state:modified+ --state main.json --max-cost 20",
        "of what a branch changes; exits 3 above $20",
    ),
    (
        "sqlbackfill estimate -p 2024-03 --stats stats.json --format markdown",
        "without warehouse and credentials, for a comment",
    ),
)
_FILE = click.Path(path_type=Path)


@group.command("estimate", examples=_EXAMPLES)
@options.words(takes_partitions=True)
@options.selection
@options.partitions
@options.planning
@click.option("--max-cost", type=options.Limit(), metavar="USD", help="exit 3 above it")
@click.option("--max-bytes", type=options.Limit(), metavar="N", help="exit 3 above it")
@click.option("--max-seconds", type=options.Limit(), metavar="N", help="exit 3 above it")
@click.option(
    "--allow-unknown", is_flag=True, help="leave out what is not known, which else exceeds a limit"
)
@click.option(
    "--baseline", type=_FILE, metavar="FILE", help="the JSON of the same on another branch"
)
@click.option(
    "--max-increase",
    type=options.Limit(),
    metavar="PCT",
    help="exit 3 where a model reads so much more than in the baseline",
)
@click.option(
    "--stats", type=_FILE, metavar="FILE", help="what `stats export` wrote, in place of a warehouse"
)
@options.output_formats("text", "json", "markdown", "github")
def command(call: Invocation, output_format: str, as_json: bool, **given: Any) -> int:
    """Show what a rebuild would read, take and cost, and hold it against limits. Spends nothing.

    A limit is compared with the high end of the estimate, and what is not known exceeds it. Exits 3
    where a limit is exceeded, with the model that does it and what would lower it.
    """
    if given["max_increase"] is not None and given["baseline"] is None:
        raise usage_error(
            "OPTION_MISSING",
            "--max-increase says by how much, and nothing says than what",
            "add --baseline FILE",
        )
    request = plan_request("estimate", given.pop("words"), given)
    from sqlbackfill.app.estimate import EstimateRequest, estimate

    names = ("max_cost", "max_bytes", "max_seconds", "max_increase", "allow_unknown")
    found = estimate(
        call.options,
        EstimateRequest(
            plan=request,
            baseline=given["baseline"],
            stats=given["stats"],
            **{name: given[name] for name in names},
        ),
    )
    from sqlbackfill.cli.show.estimate import show_estimate

    return show_estimate(call, found, "json" if as_json else output_format)
