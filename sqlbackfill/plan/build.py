"""Builds a plan from what was chosen: steps, chunks, order, digests. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, ProjectError, Severity, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.candidates import Candidate, Chosen, PlanRequest
from sqlbackfill.plan.choose_partitions import choose_partitions, staleness_notes
from sqlbackfill.plan.chunk_choice import Outlook, cheapest
from sqlbackfill.plan.document import content_id
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.strategy import AUTO, Choice, Kind, Strategy, choose, cut
from sqlbackfill.plan.types import Plan, Reason, Step

Digest = Callable[[str], str]
Outlooks = Callable[[Mapping[str, PartitionSet]], Mapping[str, Outlook]]


def _unknown(_wanted: Mapping[str, PartitionSet]) -> Mapping[str, Outlook]:
    """Nothing is known of any chunk."""
    return {}


def build_plan(
    candidates: Mapping[str, Candidate],
    reads: Reads,
    request: PlanRequest,
    *,
    as_of: datetime,
    target: str,
    digest: Digest,
    outlooks: Outlooks = _unknown,
) -> Plan:
    """The plan for `request`; `candidates` are in topological order.

    `digest` says how far the ledger's log of a model goes. `outlooks` is asked once, for the models
    of whose chunks the size is to be chosen; those that it leaves out are cut as if all sizes cost
    the same.

    The same arguments give an equal plan. Raises UsageError for partitions that fit no model, or
    for a strategy that a model does not allow where `request.is_strict`; ProjectError
    SCHEMA_CHANGED where a model's columns differ from its table's and the config does not allow it.
    """
    choice = choose_partitions(candidates, reads, request, as_of)
    _refuse_schema_problems(candidates, choice.chosen)
    warnings = list(choice.warnings)
    wanted = {name: found for name in candidates if (found := choice.chosen.all_of(name))}
    strategies = {name: _strategy(candidates[name], request, warnings) for name in wanted}
    known = outlooks(
        {
            name: wanted[name]
            for name, each in strategies.items()
            if each.is_open and len(wanted[name]) > 1
        }
    )
    steps: list[Step] = []
    for name, strategy in strategies.items():
        drafts = _drafts(candidates[name], choice.chosen, strategy, known.get(name))
        steps.extend(_step(candidates[name], *draft, reads, digest) for draft in drafts)
    warnings.extend(staleness_notes(candidates, reads, choice.chosen))
    plan = Plan(
        plan_id="",
        as_of=as_of,
        target=target,
        steps=tuple(steps),
        skipped=tuple(choice.skipped),
        blocked=tuple(choice.blocked),
        warnings=tuple(warnings),
    )
    partitionings = {name: candidate.partitioning for name, candidate in candidates.items()}
    return replace(plan, plan_id=content_id(plan, partitionings))


def _refuse_schema_problems(candidates: Mapping[str, Candidate], chosen: Chosen) -> None:
    problems = [
        candidate.schema_problem
        for name, candidate in candidates.items()
        if candidate.schema_problem is not None and chosen.all_of(name)
    ]
    if problems:
        raise ProjectError(*problems)


def _strategy(candidate: Candidate, request: PlanRequest, warnings: list[Diagnostic]) -> Choice:
    if candidate.is_whole:
        return Choice(Strategy(Kind.RANGE), "a table without partitions is rebuilt whole")
    choice = choose(
        request.strategy or candidate.asked or AUTO,
        candidate.allowed,
        why_not=candidate.why_not,
        max_chunk=candidate.max_chunk,
    )
    if not choice.is_as_asked:
        refused = Diagnostic(
            code="STRATEGY_NOT_ALLOWED",
            severity=Severity.ERROR if request.is_strict else Severity.WARNING,
            message=f"`{candidate.name}` runs as {choice.strategy}, not as asked: {choice.because}",
            model=candidate.name,
            fix="leave out --strategy, or change the line that rules it out",
        )
        if request.is_strict:
            raise UsageError(refused)
        warnings.append(refused)
    return choice


def _drafts(
    candidate: Candidate, chosen: Chosen, choice: Choice, outlook: Outlook | None
) -> list[tuple[Reason, PartitionSet, Choice]]:
    """The steps of a model: partitions by reason, each with how it is cut and why."""
    by_reason = dict(chosen.by_reason(candidate.name))
    if candidate.has_schema_change:
        together = chosen.all_of(candidate.name)
        if candidate.rebuilds_on_schema_change:
            together |= candidate.state.present
        by_reason = {Reason.SCHEMA_CHANGE: together}
    drafts = [
        (
            reason,
            partitions,
            _how_written(candidate, _cut_by_cost(candidate, partitions, choice, outlook)),
        )
        for reason, partitions in by_reason.items()
    ]
    if candidate.reads_itself:
        drafts.sort(key=lambda draft: draft[1].ranges[0])
    return drafts


def _cut_by_cost(
    candidate: Candidate, partitions: PartitionSet, choice: Choice, outlook: Outlook | None
) -> Choice:
    if not choice.is_open or outlook is None or len(partitions) == 1:
        return choice
    return cheapest(partitions, candidate.partitioning, outlook, max_chunk=candidate.max_chunk)


def _how_written(candidate: Candidate, choice: Choice) -> Choice:
    """`choice`, with the unusual way in which its queries are written, if it is one."""
    if candidate.how and choice.strategy.kind is not Kind.PARTITION:
        return replace(choice, because=f"{choice.because}; {candidate.how}")
    return choice


def _step(
    candidate: Candidate,
    reason: Reason,
    partitions: PartitionSet,
    choice: Choice,
    reads: Reads,
    digest: Digest,
) -> Step:
    return Step(
        model=candidate.name,
        reason=reason,
        partitions=partitions,
        strategy=str(choice.strategy),
        because=choice.because,
        chunks=cut(partitions, choice.strategy, candidate.partitioning),
        fingerprint=candidate.fingerprint,
        table_identity=candidate.table_identity,
        ledger_digest=step_digest(candidate.name, partitions, reads, digest),
    )


def step_digest(model: str, partitions: PartitionSet, reads: Reads, digest: Digest) -> str:
    """How far the log goes of a step's model and of what it reads, as `model=…;upstream=…`.

    What is written to those logs later outdates the plan where it touches the step's partitions or
    their read windows.
    """
    names = [model, *sorted(name for name in reads.upstream(model, partitions) if name != model)]
    return ";".join(f"{name}={digest(name)}" for name in names)


def read_digest(text: str) -> dict[str, str]:
    """What `step_digest` wrote, by model."""
    parts = (part.partition("=") for part in text.split(";") if part)
    return {name: mark for name, _, mark in parts}
