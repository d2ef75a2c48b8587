"""Whether a saved plan still stands on what it was made from, and what runs of it have done."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.app.ledger_state import renumbered
from sqlbackfill.app.planning import Prepared
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.ledger.records import Island, Mark
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.build import read_digest
from sqlbackfill.plan.types import Plan, Step
from sqlbackfill.warehouse.protocol import Session


def refuse_outdated(plan: Plan, current: Prepared, session: Session) -> None:
    """Raises ProjectError PLAN_OUTDATED with every difference from what `plan` was made from.

    What runs of the same plan recorded is no change.
    """
    changes: list[Diagnostic] = []
    target = current.workspace.loaded.target.name
    if plan.target != target:
        changes.append(_change(f"it was made for target `{plan.target}`, not `{target}`"))
    marks = {
        (step.model, name): Mark.read(mark)
        for step in plan.steps
        for name, mark in read_digest(step.ledger_digest).items()
    }
    by_others = _written_since(marks, current, session, ignoring=plan.plan_id)
    by_anyone = _written_since(marks, current, session, ignoring=None)
    for step in plan.steps:
        changes += _step_changes(step, current, marks, by_others, by_anyone)
    if changes:
        raise ProjectError(*dict.fromkeys(changes))


Written = Mapping[str, list[Island]]
Marks = Mapping[tuple[str, str], Mark | None]


def _written_since(
    marks: Marks, current: Prepared, session: Session, *, ignoring: str | None
) -> Written:
    """The records of each model that are newer than the oldest mark of it."""
    oldest: dict[str, int] = {}
    for (_, name), mark in marks.items():
        if mark is not None and name in current.heads:
            oldest[name] = min(oldest.get(name, mark.seq), mark.seq)
    models = current.workspace.models
    found = current.ledger.changed_since(
        session,
        {models[name].relation: seq for name, seq in oldest.items()},
        ignoring_plan=ignoring,
    )
    return {name: found.get(models[name].relation, []) for name in oldest}


def _step_changes(
    step: Step, current: Prepared, marks: Marks, by_others: Written, by_anyone: Written
) -> list[Diagnostic]:
    candidate = current.candidates[step.model]
    found = []
    if candidate.fingerprint != step.fingerprint:
        found.append(_change("its code or configuration changed", step.model))
    ours_made_it = len(by_anyone.get(step.model, ())) > len(by_others.get(step.model, ()))
    is_new = step.table_identity is None and _leaves_empty_tables(current)
    if candidate.table_identity != step.table_identity and not ours_made_it and not is_new:
        found.append(_change("its table was made, dropped or replaced", step.model))
    read = {**current.reads.upstream(step.model, step.partitions)}
    read[step.model] = read.get(step.model, PartitionSet.empty()) | step.partitions
    recorded = read_digest(step.ledger_digest)
    moved = [
        name
        for name in sorted({*recorded, *read})
        if _has_moved(name, read.get(name), marks.get((step.model, name)), current, by_others)
        or (name != step.model and _is_another(name, marks[step.model, name], current, by_anyone))
    ]
    if moved:
        what = ", ".join(f"`{name}`" for name in moved)
        found.append(_change(f"the ledger's records of {what} changed", step.model))
    return found


def _has_moved(
    name: str,
    read: PartitionSet | None,
    mark: Mark | None,
    current: Prepared,
    by_others: Written,
) -> bool:
    """Whether others wrote after `mark` to the partitions `read`, or these are cut otherwise."""
    if read is None or mark is None or current.heads[name].space != mark.space:
        return True
    newer = [island for island in by_others.get(name, ()) if island.seq > mark.seq]
    if any(island.space != mark.space for island in newer):
        return True
    partitioning = current.workspace.partitionings[name]
    written = PartitionSet.of((i.start, i.end) for i in renumbered(newer, partitioning))
    return bool(written & read)


def _is_another(name: str, mark: Mark | None, current: Prepared, by_anyone: Written) -> bool:
    """Whether an upstream's table is another, and no record since the plan tells why."""
    return (
        mark is not None
        and current.heads[name].identity != mark.identity
        and not by_anyone.get(name)
        and not (mark.identity == "" and _leaves_empty_tables(current))
    )


def _leaves_empty_tables(current: Prepared) -> bool:
    """Whether a chunk that failed may have left its table behind, made before its transaction.

    A table that bears an identity of ours and has no record is as good as none: it is empty.
    """
    return not current.workspace.loaded.adapter.transactional_ddl


def committed_of(plan_id: str, prepared: Prepared, session: Session) -> dict[str, PartitionSet]:
    """What runs of this very plan committed, where it still stands in the table, by model."""
    committed = prepared.ledger.committed(session, plan_id)
    found: dict[str, PartitionSet] = {}
    for name, partitioning in prepared.workspace.partitionings.items():
        identity = prepared.state.tracked[name].table_identity
        standing = [
            island
            for island in committed.get(name, ())
            if island.identity == identity
            and island.space == partitioning.space
            and island.relation == prepared.workspace.models[name].relation
        ]
        found[name] = PartitionSet.of((i.start, i.end) for i in renumbered(standing, partitioning))
    return found


def _change(what: str, model: str | None = None) -> Diagnostic:
    where = f"`{model}`: " if model else ""
    return Diagnostic(
        code="PLAN_OUTDATED",
        message=f"{where}{what} since the plan was made",
        model=model,
        fix="make a new plan, and look at it again",
    )
