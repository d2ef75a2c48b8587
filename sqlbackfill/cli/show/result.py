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
    cut_off = sum(model.partitions_cut_off for model in result.models)
    before = sum(model.partitions_skipped for model in result.models) - cut_off
    if result.status == "done" and before and not built and not cut_off:
        return (
            f"nothing to do: a run of this plan has built all of its {count(before, 'partition')}"
        )
    rows = sum(model.rows for model in result.models)
    colour = "green" if result.status == "done" else "red"
    head = look.paint(str(result.status), "bold", colour)
    said = (
        f"{head}: built {count(built, 'partition')}, {count(rows, 'row')} in {duration(result.seconds)} "
        f"(run {result.run_id})"
    )
    if cut_off:
        models = sum(1 for model in result.models if model.partitions_cut_off)
        said += (
            f"\nearly cut-off: {count(cut_off, 'partition')} of {count(models, 'model')} left as "
            "they are, since what they read came out the same"
        )
    said += _foretold(result)
    return "\n".join([said, _table(result).draw(look)]) if result.models else said


def _foretold(result: RunResult) -> str:
    """What was estimated beside what it came to; of runs that ended early there is nothing to compare."""
    if result.status != "done" or result.estimate is None or result.estimate.seconds is None:
        return ""
    took = sum(model.seconds for model in result.models)
    seconds = result.estimate.seconds
    said = f"\nqueries took {duration(took)}, estimated {duration(seconds.likely)} "
    said += f"(up to {duration(seconds.high)})"
    cost = result.estimate.cost_usd
    if cost is not None and result.usd_per_second:
        spent = result.usd_per_second * result.seconds
        said += f"; about ${spent:,.2f}, estimated ${cost.likely:,.2f} (up to ${cost.high:,.2f})"
    return said


def _table(result: RunResult) -> Table:
    cuts = any(model.partitions_cut_off for model in result.models)
    skips = any(m.partitions_skipped > m.partitions_cut_off for m in result.models)
    columns = [Column("model", keep=True), Column("partitions", right=True)]
    if skips:
        columns.append(Column("built before", right=True))
    if cuts:
        columns.append(Column("cut off", right=True))
    columns += [Column(title, right=True) for title in ("rows", "queries", "seconds")]
    return Table(
        columns=tuple(columns),
        rows=tuple(
            (
                model.model,
                f"{model.partitions_built:,}",
                *((f"{model.partitions_skipped - model.partitions_cut_off:,}",) if skips else ()),
                *((f"{model.partitions_cut_off:,}",) if cuts else ()),
                f"{model.rows:,}",
                f"{model.queries:,}",
                f"{model.seconds:.2f}",
            )
            for model in result.models
        ),
        styles=(),
    )
