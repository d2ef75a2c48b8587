"""The cases of staleness, cascade and restatement in which other tools go wrong, each run here on real DuckDB.

docs/verification.md lists them with where each was seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from tests.e2e.command import Outcome, ProjectDir
from tests.e2e.shop import CONFIG, EVENTS, SOURCES, TOTALS

ROLLING = CONFIG + (
    "select day, sum(sum(amount)) over (\n"
    "  order by day range between interval 2 days preceding and current row)::bigint as total\n"
    "from {{ ref('events') }} group by day\n"
)
MONTHLY = """\
{{ config(event_time='month', batch_size='month', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-02-01'}}) }}
select date_trunc('month', day)::date as month, sum(amount)::bigint as amount
from {{ ref('events') }} group by 1
"""
SHARE = CONFIG + (
    "select e.day, e.id, e.amount / m.amount as share\nfrom {{ ref('events') }} as e\n"
    "join {{ ref('monthly') }} as m on m.month = date_trunc('month', e.day)\n"
)
LOADED = "select date '2024-01-01' + (n // 3)::integer as day, n as id, n * 10 as amount from range(93) r(n)"


def load(project: ProjectDir, query: str, name: str = "events") -> None:
    """Puts the rows of `query` in the source's place, as if written a while ago."""
    file = project.root / f"data/{name}.parquet"
    duckdb.execute(f"copy ({query}) to '{file}'")
    past = file.stat().st_mtime_ns - 3_600_000_000_000
    os.utime(file, ns=(past, past))


@pytest.fixture
def shop(shop: ProjectDir) -> ProjectDir:
    """The shop with a source that is known to be by day."""
    dated = SOURCES.replace("{name: events}", "{name: events, config: {event_time: day}}")
    shop.write("models/sources.yml", dated)
    load(shop, LOADED)
    return shop


def run(project: ProjectDir, *words: str) -> dict[str, int]:
    """The partitions that a run built, by model."""
    outcome = project.command("run", *words, "--yes", "--json")
    assert outcome.exit_code == 0, outcome
    return built_by(outcome)


def built_by(outcome: Outcome) -> dict[str, int]:
    models = outcome.document["models"]
    return {m["model"]: m["partitions_built"] for m in models if m["partitions_built"]}


def listed(plan: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    """The partitions of a plan by model and reason."""
    return {
        (step["model"], step["reason"]): [f"{p['start']}..{p['end']}" for p in step["partitions"]]
        for step in plan["steps"]
    }


def planned(project: ProjectDir, *words: str) -> dict[tuple[str, str], list[str]]:
    return listed(project.command("plan", *words, "--json").document)


def ranges(project: ProjectDir, state: str) -> dict[str, list[str]]:
    models = project.command("status", "--json").document["models"]
    found = {
        m["model"]: [f"{r['start']}..{r['end']}" for r in m["ranges"] if r["state"] == state]
        for m in models
    }
    return {model: named for model, named in found.items() if named}


def edit(project: ProjectDir, model: str, old: str, new: str) -> None:
    sql = (project.root / f"models/{model}.sql").read_text()
    assert old in sql
    project.write(f"models/{model}.sql", sql.replace(old, new))


def test_a_daily_child_is_not_recorded_before_its_monthly_parent_has_data(
    shop: ProjectDir,
) -> None:
    """SQLMesh: 15 of 29 days, for ever, recorded before the month was there."""
    shop.write("models/monthly.sql", MONTHLY)
    shop.write("models/share.sql", SHARE)
    early = run(shop, "--as-of", "2024-01-16")
    assert early == {"events": 15, "totals": 15}

    assert run(shop) == {"events": 16, "totals": 16, "monthly": 1, "share": 31}
    assert shop.rows("select count(*), count(distinct day) from share") == [(93, 31)]
    assert shop.rows("select sum(share) from share") == [(pytest.approx(1.0),)]


def test_a_daily_child_is_built_again_when_its_monthly_parent_grows(shop: ProjectDir) -> None:
    """SQLMesh: what a child recorded against an unfinished parent stays as it is."""
    shop.write("models/monthly.sql", MONTHLY)
    shop.write("models/share.sql", SHARE)
    run(shop)
    load(shop, f"{LOADED} union all select date '2024-01-31', 1000, 5000")

    assert run(shop) == {"events": 1, "totals": 1, "monthly": 1, "share": 31}
    assert shop.rows("select sum(share) from share") == [(pytest.approx(1.0),)]


def test_a_parents_late_row_reaches_every_child_whose_window_holds_its_day(
    shop: ProjectDir,
) -> None:
    """SQLMesh: the parent picks it up by its lookback, the child keeps the old count."""
    shop.write("models/rolling.sql", ROLLING)
    run(shop)
    load(shop, f"{LOADED} union all select date '2024-01-05', 1000, 7")

    assert run(shop) == {"events": 1, "totals": 1, "rolling": 3}
    assert shop.rows("select amount from totals where day = '2024-01-05'") == [(397,)]
    assert shop.rows("select sum(amount) from totals") == [(sum(range(93)) * 10 + 7,)]
    assert ranges(shop, "stale") == {}


def test_restating_a_day_alone_leaves_the_days_below_it_stale_until_they_are_built(
    shop: ProjectDir,
) -> None:
    """SQLMesh: restating day 5 of A fixes only day 5 of B's 3-day rolling sum."""
    shop.write("models/rolling.sql", ROLLING)
    run(shop)
    load(shop, LOADED.replace("n * 10", "case n // 3 when 4 then 1000 else n * 10 end"))
    warned = shop.command("run", "-s", "events", "-p", "2024-01-05", "--yes")

    assert "2024-01-05..2024-01-07" in warned.stderr
    assert "BECOMES_STALE" in warned.stderr
    assert ranges(shop, "stale") == {
        "rolling": ["2024-01-05..2024-01-08"], "totals": ["2024-01-05..2024-01-06"],
    }  # fmt: skip
    assert run(shop) == {"rolling": 3, "totals": 1}
    wrong = """
        select r.day from rolling as r where total <> (
            select sum(amount) from events as e where e.day between r.day - 2 and r.day)
    """
    assert shop.rows(wrong) == []


def test_a_restatement_that_fails_leaves_the_old_rows_and_is_seen(shop: ProjectDir) -> None:
    """SQLMesh: the day stays deleted, and plan shows nothing missing."""
    load(shop, LOADED.replace("n * 10 as amount", "(n * 10)::varchar as amount"))
    shop.write("models/events.sql", EVENTS.replace("amount", "amount::integer as amount"))
    run(shop)
    before = shop.rows("select * from events order by all")
    bad = "case n when 13 then 'bad' else (n * 10 + 1)::varchar end as amount"
    load(shop, LOADED.replace("n * 10 as amount", bad))
    failed = shop.command("run", "-s", "events", "-p", "2024-01-05", "--yes")

    assert failed.exit_code == 1, failed
    assert shop.rows("select * from events order by all") == before
    [events] = shop.command("status", "-s", "events", "--json").document["models"]
    assert (events["stale"], events["missing"], events["failed"]) == (31, 0, 1)
    [day] = [one for one in events["ranges"] if one["failed"]]
    assert (day["start"], day["state"]) == ("2024-01-05", "stale")
    load(shop, LOADED.replace("n * 10 as amount", "(n * 10 + 1)::varchar as amount"))
    assert run(shop, "-s", "events") == {"events": 31}
    assert shop.rows("select sum(amount) from events") == [(sum(range(93)) * 10 + 93,)]
    [events] = shop.command("status", "-s", "events", "--json").document["models"]
    assert (events["built"], events["failed"]) == (31, 0)


HARMLESS: dict[str, Callable[[str], str]] = {
    "whitespace": lambda sql: sql.replace("\n", "\n\n  ").replace(", ", " ,\t"),
    "a comment": lambda sql: f"-- a note\n{sql}",
    "an alias": lambda sql: sql.replace("day, id, amount", "e.day, e.id, e.amount").rstrip() + " as e\n",
    "a trivial CTE": lambda sql: sql.replace("select", "with seen as (select", 1).rstrip()
    + ")\nselect day, id, amount from seen\n",
    "where 1 = 1": lambda sql: f"{sql.rstrip()}\nwhere 1 = 1\n",
}  # fmt: skip


@pytest.mark.parametrize("how", HARMLESS)
def test_a_harmless_edit_rebuilds_nothing_there_or_below(shop: ProjectDir, how: str) -> None:
    """SQLMesh: whitespace makes new snapshots of every descendant, an alias or a CTE rebuilds all."""
    run(shop)
    sql = (shop.root / "models/events.sql").read_text()
    edited = HARMLESS[how](sql)
    assert edited != sql
    shop.write("models/events.sql", edited)

    assert planned(shop) == {}
    assert ranges(shop, "stale") == {}


def test_a_new_column_that_nobody_reads_rebuilds_nothing_below(shop: ProjectDir) -> None:
    """SQLMesh: a column that nobody reads rebuilds all."""
    appends = EVENTS.replace("batch_size", "on_schema_change='append_new_columns', batch_size")
    shop.write("models/events.sql", appends)
    run(shop)
    edit(shop, "events", "day, id, amount", "day, id, amount, id % 2 = 0 as is_even")

    assert ranges(shop, "stale") == {"events": ["2024-01-01..2024-02-01"]}
    assert run(shop) == {"events": 31}
    assert shop.rows("select count(*) from events where is_even") == [(47,)]
    assert ranges(shop, "stale") == {}


@pytest.mark.parametrize("day", [3, 150, 364])
def test_each_of_hundreds_of_upstream_partitions_is_compared(shop: ProjectDir, day: int) -> None:
    """Dagster: edges of 100 and more upstream partitions are not checked for staleness."""
    year = CONFIG.replace("'2024-02-01'", "'2025-01-01'")
    shop.write("models/events.sql", EVENTS.replace(CONFIG, year))
    shop.write("models/totals.sql", TOTALS.replace(CONFIG, year))
    shop.write(
        "models/yearly.sql",
        "{{ config(event_time='year', batch_size='year', begin='2024-01-01',\n"
        "          meta={'sqlbackfill': {'end': '2025-01-01'}}) }}\n"
        "select date_trunc('year', day)::date as year, sum(amount)::bigint as amount\n"
        "from {{ ref('events') }} group by 1\n",
    )
    rows = "select date '2024-01-01' + n::integer as day, n as id, n as amount from range(366) r(n)"
    load(shop, rows)
    assert run(shop) == {"events": 366, "totals": 366, "yearly": 1}
    load(shop, rows.replace("n as amount", f"n + (n = {day})::integer as amount"))
    run(shop, "-s", "events")

    assert ranges(shop, "stale")["yearly"] == ["2024-01-01..2025-01-01"]
    assert run(shop) == {"totals": 1, "yearly": 1}
    assert shop.rows("select amount from yearly") == [(sum(range(366)) + 1,)]


def test_what_is_out_of_step_with_its_upstream_is_not_shown_as_built(shop: ProjectDir) -> None:
    """Dagster #22553: the lineage is green though partitions are out of sync."""
    run(shop)
    load(shop, LOADED.replace("n * 10", "n * 10 + (n = 20)::integer"))
    run(shop, "-s", "events")

    text = shop.command("status")
    assert "2024-01-07: `events` was rebuilt since (INPUT_CHANGED)" in text.stdout
    [totals] = shop.command("status", "-s", "totals", "--json").document["models"]
    assert (totals["built"], totals["stale"]) == (30, 1)


def test_changed_code_of_a_partitioned_model_shows_every_partition_stale(shop: ProjectDir) -> None:
    """Dagster #22704: a code bump on a partitioned asset shows "up to date"."""
    run(shop)
    edit(shop, "totals", "sum(amount)", "max(amount)")
    assert ranges(shop, "stale") == {"totals": ["2024-01-01..2024-02-01"]}
    run(shop, "-s", "totals", "-p", "2024-01-03")
    assert ranges(shop, "stale") == {"totals": ["2024-01-01..2024-01-03", "2024-01-04..2024-02-01"]}
    assert run(shop) == {"totals": 30}


def test_what_is_missing_in_one_model_is_not_built_in_another(shop: ProjectDir) -> None:
    """Dagster #30784: missing-only across assets takes the union of the gaps and reloads all."""
    run(shop, "-s", "events", "-p", "2024-01,!2024-01-03")
    run(shop, "-s", "totals", "-p", "2024-01,!2024-01-03,!2024-01-20..2024-01-22")
    before = shop.rows(
        "select run_id, count(*) from sqlbackfill.partition_log group by 1 order by 1"
    )

    gap, wider = "2024-01-03..2024-01-04", "2024-01-20..2024-01-23"
    wanted = {("events", "missing"): [gap], ("totals", "missing"): [gap, wider]}
    assert planned(shop) == planned(shop, "-p", "missing") == wanted
    assert run(shop, "-p", "missing") == {"events": 1, "totals": 4}
    after = shop.rows(
        "select run_id, count(*) from sqlbackfill.partition_log group by 1 order by 1"
    )
    assert set(before) < set(after)
    assert ranges(shop, "missing") == {}


def test_the_preview_names_the_partitions_and_the_run_builds_just_those(shop: ProjectDir) -> None:
    """Dagster #17839: the preview does not say which partitions."""
    shop.write("models/rolling.sql", ROLLING)
    run(shop)
    load(shop, LOADED.replace("n * 10", "n * 10 + (n // 3 in (4, 20))::integer"))

    preview = shop.command("plan")
    plan = planned(shop)
    assert plan == {
        ("events", "stale"): ["2024-01-05..2024-01-06", "2024-01-21..2024-01-22"],
        ("rolling", "downstream"): ["2024-01-05..2024-01-08", "2024-01-21..2024-01-24"],
        ("totals", "downstream"): ["2024-01-05..2024-01-06", "2024-01-21..2024-01-22"],
    }
    assert "events   2024-01-05, 2024-01-21" in preview.stdout
    assert "rolling  2024-01-05..2024-01-07, 2024-01-21..2024-01-23" in preview.stdout
    assert run(shop) == {"events": 2, "rolling": 6, "totals": 2}


def test_a_range_is_one_query_and_a_gap_makes_two(shop: ProjectDir) -> None:
    """Dagster #32335: ranges come apart where partitions are built already."""
    plan = shop.command("plan", "-s", "events", "--json").document
    assert [len(step["chunks"]) for step in plan["steps"]] == [1]
    run(shop, "-s", "events", "-p", "2024-01-10..2024-01-12")
    plan = shop.command("plan", "-s", "events", "--json").document
    assert [step["chunks"] for step in plan["steps"]] == [
        [
            {"start": "2024-01-01", "end": "2024-01-10"},
            {"start": "2024-01-13", "end": "2024-02-01"},
        ]
    ]
    asked = shop.command("plan", "-s", "events", "-p", "2024-01", "--json").document
    assert [step["chunks"] for step in asked["steps"]] == [
        [{"start": "2024-01-01", "end": "2024-02-01"}]
    ]


def test_a_table_without_partitions_is_rebuilt_once_for_all_the_days_that_changed(
    shop: ProjectDir,
) -> None:
    """bqetl: a whole table "backfilled" over dates, re-truncated about 550 times."""
    shop.write(
        "models/all_time.sql",
        "{{ config(materialized='table') }}\n"
        "select id % 3 as k, sum(amount)::bigint as amount from {{ ref('events') }} group by 1\n",
    )
    run(shop)
    load(shop, LOADED.replace("n * 10", "n * 10 + (n // 3 < 10)::integer"))
    outcome = shop.command("run", "--yes", "--json")

    assert built_by(outcome) == {"all_time": 1, "events": 10, "totals": 10}
    [table] = [m for m in outcome.document["models"] if m["model"] == "all_time"]
    assert table["queries"] == 1
    assert shop.rows("select sum(amount) from all_time") == shop.rows(
        "select sum(amount) from events"
    )


@pytest.mark.parametrize("materialized", ["incremental", "table"])
def test_a_full_rebuild_that_would_empty_a_table_stops(shop: ProjectDir, materialized: str) -> None:
    """bruin #2181: --full-refresh silently emptied a table and passed."""
    if materialized == "table":
        config = "{{ config(materialized='table') }}\n"
        shop.write("models/totals.sql", TOTALS.replace(CONFIG, config))
        shop.write("models/totals.sql", (config + TOTALS.removeprefix(CONFIG)).replace(
            "ref('events')", "source('raw', 'events')"))  # fmt: skip
    run(shop)
    model = "events" if materialized == "incremental" else "totals"
    before = shop.rows(f"select * from {model} order by all")
    load(shop, f"{LOADED} limit 0")
    words = ("-p", "all") if materialized == "incremental" else ()
    stopped = shop.command("run", "-s", model, *words, "--yes")

    assert stopped.exit_code == 3, stopped
    assert "EMPTY_REPLACEMENT" in stopped.stderr
    assert shop.rows(f"select * from {model} order by all") == before
    assert shop.command("run", "-s", model, *words, "--yes", "--allow-empty").exit_code == 0
    assert shop.rows(f"select count(*) from {model}") == [(0,)]


def test_a_hundred_thousand_partitions_are_a_few_ranges(shop: ProjectDir) -> None:
    """Dagster #15679: freezes over 40k partitions."""
    shop.write(
        "models/hourly.sql",
        "{{ config(event_time='hour', batch_size='hour', begin='2012-01-01',\n"
        "          meta={'sqlbackfill': {'end': '2024-01-01'}}) }}\n"
        "select date_trunc('hour', day::timestamp) as hour, count(*) as n\n"
        "from {{ source('raw', 'events') }} group by 1\n",
    )
    assert run(shop, "-s", "hourly") == {"hourly": 105_192}
    load(shop, f"{LOADED} union all select date '2020-02-29', 1000, 7")

    [hourly] = shop.command("status", "-s", "hourly", "--json").document["models"]
    [stale] = [one for one in hourly["ranges"] if one["state"] == "stale"]
    assert stale["start"] <= "2020-02-29T00:00:00" < stale["end"]
    assert hourly["stale"] <= 48, "so many days are compared by twos"
    assert hourly["built"] + hourly["stale"] == 105_192
