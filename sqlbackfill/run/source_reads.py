"""Digesting what a chunk reads of its sources, in the snapshot that its query reads.

A database's snapshot does not cover files, nor Snowflake's more than one statement: what is cheaply
known of both is compared before and after, and where it differs the version is not known. Decides
nothing about staleness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.ledger.records import InputMark, SourceRead
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.run.source_blocks import SourceBlocks
from sqlbackfill.run.source_cover import Cover, Span
from sqlbackfill.run.source_digests import SourceDigests, digests_query, read_digests
from sqlbackfill.warehouse.protocol import DigestSql, Relation, Session, TableVersion

Versions = Callable[[Session, Sequence[Relation]], Mapping[Relation, TableVersion]]
"""An engine's own account of tables: `Adapter.table_versions`."""


def _no_versions(_session: Session, _tables: Sequence[Relation]) -> Mapping[Relation, TableVersion]:
    return {}


def _nothing() -> str:
    """The stamp of what is no file: the transaction itself is the snapshot."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceScan:
    """What is to be digested of one source, `name`, that one chunk reads.

    `relation` and `column` are SQL. The rows of each span are digested together; with
    `includes_unplaced` those without a partition too. `sql` is None where no digest is wanted.
    `stamp` tells whether files are what they were, and `version` is their cheap version now. `block`
    is what chunks around this one read of it too, which `blocks` keeps for them. `table` is what the
    engine may know a version of.
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
    table: Relation | None = None

    def take(
        self, session: Session, dialect: str, versions: Versions, before: str
    ) -> SourceRead | None:
        """The digests as the rows stand now; None where none is wanted.

        `before` is the settled version that the table had before, empty if there is none.
        """
        if self.sql is None:
            return None
        if not self.spans:
            return SourceRead(space=self.partitioning.space, spans=())
        digests = self._of_block(session, dialect, versions, before)
        if digests is None:
            digests = scan(self, session, dialect, self.cover.hull)
        return SourceRead(
            space=self.partitioning.space,
            spans=tuple((span.start, span.end, str(digests.of(span))) for span in self.spans),
            unplaced=str(digests.unplaced(self.spans)) if self.includes_unplaced else None,
            keys=_keys(self.partitioning, self.spans),
        )

    @property
    def cover(self) -> Cover:
        """What is read of the source to digest the spans."""
        return Cover.of(self.spans, unplaced=self.includes_unplaced)

    def _of_block(
        self, session: Session, dialect: str, versions: Versions, before: str
    ) -> SourceDigests | None:
        if self.block is None or self.blocks is None:
            return None
        key = (self.relation, self.column, self.partitioning, self.includes_unplaced, self.sql)
        table = self.table
        return self.blocks.get(
            key,
            self.block,
            before or self.version(),
            lambda: _settled(versions(session, [table]).get(table)) if table else self.version(),
            lambda span: scan(self, session, dialect, span),
        )


def _keys(partitioning: AnyPartitioning, spans: Sequence[Span]) -> tuple[str, ...]:
    if not isinstance(partitioning, StaticPartitioning):
        return ()
    return tuple(partitioning.keys[span.start] for span in spans if span.start is not None)


def scan(wanted: SourceScan, session: Session, dialect: str, span: Span) -> SourceDigests:
    """The digest of every partition in `span` now, by one query."""
    if wanted.sql is None:
        raise ValueError(f"nothing is digested of {wanted.name}")
    cover = Cover((span,), wanted.includes_unplaced)
    sqls = (wanted.sql,)
    query = digests_query(wanted.relation, wanted.column, wanted.partitioning, cover, sqls, dialect)
    return read_digests(session.execute(query), sqls, wanted.partitioning)[0]


class SourceReading:
    """What one attempt at a chunk read of its sources; begun before its query, ended after it."""

    def __init__(
        self,
        scans: Sequence[SourceScan],
        session: Session,
        dialect: str,
        versions: Versions = _no_versions,
    ) -> None:
        self._scans = scans
        self._session = session
        self._versions = versions
        self._tables = [each.table for each in scans if each.table]
        self._known = versions(session, self._tables) if self._tables else {}
        self._before = {each.name: each.stamp() for each in scans}
        self._reads = {
            each.name: each.take(session, dialect, versions, self._settled_before(each))
            for each in scans
        }

    def end(
        self, marks: Mapping[str, InputMark]
    ) -> tuple[Mapping[str, InputMark], Mapping[str, SourceRead]]:
        """`marks` and digests, without those of sources that are no longer what they were.

        A table's mark is the version that it had all the time, if no later change can share it.
        """
        kept = dict(marks)
        found: dict[str, SourceRead] = {}
        after = self._versions(self._session, self._tables) if self._known else {}
        for each in self._scans:
            mark, read = marks.get(each.name), self._reads[each.name]
            if self._has_moved(each, after):
                if mark is not None:
                    kept[each.name] = replace(mark, mark="")
                continue
            if read is not None:
                found[each.name] = read
            if mark is None:
                continue
            if each.table in self._known:
                kept[each.name] = replace(mark, mark=self._settled_before(each))
            # The mark is older than the chunk: of a file that changed since, the digest alone holds.
            elif mark.mark not in ("", each.version()):
                kept[each.name] = replace(mark, mark="")
        return kept, found

    def _has_moved(self, each: SourceScan, after: Mapping[Relation, TableVersion]) -> bool:
        if each.table and each.table in self._known:
            now = after.get(each.table)
            return now is None or now.text != self._known[each.table].text
        return each.stamp() != self._before[each.name]

    def _settled_before(self, each: SourceScan) -> str:
        return _settled(self._known.get(each.table)) if each.table else ""


def _settled(version: TableVersion | None) -> str:
    return version.text if version is not None and version.is_settled else ""
