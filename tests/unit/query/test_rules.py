"""One rule of the analysis a test: what it lets through, what it refuses, and what it says."""

from __future__ import annotations

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.facts import InputRef, PartitionInfo, QueryFacts, ReadKind, Verdict
from tests.unit.query.flagship import INPUTS, facts

ALL = ("range", "chunk", "partition")
UNKNOWN = {"u": InputRef(relation="u")}
EVENTS = {
    "events": InputRef(
        relation="events",
        columns=(
            ("d", "DATE"),
            ("ts", "TIMESTAMP"),
            ("tz", "TIMESTAMP WITH TIME ZONE"),
            ("s", "VARCHAR"),
            ("k", "INTEGER"),
        ),
        partition=PartitionInfo(column="d", grain="day", column_type=BoundType.DATE),
    ),
    "users": InputRef(
        relation="users", columns=(("k", "INTEGER"), ("since", "DATE")), unpartitioned=True
    ),
}
BY_D = PartitionInfo(column="d", grain="day")


def _events(sql: str, partition: PartitionInfo = BY_D) -> QueryFacts:
    return facts(sql, inputs=EVENTS, partition=partition)


def _window(found: QueryFacts, relation: str = "events") -> tuple[ReadKind, int | None, int | None]:
    (read,) = [r for r in found.reads if r.relation == relation]
    return read.kind, read.start_offset, read.end_offset


def _codes(found: QueryFacts) -> list[str]:
    return [reason.code for reason in found.reasons]


@pytest.mark.parametrize(
    ("sql", "start", "end"),
    [
        ("select d, k from {{ ref('events') }}", 0, 0),
        ("select d + 1 as d, k from {{ ref('events') }}", -1, -1),
        ("select cast(d - interval 27 day as date) as d from {{ ref('events') }}", 27, 27),
        ("select e.d from {{ ref('events') }} e join {{ ref('events') }} o on o.d between e.d - 6 and e.d", -6, 0),
        ("select d, max(k) over (partition by k order by d range between interval 2 day preceding and interval 1 day following) from {{ ref('events') }}", -2, 1),
        ("select coalesce(a.d, b.d) as d from {{ ref('events') }} a full join {{ ref('events') }} b on a.d = b.d", 0, 0),
        ("select d, k from {{ ref('events') }} union all select d + 1, k from {{ ref('events') }}", -1, 0),
        ("select d from {{ ref('events') }} e where exists (select 1 from {{ ref('events') }} o where o.d = e.d - 1)", -1, 0),
        ("select d, k from (select *, row_number() over (partition by d, k order by ts) as n from {{ ref('events') }}) where n = 1", 0, 0),
    ],
)  # fmt: skip
def test_a_query_needs_exactly_this_window(sql: str, start: int, end: int) -> None:
    found = _events(sql)
    assert found.verdict is Verdict.PROVEN, found.reasons
    assert _window(found) == (ReadKind.WINDOW, start, end)


