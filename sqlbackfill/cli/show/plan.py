"""A plan for people: the steps in order, fills under their own heading, what is left out and why."""

from __future__ import annotations

from collections.abc import Iterable

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.estimate_words import cells
from sqlbackfill.cli.show.words import Label, count, folded, ranges
from sqlbackfill.dataclass import replace
from sqlbackfill.plan.document import total_estimate
from sqlbackfill.plan.types import Plan, Reason, Step, Withheld

_REASONS = {
    Reason.REQUESTED: "asked for",
    Reason.MISSING: "missing",
    Reason.STALE: "stale",
    Reason.FAILED: "failed last time",
    Reason.FILL: "missing upstream",
    Reason.DOWNSTREAM: "reads what is rebuilt",
    Reason.SCHEMA_CHANGE: "columns changed",
}
_MOST_RANGES = 4


def plan_text(plan: Plan, label: Label, look: Look, *, most_steps: int | None = None) -> str:
    """The whole plan; with `most_steps`, that many of each kind and a count of the others."""
    rebuilt = [
        (number, step)
        for number, step in enumerate(plan.steps, start=1)
        if step.reason is not Reason.FILL
    ]
    fills = [
        (number, step)
        for number, step in enumerate(plan.steps, start=1)
        if step.reason is Reason.FILL
    ]
    sections = [
        _section("Rebuild", _steps(rebuilt, label, look, most_steps), look),
        _section(
            "Fill first: missing upstream, nothing built is touched",
            _steps(fills, label, look, most_steps),
            look,
        ),
        _section("Blocked", _withheld(plan.blocked, label, look, most_steps), look),
        _section("Skipped", _withheld(plan.skipped, label, look, most_steps), look),
    ]
    return "\n\n".join([headline(plan, look), *(section for section in sections if section)])


def headline(plan: Plan, look: Look) -> str:
    """What the plan comes to, on one line."""
    total = "nothing can be rebuilt as asked" if plan.blocked else "nothing to do"
    if plan.steps:
        total = totals(plan)
    as_of = f"{plan.as_of:%Y-%m-%d %H:%M} UTC"
    about = f"plan {plan.plan_id[:16]}, target {plan.target}, as of {as_of}"
    lines = [look.paint(total, "bold"), look.paint(about, "dim"), *_foretold(plan, look)]
    return "\n".join(lines)


def _foretold(plan: Plan, look: Look) -> list[str]:
    """What all of it reads, takes and costs, on a line, as far as it is known."""
    if not any(step.estimate.seconds or step.estimate.scan_bytes for step in plan.steps):
        return []
    reads, takes, costs, _ = cells(total_estimate(plan))
    return [look.paint(f"reads {reads}, takes {takes}, costs {costs}", "dim")]


def totals(plan: Plan) -> str:
    """`3 partitions of 2 models in 2 queries`."""
    models = len({step.model for step in plan.steps})
    return (
        f"{count(plan.partition_count, 'partition')} of {count(models, 'model')} "
        f"in {count(plan.chunk_count, 'query')}"
    )


def blocked_lines(blocked: Iterable[Withheld], label: Label, look: Look) -> list[str]:
    """The partitions that cannot be built, why, and what would help."""
    return _withheld(blocked, label, look, None)


def _section(title: str, lines: list[str], look: Look) -> str:
    return "\n".join([look.paint(title, "bold"), *lines]) if lines else ""


def _steps(steps: list[tuple[int, Step]], label: Label, look: Look, most: int | None) -> list[str]:
    shown = steps if most is None else steps[:most]
    wide = max((len(step.model) for _, step in shown), default=0)
    lines: list[str] = []
    told: set[str] = set()
    for number, step in shown:
        because = "as above" if step.because in told else step.because
        told.add(step.because)
        lines += _step(number, replace(step, because=because), label, look, wide)
    if len(steps) > len(shown):
        lines.append(f"  … and {count(len(steps) - len(shown), 'more step')}")
    return lines


def _step(number: int, step: Step, label: Label, look: Look, wide: int) -> list[str]:
    named = ranges(label(step.model, step.partitions), _MOST_RANGES)
    model = f"{step.model:<{wide}}" if named else step.model
    name = f" {number:>3}  {look.paint(model, 'cyan')}  "
    indent = " " * (len(model) + 8)
    first, *more = folded(named, width=look.width, first=indent, rest=indent)
    how = (
        f"{count(len(step.partitions), 'partition')}, {_REASONS[step.reason]}; "
        f"{count(len(step.chunks), 'query')}: {step.strategy}, {step.because}"
    )
    below = folded(how, width=look.width, first=" " * 6, rest=" " * 6)
    return [f"{name}{first.strip()}".rstrip(), *more, *(look.paint(line, "dim") for line in below)]


def _withheld(items: Iterable[Withheld], label: Label, look: Look, most: int | None) -> list[str]:
    items = tuple(items)
    shown = items if most is None else items[:most]
    lines: list[str] = []
    for item in shown:
        named = ranges(label(item.model, item.partitions), _MOST_RANGES)
        head = f"  {look.paint(item.model, 'cyan')}  {named}".rstrip()
        lines += [head, *_because(item, label, look)]
    if len(items) > len(shown):
        lines.append(f"  … and {len(items) - len(shown):,} more")
    return lines


def _because(item: Withheld, label: Label, look: Look) -> list[str]:
    lines = folded(f"{item.message} [{item.code}]", width=look.width, first=" " * 6, rest=" " * 6)
    for name, partitions in item.by:
        named = ranges(label(name, partitions), _MOST_RANGES)
        lines += folded(f"by {name} {named}", width=look.width, first=" " * 6, rest=" " * 9)
    if item.fix:
        lines.append(f"      {look.paint('= fix:', 'bold')} {item.fix}")
    return lines
