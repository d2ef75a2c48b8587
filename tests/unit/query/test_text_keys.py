"""Text as a key of rows in two tables: only where equal texts are the same."""

from __future__ import annotations

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo

KEYS = PartitionInfo(column="p", grain="keys", column_type=BoundType.TEXT)
JOIN = "select a.c as p, b.v from __sb_occurrence_0__ a join __sb_occurrence_1__ b on a.c = b.c"


def bounded(dialect: str, a_type: str = "VARCHAR") -> list[str]:
    """The inputs that get a predicate."""
    found = analyse(
        AnalysisRequest(
            model="m",
            sql=JOIN,
            dialect=dialect,
            occurrences={
                "__sb_occurrence_0__": InputRef(relation="a", columns=(("c", a_type),)),
                "__sb_occurrence_1__": InputRef(
                    relation="b", columns=(("c", "VARCHAR"), ("v", "INTEGER"))
                ),
            },
            partition=KEYS,
        )
    )
    return [one.relation for one in found.occurrences if one.ranges]


def test_equal_texts_are_the_same_where_nothing_says_otherwise() -> None:
    assert bounded("duckdb") == ["a", "b"]


def test_under_a_collation_that_the_catalogue_shows_the_other_table_is_read_whole() -> None:
    assert bounded("duckdb", "VARCHAR COLLATE NOCASE") == ["a"]


@pytest.mark.parametrize("dialect", ["snowflake", "mysql", "tsql"])
def test_where_a_collation_may_stand_unseen_the_other_table_is_read_whole(dialect: str) -> None:
    assert bounded(dialect) == ["a"]
