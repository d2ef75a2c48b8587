"""A project written for Snowflake on a DuckDB target: transpiled at render, analysed as it is."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import refused

RUN = ("run", "-p", "2024-01-01..2024-01-05", "--yes")
CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-02-01'}}) }}
"""
DAILY = (
    CONFIG
    + """\
select
  ts::date as day,
  payload:city::string as city,
  count_if(iff(amount > 10, true, false)) as big,  -- dear ones
  sum(amount) as amount
from {{ source('raw', 'events') }}
group by 1, 2
"""
)
SHIFTED = (
    CONFIG
    + """\
select dateadd(day, 1, day) as day, sum(big) as big
from {{ ref('daily') }}
group by 1
"""
)
RUNNING = (
    CONFIG
    + """\
select d.day, nvl(max(p.total), 0) + sum(d.amount) as total
from {{ ref('daily') }} d
left join {{ this }} p on p.day = dateadd('day', -1, d.day)
group by 1
"""
)


@pytest.fixture
def project(tmp_path: Path) -> ProjectDir:
    project = ProjectDir(tmp_path / "shop")
    project.write(
        "sqlbackfill.yml", "name: shop\nmodels:\n  shop:\n    +materialized: incremental\n"
    )
    project.write("profiles.yml", profile("dialect: snowflake"))
    project.write(
        "models/sources.yml",
        "sources:\n  - name: raw\n    meta: {external_location: 'data/{name}.parquet'}\n"
        "    tables: [{name: events, config: {event_time: ts}}]\n",
    )
    project.write("models/daily.sql", DAILY)
    project.write("models/shifted.sql", SHIFTED)
    project.write("models/running.sql", RUNNING)
    (project.root / "data").mkdir()
    duckdb.execute(f"""
        copy (select timestamp '2024-01-01' + interval (n) hour as ts, n % 20 as amount,
                     '{{"city": "' || if(n % 2 = 0, 'Rome', 'Oslo') || '"}}' as payload
              from range(24 * 31) r(n)) to '{project.root}/data/events.parquet'
    """)
    return project


def profile(extra: str) -> str:
    return f"shop: {{target: dev, outputs: {{dev: {{type: duckdb, path: w.duckdb, {extra}}}}}}}\n"


def rows(project: ProjectDir, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(project.root / "w.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_it_runs_and_gives_the_rows_that_snowflake_would(project: ProjectDir) -> None:
    done = project.command(*RUN)
    assert done.exit_code == 0, done
    source = f"read_parquet('{project.root}/data/events.parquet')"
    expected = f"""
        select ts::date, payload->>'$.city', count(*) filter (amount > 10), sum(amount)
        from {source} where ts < '2024-01-06' group by all order by all
    """
    assert rows(project, "select * from daily order by all") == rows(project, expected)
    types = dict(rows(project, "select column_name, column_type from (describe shifted)"))
    assert types["day"] == "DATE"
    assert rows(project, "select count(*) from shifted") == [(4,)]
    assert rows(project, "select max(total) from running") == rows(
        project, f"select sum(amount) from {source} where ts < '2024-01-06'"
    )


def test_predicates_are_injected_and_the_guard_stays(project: ProjectDir) -> None:
    project.command(*RUN)
    shown = project.command("render", "-s", "daily", "-p", "2024-01-03", "--json")
    [chunk] = shown.document["models"][0]["chunks"]
    assert chunk["sql"].count("2024-01-03") == 2
    assert "CASE WHEN" in chunk["sql"].replace("\n", " ")
    sql = chunk["sql"].replace("'data/", f"'{project.root}/data/")
    assert rows(project, f"select count(*) from ({sql})") == [(2,)]


def test_explain_names_the_model_s_own_dialect(project: ProjectDir) -> None:
    [daily] = [
        model
        for model in project.command("explain", "--json").document["models"]
        if model["model"] == "daily"
    ]
    assert daily["dialect"] == "snowflake"
    assert daily["separable"]["verdict"] == "proven"


def test_a_function_that_does_not_come_over_is_refused_at_plan_time(project: ProjectDir) -> None:
    project.write("models/daily.sql", DAILY.replace("sum(amount)", "soundex(max(amount))"))
    for command in (("plan", "-p", "2024-01"), RUN):
        outcome = project.command(*command)
        text = refused(project, outcome, exit_code=2)
        assert "function_not_transpiled" in text
        assert "models/daily.sql:7:3" in text
    assert not (project.root / "w.duckdb").exists()


def test_an_error_of_the_engine_points_at_the_authors_line(project: ProjectDir) -> None:
    project.write("models/daily.sql", DAILY.replace("sum(amount)", "sum(iff(true, amont, 0))"))
    outcome = project.command(*RUN)
    assert outcome.exit_code == 1, outcome
    assert "models/daily.sql:7:17" in outcome.stderr


def test_a_function_that_the_target_defines_is_known(project: ProjectDir) -> None:
    with duckdb.connect(str(project.root / "w.duckdb")) as connection:
        connection.execute("create macro soundex(x) as 'S' || x")
    project.write("models/daily.sql", DAILY.replace("sum(amount)", "soundex(max(amount))"))
    done = project.command(*RUN, "-s", "daily")
    assert done.exit_code == 0, done


def test_the_project_s_dialect_wins_over_the_target_s(project: ProjectDir) -> None:
    project.write("profiles.yml", profile("dialect: bigquery"))
    file = project.root / "sqlbackfill.yml"
    file.write_text(file.read_text() + "dialect: snowflake\n")
    done = project.command(*RUN)
    assert done.exit_code == 0, done


def test_templates_are_rendered_for_the_engine_that_they_are_written_for(
    project: ProjectDir,
) -> None:
    project.write(
        "macros/big.sql",
        "{% macro big(x) %}{{ adapter.dispatch('big')(x) }}{% endmacro %}\n"
        "{% macro snowflake__big(x) %}iff({{ x }} > 10, true, false){% endmacro %}\n"
        "{% macro default__big(x) %}wrong_one({{ x }}){% endmacro %}\n",
    )
    changed = DAILY.replace("iff(amount > 10, true, false)", "{{ big('amount') }}")
    project.write("models/daily.sql", changed + "-- {{ target.type }} on {{ target.engine }}\n")
    done = project.command(*RUN, "-s", "daily")
    assert done.exit_code == 0, done
    shown = project.command("render", "-s", "daily", "-p", "2024-01-03")
    assert "WRONG_ONE" not in shown.stdout.upper()
    assert "CAST('2024-01-03 00:00:00' AS TIMESTAMP)" in shown.stdout
