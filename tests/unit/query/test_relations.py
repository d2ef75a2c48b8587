"""What follows from relations that an author declares between columns of a table."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import (
    AnalysisRequest,
    DeclaredRelation,
    InputRef,
    PartitionInfo,
    QueryFacts,
    ReadKind,
)
from sqlbackfill.query.relations import contradiction

SPAN = SourceSpan(file="models/schema.yml", line=7, column=5)
DAY = PartitionInfo(column="day", grain="day", column_type=BoundType.DATE)
COLUMNS = (
    ("day", "DATE"),
    ("ts", "TIMESTAMP"),
    ("at", "TIMESTAMPTZ"),
    ("k", "INTEGER"),
    ("s", "VARCHAR"),
)
LATEST = (
    "select day, k, ts from {e} as e "
    "qualify row_number() over (partition by k order by ts desc, k) = 1"
)
BY_TS = "select ts::date as day, count(*) as n from {e} as e group by 1"


def facts(
    sql: str,
    *holds: str,
    dialect: str = "duckdb",
    spoken: str | None = None,
    columns: tuple[tuple[str, str], ...] | None = COLUMNS,
) -> QueryFacts:
    relations = tuple(
        DeclaredRelation(
            holds=one, reason="the loader does it", dialect=spoken or dialect, span=SPAN
        )
        for one in holds
    )
    ref = InputRef(relation="events", columns=columns, partition=DAY, relations=relations)
    return analyse(
        AnalysisRequest(
            model="m",
            sql=sql.replace("{e}", "__sb_occurrence_0__"),
            dialect=dialect,
            occurrences={"__sb_occurrence_0__": ref},
            partition=PartitionInfo(column="day", grain="day"),
        )
    )


def read(found: QueryFacts) -> tuple[ReadKind, int | None, int | None]:
    [one] = found.reads
    return one.kind, one.start_offset, one.end_offset


def test_keep_latest_by_a_related_moment_reads_from_its_day_on() -> None:
    assert read(facts(LATEST))[0] is ReadKind.ALL
    assert read(facts(LATEST, "day = ts::date")) == (ReadKind.FUTURE, 0, None)


def test_the_window_of_an_unbounded_frame_keeps_rows_without_a_key_on_both_columns() -> None:
    [occurrence] = facts(LATEST, "day = ts::date").occurrences

    assert {(one.column, one.window.nulls) for one in occurrence.ranges} == {
        ("day", True),
        ("ts", True),
    }


def test_a_partition_cut_from_the_related_moment_reads_its_own_day() -> None:
    assert read(facts(BY_TS))[0] is ReadKind.UNKNOWN
    assert read(facts(BY_TS, "day = ts::date")) == (ReadKind.WINDOW, 0, 0)


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ("ts >= day and ts < day + interval 2 day", (ReadKind.WINDOW, -2, 0)),
        ("day <= ts", (ReadKind.PAST, None, 0)),
        ("day between ts::date - 3 and ts::date", (ReadKind.WINDOW, -3, 0)),
        ("day - ts::date = 1", (ReadKind.WINDOW, 1, 1)),
    ],
)
def test_bounds_spread_as_far_as_the_relation_reaches(
    holds: str, expected: tuple[ReadKind, int | None, int | None]
) -> None:
    assert read(facts(BY_TS, holds)) == expected


def test_a_relation_may_name_the_time_zone_that_its_days_are_of() -> None:
    sql = "select (at at time zone 'America/New_York')::date as day, k from {e} as e"

    assert read(facts(sql, "day = (at at time zone 'America/New_York')::date")) == (
        ReadKind.WINDOW, 0, 0,
    )  # fmt: skip
    assert read(facts(sql, "day = (at at time zone 'UTC')::date")) == (ReadKind.WINDOW, 0, 1)


def test_the_cast_of_a_text_column_is_traced_only_where_its_form_is_declared() -> None:
    sql = "select s::date as day, k from {e} as e"

    assert read(facts(sql))[0] is ReadKind.UNKNOWN
    assert read(facts(sql, "s::date = day")) == (ReadKind.WINDOW, 0, 0)


def test_a_relation_holds_for_each_occurrence_by_itself() -> None:
    sql = ("select a.day, b.k from {e} as a join __sb_occurrence_1__ as b on a.ts = b.ts").replace(
        "{e}", "__sb_occurrence_0__"
    )
    relation = DeclaredRelation(holds="day = ts::date", reason="r", dialect="duckdb")
    refs = {
        f"__sb_occurrence_{n}__": InputRef(
            relation=f"e{n}", columns=COLUMNS, partition=DAY, relations=(relation,) if n < 1 else ()
        )
        for n in range(2)
    }
    found = analyse(
        AnalysisRequest(
            model="m",
            sql=sql,
            occurrences=refs,
            partition=PartitionInfo(column="day", grain="day"),
        )
    )

    columns = [{one.column for one in occurrence.ranges} for occurrence in found.occurrences]
    assert columns == [{"day", "ts"}, {"ts"}]


def test_an_expression_over_both_sides_of_an_outer_join_is_not_touched() -> None:
    sql = (
        "select coalesce(b.day, a.day) as day from __sb_occurrence_1__ as a "
        "left join {e} as b on b.ts = a.ts"
    )
    assert all(kind is not ReadKind.WINDOW for kind in {facts(sql, "day = ts::date").reads[0].kind})


def test_a_relation_in_another_dialect_is_read_by_the_rules_of_that_dialect() -> None:
    week = "select day, k from {e} as e where k > 0"
    monday = facts(BY_TS, "day = date_trunc('week', ts)::date")
    sunday = facts(BY_TS, "day = DATE_TRUNC(CAST(ts AS DATE), WEEK)", spoken="bigquery")

    assert read(facts(week, "day = ts::date")) == (ReadKind.WINDOW, 0, 0)
    assert monday.reads[0].start_offset == -6
    assert sunday.reads[0].kind is ReadKind.WINDOW
    assert (sunday.reads[0].start_offset or 0) <= -6


def test_each_read_and_each_plan_says_what_it_rests_on() -> None:
    plain, found = facts(BY_TS), facts(BY_TS, "day = ts::date")

    assert found.reads[0].because.endswith(
        "this rests on `day = ts::date`, declared by the author (models/schema.yml:7): "
        "the loader does it"
    )
    [note] = [w for w in found.warnings if w.code == "RELATION_DECLARED"]
    assert (note.span, note.model) == (SPAN, "m")
    assert note.notes == (("without it", plain.reads[0].because),)


def test_only_a_relation_that_is_used_is_told_and_changes_the_fingerprint() -> None:
    sql = "select day, k from {e} as e"
    plain, unused = facts(sql), facts(sql, "day = ts::date")
    used, beside = facts(BY_TS, "day = ts::date"), facts(BY_TS, "day = ts::date", "s::date = at")

    assert (unused.fingerprint, unused.warnings) == (plain.fingerprint, plain.warnings)
    assert used.fingerprint != facts(BY_TS).fingerprint
    assert beside.fingerprint == used.fingerprint
    assert len(beside.warnings) == 1
    assert facts(BY_TS, "day <= ts").fingerprint != used.fingerprint


@pytest.mark.parametrize(
    ("holds", "message"),
    [
        ("dai = ts::date", "the table has no column `dai`"),
        ("k > 3", "no column's range follows from another's"),
        ("day = ts::date or k = 1", "no column's range follows from another's"),
        ("day = day", "no column's range follows from another's"),
        ("day = s", "no column's range follows from another's"),
        ("day = (select 1)", "it looks at other rows"),
        ("day = max(ts)", "it looks at other rows"),
        ("day = first_value(ts) over ()", "it looks at other rows"),
        ("day = current_date", "nothing shows that"),
        ("day = mystery(ts)", "nothing shows that"),
        ("day =", "does not parse as duckdb"),
        ("day = ts::date limit 3", "more than a condition"),
        ("day = ts::date; drop table x", "more than a condition"),
        ("e.day = ts::date", "no column of the table"),
        ("1 = 1", "it names no column"),
    ],
)
def test_a_relation_from_which_nothing_follows_is_an_error_at_its_place(
    holds: str, message: str
) -> None:
    [error] = facts(BY_TS, holds).errors

    assert error.code == "RELATION_INVALID"
    assert message in error.message
    assert error.span == SPAN
    assert error.fix


def test_nothing_is_concluded_where_the_columns_are_not_known() -> None:
    assert read(facts(BY_TS, "day = ts::date", columns=None))[0] is ReadKind.UNKNOWN


def test_rows_contradict_where_it_is_false_or_one_column_alone_is_null() -> None:
    relation = DeclaredRelation(holds="day = ts::date", reason="r", dialect="duckdb")

    assert contradiction(relation, "duckdb") == (
        "(TRY(day = CAST(ts AS DATE))) IS NOT TRUE AND (NOT day IS NULL OR NOT ts IS NULL)",
        ("day", "ts"),
    )
