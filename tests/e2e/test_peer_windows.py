"""The cases of windows and separability in which other tools give wrong rows, each run here on real DuckDB.

docs/verification.md lists them with where each was seen.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import CONFIG, SOURCES

BEFORE = CONFIG + (
    "select day, id, lag(amount) over (order by day, id) as before\nfrom {{ ref('events') }}\n"
)
ROLLING = CONFIG + (
    "select day, sum(sum(amount)) over (\n"
    "  order by day range between interval 2 days preceding and current row) as total\n"
    "from {{ ref('events') }} group by day\n"
)
MONTHLY = """\
{{ config(event_time='month', batch_size='month', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-03-01'}}) }}
select date_trunc('month', day)::date as month, sum(amount) as amount
from {{ ref('events') }} group by 1
"""
SHARE = CONFIG + (
    "select e.day, e.id, e.amount / m.amount as share\nfrom {{ ref('events') }} as e\n"
    "join {{ ref('monthly') }} as m on m.month = date_trunc('month', e.day)\n"
)


def built(project: ProjectDir, *arguments: str) -> None:
    outcome = project.command("run", *arguments, "--yes")
    assert outcome.exit_code == 0, outcome


def read_of(project: ProjectDir, model: str, relation: str) -> dict[str, Any]:
    [found] = project.command("explain", "-s", model, "--json").document["models"]
    [read] = [one["read"] for one in found["inputs"] if one["relation"] == relation]
    assert isinstance(read, dict)
    return read


def rewrite_events(project: ProjectDir, amount: str, rows: str = "range(93) r(n)") -> None:
    duckdb.execute(f"""
        copy (select date '2024-01-01' + (n // 3)::integer as day, n as id, {amount} as amount
              from {rows}) to '{project.root}/data/events.parquet'
    """)


@pytest.mark.parametrize("strategy", ["range", "chunk=7", "partition"])
def test_lag_over_days_gives_the_same_values_however_it_is_cut(
    shop: ProjectDir, strategy: str
) -> None:
    """SQLMesh: 9 values as one range, 0 with batch_size 1."""
    shop.write("models/before.sql", BEFORE)
    built(shop, "-p", "2024-01", "--strategy", strategy)

    wrong = shop.rows("""
        select * from before join
        (select id, lag(amount) over (order by day, id) as expected from events) using (id)
        where before.before is distinct from expected
    """)
    assert wrong == []
    assert shop.rows("select count(before) from before") == [(92,)]


def test_a_daily_child_of_a_monthly_parent_waits_for_the_month(shop: ProjectDir) -> None:
    """SQLMesh: 15 of 29 days, for ever, recorded before the parent has its data."""
    shop.write("models/monthly.sql", MONTHLY)
    shop.write("models/share.sql", SHARE)
    built(shop, "-s", "events", "-p", "2024-01")
    early = shop.command("run", "-s", "share", "-p", "2024-01", "--yes")
    built(shop, "-s", "monthly share", "-p", "2024-01")

    assert early.exit_code != 0
    assert shop.rows("select count(*), count(distinct day) from share") == [(93, 31)]


def test_restating_a_day_restates_each_day_whose_rolling_sum_holds_it(shop: ProjectDir) -> None:
    """SQLMesh: restating day 5 of A fixes only day 5 of B's 3-day rolling sum."""
    shop.write("models/rolling.sql", ROLLING)
    built(shop, "-s", "events rolling", "-p", "2024-01")
    rewrite_events(shop, "case when n // 3 = 4 then 1000 else n * 10 end")
    plan = shop.command("plan", "-s", "events+", "-p", "2024-01-05", "--json").document
    built(shop, "-s", "events+", "-p", "2024-01-05")

    days = [
        (part["start"], part["end"])
        for step in plan["steps"]
        if step["model"] == "rolling"
        for part in step["partitions"]
    ]
    assert sorted(days) == [("2024-01-05", "2024-01-06"), ("2024-01-06", "2024-01-08")]
    assert (
        shop.rows("""
        select r.day from rolling as r where total <> (
            select sum(amount) from events as e where e.day between r.day - 2 and r.day)
    """)
        == []
    )


def test_a_second_source_with_an_event_time_of_its_own_is_read_by_the_join_not_by_the_day(
    shop: ProjectDir,
) -> None:
    """dbt: event_time on the second source of a join filters both to one day: 0 rows for 300."""
    tables = "[{name: events}, {name: people, config: {event_time: joined}}]"
    shop.write("models/sources.yml", SOURCES.replace("[{name: events}]", tables))
    duckdb.execute(f"""
        copy (select n as id, date '2019-06-01' + n::integer as joined from range(93) r(n))
        to '{shop.root}/data/people.parquet'
    """)
    shop.write(
        "models/known.sql",
        CONFIG + "select e.day, e.id, p.joined\nfrom {{ ref('events') }} as e\n"
        "join {{ source('raw', 'people') }} as p on p.id = e.id\n",
    )
    built(shop, "-s", "events known", "-p", "2024-01", "--strategy", "partition")

    assert read_of(shop, "known", "raw.people")["kind"] == "all"
    assert shop.rows("select count(*) from known") == [(93,)]


def test_a_model_without_partitions_is_built_once_and_not_once_a_day(shop: ProjectDir) -> None:
    """bqetl: a whole table re-truncated about 550 times, only the last run surviving."""
    shop.write(
        "models/all_time.sql",
        "{{ config(materialized='table') }}\n"
        "select id % 3 as k, sum(amount) as amount from {{ ref('events') }} group by 1\n",
    )
    built(shop, "-s", "events", "-p", "2024-01")
    refused = shop.command("run", "-s", "all_time", "-p", "2024-01", "--yes")
    plan = shop.command("plan", "-s", "all_time", "--json").document
    built(shop, "-s", "all_time")

    assert refused.exit_code == 2
    assert [len(step["chunks"]) <= 1 for step in plan["steps"]] == [True]
    assert shop.rows("select sum(amount) from all_time") == shop.rows(
        "select sum(amount) from events"
    )


def test_rows_that_a_model_moves_to_the_next_day_are_written_on_that_day(shop: ProjectDir) -> None:
    """dbt: a model that emits ts + 1 day ends with 0 rows and success."""
    shop.write(
        "models/moved.sql",
        CONFIG + "select day + 1 as day, id from {{ ref('events') }}\n",
    )
    built(shop, "-s", "events moved", "-p", "2024-01", "--strategy", "partition")

    read = read_of(shop, "moved", "events")
    assert (read["start_offset"], read["end_offset"]) == (-1, -1)
    assert shop.rows("select count(*), min(day)::varchar from moved") == [(90, "2024-01-02")]


def test_an_input_without_a_date_column_is_read_whole_and_said_to_be(shop: ProjectDir) -> None:
    """dbt: where no input has event_time, the first batch loads everything, with only a warning."""
    built(shop, "-s", "events", "-p", "2024-01-05")

    read = read_of(shop, "events", "raw.events")
    assert read["kind"] in ("window", "unpartitioned")
    assert shop.rows("select distinct day::varchar from events") == [("2024-01-05",)]


def test_each_input_has_a_window_of_its_own_and_each_reader_its_own(shop: ProjectDir) -> None:
    """dbt: one lookback for every input, the same range for all downstream."""
    shop.write("models/rolling.sql", ROLLING)
    shop.write("models/monthly.sql", MONTHLY)
    shop.write("models/share.sql", SHARE)

    windows = [
        (read["start_offset"], read["end_offset"])
        for read in (
            read_of(shop, "rolling", "events"),
            read_of(shop, "share", "events"),
            read_of(shop, "totals", "events"),
        )
    ]
    assert windows == [(-2, 0), (0, 0), (0, 0)]


def test_a_gap_is_found_and_filled(shop: ProjectDir) -> None:
    """dbt: a gap between past runs is never noticed or filled."""
    built(shop, "-s", "events", "-p", "2024-01-01..2024-01-10,2024-01-20..2024-01-31")
    plan = shop.command("plan", "-s", "events", "--json").document
    built(shop, "-s", "events")

    assert [step["partitions"] for step in plan["steps"]] == [
        [{"start": "2024-01-11", "end": "2024-01-20"}]
    ]
    assert shop.rows("select count(distinct day) from events") == [(31,)]


def test_the_days_of_a_zone_are_cut_in_that_zone(shop: ProjectDir) -> None:
    """dbt: no local time zones; an offset in begin is silently dropped."""
    duckdb.execute(f"""
        copy (select timestamptz '2024-01-01 00:00:00+00' + to_hours(n::integer) as moment, n as id
              from range(96) r(n)) to '{shop.root}/data/hits.parquet'
    """)
    shop.write(
        "models/sources.yml", SOURCES.replace("{name: events}", "{name: hits}, {name: events}")
    )
    shop.write(
        "models/local.sql",
        CONFIG + "select (moment at time zone 'America/New_York')::date as day, count(*) as n\n"
        "from {{ source('raw', 'hits') }} group by 1\n",
    )
    built(shop, "-s", "local", "-p", "2024-01", "--strategy", "partition", "--allow-empty")

    assert shop.rows("select day::varchar, n from local order by 1") == [
        ("2024-01-01", 24), ("2024-01-02", 24), ("2024-01-03", 24), ("2024-01-04", 19),
    ]  # fmt: skip
