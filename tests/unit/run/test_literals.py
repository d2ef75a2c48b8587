from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.run.literals import literal, partitions_predicate, text_literal
from tests.crash.chain import DAYS, FIRST

NOON = datetime(2013, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bound", "column_type", "dialect", "sql"),
    [
        (date(2013, 1, 1), BoundType.DATE, "duckdb", "CAST('2013-01-01' AS DATE)"),
        (NOON, BoundType.TIMESTAMP, "duckdb", "CAST('2013-01-01 12:00:00' AS TIMESTAMP)"),
        (NOON, BoundType.TIMESTAMP, "snowflake", "CAST('2013-01-01 12:00:00' AS TIMESTAMP_NTZ)"),
        (
            NOON,
            BoundType.TIMESTAMPTZ,
            "duckdb",
            "CAST('2013-01-01 12:00:00+00:00' AS TIMESTAMPTZ)",
        ),
        (
            NOON,
            BoundType.TIMESTAMPTZ,
            "snowflake",
            "CAST('2013-01-01 12:00:00+00:00' AS TIMESTAMP_TZ)",
        ),
        (-5, BoundType.INTEGER, "duckdb", "-5"),
        ("it's", BoundType.TEXT, "duckdb", "'it''s'"),
    ],
)
def test_a_bound_is_a_literal_of_its_own_type(
    bound: Bound, column_type: BoundType, dialect: str, sql: str
) -> None:
    assert literal(bound, column_type, dialect) == sql


def test_a_backslash_is_doubled_where_the_dialect_reads_it_as_an_escape() -> None:
    assert text_literal("a\\b'c", "snowflake") == "'a\\\\b''c'"
    assert text_literal("a\\b", "duckdb") == "'a\\b'"


def test_a_predicate_is_half_open_and_names_each_run_once() -> None:
    days = PartitionSet.of([(FIRST, FIRST + 2), (FIRST + 5, FIRST + 6)])
    assert partitions_predicate('"d"', DAYS, days, "duckdb") == (
        "(\"d\" >= CAST('2013-01-01' AS DATE) AND \"d\" < CAST('2013-01-03' AS DATE)) OR "
        "(\"d\" >= CAST('2013-01-06' AS DATE) AND \"d\" < CAST('2013-01-07' AS DATE))"
    )


def test_integers_and_keys_have_predicates_of_their_own() -> None:
    blocks = IntegerPartitioning(size=100)
    assert partitions_predicate("n", blocks, PartitionSet.span(-1, 2), "duckdb") == (
        "(n >= -100 AND n < 200)"
    )
    regions = StaticPartitioning(keys=("eu", "us", "o'b"))
    assert partitions_predicate("r", regions, PartitionSet.span(1, 3), "duckdb") == (
        "r IN ('us', 'o''b')"
    )


def test_no_partition_is_true_for_no_row() -> None:
    assert partitions_predicate("d", DAYS, PartitionSet.empty(), "duckdb") == "1 = 0"
