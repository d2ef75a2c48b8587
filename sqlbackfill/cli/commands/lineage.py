"""`sqlbackfill lineage`."""

from __future__ import annotations

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation

_EXAMPLES = (
    ("sqlbackfill lineage", "every table and what it comes from"),
    ("sqlbackfill lineage carrier_day.cancelled", "one column, back to its sources"),
    ("sqlbackfill lineage --columns --format mermaid", "for a page of documentation"),
)


@group.command("lineage", examples=_EXAMPLES)
@click.argument("start", metavar="[MODEL[.COLUMN]]", required=False)
@click.option("--columns", is_flag=True, help="from column to column, not only table to table")
@options.output_formats("tree", "json", "mermaid", "dot")
def command(
    call: Invocation, start: str | None, columns: bool, output_format: str, as_json: bool
) -> int:
    """Draw which tables and columns come from which."""
    from sqlbackfill.app.lineage import lineage
    from sqlbackfill.cli.show.lineage import dot, mermaid, tree

    document = lineage(call.options, start, columns).as_json()
    output = call.output
    if as_json or output_format == "json":
        output.document(document)
    elif output_format == "mermaid":
        output.data(mermaid(document))
    elif output_format == "dot":
        output.data(dot(document))
    else:
        output.data(tree(document, output.out))
    return 0
