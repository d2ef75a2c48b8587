"""An estimate for people and for machines that review code: text, JSON, GitHub. Markdown is `estimate_markdown`'s."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlbackfill.cli.group import Invocation
from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.diagnostics import every_error, lines_below
from sqlbackfill.cli.show.estimate_words import cells
from sqlbackfill.cli.show.table import Column, Table
from sqlbackfill.cli.show.words import count

if TYPE_CHECKING:
    from sqlbackfill.app.estimate import Estimated
    from sqlbackfill.plan.estimate_limits import Limit


def show_estimate(call: Invocation, found: Estimated, output_format: str) -> int:
    """Prints an estimate and what is wrong with it; 3 where a limit is exceeded, else 0."""
    output = call.output
    if found.planned is not None:
        call.warn(found.planned.plan.warnings)
    if output_format == "json":
        output.document(found.as_json())
    elif output_format == "text":
        output.data(estimate_text(found, output.out))
    else:
        from sqlbackfill.cli.show.estimate_markdown import markdown

        if output_format == "markdown":
            output.data(markdown(found))
        else:
            _github(call, found, markdown(found))
    if found.errors and output_format != "github":
        lines = lines_below(call.options.project_dir)
        output.message(every_error(found.errors, output.err, lines))
    return 3 if found.is_exceeded else 0


def _github(call: Invocation, found: Estimated, summary: str) -> None:
    """Annotations on stdout; the summary where the runner takes it, else below them."""
    from sqlbackfill.cli.show.annotations import files_below, github

    path_of = files_below(call.options.project_dir)
    lines = [github(error, path_of) for error in found.errors]
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as page:
            page.write(f"{summary}\n")
    else:
        lines.append(summary)
    if lines:
        call.output.data("\n".join(lines))


def estimate_text(found: Estimated, look: Look) -> str:
    """A row for each model, then the total and the limits."""
    if found.planned is None or not found.models:
        return "nothing to estimate: no model is selected, or nothing of it is to be rebuilt"
    table = Table(
        columns=(
            Column("model", keep=True),
            Column("partitions", right=True),
            *(Column(title, right=True) for title in ("reads", "takes", "costs")),
            Column("basis"),
        ),
        rows=(
            *(
                (model, f"{costed.partition_count:,}", *cells(costed.estimate))
                for model, costed in found.models.items()
            ),
            ("total", f"{found.planned.plan.partition_count:,}", *cells(found.total)),
        ),
        styles=(),
    )
    blocked = found.planned.plan.blocked
    parts = [table.draw(look)]
    notes = ((model, costed.estimate.note) for model, costed in found.models.items())
    parts += [f"{model}: {note}" for model, note in notes if note]
    parts += [f"blocked, so not in it: {item.model} [{item.code}]" for item in blocked]
    if found.changes is not None:
        parts.append(difference(found))
    parts += [limit_line(limit) for limit in found.limits]
    return "\n".join(parts)


def difference(found: Estimated) -> str:
    """What changed against the baseline, on one line."""
    changed = [change for change in found.changes or () if not change.is_same]
    if not changed:
        return "no change against the baseline"
    said = ", ".join(
        f"{change.model} {'new' if change.is_new else percent(change.percent)}"
        for change in changed
    )
    return f"against the baseline {count(len(changed), 'model')} changed: {said}"


def percent(value: float | None) -> str:
    """`+12 %`, `-3.5 %`, `no change`, `unknown`."""
    if value is None:
        return "unknown"
    if value == 0:
        return "no change"
    if value >= 1e6:
        return "from nothing"
    return f"{value:+,.0f} %" if abs(value) >= 10 else f"{value:+.1f} %"


def limit_line(limit: Limit) -> str:
    """How a limit was kept, or by what it was exceeded."""
    name, bound = f"--{limit.name.replace('_', '-')}", limit.limit
    said = "unknown" if limit.value is None else f"{limit.value:,.10g}"
    verdict = "exceeded" if limit.exceeded else "kept"
    return f"{name} {bound:,.10g}: {verdict}, at most {said}"
