"""An estimate as Markdown: what a comment on a pull request, or a step summary, shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlbackfill.cli.show.estimate import percent
from sqlbackfill.cli.show.estimate_words import cells
from sqlbackfill.cli.show.words import count

if TYPE_CHECKING:
    from sqlbackfill.app.estimate import Estimated
    from sqlbackfill.errors import Diagnostic

_MOST_ROWS = 50


def markdown(found: Estimated) -> str:
    """A headline, a table with the difference to the baseline, and what is wrong with it."""
    parts = ["### sqlbackfill: what this costs", _headline(found)]
    if found.models:
        parts.append(_table(found))
    parts += [_problem(error) for error in found.errors]
    return "\n\n".join(parts)


def _headline(found: Estimated) -> str:
    changed = [change for change in found.changes or () if not change.is_same]
    if found.planned is None or not found.models:
        return "No change: nothing that is selected would be rebuilt."
    plan = found.planned.plan
    what = (
        f"{count(plan.partition_count, 'partition')} of {count(len(found.models), 'model')} "
        f"in {count(plan.chunk_count, 'query')}"
    )
    bytes_read, takes, costs, _ = cells(found.total)
    said = f"{what}: reads {bytes_read}, takes {takes}, costs {costs}."
    if found.changes is not None and not changed:
        return f"**No change.** {said}"
    verdict = "**Over a limit.** " if found.is_exceeded else ""
    return f"{verdict}{said}"


def _table(found: Estimated) -> str:
    percents = {
        change.model: "new" if change.is_new else percent(change.percent)
        for change in found.changes or ()
    }
    titles = ["model", "partitions", "reads", "takes", "costs", "basis"]
    if found.changes is not None:
        titles.append("change")
    lines = [
        titles,
        ["---", *("--:",) * 4, "---", *(("---",) if found.changes is not None else ())],
    ]
    # What grew most stands first; equal ones keep the order of the plan.
    order = {change.model: -(change.percent or 0) for change in found.changes or ()}
    models = sorted(found.models, key=lambda model: order.get(model, 0))
    for model in models[:_MOST_ROWS]:
        costed = found.models[model]
        row = [f"`{model}`", f"{costed.partition_count:,}", *cells(costed.estimate)]
        if found.changes is not None:
            row.append(percents.get(model, ""))
        lines.append(row)
    text = "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)
    if len(models) > _MOST_ROWS:
        text += f"\n\n… and {count(len(models) - _MOST_ROWS, 'more model')}"
    return text


def _problem(error: Diagnostic) -> str:
    where = f" (`{error.span.file}:{error.span.line}`)" if error.span else ""
    fix = f"\nTo lower it: {error.fix}" if error.fix else ""
    return f"**{error.code}**{where}: {error.message}{fix}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
