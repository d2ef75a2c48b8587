"""Findings about what a model reads: whole tables where a partition would do."""

from __future__ import annotations

from collections.abc import Iterator

from sqlbackfill.app.partition_info import partition_info
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import QueryFacts, ReadKind


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
