"""`sqlbackfill ls`."""

from __future__ import annotations

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.usage import Chosen, chosen

_EXAMPLES = (
    ("sqlbackfill ls", "every model"),
    ("sqlbackfill ls -s +carrier_day", "a model and all that it reads"),
    ("sqlbackfill ls -s tag:daily --json", "for scripts"),
)


@group.command("ls", examples=_EXAMPLES)
@options.words(takes_partitions=False)
@options.selection
@options.as_json
def command(
    call: Invocation,
    words: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    as_json: bool,
) -> int:
    """List the models, their partitions and what they read."""
    given = Chosen(select=select, exclude=exclude)
    picked = chosen("ls", words, given, takes_partitions=False)
    from sqlbackfill.app.listing import ls

    listing = ls(call.options, picked.select, picked.exclude)
    if as_json:
        call.output.document(listing.as_json())
        return 0
    from sqlbackfill.cli.show.listing import listing_text

    call.output.data(listing_text(listing.as_json(), call.output.out))
    return 0
