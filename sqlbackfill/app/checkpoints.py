"""Checkpoints of the ledger at the end of a run: what stands of the tables that it wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlbackfill.app.model_inputs import judged_inputs
from sqlbackfill.app.planning import Prepared, ledger_of, prepare
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.ledger.checkpoints import merged
from sqlbackfill.ledger.islands import RelationLog
from sqlbackfill.ledger.records import Mark
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.advance import advanced

_FEWEST = 16
_SHARE = 4


def keep_checkpoints(workspace: Workspace, written: Iterable[str]) -> None:
    """Saves what stands of those models in `written` of which much was recorded since the last time.

    Much is some records, and a share of what stands: so the checkpoints of a table together stay
    within a few times the size of its log, and status reads few records beside them.
    """
    models = workspace.models
    session = workspace.loaded.adapter.session()
    try:
        ledger = ledger_of(workspace)
        newer = ledger.uncovered(session, [models[name].relation for name in written])
        if max(newer.values(), default=0) < _FEWEST:
            return
        prepared = prepare(workspace, session)
        due = {
            name: _advanced(prepared, name)
            for name in written
            if newer.get(models[name].relation, 0)
            >= max(_FEWEST, len(prepared.state.logs[name].islands) // _SHARE)
            and workspace.partitionings[name].space != KEY_SPACE
        }
        now = datetime.now(UTC).isoformat()
        for name, log in due.items():
            settled = _oldest_mark(prepared, name, due)
            kept = merged(log, log.high_water if settled is None else settled)
            ledger.save_checkpoint(session, models[name].relation, kept, now)
    finally:
        session.close()


def _advanced(prepared: Prepared, name: str) -> RelationLog:
    return advanced(
        prepared.state.logs[name],
        prepared.state.tracked[name].records,
        prepared.candidates[name].state.causes,
        # What was not judged, since only partitions to come shall use it, keeps its mark.
        judged_inputs(prepared.workspace, prepared.inputs)[name],
        prepared.heads,
    )


def _oldest_mark(
    prepared: Prepared, upstream: str, advanced_logs: Mapping[str, RelationLog]
) -> int | None:
    """The oldest mark on a model's log that a fresh record bears; None where none does.

    What is stale already is compared exactly in any case.
    """
    marks: list[int] = []
    for reader, edges in prepared.inputs.items():
        if all(edge.name != upstream for edge in edges):
            continue
        stale = prepared.candidates[reader].state.stale
        log = advanced_logs.get(reader, prepared.state.logs[reader])
        for island in log.islands:
            read = island.inputs.get(upstream)
            mark = Mark.read(read.mark) if read else None
            if mark is not None and PartitionSet.span(island.start, island.end) - stale:
                marks.append(mark.seq)
    return min(marks, default=None)
