"""What a chunk leaves in the ledger, as values. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill import __version__
from sqlbackfill.errors import Diagnostic
from sqlbackfill.ledger.records import (
    Action,
    BuildDetails,
    ChunkRecord,
    ChunkStatus,
    InputMark,
    Island,
    SourceRead,
)
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.run.fill import Filled
from sqlbackfill.run.inputs import RunInputs
from sqlbackfill.run.schedule import Task


def chunk_islands(
    inputs: RunInputs,
    task: Task,
    filled: Filled,
    seconds: float,
    marks: Mapping[str, InputMark],
    sources: Mapping[str, SourceRead],
) -> tuple[tuple[Island, BuildDetails], ...]:
    """What a chunk records: all its partitions as one island, or the keys of a list one by one.

    `seconds` are the whole chunk's; of several islands each is given its share. `marks` are those
    of the inputs that the chunk read, `sources` the digests of what it read of sources.
    """
    model, chunk = inputs.models[task.model], task.chunk
    partitioning = model.partitioning
    size = 1 if partitioning.space == KEY_SPACE else chunk.end - chunk.start
    spans = chunk.partitions.chunks(size)
    finished_at = inputs.clock().isoformat()
    found = []
    for start, end in spans:
        counts = tuple(filled.rows.get(ordinal, 0) for ordinal in range(start, end))
        island = Island(
            relation=model.relation,
            identity=filled.identity,
            space=partitioning.space,
            start=start,
            end=end,
            start_key=partitioning.record_key(start),
            end_key=partitioning.record_key(end - 1),
            model=model.name,
            action=Action.BUILT,
            run_id=inputs.run_id,
            plan_id=inputs.plan.plan_id,
            chunk=task.number,
            fingerprint=task.step.fingerprint,
            slices=model.slices,
            inputs=marks,
            rows=sum(counts),
            finished_at=finished_at,
            analyser=__version__,
        )
        details = BuildDetails(
            strategy=task.step.strategy,
            seconds=seconds / len(spans),
            row_counts=counts,
            digests={
                columns: tuple(str(digests[ordinal]) for ordinal in range(start, end))
                for columns, digests in filled.digests.items()
            },
            sources=sources,
        )
        found.append((island, details))
    return tuple(found)


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
