"""`sqlbackfill sample`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.output import can_ask, read_yes
from sqlbackfill.cli.usage import Chosen, chosen, usage_error
from sqlbackfill.errors import Diagnostic, GuardError

if TYPE_CHECKING:
    from sqlbackfill.app.sample import Sample

_EXAMPLES = (
    ("sqlbackfill --target prod sample -p last:3 -o sample", "what three days of all models read"),
    ("sqlbackfill sample -s carrier_day -p 2013-01-05 --limit 1000 -o sample", "a little of it"),
)


@group.command("sample", examples=_EXAMPLES)
@options.words(takes_partitions=True)
@options.selection
@options.partitions
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="the folder for the files; of an older sample, or empty",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="at most N rows in each file, the same ones every time",
)
@click.option(
    "--seed",
    type=click.INT,
    default=0,
    metavar="N",
    help="another number takes other rows; with --limit",
)
@click.option("--yes", "-y", is_flag=True, help="do not ask, however much is read")
@options.as_json
def command(call: Invocation, **given: Any) -> int:
    """Bring partitions of the sources into Parquet files, and write a target that reads them.

    Takes what the read windows of the selected models need, through all models between, for the
    partitions that -p names. How much is read is said first, and asked above a gigabyte. Then
    `run --profiles-dir DIR --target sample` builds the project locally, on DuckDB.
    """
    named = Chosen(select=given["select"], exclude=given["exclude"], partitions=given["partitions"])
    picked = chosen("sample", given["words"], named, takes_partitions=True)
    if not picked.partitions:
        raise usage_error(
            "PARTITIONS_NEEDED",
            "a sample takes the partitions that it is given, and was given none",
            "add -p, as in -p last:3",
        )
    from sqlbackfill.app.sample import SampleRequest, sample

    request = SampleRequest(
        output=given["output"],
        partitions=picked.partitions,
        select=picked.select,
        exclude=picked.exclude,
        limit=given["limit"],
        seed=given["seed"],
    )

    def confirm(planned: Sample) -> bool:
        return _confirmed(call, planned, yes=given["yes"])

    found = sample(call.options, request, confirm)
    call.warn(found.warnings)
    if given["as_json"]:
        call.output.document(found.as_json())
    else:
        from sqlbackfill.cli.show.sample import sample_text

        call.output.data(sample_text(found))
    return 0


def _confirmed(call: Invocation, planned: Sample, *, yes: bool) -> bool:
    """Says what will be read, and asks where that is much. Raises GuardError where nobody can answer."""
    from sqlbackfill.cli.show.sample import reading_text

    call.warn(planned.warnings)
    call.output.remark(reading_text(planned))
    if yes or not planned.needs_yes:
        return True
    if not can_ask():
        raise GuardError(
            Diagnostic(
                code="CONFIRMATION_REQUIRED",
                message="nothing was done: reading so much needs a yes, and there is no terminal "
                "to ask on",
                fix="add --yes, or take less: fewer partitions, models with -s, or --exclude",
            )
        )
    return read_yes("Read it?")
