"""Digests of what a chunk writes: those of the stored rows, for every partition, whatever the order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sqlbackfill.ledger.digests import Digest, column_set_id, digest_of
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Chunk, ColumnSet, PlannedModel
from sqlbackfill.run.fill import Filled, Replacement, ready_target, replace_partitions
from sqlbackfill.run.whole_table import replace_whole
from sqlbackfill.warehouse.double import DoubleAdapter
from sqlbackfill.warehouse.protocol import Column, Relation, Session

DAYS = TimePartitioning(grain=Grain.parse("day"), column_type=BoundType.DATE)
FIRST = DAYS.ordinal_of_key("2013-01-01") or 0
NARROW = ColumnSet(column_set_id(["day", "n"]), ("day", "n"))
WITH_FLOAT = ColumnSet(column_set_id(["day", "mean"]), ("day", "mean"))
EVERY = ColumnSet(column_set_id(None), None)
ROWS = (
    "select date '2013-01-01' + (i % 3)::int as day, i as n, i / 7.0::double as mean, 'x' as label"
    " from range(10) as r(i) where i % 3 <> 1"
)


def _model(adapter: DoubleAdapter, *consumed: ColumnSet) -> PlannedModel:
    return PlannedModel(
        name="m",
        relation=Relation(adapter.database, "main", "m"),
        partitioning=DAYS,
        partition_column="day",
        reads_itself=False,
        has_author_bounds=False,
        upstreams=(),
        consumed=consumed,
    )


def _fill(adapter: DoubleAdapter, model: PlannedModel, rows: str = ROWS, days: int = 3) -> Filled:
    session = adapter.session()
    chunk = Chunk(FIRST, FIRST + days)
    work = Replacement(session=session, adapter=adapter, model=model, chunk=chunk, allow_empty=True)
    target = ready_target(work, rows, session.describe(rows))
    return replace_partitions(work, target, f"({rows})")


def _stored(adapter: DoubleAdapter, session: Session, columns: list[Column], where: str) -> Digest:
    sql = adapter.digest_sql(columns, exact_floats=False)
    assert sql is not None
    query = f"SELECT COUNT(*), {sql.first_sum}, {sql.second_sum} FROM m WHERE {where}"
    return digest_of(sql, *session.execute(query)[0])


COLUMNS = [Column("day", "DATE"), Column("n", "BIGINT")]


@pytest.mark.parametrize("days", [1, 3])
def test_every_partition_of_a_chunk_has_the_digest_of_its_rows(days: int) -> None:
    adapter = DoubleAdapter()
    rows = f"select * from ({ROWS}) where day < date '2013-01-01' + {days}"
    filled = _fill(adapter, _model(adapter, NARROW), rows, days)
    assert list(filled.digests) == [NARROW.id]
    session = adapter.session()
    for ordinal, digest in filled.digests[NARROW.id].items():
        day = DAYS.record_key(ordinal)
        assert digest == _stored(adapter, session, COLUMNS, f"day = '{day}'")
    assert len(filled.digests[NARROW.id]) == days


def test_a_partition_without_rows_has_the_digest_of_none() -> None:
    adapter = DoubleAdapter()
    found = _fill(adapter, _model(adapter, NARROW)).digests[NARROW.id]
    assert found[FIRST + 1] == Digest.empty(found[FIRST].tag)
    assert found[FIRST].count > 0


def test_columns_with_a_floating_point_have_none() -> None:
    adapter = DoubleAdapter()
    filled = _fill(adapter, _model(adapter, NARROW, WITH_FLOAT, EVERY))
    assert list(filled.digests) == [NARROW.id]


def test_a_column_that_the_table_lacks_has_none() -> None:
    adapter = DoubleAdapter()
    gone = ColumnSet(column_set_id(["gone"]), ("gone",))
    assert _fill(adapter, _model(adapter, gone)).digests == {}


def test_the_order_of_the_rows_does_not_matter() -> None:
    one, other = DoubleAdapter(), DoubleAdapter()
    first = _fill(one, _model(one, NARROW))
    second = _fill(other, _model(other, NARROW), f"select * from ({ROWS}) order by n desc")
    assert first.digests == second.digests


def test_a_table_without_partitions_has_one_digest() -> None:
    adapter = DoubleAdapter()
    session = adapter.session()
    model = replace(
        _model(adapter, NARROW, WITH_FLOAT), partitioning=WholePartitioning(), partition_column=None
    )
    work = Replacement(
        session=session, adapter=adapter, model=model, chunk=Chunk(0, 1), allow_empty=True
    )
    filled = replace_whole(work, ROWS)
    assert filled.digests == {NARROW.id: {0: _stored(adapter, session, COLUMNS, "true")}}


def test_no_digest_is_taken_where_nobody_reads() -> None:
    adapter = DoubleAdapter()
    assert _fill(adapter, _model(adapter)).digests == {}
    assert not any("HASH" in statement.sql for statement in adapter.log if statement.sql)
