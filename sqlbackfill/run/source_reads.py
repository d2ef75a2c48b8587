"""Digesting what a chunk reads of its sources, in the snapshot that its query reads.

A database's snapshot does not cover files: their stamps are compared before and after, and where
they differ the version is not known. Decides nothing about staleness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlbackfill.ledger.records import InputMark, SourceRead
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.run.source_blocks import SourceBlocks
from sqlbackfill.run.source_digests import SourceDigests, Span, digests_query, read_digests
from sqlbackfill.warehouse.protocol import DigestSql, Session


def _nothing() -> str:
    """The stamp of what is no file: the transaction itself is the snapshot."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceScan:
    """What is to be digested of one source, `name`, that one chunk reads.

    `relation` and `column` are SQL. The rows of each span are digested together; with
    `includes_unplaced` those without a partition too. `sql` is None where no digest is wanted.
    `stamp` tells whether files are what they were, and `version` is their cheap version now. `block`
    is what chunks around this one read of it too, which `blocks` keeps for them.
    """

    name: str
    relation: str
    column: str | None
    partitioning: AnyPartitioning
    spans: tuple[Span, ...]
    includes_unplaced: bool
    sql: DigestSql | None
    stamp: Callable[[], str] = _nothing
    version: Callable[[], str] = _nothing
    block: Span | None = None
    blocks: SourceBlocks | None = None

    def take(self, session: Session, dialect: str) -> SourceRead | None:
        """The digests as the rows stand now; None where none is wanted."""
        if self.sql is None:
            return None
        if not self.spans:
            return SourceRead(space=self.partitioning.space, spans=())
        digests = self._of_block(session, dialect)
        if digests is None:
            digests = scan(self, session, dialect, hull(self.spans))
        return SourceRead(
            space=self.partitioning.space,
            spans=tuple((span.start, span.end, str(digests.of(span))) for span in self.spans),
            unplaced=str(digests.unplaced) if self.includes_unplaced else None,
            keys=_keys(self.partitioning, self.spans),
        )

    def _of_block(self, session: Session, dialect: str) -> SourceDigests | None:
        if self.block is None or self.blocks is None:
            return None
        key = (self.relation, self.column, self.partitioning, self.includes_unplaced, self.sql)
        return self.blocks.get(
            key, self.block, self.version, lambda span: scan(self, session, dialect, span)
        )


def _keys(partitioning: AnyPartitioning, spans: Sequence[Span]) -> tuple[str, ...]:
    if not isinstance(partitioning, StaticPartitioning):
        return ()
    return tuple(partitioning.keys[span.start] for span in spans if span.start is not None)


def scan(wanted: SourceScan, session: Session, dialect: str, span: Span) -> SourceDigests:
    """The digest of every partition in `span` now, by one query."""
    if wanted.sql is None:
        raise ValueError(f"nothing is digested of {wanted.name}")
    query = digests_query(
        wanted.relation,
        wanted.column,
        wanted.partitioning,
        span,
        wanted.sql,
        dialect,
        includes_unplaced=wanted.includes_unplaced,
    )
    rows = [(text, count, one, two) for text, count, one, two in session.execute(query)]
    return read_digests(rows, wanted.sql, wanted.partitioning)


def hull(spans: Sequence[Span]) -> Span:
    """The least span that holds all of `spans`, of which there is at least one."""
    starts = [span.start for span in spans if span.start is not None]
    ends = [span.end for span in spans if span.end is not None]
    return Span(
        min(starts) if len(starts) == len(spans) else None,
        max(ends) if len(ends) == len(spans) else None,
    )


class SourceReading:
    """What one attempt at a chunk read of its sources; begun before its query, ended after it."""

    def __init__(self, scans: Sequence[SourceScan], session: Session, dialect: str) -> None:
        self._scans = scans
        self._before = {each.name: each.stamp() for each in scans}
        self._reads = {each.name: each.take(session, dialect) for each in scans}

    def end(
        self, marks: Mapping[str, InputMark]
    ) -> tuple[Mapping[str, InputMark], Mapping[str, SourceRead]]:
        """`marks` and digests, without those of files that are no longer what they were."""
        kept = dict(marks)
        found: dict[str, SourceRead] = {}
        for each in self._scans:
            read = self._reads[each.name]
            if each.stamp() != self._before[each.name]:
                if each.name in kept:
                    kept[each.name] = replace(kept[each.name], mark="")
                continue
            if read is not None:
                found[each.name] = read
            # The mark is older than the chunk: of a file that changed since, the digest alone holds.
            if each.name in kept and kept[each.name].mark not in ("", each.version()):
                kept[each.name] = replace(kept[each.name], mark="")
        return kept, found
