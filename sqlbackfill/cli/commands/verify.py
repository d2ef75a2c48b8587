"""`sqlbackfill verify`."""

from __future__ import annotations

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.usage import Chosen, chosen

_EXAMPLES = (
    ("sqlbackfill verify carrier_trailing_7d -p 2013-03", "March, in every way that is allowed"),
    ("sqlbackfill verify carrier_streak@last:7", "the last seven days"),
)


@group.command("verify", examples=_EXAMPLES)
@click.argument("model", metavar="MODEL")
@options.partitions
@options.as_json
def command(call: Invocation, model: str, partitions: tuple[str, ...], as_json: bool) -> int:
    """Run a model's strategies side by side on DuckDB and compare the rows.

    Each is compared with the query over all of history, filtered to the partitions. Writes to
    temporary tables only. Exits 1 if rows differ, or cannot be compared.
    """
    given = Chosen(select=(model,), partitions=partitions)
    picked = chosen("verify", (), given, takes_partitions=True)
    from sqlbackfill.app.verify import verify

    found = verify(call.options, picked.select[0], picked.partitions)
    call.warn(found.warnings)
    if as_json:
        call.output.document(found.as_json())
    else:
        from sqlbackfill.cli.show.verification import verification_text

        call.output.data(verification_text(found, call.output.out))
    if found.errors:
        from sqlbackfill.cli.show.diagnostics import every_error, lines_below

        lines = lines_below(call.options.project_dir)
        call.output.message(every_error(found.errors, call.output.err, lines))
    return 1 if found.errors else 0
