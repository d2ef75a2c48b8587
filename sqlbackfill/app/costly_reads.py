"""Findings about what a model reads: whole tables where a partition would do, days of nobody's zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sqlbackfill.app.partition_info import partition_info
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.paths import Op
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import QueryFacts, Read, ReadKind

_ZONED: Final = frozenset({Op.LOCAL_LO, Op.LOCAL_HI, Op.INSTANT_LO, Op.INSTANT_HI})
_WALL: Final = frozenset({BoundType.DATE, BoundType.TIMESTAMP})
_NAMES_A_ZONE: Final = re.compile(r"time\s+zone\s|timezone\s*\(|convert_timezone", re.IGNORECASE)


def full_scans(workspace: Workspace, model: Model, facts: QueryFacts) -> Iterator[Diagnostic]:
    """A finding for each partitioned input that every partition of the model reads whole.

    A warning where nothing shows that it is needed, a note where the query as it stands needs it;
    each with the rewrite that would bound the read, at the line that stopped the proof.
    """
    own = partition_info(model)
    if own is None:
        return
    declared = model.config.sqlbackfill.read
    for read in facts.reads:
        if read.kind not in (ReadKind.ALL, ReadKind.UNKNOWN) or read.relation in declared:
            continue
        column = _partitioned_by(workspace, read.relation)
        if column is None or read.is_this:
            continue
        cause = next((r for r in facts.reasons if r.message in read.because), None)
        is_needed = read.kind is ReadKind.ALL
        yield Diagnostic(
            code="FULL_SCAN",
            severity=Severity.NOTE if is_needed else Severity.WARNING,
            message=f"every {own.grain} of `{model.name}` reads all of `{read.relation}`, which is "
            f"partitioned by `{column}`",
            span=(cause.span if cause else None) or model.span,
            fix=cause.fix
            if cause and cause.fix
            else f"compare `{column}` with `{own.column}` in the query",
            model=model.name,
            notes=(("because", read.because),),
        )


def _partitioned_by(workspace: Workspace, relation: str) -> str | None:
    """The partition column of a model or source, None for what has no partitions."""
    source = workspace.loaded.project.sources.get(relation)
    if source is not None:
        return source.event_time
    partitioning = workspace.partitionings.get(relation)
    if partitioning is None or isinstance(partitioning, WholePartitioning):
        return None
    return workspace.models[relation].partition_column


def zoneless_cast(workspace: Workspace, model: Model, facts: QueryFacts) -> Iterator[Diagnostic]:
    """A warning where the partition column is the session's day of an instant.

    The window of such a read turns instants into wall-clock values without any zone. One that names
    UTC looks the same, so nothing is said where the SQL, or a macro, names a zone anywhere.
    """
    if facts.partition_type not in _WALL:
        return
    own = (model.partition_column or "").lower()
    cut_from = {s for column in facts.columns if column.name.lower() == own for s in column.sources}
    zoneless = next(
        (r for r in facts.reads if _is_zoneless(r) and (r.relation, r.column) in cut_from), None
    )
    if zoneless is None or model.config.sqlbackfill.read:
        return
    texts = [model.sql, *(macro.text for macro in workspace.loaded.project.macro_files)]
    if any(_NAMES_A_ZONE.search(text) for text in texts):
        return
    yield Diagnostic(
        code="ZONELESS_CAST",
        severity=Severity.WARNING,
        message=f"`{model.partition_column}` is cut from `{zoneless.column}` of "
        f"`{zoneless.relation}`, an instant, without a time zone: whoever runs it in another "
        "session time zone than UTC gets other days",
        span=model.span,
        fix=f"write `{zoneless.column} AT TIME ZONE 'UTC'`, or the zone that is meant, in the cast",
        model=model.name,
    )


def _is_zoneless(read: Read) -> bool:
    window = read.window
    return (
        window is not None
        and window.column_type is BoundType.TIMESTAMPTZ
        and not any(op in _ZONED for op in _ops(window))
    )


def _ops(window: ReadWindow) -> Iterator[Op]:
    for limit in (window.lower, window.upper):
        for option in limit or ():
            for path in option:
                yield from (step.op for step in path.steps)
