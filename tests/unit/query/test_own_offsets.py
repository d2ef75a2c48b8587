"""Moments of Snowflake that bring their own offset: equal ones may have other dates."""

from __future__ import annotations

import pytest

from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, Verdict

COLUMNS = (
    ("tz", "TIMESTAMP_TZ"),
    ("l", "TIMESTAMP_LTZ"),
    ("k", "NUMBER(9,0)"),
    ("id", "NUMBER(9,0)"),
)


@pytest.mark.parametrize("shown", ["", "id, "])
@pytest.mark.parametrize(("column", "verdict"), [("tz", Verdict.UNPROVEN), ("l", Verdict.PROVEN)])
def test_ties_among_equal_moments_are_in_one_partition_only_if_they_have_one_date(
    column: str, verdict: Verdict, shown: str
) -> None:
    marker = "__sb_occurrence_0__"
    facts = analyse(
        AnalysisRequest(
            model="m",
            sql=f"select {column}::date as p, {shown}row_number() over (partition by {column} order by k) as n from {marker}",
            dialect="snowflake",
            occurrences={marker: InputRef(relation="t", columns=COLUMNS)},
            partition=PartitionInfo(column="p", grain="day"),
            session_timezone="UTC",
        )
    )

    assert facts.verdict is verdict
    assert [reason.code for reason in facts.reasons] == (["TIES"] if column == "tz" else [])
