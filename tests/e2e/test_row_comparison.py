"""Rows as multisets: doubles to a relative 1e-9, all else exactly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqlbackfill.app.row_comparison import Comparison, RowDifference, compare_rows, is_close
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Session


@pytest.fixture
def adapter() -> DuckDBAdapter:
    return DuckDBAdapter(DuckDBTarget(name="house"))


@pytest.fixture
def session(adapter: DuckDBAdapter) -> Iterator[Session]:
    yield adapter.session()
    adapter.close()


def compared(session: Session, adapter: DuckDBAdapter, found: str, expected: str) -> Comparison:
    session.execute(f"create or replace temp table a as {found}")
    session.execute(f"create or replace temp table b as {expected}")
    columns = session.describe("select * from a")
    return compare_rows(session, adapter, columns, ("temp.a", "temp.b"), columns[0].name)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("select 1 as k, 0.1::double + 0.2::double as x", "select 1 as k, 0.3::double as x"),
        ("select 1 as k, 1e-300::double as x", "select 1 as k, 0::double as x"),
        ("select 1 as k, 'nan'::double as x", "select 1 as k, 'nan'::double as x"),
        ("select 1 as k, null::double as x", "select 1 as k, null::double as x"),
        ("select 1 as k, [0.1::double + 0.2] as x", "select 1 as k, [0.3::double] as x"),
        (
            "select 1 as k, {'a': 0.1::double + 0.2} as x",
            "select 1 as k, {'a': 0.3::double} as x",
        ),
        ("select range as k from range(5)", "select 4 - range as k from range(5)"),
        (
            "select 1 as k, 1e15::double + 0.25 as x from range(3)",
            "select 1 as k, 1e15::double as x from range(3)",
        ),
    ],
)
def test_these_are_equal(
    session: Session, adapter: DuckDBAdapter, found: str, expected: str
) -> None:
    assert compared(session, adapter, found, expected) == Comparison(0, ())


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("select 1 as k, 1.000001::double as x", "select 1 as k, 1::double as x"),
        ("select 1 as k, 'nan'::double as x", "select 1 as k, null::double as x"),
        ("select 1 as k, 1.0000000001::decimal(20, 12) as x", "select 1 as k, 1::decimal(20, 12)"),
        (
            "select 1 as k, 1.0::double as x, timestamp_ns '2024-01-01 00:00:00.000000001' as t",
            "select 1 as k, 1.0::double + 1e-12, timestamp_ns '2024-01-01 00:00:00.000000002'",
        ),
        ("select null::integer as k", "select 1 as k"),
    ],
)
def test_these_differ(session: Session, adapter: DuckDBAdapter, found: str, expected: str) -> None:
    assert compared(session, adapter, found, expected).different == 2


def test_rows_count_as_often_as_they_occur(session: Session, adapter: DuckDBAdapter) -> None:
    found = compared(
        session,
        adapter,
        "select 1 as k, 1.0::double as x from range(3)",
        "select 1 as k, 1.0::double + 1e-12 as x from range(2)",
    )

    assert found == Comparison(1, (RowDifference({"k": 1, "x": 1.0}, 3, 2),))


def test_close_rows_are_paired_whatever_the_order_of_their_columns(
    session: Session, adapter: DuckDBAdapter
) -> None:
    found = (
        "select 1 as k, unnest([1.0, 1.0 + 1e-12])::double as x, unnest([5.0, 3.0])::double as y"
    )
    other = (
        "select 1 as k, unnest([1.0, 1.0 + 1e-12])::double as x, unnest([3.0, 5.0])::double as y"
    )

    assert compared(session, adapter, found, other).different == 0


def test_the_first_differences_come_in_the_order_of_the_column_asked_for(
    session: Session, adapter: DuckDBAdapter
) -> None:
    found = compared(session, adapter, "select range as k from range(40)", "select 1 as k limit 0")

    assert found.different == 40
    assert [one.row["k"] for one in found.first] == list(range(10))


def test_closeness_looks_into_lists_and_structs() -> None:
    assert is_close({"a": [1.0, None]}, {"a": [1.0 + 1e-12, None]})
    assert not is_close({"a": [1.0]}, {"a": [1.0, 2.0]})
    assert not is_close({"a": 1.0}, {"b": 1.0})


def test_many_rows_of_one_key_are_matched_in_a_moment(
    session: Session, adapter: DuckDBAdapter
) -> None:
    rows = "from range(20_000) r(n)"
    found = compared(
        session,
        adapter,
        f"select 1 as k, (n / 7)::double as x, 'inf'::double as y {rows}",
        f"select 1 as k, (n / 7)::double * (1 + 1e-13) as x, 'inf'::double as y {rows}",
    )

    assert found.different == 0
