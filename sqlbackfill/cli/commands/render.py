"""`sqlbackfill render`."""

from __future__ import annotations

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.usage import Chosen, chosen

_EXAMPLES = (
    ("sqlbackfill render -s carrier_day -p 2013-01", "the SQL for January"),
    ("sqlbackfill render carrier_day@2013-01 --strategy partition", "the same, a query a day"),
    ("sqlbackfill render -s flights -p 2013-01-05 | duckdb warehouse.duckdb", "run it by hand"),
)


@group.command("render", examples=_EXAMPLES)
@options.words(takes_partitions=True)
@options.selection
@options.partitions
@options.strategy
@options.as_json
def command(
    call: Invocation,
    words: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    partitions: tuple[str, ...],
    strategy: str | None,
    as_json: bool,
) -> int:
    """Print the SQL that a run would execute, chunk by chunk, runnable as it is.

    Each query gives exactly the rows that its chunk writes. Nothing is executed.
    """
    given = Chosen(select=select, exclude=exclude, partitions=partitions)
    picked = chosen("render", words, given, takes_partitions=True)
    from sqlbackfill.app.render import render

    found = render(call.options, picked.select, picked.exclude, picked.partitions, strategy)
    call.warn(found.warnings)
    if as_json:
        call.output.document(found.as_json())
        return 0
    from sqlbackfill.cli.show.rendered import rendered_text

    call.output.data(rendered_text(found))
    return 0
