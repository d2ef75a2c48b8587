"""`sqlbackfill explain`."""

from __future__ import annotations

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.usage import Chosen, chosen

_EXAMPLES = (
    ("sqlbackfill explain -s carrier_trailing_7d", "what one model reads, and how it may be run"),
    ("sqlbackfill explain", "every model"),
    (
        "sqlbackfill explain -s carrier_streak --witness",
        "rows that show why it may not be cut naively",
    ),
)


@group.command("explain", examples=_EXAMPLES)
@options.words(takes_partitions=False)
@options.selection
@click.option("--witness", is_flag=True, help="show a few made-up rows that a naive cut gets wrong")
@options.as_json
def command(
    call: Invocation,
    words: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    witness: bool,
    as_json: bool,
) -> int:
    """Show what is proven about each model, input by input, and the lines that it rests on.

    Offsets count partitions of the model's own grain, both ends included: −6…0 days is a day and
    the six before it.
    """
    given = Chosen(select=select, exclude=exclude)
    picked = chosen("explain", words, given, takes_partitions=False)
    from sqlbackfill.app.explain import explain

    found = explain(call.options, picked.select, picked.exclude, witness=witness)
    document = found.as_json()
    if as_json:
        call.output.document(document)
        return 0
    from sqlbackfill.cli.show.diagnostics import lines_below
    from sqlbackfill.cli.show.explain import explain_text

    lines = lines_below(call.options.project_dir)
    call.output.data(explain_text(document, call.output.out, lines))
    return 0
