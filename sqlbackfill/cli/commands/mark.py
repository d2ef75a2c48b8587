"""`sqlbackfill mark`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sqlbackfill.cli import group, options
from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.output import can_ask, read_yes
from sqlbackfill.cli.usage import Chosen, chosen, usage_error
from sqlbackfill.errors import Diagnostic, GuardError

if TYPE_CHECKING:
    from sqlbackfill.app.mark import MarkPlan

_EXAMPLES = (
    ("sqlbackfill mark flights -p 2013 --as built", "adopt what another tool built"),
    ("sqlbackfill mark carrier_day@2013-03 --as missing", "forget what is recorded of March"),
)


@group.command("mark", examples=_EXAMPLES)
@click.argument("model", metavar="MODEL")
@options.partitions
@click.option(
    "--as",
    "state",
    type=click.Choice(["built", "missing"]),
    required=True,
    help="built: record them as made by the code and inputs of today; missing: forget the records",
)
@click.option(
    "--foreign-rows",
    type=click.Choice(["keep", "delete"]),
    help="rows of no partition in the table: keep them (it is then not what a rebuild gives), or "
    "delete them; default: refuse",
)
@click.option("--yes", "-y", is_flag=True, help="do not ask")
@options.as_json
def command(
    call: Invocation,
    model: str,
    partitions: tuple[str, ...],
    state: str,
    foreign_rows: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Say what a table holds: adopt tables that another tool built, or forget records.

    Rows are counted, never changed, unless --foreign-rows delete is given. What is marked as built
    is believed: nothing is compared.
    """
    given = Chosen(select=(model,), partitions=partitions)
    picked = chosen("mark", (), given, takes_partitions=True)
    if state == "missing" and foreign_rows:
        raise usage_error(
            "CONFLICTING_OPTIONS",
            "--foreign-rows goes with --as built: --as missing does not touch the data",
            "leave it out",
        )
    from sqlbackfill.app.mark import MarkRequest, mark_partitions
    from sqlbackfill.cli.show.mark import marked_text, plan_text

    request = MarkRequest(
        model=picked.select[0],
        partitions=picked.partitions,
        as_built=state == "built",
        foreign_rows=foreign_rows,
    )

    def confirm(plan: MarkPlan) -> bool:
        text = plan_text(plan)
        if not yes and not can_ask():
            raise GuardError(
                Diagnostic(
                    code="CONFIRMATION_REQUIRED",
                    message=f"nothing was done: to {text} needs a yes, and there is no terminal "
                    "to ask on",
                    fix="add --yes",
                )
            )
        call.warn(plan.warnings)
        return yes or read_yes(f"{text[:1].upper()}{text[1:]}?")

    result = mark_partitions(call.options, request, confirm)
    if as_json:
        call.output.document(result.as_json())
    else:
        call.output.data(marked_text(result))
    return 0
