"""Reading a source again to see what changed in it: one query for all who have to compare it.

Who reads the source in one cut shares one scan, whatever their columns and windows; who reads it whole
adds up what the others' scan found. Decides nothing about staleness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlbackfill.app.known_digests import KnownDigests
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Unit
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.run.source_cover import EVERYTHING, Cover
from sqlbackfill.run.source_digests import SourceDigests, digests_query, read_digests
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Adapter, DigestSql, Relation, Session

WHOLE = Cover((EVERYTHING,), unplaced=True)
ColumnNames = frozenset[str] | None
"""Names of columns in lower case; None is all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What one reader compares of a source: which columns by `sql`, which rows, in which cut.

    `numbering` tells cuts apart, `column` is the source's own that is cut; None where it is one whole.
    """

    numbering: str
    column: str | None
    partitioning: AnyPartitioning
    cover: Cover
    columns: ColumnNames
    sql: DigestSql

    @property
    def is_whole(self) -> bool:
        return isinstance(self.partitioning, WholePartitioning)


Tell = Callable[[ColumnNames], None]
"""Says before a reading which columns it is of."""


@dataclass(slots=True)
class SourceReadings:
    """What was read of one source so far, in one command. `known` is what commands before read."""

    adapter: Adapter
    relation: Relation | ExternalRelation
    tell: Tell
    known: KnownDigests | None = None
    _taken: dict[tuple[str, DigestSql], tuple[Cover, SourceDigests]] = field(default_factory=dict)

    def of(
        self, asked: Compared, others: Callable[[], Iterable[Compared]], session: Session
    ) -> SourceDigests:
        """The digests that `asked` compares with. Where it must be read, all `others` are read too."""
        found = self._find(asked)
        if found is None:
            self._read(_least_cuts([asked, *others()]), session)
            found = self._find(asked)
        if found is None:
            raise RuntimeError(f"{self.relation} was read, but not what was asked for")
        return found

    def _find(self, asked: Compared) -> SourceDigests | None:
        key = (asked.numbering, asked.sql)
        taken = self._taken.get(key)
        if taken is None and self.known is not None:
            taken = self.known.find(self.relation, _name(key))
            if taken is not None:
                self._taken[key] = taken
        if taken is not None and taken[0].holds(asked.cover):
            return taken[1]
        if not asked.is_whole:
            return None
        for (_, sql), (cover, digests) in self._taken.items():
            if sql == asked.sql and cover == WHOLE:
                return digests.as_one
        return None

    def _read(self, wanted: Sequence[Compared], session: Session) -> None:
        for cut in {each.numbering: each for each in wanted}.values():
            of_cut = [each for each in wanted if each.numbering == cut.numbering]
            missing = [each for each in of_cut if self._find(each) is None]
            if missing:
                self._scan(cut, missing, session)

    def _scan(self, cut: Compared, wanted: Sequence[Compared], session: Session) -> None:
        sqls = tuple(dict.fromkeys(each.sql for each in wanted))
        taken = [self._taken.get((cut.numbering, sql)) for sql in sqls]
        cover = Cover.of((), unplaced=False)
        for part in (*(each.cover for each in wanted), *(t[0] for t in taken if t)):
            cover = cover.joined(part)
        self.tell(_all_of(each.columns for each in wanted))
        stamp = self.known.stamp(self.relation) if self.known is not None else ""
        text = text_of(self.relation, self.adapter)
        dialect = self.adapter.dialect
        query = digests_query(text, cut.column, cut.partitioning, cover, sqls, dialect)
        rows = session.execute(query)
        for sql, digests in zip(sqls, read_digests(rows, sqls, cut.partitioning), strict=True):
            key = (cut.numbering, sql)
            self._taken[key] = cover, digests
            if self.known is not None:
                self.known.keep(self.relation, _name(key), stamp, cover, digests)


def text_of(relation: Relation | ExternalRelation, adapter: Adapter) -> str:
    """What stands after FROM to read a source."""
    return adapter.quote(relation) if isinstance(relation, Relation) else relation.sql


def _name(key: tuple[str, DigestSql]) -> tuple[str, ...]:
    return (key[0], repr(key[1]))


def _least_cuts(wanted: Sequence[Compared]) -> list[Compared]:
    """`wanted`, with what is read whole in the cut of another reader, if there is one."""
    cut = next((each for each in wanted if not each.is_whole and _is_coarse(each)), None)
    if cut is None:
        return list(wanted)
    return [
        Compared(
            numbering=cut.numbering,
            column=cut.column,
            partitioning=cut.partitioning,
            cover=WHOLE,
            columns=each.columns,
            sql=each.sql,
        )
        if each.is_whole
        else each
        for each in wanted
    ]


def _is_coarse(cut: Compared) -> bool:
    """Whether reading all of the source in this cut gives few rows: days or hours of its column.

    Keys of a text are always read in full.
    """
    match cut.partitioning:
        case TimePartitioning(column_type=kind, column=column, grain=grain):
            is_by_minute = column.cut_zone is not None or grain.unit is Unit.MINUTE
            return kind is BoundType.DATE or not is_by_minute
        case StaticPartitioning():
            return True
        case _:
            return False


def _all_of(columns: Iterable[ColumnNames]) -> ColumnNames:
    found: set[str] = set()
    for names in columns:
        if names is None:
            return None
        found |= names
    return frozenset(found)
