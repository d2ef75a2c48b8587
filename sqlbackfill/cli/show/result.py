"""What a run came to, for people: a table of models, and the command that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.table import Column, Table
from sqlbackfill.cli.show.words import count, duration

if TYPE_CHECKING:
    from sqlbackfill.run.result import RunResult


def result_text(result: RunResult, look: Look) -> str:
    """One line on how it ended, then a row for each model that the run was about."""
    if result.status == "done" and not result.models:
        return "nothing to do"
    built = sum(model.partitions_built for model in result.models)
    before = sum(model.partitions_skipped for model in result.models)
    if result.status == "done" and before and not built:
        return (
            f"nothing to do: a run of this plan has built all of its {count(before, 'partition')}"
        )
    rows = sum(model.rows for model in result.models)
    seconds = sum(model.seconds for model in result.models)
    colour = "green" if result.status == "done" else "red"
    head = look.paint(str(result.status), "bold", colour)
    said = (
        f"{head}: built {count(built, 'partition')}, {count(rows, 'row')} in {duration(seconds)} "
        f"(run {result.run_id})"
    )
    return "\n".join([said, _table(result).draw(look)]) if result.models else said


def _table(result: RunResult) -> Table:
    skips = any(model.partitions_skipped for model in result.models)
    columns = [Column("model", keep=True), Column("partitions", right=True)]
    if skips:
        columns.append(Column("built before", right=True))
    columns += [Column(title, right=True) for title in ("rows", "queries", "seconds")]
    return Table(
        columns=tuple(columns),
        rows=tuple(
            (
                model.model,
                f"{model.partitions_built:,}",
                *((f"{model.partitions_skipped:,}",) if skips else ()),
                f"{model.rows:,}",
                f"{model.queries:,}",
                f"{model.seconds:.2f}",
            )
            for model in result.models
        ),
        styles=(),
    )
