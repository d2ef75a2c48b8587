"""What `mark` is about to record, and what it recorded, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlbackfill.cli.show.words import count, ranges

if TYPE_CHECKING:
    from sqlbackfill.app.mark import MarkPlan, MarkResult


def plan_text(plan: MarkPlan) -> str:
    """What would be done, as a phrase that begins with a verb."""
    if not plan.request.as_built:
        return f"forget what is recorded of {_named(plan)}"
    said = f"mark as built {_named(plan)}"
    if plan.foreign_rows and plan.request.foreign_rows == "delete":
        said += f", and delete {count(plan.foreign_rows.count, 'row')} of no partition"
    return said


def marked_text(result: MarkResult) -> str:
    """What was done, and the command that comes next."""
    plan = result.plan
    name = plan.planned.name
    if result.run_id is None:
        state = "built already" if plan.request.as_built else "not recorded"
        return f"nothing to do: {name} {_partitions(plan, unchanged=True)} is {state}"
    if not plan.request.as_built:
        return (
            f"forgot {_named(plan)}; the data was not touched\n"
            f"next: sqlbackfill run -s {name} -p …, since rows without a record are rebuilt only "
            "where they are named"
        )
    lines = [f"marked as built: {_named(plan)}, {count(result.rows, 'row')}"]
    if result.foreign_rows:
        done = "deleted" if plan.request.foreign_rows == "delete" else "kept"
        lines.append(f"{count(result.foreign_rows, 'row')} of no partition {done}")
    return "\n".join([*lines, f"next: sqlbackfill status -s {name}+"])


def _named(plan: MarkPlan) -> str:
    return f"{plan.planned.name} {_partitions(plan)}".strip()


def _partitions(plan: MarkPlan, *, unchanged: bool = False) -> str:
    chosen = plan.unchanged if unchanged else plan.partitions
    label = plan.planned.partitioning.label_set(chosen)
    if plan.planned.partition_column is None:
        return ""
    return f"{ranges(label)} ({count(len(chosen), 'partition')})"
