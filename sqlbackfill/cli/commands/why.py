"""`sqlbackfill why`."""

from __future__ import annotations

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.usage import Chosen, chosen

_EXAMPLES = (
    ("sqlbackfill why carrier_day@2013-03-10", "how a day came to be, and what changed since"),
    ("sqlbackfill why carrier_day -p stale", "why which days are stale"),
)


@group.command("why", examples=_EXAMPLES)
@click.argument("model", metavar="MODEL")
@options.partitions
@options.as_json
def command(call: Invocation, model: str, partitions: tuple[str, ...], as_json: bool) -> int:
    """Show what is recorded of a model's partitions against what is now.

    Which run built them and how, and for what is stale every cause: how the SQL differs, which
    partitions of which input changed, when, and by which run. Without -p, all of the model.
    """
    given = Chosen(select=(model,), partitions=partitions)
    picked = chosen("why", (), given, takes_partitions=True)
    from sqlbackfill.app.why import why

    found = why(call.options, picked.select[0], picked.partitions)
    call.warn(found.warnings)
    if as_json:
        call.output.document(found.as_json())
        return 0
    from sqlbackfill.cli.show.why import why_text

    call.output.data(why_text(found, call.output.out))
    return 0
