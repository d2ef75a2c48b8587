"""Digests of a source by partition: their sums are those of the rows, whatever cuts the partitions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqlbackfill.ledger.digests import Digest, digest_of
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.run.source_cover import EVERYTHING, Cover, Span
from sqlbackfill.run.source_digests import SourceDigests, digests_query, read_digests
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Column, DigestSql, Session

ROWS = """
create table raw as select
  i as id, timestamp '2013-03-08' + to_minutes(i * 137) as ts,
  (timestamp '2013-03-08' + to_minutes(i * 137))::date as d,
  timestamptz '2013-03-08 00:00:00+00' + to_minutes(i * 137) as tz,
  ['eu', 'us', 'else'][1 + i % 3] as region, i % 11 as v
from range(500) as r(i)
"""


@pytest.fixture
def adapter() -> Iterator[DuckDBAdapter]:
    made = DuckDBAdapter(DuckDBTarget())
    yield made
    made.close()


@pytest.fixture
def session(adapter: DuckDBAdapter) -> Session:
    found = adapter.session()
    found.execute(ROWS)
    return found


def _time(grain: str, kind: BoundType, timezone: str = "UTC") -> TimePartitioning:
    return TimePartitioning(grain=Grain.parse(grain), column_type=kind, timezone=timezone)


def _sql(adapter: DuckDBAdapter) -> DigestSql:
    columns = (Column("id", "BIGINT"), Column("v", "BIGINT"))
    found = adapter.digest_sql(columns, exact_floats=True)
    assert found is not None
    return found


def _taken(
    adapter: DuckDBAdapter,
    session: Session,
    column: str | None,
    partitioning: AnyPartitioning,
    span: Span = EVERYTHING,
    *,
    includes_unplaced: bool = True,
) -> SourceDigests:
    sql = _sql(adapter)
    cover = Cover((span,), unplaced=includes_unplaced)
    query = digests_query("raw", column, partitioning, cover, (sql,), "duckdb")
    return read_digests(session.execute(query), (sql,), partitioning)[0]


def _by_hand(adapter: DuckDBAdapter, session: Session, where: str) -> Digest:
    sql = _sql(adapter)
    query = f"SELECT COUNT(*), {sql.first_sum}, {sql.second_sum} FROM raw WHERE {where}"
    return digest_of(sql, *session.execute(query)[0])


CUTS = [
    ("d", _time("day", BoundType.DATE)),
    ("d", _time("week", BoundType.DATE)),
    ("ts", _time("hour", BoundType.TIMESTAMP)),
    ("ts", _time("minute", BoundType.TIMESTAMP)),
    ("tz", _time("day", BoundType.TIMESTAMPTZ, "America/New_York")),
    ("tz", _time("hour", BoundType.TIMESTAMPTZ, "Asia/Kolkata")),
    ("tz", _time("month", BoundType.TIMESTAMPTZ, "Asia/Kathmandu")),
    ("id", IntegerPartitioning(size=7)),
    ("id", IntegerPartitioning()),
    ("(id - 250)", IntegerPartitioning(size=7)),
]


@pytest.mark.parametrize(("column", "partitioning"), CUTS)
def test_every_partition_has_the_digest_of_its_own_rows(
    adapter: DuckDBAdapter, session: Session, column: str, partitioning: AnyPartitioning
) -> None:
    taken = _taken(adapter, session, column, partitioning)
    assert len(taken.by_ordinal) > 1
    assert taken.unplaced([EVERYTHING]).count == 0
    for ordinal, digest in taken.by_ordinal.items():
        low, high = partitioning.bounds(ordinal)
        assert digest == _by_hand(adapter, session, f"{column} >= '{low}' and {column} < '{high}'")
    assert taken.of(EVERYTHING) == _by_hand(adapter, session, "true")


def test_a_span_reads_its_own_partitions_and_the_rows_without_a_place(
    adapter: DuckDBAdapter, session: Session
) -> None:
    session.execute("insert into raw(id, d, v) values (900, NULL, 1), (901, 'infinity', 2)")
    partitioning = _time("day", BoundType.DATE)
    whole = _taken(adapter, session, "d", partitioning)
    first, last = min(whole.by_ordinal), max(whole.by_ordinal)
    assert whole.unplaced([EVERYTHING]).count == 2
    span = Span(first + 2, last - 1)
    part = _taken(adapter, session, "d", partitioning, span)
    assert set(part.by_ordinal) == set(range(first + 2, last - 1))
    assert part.of(span) == whole.of(span)
    assert part.unplaced([span]).count == 1
    bounded = _taken(adapter, session, "d", partitioning, span, includes_unplaced=False)
    assert bounded.of(span) == whole.of(span)
    assert bounded.unplaced([span]).count == 0


def test_keys_that_no_list_names_have_no_place(adapter: DuckDBAdapter, session: Session) -> None:
    taken = _taken(adapter, session, "region", StaticPartitioning(("eu", "us")))
    assert sorted(taken.by_ordinal) == [0, 1]
    assert taken.unplaced([]) == _by_hand(adapter, session, "region = 'else'")


def test_a_source_without_partitions_is_one(adapter: DuckDBAdapter, session: Session) -> None:
    taken = _taken(adapter, session, None, WholePartitioning())
    assert taken.of(EVERYTHING) == _by_hand(adapter, session, "true")


def test_a_late_row_changes_the_digest_of_its_day_alone(
    adapter: DuckDBAdapter, session: Session
) -> None:
    partitioning = _time("day", BoundType.DATE)
    before = _taken(adapter, session, "d", partitioning)
    session.execute("insert into raw(id, d, v) values (7, '2013-03-10', 7)")
    after = _taken(adapter, session, "d", partitioning)
    changed = [o for o in after.by_ordinal if after.by_ordinal[o] != before.by_ordinal.get(o)]
    assert [partitioning.label(o) for o in changed] == ["2013-03-10"]


def test_one_query_gives_several_sets_of_columns_what_one_each_would(
    adapter: DuckDBAdapter, session: Session
) -> None:
    partitioning = _time("day", BoundType.DATE)
    sets = [
        adapter.digest_sql([Column(name, "BIGINT") for name in names], exact_floats=True)
        for names in (("id",), ("v",), ("id", "v"), ())
    ]
    sqls = [sql for sql in sets if sql is not None]
    cover = Cover((EVERYTHING,), unplaced=True)

    def taken(*wanted: DigestSql) -> tuple[SourceDigests, ...]:
        query = digests_query("raw", "d", partitioning, cover, wanted, "duckdb")
        return read_digests(session.execute(query), wanted, partitioning)

    together = taken(*sqls)
    assert len({str(each.of(EVERYTHING)) for each in together}) == 4
    assert list(together) == [taken(sql)[0] for sql in sqls]


def test_ranges_apart_are_read_without_what_lies_between(
    adapter: DuckDBAdapter, session: Session
) -> None:
    session.execute("insert into raw(id, d, v) values (900, NULL, 1)")
    partitioning = _time("day", BoundType.DATE)
    whole = _taken(adapter, session, "d", partitioning)
    first = min(whole.by_ordinal)
    spans = (Span(None, first + 2), Span(first + 5, first + 7))
    sql = _sql(adapter)
    for unplaced in (True, False):
        cover = Cover.of(spans, unplaced=unplaced)
        query = digests_query("raw", "d", partitioning, cover, (sql,), "duckdb")
        (found,) = read_digests(session.execute(query), (sql,), partitioning)
        assert set(found.by_ordinal) == {first, first + 1, first + 5, first + 6}
        assert [found.of(span) for span in spans] == [whole.of(span) for span in spans]
        assert found.nowhere.count == unplaced


def test_times_beyond_the_calendar_belong_to_who_reads_without_end(
    adapter: DuckDBAdapter, session: Session
) -> None:
    session.execute(
        "insert into raw(id, d, v) values (900, '-infinity', 1), (901, '0044-03-15 (BC)', 1),"
        " (902, 'infinity', 2), (903, '12000-01-01', 2), (904, '9999-12-31', 2), (905, NULL, 3)"
    )
    partitioning = _time("day", BoundType.DATE)
    taken = _taken(adapter, session, "d", partitioning)
    for span, where in (
        (Span(None, 0), "id in (900, 901, 905)"),
        (Span(0, None), "id in (902, 903, 905)"),
        (Span(0, 1), "id = 905"),
        (EVERYTHING, "id >= 900 and id <> 904"),
    ):
        assert taken.unplaced([span]) == _by_hand(adapter, session, where)
    assert taken.as_one.of(EVERYTHING) == _by_hand(adapter, session, "true")


def test_instants_of_before_time_zones_are_told_apart_to_the_second(
    adapter: DuckDBAdapter, session: Session
) -> None:
    # Paris was 9 minutes and 21 seconds ahead of UTC until 1911.
    session.execute(
        "create table odd as select timestamptz '1900-05-31 23:50:38+00' + to_seconds(i) as tz,"
        " i as id, i as v from range(3) as r(i)"
    )
    partitioning = _time("month", BoundType.TIMESTAMPTZ, "Europe/Paris")
    sql = _sql(adapter)
    cover = Cover((EVERYTHING,), unplaced=False)
    query = digests_query("odd", "tz", partitioning, cover, (sql,), "duckdb")
    (found,) = read_digests(session.execute(query), (sql,), partitioning)
    bounds = partitioning.bounds(max(found.by_ordinal))[0]
    later = session.execute(f"select count(*) from odd where tz >= '{bounds}'")[0][0]
    assert later == 2
    assert found.by_ordinal[max(found.by_ordinal)].count == later
