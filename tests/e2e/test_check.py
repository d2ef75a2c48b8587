"""`check`: what it finds in a project, and how it tells people, scripts, GitHub and SARIF readers."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import CONFIG, SOURCES

PARTITIONED = SOURCES.replace("[{name: events}]", "[{name: events, config: {event_time: day}}]")


def findings(project: ProjectDir) -> dict[tuple[str, str | None], dict[str, Any]]:
    outcome = project.command("check", "--json")
    assert outcome.exit_code == 0, outcome
    return {(found["code"], found["model"]): found for found in outcome.document["findings"]}


@pytest.fixture
def cut(shop: ProjectDir) -> ProjectDir:
    """The shop, its source known to be partitioned by day."""
    shop.write("models/sources.yml", PARTITIONED)
    return shop


def test_a_good_project_has_no_findings(cut: ProjectDir) -> None:
    outcome = cut.command("check")

    assert (outcome.exit_code, outcome.stdout) == (0, "no problems found\n")


def test_a_scan_that_the_query_needs_is_a_note_with_the_rewrite_and_its_line(
    cut: ProjectDir,
) -> None:
    cut.write(
        "models/share.sql",
        CONFIG + "select day,\n  id, sum(amount) over (partition by id) as s\n"
        "from {{ ref('events') }}\n",
    )
    found = findings(cut)["FULL_SCAN", "share"]

    assert (found["severity"], found["file"], found["line"]) == ("note", "models/share.sql", 4)
    assert "every day of `share` reads all of `events`" in found["message"]
    assert "add `day` to PARTITION BY" in found["fix"]


def test_a_scan_that_nothing_shows_to_be_needed_is_a_warning_beside_what_stopped_the_proof(
    cut: ProjectDir,
) -> None:
    cut.write(
        "models/odd.sql",
        CONFIG + "select cast(strptime(strftime(day, '%d/%m/%Y'), '%d/%m/%Y') as date) as day, id\n"
        "from {{ source('raw', 'events') }}\n",
    )
    found = findings(cut)

    assert found["FULL_SCAN", "odd"]["severity"] == "warning"
    stopped = found["P_OPAQUE", "odd"]
    assert (stopped["severity"], stopped["file"]) == ("warning", "models/odd.sql")


def test_a_scan_that_the_author_declared_is_no_finding_of_its_own(cut: ProjectDir) -> None:
    config = CONFIG.replace(
        "'2024-02-01'}", "'2024-02-01', 'read': {'events': {'kind': 'all', 'reason': 'so'}}}"
    )
    cut.write("models/all.sql", config + "select day, id from {{ ref('events') }}\n")
    found = findings(cut)

    assert ("READ_OVERRIDE", "all") in found
    assert ("FULL_SCAN", "all") not in found


def test_bounds_of_the_authors_own_that_are_too_narrow_are_found(cut: ProjectDir) -> None:
    cut.write(
        "models/narrow.sql",
        CONFIG + "select day, id, sum(amount) over (\n"
        "  partition by id order by day range between interval 6 days preceding and current row\n"
        ") as s\nfrom {{ ref('events') }}\n"
        "where day >= cast('{{ partition.start }}' as date) - 3\n"
        "  and day < cast('{{ partition.end }}' as date)\n",
    )
    found = findings(cut)["AUTHOR_BOUND_TOO_NARROW", "narrow"]

    assert "reads 3 days back, the query needs 6" in found["message"]
    assert found["severity"] == "warning"


def test_volatile_functions_hard_coded_tables_and_the_clock_are_found(cut: ProjectDir) -> None:
    cut.write(
        "models/loose.sql",
        CONFIG + "select day, id, random() as r, now() as t, '{{ invocation_id }}' as run\n"
        "from {{ ref('events') }} join main.extra using (id)\n",
    )
    codes = {code for code, model in findings(cut) if model == "loose"}

    assert {"VOLATILE", "RUN_CLOCK", "HARD_CODED_TABLE", "VOLATILE_TEMPLATE"} <= codes


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("select ts::date as day, ts from HITS", True),
        ("select (ts at time zone 'UTC')::date as day, ts from HITS", False),
        (
            (
                "select e.day, h.ts from EVENTS as e join HITS as h on h.ts >= e.day::timestamptz\n"
                "and h.ts < (e.day + 1)::timestamptz"
            ),
            False,
        ),
    ],
)
def test_a_partition_column_that_is_the_day_of_an_instant_without_a_zone_is_found(
    shop: ProjectDir, query: str, is_found: bool
) -> None:
    duckdb.execute(f"""
        copy (select timestamptz '2024-01-01 00:00:00+00' + interval 1 hour * n as ts
              from range(9) r(n)) to '{shop.root}/data/hits.parquet'
    """)
    tables = "{name: events}, {name: hits, config: {event_time: ts}}"
    shop.write("models/sources.yml", SOURCES.replace("{name: events}", tables))
    for name in ("hits", "events"):
        query = query.replace(name.upper(), f"{{{{ source('raw', '{name}') }}}}")
    shop.write("models/hits.sql", CONFIG + query + "\n")

    assert (("ZONELESS_CAST", "hits") in findings(shop)) is is_found


def test_a_partition_column_that_may_be_null_is_found_with_what_makes_it_so(
    cut: ProjectDir,
) -> None:
    cut.write(
        "models/matched.sql",
        CONFIG + "select t.day, e.id\nfrom {{ ref('events') }} as e\n"
        "left join {{ ref('totals') }} as t on t.day = e.day\n",
    )
    cut.write("models/other.sql", CONFIG + "select id::date as day from {{ ref('events') }}\n")
    found = findings(cut)
    github = cut.command("check", "--format", "github").stdout
    sarif = json.loads(cut.command("check", "--format", "sarif").stdout)

    made = found["PARTITION_MAY_BE_NULL", "matched"]
    assert (made["severity"], made["file"], made["line"]) == ("warning", "models/matched.sql", 5)
    assert "an outer join fills" in made["message"]
    assert "COALESCE both" in made["fix"]
    assert found["PARTITION_MAY_BE_NULL", "other"]["severity"] == "note"
    assert "::warning file=models/matched.sql,line=5," in github
    assert "::notice file=models/other.sql,line=3," in github
    levels = {r["ruleId"]: r["level"] for r in sarif["runs"][0]["results"]}
    assert levels["PARTITION_MAY_BE_NULL"] in ("warning", "note")


def test_an_error_ends_with_1_in_every_format(cut: ProjectDir) -> None:
    cut.write("models/bad.sql", CONFIG + "select day from {{ ref('event') }}\n")

    text = cut.command("check")
    github = cut.command("check", "--format", "github")
    sarif = cut.command("check", "--format", "sarif")

    assert [outcome.exit_code for outcome in (text, github, sarif)] == [1, 1, 1]
    first = github.stdout.splitlines()[0]
    assert first.startswith("::error file=models/bad.sql,line=3,col=")
    assert ",title=UNKNOWN_REF::" in first
    [result] = json.loads(sarif.stdout)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("UNKNOWN_REF", "error")
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == 3
