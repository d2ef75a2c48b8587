"""Builds a plan from what was chosen: steps, chunks, order, digests. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlbackfill.errors import Diagnostic, ProjectError, Severity, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.candidates import Candidate, Chosen, PlanRequest
from sqlbackfill.plan.choose_partitions import choose_partitions, staleness_notes
from sqlbackfill.plan.document import content_id
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.strategy import AUTO, Choice, Kind, Strategy, choose, cut
from sqlbackfill.plan.types import Chunk, Plan, Reason, Step

Digest = Callable[[str], str]


def build_plan(
    candidates: Mapping[str, Candidate],
    reads: Reads,
    request: PlanRequest,
    *,
    as_of: datetime,
    target: str,
    digest: Digest,
) -> Plan:
    """The plan for `request`; `candidates` are in topological order.

    `digest` says how far the ledger's log of a model goes.

    The same arguments give an equal plan. Raises UsageError for partitions that fit no model, or
    for a strategy that a model does not allow where `request.is_strict`; ProjectError
    SCHEMA_CHANGED where a model's columns differ from its table's and the config does not allow it.
    """
    choice = choose_partitions(candidates, reads, request, as_of)
    _refuse_schema_problems(candidates, choice.chosen)
    warnings = list(choice.warnings)
    steps: list[Step] = []
    for name, candidate in candidates.items():
        if not choice.chosen.all_of(name):
            continue
        strategy = _strategy(candidate, request, warnings)
        steps.extend(_steps(candidate, choice.chosen, strategy, reads, digest))
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
    if candidate.how and choice.strategy.kind is not Kind.PARTITION:
        return replace(choice, because=f"{choice.because}; {candidate.how}")
    return choice


def _steps(
    candidate: Candidate, chosen: Chosen, choice: Choice, reads: Reads, digest: Digest
) -> list[Step]:
    by_reason = dict(chosen.by_reason(candidate.name))
    if candidate.has_schema_change:
        together = chosen.all_of(candidate.name)
        if candidate.rebuilds_on_schema_change:
            together |= candidate.state.present
        by_reason = {Reason.SCHEMA_CHANGE: together}
    steps = [
        Step(
            model=candidate.name,
            reason=reason,
            partitions=partitions,
            strategy=str(choice.strategy),
            because=choice.because,
            chunks=_chunks(candidate, partitions, choice.strategy),
            fingerprint=candidate.fingerprint,
            table_identity=candidate.table_identity,
            ledger_digest=step_digest(candidate.name, partitions, reads, digest),
        )
        for reason, partitions in by_reason.items()
    ]
    if candidate.reads_itself:
        steps.sort(key=lambda step: step.partitions.ranges[0])
    return steps


def _chunks(
    candidate: Candidate, partitions: PartitionSet, strategy: Strategy
) -> tuple[Chunk, ...]:
    return cut(partitions, strategy, candidate.partitioning)


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