@pytest.mark.parametrize(
    ("sql", "kind", "code"),
    [
        ("select max(d) as d, k from {{ ref('events') }} group by k", ReadKind.ALL, "GROUP_OMITS_P"),
        ("select d, k from {{ ref('events') }} order by d, k limit 5", ReadKind.ALL, "LIMIT_GLOBAL"),
        ("select d, lead(k) over (partition by k order by d) as n from {{ ref('events') }}", ReadKind.FUTURE, "WINDOW_OMITS_P"),
        ("select d, sum(k) over (order by d rows between 6 preceding and current row) as n from {{ ref('events') }}", ReadKind.PAST, "WINDOW_OMITS_P"),
        ("select d, (select max(k) from {{ ref('events') }}) as m from {{ ref('events') }}", ReadKind.ALL, "GLOBAL_SCALAR"),
        ("select a.d from {{ ref('events') }} a join {{ ref('events') }} b on a.k = b.k", ReadKind.ALL, "JOIN_NO_PARTITION_LINK"),
        ("select coalesce(a.d, b.d) as d from {{ ref('events') }} a full join {{ ref('events') }} b on a.k = b.k", ReadKind.ALL, "COALESCE_WITHOUT_EQUALITY"),
    ],
)  # fmt: skip
def test_what_needs_more_is_refuted_with_its_reason(sql: str, kind: ReadKind, code: str) -> None:
    found = _events(sql)
    assert found.verdict is Verdict.REFUTED
    assert _window(found)[0] is kind
    assert code in _codes(found)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select cast(s as date) as d, k from {{ ref('events') }}", "P_OPAQUE"),
        ("select d, my_udf(k) from {{ ref('events') }}", "UNKNOWN_NODE"),
        ("select d, k from {{ ref('events') }} tablesample 10%", "SAMPLE"),
        ("select a.d from {{ ref('events') }} a positional join {{ ref('events') }} b", "UNKNOWN_NODE"),
        ("with recursive r as (select d, 1 as n from {{ ref('events') }} union all select d + 1, n + 1 from r where n < 3) select * from r", "RECURSIVE"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_never_called_safe(sql: str, code: str) -> None:
    found = _events(sql)
    assert found.verdict is Verdict.UNPROVEN
    assert _window(found) == (ReadKind.UNKNOWN, None, None)
    assert not any(occurrence.ranges for occurrence in found.occurrences)
    assert code in _codes(found)


def test_an_unpartitioned_input_is_read_whole_and_does_not_count() -> None:
    found = _events(
        "select e.d, u.since from {{ ref('events') }} e left join {{ ref('users') }} u on u.k = e.k"
    )
    assert found.verdict is Verdict.PROVEN
    assert _window(found, "users") == (ReadKind.UNPARTITIONED, None, None)


def test_a_choice_between_equal_rows_of_other_partitions_leaves_one_query() -> None:
    found = _events(
        "select d, row_number() over (partition by k order by s) as n from {{ ref('events') }}"
    )
    assert "TIES" in _codes(found)
    assert found.strategies == ("range",)


def test_a_choice_within_the_partition_allows_every_strategy() -> None:
    found = _events(
        "select d, k, row_number() over (partition by d order by s) as n from {{ ref('events') }}"
    )
    assert found.verdict is Verdict.PROVEN
    assert found.has_confined_choices
    assert found.strategies == ALL


def test_an_order_that_holds_a_declared_key_leaves_no_choice() -> None:
    from dataclasses import replace

    keyed = {"events": replace(EVENTS["events"], unique_keys=(("s",),))}
    found = facts(
        "select d, row_number() over (partition by k order by s) as n from {{ ref('events') }}",
        inputs=keyed,
        partition=BY_D,
    )
    assert "TIES" not in _codes(found)
    assert found.strategies == ALL


def test_author_bounds_that_the_frame_outgrows_are_named_in_days() -> None:
    found = facts(
        "select flight_date, sum(flights) over (partition by carrier order by flight_date"
        " range between interval 6 days preceding and current row) as n\n"
        "from {{ ref('carrier_day') }}\n"
        "where flight_date >= date '{{ partition.start }}' - interval 5 days"
        " and flight_date < date '{{ partition.end }}'"
    )
    (reason,) = found.reasons
    assert reason.code == "AUTHOR_BOUND_TOO_NARROW"
    assert reason.message == "reads 5 days back, the query needs 6"
    assert reason.span is not None
    assert reason.span.line == 3
    assert found.strategies == ("partition",)


def test_author_bounds_wide_enough_change_nothing() -> None:
    found = facts(
        "select flight_date, carrier from {{ ref('carrier_day') }}"
        " where flight_date >= '{{ partition.start }}' and flight_date < '{{ partition.end }}'"
    )
    assert found.author_bounds_hold is True
    assert found.verdict is Verdict.PROVEN
    assert found.strategies == ALL


def test_a_model_that_reads_itself_ahead_is_an_error() -> None:
    found = facts(
        "select f.flight_date, f.tailnum from {{ ref('flights') }} f"
        " join {{ this }} t on t.flight_date = f.flight_date",
        model="aircraft_minutes",
    )
    assert [error.code for error in found.errors] == ["SELF_READ_AHEAD"]


def test_its_own_past_is_all_that_a_model_sees_of_itself() -> None:
    found = facts(
        "select flight_date, tailnum from {{ ref('flights') }}"
        " where tailnum not in (select tailnum from {{ this }})",
        model="aircraft_minutes",
    )
    (own,) = [r for r in found.reads if r.is_this]
    (injected,) = found.occurrences[1].ranges
    assert (own.kind, own.end_offset) == (ReadKind.PAST, -1)
    assert injected.window.upper is not None
    assert injected.window.lower is None


def test_a_missing_partition_column_lists_what_there_is() -> None:
    (error,) = facts("select carrier, flightdate from {{ ref('flights') }}").errors
    assert error.code == "PARTITION_COLUMN_MISSING"
    assert "did you mean `flightdate`" in error.message
    assert error.notes == (("available", "carrier, flightdate"),)


@pytest.mark.parametrize(
    ("sql", "code", "line"),
    [
        ("select 1\nfrom (", "SQL_SYNTAX", 2),
        ("select 1;\nselect 2", "SQL_NOT_ONE_QUERY", 2),
        ("insert into t select 1", "SQL_NOT_A_QUERY", 1),
        ("", "SQL_NOT_ONE_QUERY", 1),
    ],
)
def test_sql_that_is_no_query_is_refused_at_its_line(sql: str, code: str, line: int) -> None:
    error = facts(sql).errors[0]
    assert error.code == code
    assert error.span is not None
    assert error.span.line == line


def test_a_table_that_the_template_does_not_name_is_reported_with_its_place() -> None:
    found = facts(
        "with c as (select * from {{ ref('flights') }})\n"
        "select c.flight_date from c join raw.planes p on p.tailnum = c.tailnum"
    )
    (table,) = found.hard_coded
    assert table.name == "raw.planes"
    assert table.span is not None
    assert table.span.line == 2


def test_an_alias_is_asked_for_only_where_the_author_gave_none() -> None:
    found = facts(
        "select flights.flight_date from {{ ref('flights') }}"
        " join {{ ref('carrier_day') }} as c on c.flight_date = flights.flight_date"
    )
    assert [o.alias for o in found.occurrences] == ["flights", None]


def test_an_input_of_unknown_columns_still_passes_its_own_date_through() -> None:
    info = PartitionInfo(column="d", grain="day", column_type=BoundType.DATE)
    found = facts("select d, x from {{ ref('u') }} where x > 3", inputs=UNKNOWN, partition=info)
    assert found.verdict is Verdict.PROVEN
    (injected,) = found.occurrences[0].ranges
    assert (injected.column, injected.type) == ("d", BoundType.DATE)


def test_layout_and_comments_do_not_change_the_fingerprint_and_a_literal_does() -> None:
    plain = facts("select flight_date, carrier from {{ ref('flights') }} where flight > 1")
    spaced = facts(
        "SELECT flight_date,\n  carrier -- who\nFROM {{ ref('flights') }}\nWHERE flight > 1"
    )
    other = facts("select flight_date, carrier from {{ ref('flights') }} where flight > 2")
    assert plain.fingerprint == spaced.fingerprint
    assert plain.fingerprint != other.fingerprint


def test_the_same_words_on_another_table_have_another_fingerprint() -> None:
    one = facts("select flight_date from {{ ref('flights') }}")
    two = facts("select flight_date from {{ ref('carrier_day') }}")
    assert INPUTS["flights"] != INPUTS["carrier_day"]
    assert one.fingerprint != two.fingerprint


def test_the_clock_in_a_filter_makes_the_model_depend_on_it() -> None:
    filtered = facts("select flight_date from {{ ref('flights') }} where time_hour < now()")
    shown = facts("select flight_date, now() as n from {{ ref('flights') }}")
    assert filtered.is_clock_dependent
    assert not shown.is_clock_dependent
    assert [w.code for w in shown.warnings] == ["RUN_CLOCK"]


def test_a_snowflake_column_is_found_whatever_its_case() -> None:
    inputs = {
        "events": InputRef(
            relation="events",
            columns=(("D", "DATE"), ("K", "NUMBER")),
            partition=PartitionInfo(column="d", grain="day", column_type=BoundType.DATE),
        )
    }
    found = facts(
        "select d, k from {{ ref('events') }}", inputs=inputs, partition=BY_D, dialect="snowflake"
    )
    assert _window(found) == (ReadKind.WINDOW, 0, 0)


def test_dates_that_are_days_apart_are_no_equal_choices() -> None:
    apart = "select coalesce(a.d, b.d) as d from {{{{ ref('events') }}}} a join {{{{ ref('events') }}}} b on date_diff('day', a.d, b.d) = {}"
    assert _window(_events(apart.format(0))) == (ReadKind.WINDOW, 0, 0)
    assert _window(_events(apart.format(2)))[0] is not ReadKind.WINDOW
