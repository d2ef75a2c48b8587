"""Which bounds may become columns of a spine, and which words stand in their places."""

from __future__ import annotations

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo
from sqlbackfill.query.lift import lift_slots
from sqlbackfill.query.splice import bound_words, with_spine

_T = "__sb_occurrence_0__"
_COLUMNS = (
    ("d", "DATE"),
    ("ts", "TIMESTAMP"),
    ("s", "VARCHAR"),
    ("n", "INTEGER"),
    ("l", "DATE[]"),
)
_AS_DAY = "date '__sb_start__' as day"


def _request(
    sql: str, *, own: BoundType = BoundType.DATE, control: bool = False
) -> AnalysisRequest:
    ref = InputRef(
        relation="t",
        columns=_COLUMNS,
        partition=PartitionInfo(column="d", grain="day", column_type=BoundType.DATE),
    )
    return AnalysisRequest(
        model="m",
        sql=sql,
        occurrences={_T: ref},
        partition=PartitionInfo(
            column="day", grain="1" if own is BoundType.INTEGER else "day", column_type=own
        ),
        bounds_in_control_flow=control,
    )


def _lifted(sql: str, own: BoundType = BoundType.DATE, *, control: bool = False) -> str | None:
    request = _request(sql, own=own, control=control)
    slots = lift_slots(request, analyse(request), own)
    return None if slots is None else with_spine(sql, slots)


def test_a_bound_compared_with_a_date_becomes_the_spine_s_date() -> None:
    lifted = _lifted(f"select {_AS_DAY}, count(*) as c from {_T} where d = '__sb_start__'")
    assert lifted == (
        'select CAST("__sb_spine"."__sb_lo" AS date) as day, count(*) as c '
        f'from {_T} where d = CAST("__sb_spine"."__sb_lo" AS DATE)'
    )


def test_a_bound_compared_with_text_stays_text() -> None:
    lifted = _lifted(f"select {_AS_DAY}, n from {_T} where s = '__sb_start__' limit 1")
    assert lifted is not None
    assert lifted.endswith('where s = "__sb_spine"."__sb_start" limit 1')


def test_a_bound_inside_longer_text_is_joined_with_it() -> None:
    lifted = _lifted(f"select {_AS_DAY}, 'it''s __sb_end__!' as x, count(*) as c from {_T}")
    assert lifted is not None
    assert """('it''s ' || "__sb_spine"."__sb_end" || '!') as x""" in lifted


def test_a_bare_number_becomes_the_spine_s_number() -> None:
    sql = f"select __sb_start__ as day, count(*) as c from {_T} where n >= __sb_start__"
    lifted = _lifted(sql, BoundType.INTEGER)
    assert lifted is not None
    assert lifted.count('"__sb_spine"."__sb_lo"') == 2


@pytest.mark.parametrize(
    "sql",
    [
        f"select {_AS_DAY}, coalesce(s, '__sb_start__') as c from {_T} where d = '__sb_start__'",
        f"select {_AS_DAY}, count(*) as c from {_T} where s >= '__sb_start__'",
        f"select {_AS_DAY}, count(*) as c from {_T} where list_contains(l, '__sb_start__')",
        f"select {_AS_DAY}, count(*) as c from {_T} where n = '__sb_start__'",
        f"select {_AS_DAY}, count(*) as c from {_T} where d = __sb_start__",
        f"select {_AS_DAY}, count(*) as c from {_T} -- '__sb_start__'",
        f'select {_AS_DAY}, count(*) as "c__sb_start__" from {_T}',
        f"select {_AS_DAY}, count(*) as c from {_T} where d < '__sb_start__ 12:00:00'",
        f"select {_AS_DAY}, random() as c from {_T} where d = '__sb_start__'",
        f"select {_AS_DAY}, my_own(n) as c from {_T} where d = '__sb_start__'",
        f"select {_AS_DAY}, n from {_T} tablesample 2 rows where d = '__sb_start__'",
        f"select {_AS_DAY}, n from {_T} where d = '__sb_start__' and d < current_date",
        f"select {_AS_DAY}, n from {_T}, other where d = '__sb_start__'",
        f"select {_AS_DAY}, n from {_T} where ts between '__sb_start__' and d",
        f"select {_AS_DAY}, n from {_T} where ts - interval '__sb_start__' day < ts",
        f"select {_AS_DAY}, n from {_T} where e'__sb_start__' = s",
        f"with e as (select * from {_T} order by n limit 3) select {_AS_DAY}, a.n from e a, e b",
    ],
)
def test_a_bound_that_a_column_may_not_replace_pins_the_model(sql: str) -> None:
    assert _lifted(sql) is None


def test_a_template_that_branches_on_its_bounds_is_never_lifted() -> None:
    sql = f"select {_AS_DAY}, count(*) as c from {_T} where d = '__sb_start__'"
    assert _lifted(sql) is not None
    assert _lifted(sql, control=True) is None


def test_bounds_of_a_timestamp_are_not_compared_with_dates() -> None:
    sql = (
        f"select timestamp '__sb_start__' as day, count(*) as c from {_T} where {{}} < '__sb_end__'"
    )
    assert _lifted(sql.format("ts"), BoundType.TIMESTAMP) is not None
    assert _lifted(sql.format("d"), BoundType.TIMESTAMP) is None


def test_a_query_that_prints_other_bounds_than_analysed_is_not_lifted() -> None:
    request = _request(f"select {_AS_DAY}, count(*) as c from {_T} where d = '__sb_start__'")
    slots = lift_slots(request, analyse(request), BoundType.DATE)
    assert slots is not None
    assert with_spine(request.sql.replace("'__sb_start__' as", "'__sb_end__' as"), slots) is None
    assert with_spine(request.sql + " and d > '__sb_end__'", slots) is None


def test_words_that_print_bounds_are_found_with_the_type_before_them() -> None:
    words = bound_words("select date '__sb_start__', '__sb_end__'::date, x")
    assert words is not None
    assert [(word.text, word.typed_at) for word in words] == [
        ("__sb_start__", 7),
        ("__sb_end__", None),
    ]
