"""What a chunk leaves in the ledger, as values. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill import __version__
from sqlbackfill.errors import Diagnostic
from sqlbackfill.ledger.records import Action, ChunkRecord, ChunkStatus, PartitionRecord
from sqlbackfill.run.fill import Filled
from sqlbackfill.run.inputs import RunInputs
from sqlbackfill.run.schedule import Task


def partition_records(
    inputs: RunInputs,
    task: Task,
    filled: Filled,
    seconds: float,
    versions: Mapping[int, Mapping[str, str]],
) -> tuple[PartitionRecord, ...]:
    """One record for each partition of a chunk, those without rows included, ascending.

    `seconds` are the whole chunk's; each partition is given its share. `versions` holds those of
    the inputs that each partition read, by ordinal.
    """
    model = inputs.models[task.model]
    partitioning = model.partitioning
    ordinals = range(task.chunk.start, task.chunk.end)
    finished_at = inputs.clock().isoformat()
    return tuple(
        PartitionRecord(
            relation=model.relation,
            identity=filled.identity,
            space=partitioning.space,
            key=partitioning.record_key(ordinal),
            ordinal=ordinal,
            model=model.name,
            action=Action.BUILT,
            run_id=inputs.run_id,
            plan_id=inputs.plan.plan_id,
            chunk=task.number,
            fingerprint=task.step.fingerprint,
            inputs=versions.get(ordinal, {}),
            rows=filled.rows.get(ordinal, 0),
            strategy=task.step.strategy,
            seconds=seconds / len(ordinals),
            finished_at=finished_at,
            analyser=__version__,
        )
        for ordinal in ordinals
    )


def chunk_record(
    inputs: RunInputs,
    task: Task,
    status: ChunkStatus,
    why: Diagnostic,
) -> ChunkRecord:
    """That a chunk was not built; `why` says what failed or blocked it."""
    model, chunk = inputs.models[task.model], task.chunk
    return ChunkRecord(
        run_id=inputs.run_id,
        model=model.name,
        relation=model.relation,
        chunk=task.number,
        space=model.partitioning.space,
        start=chunk.start,
        end=chunk.end,
        start_key=model.partitioning.label(chunk.start),
        end_key=model.partitioning.label(chunk.end - 1),
        status=status,
        code=why.code,
        message=why.message,
        finished_at=inputs.clock().isoformat(),
    )
