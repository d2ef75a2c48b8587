"""`sqlbackfill status`."""

from __future__ import annotations

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.usage import Chosen, chosen

_EXAMPLES = (
    ("sqlbackfill status", "every model"),
    ("sqlbackfill status -s carrier_day+ -p 2013-03", "some models, March only"),
    ("sqlbackfill status --json", "for scripts"),
)


@group.command("status", examples=_EXAMPLES)
@options.words(takes_partitions=True)
@options.selection
@options.partitions
@options.as_json
def command(
    call: Invocation,
    words: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    partitions: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show what is built, missing, stale and failed, and why."""
    given = Chosen(select=select, exclude=exclude, partitions=partitions)
    picked = chosen("status", words, given, takes_partitions=True)
    from sqlbackfill.app.status import status

    found = status(call.options, picked.select, picked.exclude, picked.partitions)
    call.warn(found.warnings)
    if as_json:
        call.output.document(found.as_json())
        return 0
    from sqlbackfill.cli.show.status import status_text

    call.output.data(status_text(found, call.output.out))
    return 0
