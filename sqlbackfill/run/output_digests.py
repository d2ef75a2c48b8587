"""Digests of what a chunk left in its table, taken from the rows as stored. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlbackfill.dataclass import dataclass
from sqlbackfill.ledger.digests import Digest, digest_of
from sqlbackfill.partitions.bounds import read_bound
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.plan.types import Chunk, ColumnSet
from sqlbackfill.warehouse.protocol import Adapter, Column, DigestSql

DigestsByOrdinal = Mapping[int, Digest]


@dataclass(frozen=True, slots=True)
class WantedDigests:
    """The aggregates for each column set that has a content digest, in the order of their answers."""

    sets: tuple[tuple[str, DigestSql], ...] = ()

    @classmethod
    def of(
        cls, adapter: Adapter, wanted: Iterable[ColumnSet], columns: Sequence[Column]
    ) -> WantedDigests:
        """Those of `wanted`, of which all columns are among the table's `columns`."""
        by_name = {column.name.lower(): column for column in columns}
        found = []
        for each in wanted:
            names = tuple(by_name) if each.columns is None else each.columns
            if not names or not by_name.keys() >= set(names):
                continue
            sql = adapter.digest_sql([by_name[name] for name in names], exact_floats=False)
            if sql is not None:
                found.append((each.id, sql))
        return cls(tuple(found))

    def __bool__(self) -> bool:
        return bool(self.sets)

    @property
    def sums(self) -> tuple[str, ...]:
        """The aggregates as SQL, two for each set."""
        return tuple(s for _, sql in self.sets for s in (sql.first_sum, sql.second_sum))

    def by_ordinal(
        self, rows: Iterable[Sequence[Any]], partitioning: AnyPartitioning, chunk: Chunk
    ) -> dict[str, DigestsByOrdinal]:
        """The digest of every partition of `chunk` by column set, those without rows included.

        `rows` are (a value of the partition column as text, rows, *sums).
        """
        found = {
            set_id: {o: Digest.empty(sql.tag) for o in range(chunk.start, chunk.end)}
            for set_id, sql in self.sets
        }
        for text, count, *sums in rows:
            ordinal = partitioning.ordinal(read_bound(text, partitioning.column_type))
            for at, (set_id, sql) in enumerate(self.sets):
                digest = digest_of(sql, count, sums[2 * at], sums[2 * at + 1])
                found[set_id][ordinal] += digest
        return dict(found)

    def of_whole(self, row: Sequence[Any]) -> dict[str, DigestsByOrdinal]:
        """The same for a table without partitions; `row` is (rows, *sums)."""
        count, *sums = row
        return {
            set_id: {0: digest_of(sql, count, sums[2 * at], sums[2 * at + 1])}
            for at, (set_id, sql) in enumerate(self.sets)
        }
