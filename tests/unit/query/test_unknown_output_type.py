"""Where the partition column's own type is not known, no zoned column is bounded by it."""

from __future__ import annotations

import pytest

from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo

EVENTS = InputRef(relation="raw.e", columns=(("tz", "TIMESTAMPTZ"), ("k", "BIGINT"), ("d", "DATE")))
A, B = "__sb_occurrence_0__", "__sb_occurrence_1__"
JOINED = f"select y.tz as p, x.d as q from {A} as x join {B} as y using (d, k)"


@pytest.mark.parametrize(
    ("sql", "is_bounded"),
    [(JOINED, True), (f"({JOINED}) union all by name (select k as v from {A})", False)],
)
def test_an_arm_without_the_column_leaves_it_open_whether_bounds_are_instants(
    sql: str, is_bounded: bool
) -> None:
    facts = analyse(
        AnalysisRequest(
            model="m",
            sql=sql,
            occurrences={A: EVENTS, B: EVENTS},
            partition=PartitionInfo(column="p", grain="day"),
            session_timezone="America/New_York",
        )
    )
    assert any(occurrence.ranges for occurrence in facts.occurrences) is is_bounded
