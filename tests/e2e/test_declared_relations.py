"""A relation that an author declares between columns, from the yml to explain, plan, render, verify and staleness."""

from __future__ import annotations

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import CONFIG

SOURCES = """\
version: 2
sources:
  - name: raw
    meta: {{external_location: "data/{{name}}.parquet"}}
    tables:
      - name: events
      - name: logs
        config:
          event_time: day
          meta:
            sqlbackfill:
              relations:
                - {{holds: "{holds}", reason: "the loader cuts by ts"}}
"""
LATEST = CONFIG + (
    "select day, id, ts from {{ source('raw', 'logs') }}\n"
    "qualify row_number() over (partition by id order by ts desc nulls last) = 1\n"
)
PLAIN = CONFIG + "select day, id from {{ source('raw', 'logs') }}\n"
HOLDS = "day = ts::date"


@pytest.fixture
def logs(shop: ProjectDir) -> ProjectDir:
    """A table of logs of January, its `day` being that of `ts`; `latest` keeps the last row of each id."""
    shop.write("models/sources.yml", SOURCES.format(holds=HOLDS))
    shop.write("models/latest.sql", LATEST)
    shop.write("models/plain.sql", PLAIN)
    _load(shop, "date '2024-01-01' + (n // 3)::integer")
    return shop


def _load(shop: ProjectDir, day: str) -> None:
    duckdb.execute(f"""
        copy (select {day} as day, timestamp '2024-01-01' + to_hours(8 * n::integer) as ts, n % 7 as id
              from range(93) r(n)) to '{shop.root}/data/logs.parquet'
    """)


def test_keep_latest_reads_from_its_day_on_and_explain_says_why(logs: ProjectDir) -> None:
    [model] = logs.command("explain", "-s", "latest", "--json").document["models"]

    [read] = model["inputs"]
    assert (read["read"]["kind"], read["read"]["start_offset"]) == ("future", 0)
    assert "`day = ts::date`, declared by the author (models/sources.yml:12)" in read["because"]
    rendered = logs.command("render", "-s", "latest", "-p", "2024-01-05", "--json").document
    assert "CAST('2024-01-05' AS DATE)" in rendered["models"][0]["chunks"][0]["sql"]


def test_each_plan_that_relies_on_it_says_so_and_no_other(logs: ProjectDir) -> None:
    plan = logs.command("plan", "-s", "latest", "-p", "2024-01-05", "--json")
    other = logs.command("plan", "-s", "plain", "-p", "2024-01-05", "--json")

    notes = [w for w in plan.document["warnings"] if w["code"] == "RELATION_DECLARED"]
    assert [(n["severity"], n["model"], n["line"]) for n in notes] == [("note", "latest", 12)]
    assert "RELATION_DECLARED" in plan.stderr
    assert "RELATION_DECLARED" not in other.stdout + other.stderr


def test_verify_passes_where_it_is_so(logs: ProjectDir) -> None:
    outcome = logs.command("verify", "latest", "-p", "2024-01-20..2024-01-31", "--json")

    assert outcome.exit_code == 0, outcome
    assert {one["equal"] for one in outcome.document["strategies"]} == {True}


def test_verify_refutes_it_with_the_rows_of_which_it_is_not_so(logs: ProjectDir) -> None:
    _load(logs, "case when n = 40 then null else date '2024-01-01' + ((n + 1) // 3)::integer end")

    outcome = logs.command("verify", "latest", "-p", "2024-01-20..2024-01-22", "--json")

    assert outcome.exit_code == 1, outcome
    error = outcome.document["errors"][0]
    assert (error["code"], error["file"], error["line"]) == (
        "RELATION_REFUTED",
        "models/sources.yml",
        12,
    )
    assert "32 rows contradict" in error["message"]
    assert "day = 2024-01-02, ts = 2024-01-01 16:00:00" in error["message"]


def test_another_relation_makes_stale_what_relied_on_the_old_one_and_nothing_else(
    logs: ProjectDir,
) -> None:
    assert logs.command("run", "-s", "latest plain", "-p", "2024-01", "--yes").exit_code == 0
    logs.write("models/sources.yml", SOURCES.format(holds=HOLDS).replace("cuts by", "sorts by"))
    reworded = logs.command("status", "--json").document["models"]
    logs.write(
        "models/sources.yml", SOURCES.format(holds="day <= ts and ts < day + interval 1 day")
    )
    changed = logs.command("status", "--json").document["models"]

    assert {m["model"]: m["stale"] for m in reworded if m["built"]} == {"latest": 0, "plain": 0}
    assert {m["model"]: m["stale"] for m in changed if m["built"] or m["stale"]} == {
        "latest": 31,
        "plain": 0,
    }


@pytest.mark.parametrize(
    ("relation", "code", "words"),
    [
        ('{holds: "dai = ts::date", reason: x}', "RELATION_INVALID", "did you mean `day`?"),
        ('{holds: "day > id", reason: x}', "RELATION_INVALID", "as in `day = ts::date`"),
        ('{holds: "day = ts::date"}', "BAD_CONFIG_VALUE", "gives no reason"),
        ("{reason: x}", "BAD_CONFIG_VALUE", "says nothing that holds"),
        ('"day = ts::date"', "BAD_CONFIG_VALUE", "must be a list of mappings"),
    ],
)
def test_a_relation_that_means_nothing_is_one_error_at_its_place(
    logs: ProjectDir, relation: str, code: str, words: str
) -> None:
    good = '{holds: "day = ts::date", reason: "the loader cuts by ts"}'
    text = SOURCES.format(holds=HOLDS)
    assert good in text
    logs.write("models/sources.yml", text.replace(good, relation))

    outcome = logs.command("plan")

    assert outcome.exit_code == 2
    assert outcome.error_codes == [code]
    assert "models/sources.yml:12" in outcome.stderr
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_model_may_declare_it_of_its_own_rows(logs: ProjectDir) -> None:
    logs.write(
        "models/kept.sql",
        CONFIG.replace(
            "'end': '2024-02-01'",
            "'end': '2024-02-01', 'relations': [{'holds': 'day = ts::date', 'reason': 'as written'}]",
        )
        + "select day, id, ts from {{ source('raw', 'logs') }}\n",
    )
    logs.write("models/latest.sql", LATEST.replace("source('raw', 'logs')", "ref('kept')"))
    assert logs.command("run", "-s", "kept", "-p", "2024-01", "--yes").exit_code == 0
    [model] = logs.command("explain", "-s", "latest", "--json").document["models"]
    _load(logs, "date '2024-01-02' + (n // 3)::integer")
    refuted = logs.command("verify", "kept", "-p", "2024-01-20..2024-01-22", "--json")

    assert model["inputs"][0]["read"]["kind"] == "future"
    assert "RELATION_REFUTED" in {e["code"] for e in refuted.document["errors"]}
