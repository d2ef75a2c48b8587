"""`verify`: all allowed strategies beside the query over all of history, on the project's own data."""

from __future__ import annotations

import json

import pytest

from tests.e2e.command import Outcome, ProjectDir
from tests.e2e.shop import CONFIG

BEFORE = CONFIG + (
    "select day, id % 3 as k, lag(amount) over (partition by id % 3 order by day, id) as before\n"
    "from {{ ref('events') }}\n"
)
RUNNING = CONFIG + (
    "select e.day, e.id % 3 as k, e.amount + coalesce(t.total, 0) as total\n"
    "from {{ ref('events') }} as e\n"
    "left join {{ this }} as t\n"
    "  on t.k = e.id % 3 and t.day = cast('{{ partition.start }}' as date) - 1\n"
    "where e.day = cast('{{ partition.start }}' as date)\n"
)
KEY = """\
version: 2
models:
  - name: events
    columns: [{name: id, data_tests: [unique, not_null]}]
"""
OVERRIDE = """\
version: 2
models:
  - name: before
    config:
      meta:
        sqlbackfill:
          end: "2024-02-01"
          read:
            events: {{start_offset: {start}, end_offset: 0, reason: "ids rest one day"}}
"""


@pytest.fixture
def built(shop: ProjectDir) -> ProjectDir:
    """The shop with `before`, which looks back; the events of January are built."""
    shop.write("models/events.yml", KEY)
    shop.write("models/before.sql", BEFORE)
    assert shop.command("run", "-s", "events", "-p", "2024-01", "--yes").exit_code == 0
    return shop


def verified(project: ProjectDir, *arguments: str) -> Outcome:
    return project.command("verify", *arguments, "--json")


def equal(outcome: Outcome) -> dict[str, bool | None]:
    return {one["strategy"]: one["equal"] for one in outcome.document["strategies"]}


def test_strategies_that_are_right_are_equal_and_nothing_is_written(built: ProjectDir) -> None:
    before = built.contents()
    outcome = verified(built, "before", "-p", "2024-01-05..2024-01-12,2024-01-20")

    assert outcome.exit_code == 0, outcome
    assert equal(outcome) == {"partition": True, "chunk=3": True, "range": True}
    document = outcome.document
    assert document["model"] == "before"
    assert document["reference"] == "unfiltered query"
    assert document["differences"] == []
    assert "errors" not in document
    assert document["partitions"] == [
        {"start": "2024-01-05", "end": "2024-01-13"},
        {"start": "2024-01-20", "end": "2024-01-21"},
    ]
    assert [(one["rows"], one["queries"]) for one in document["strategies"]] == [
        (27, 9),
        (27, 4),
        (27, 2),
    ]
    assert built.contents() == before


def test_an_override_that_is_right_passes(built: ProjectDir) -> None:
    built.write("models/before.yml", OVERRIDE.format(start=-1))

    outcome = verified(built, "before", "-p", "2024-01-05..2024-01-08")

    assert outcome.exit_code == 0, outcome
    assert set(equal(outcome).values()) == {True}


def test_an_override_that_is_wrong_is_refuted_with_the_rows_and_its_place(
    built: ProjectDir,
) -> None:
    built.write("models/before.yml", OVERRIDE.format(start=0))

    outcome = verified(built, "before", "-p", "2024-01-05..2024-01-08")

    assert outcome.exit_code == 1, outcome
    assert equal(outcome) == {"partition": False, "chunk=3": False, "range": False}
    document = outcome.document
    [error] = document["errors"]
    assert (error["code"], error["file"], error["line"]) == ("ROWS_DIFFER", "models/before.yml", 9)
    assert "events" in error["fix"]
    by_range = [d for d in document["differences"] if d["strategy"] == "range"]
    assert by_range[0] == {
        "strategy": "range",
        "row": {"day": "2024-01-05", "k": 0, "before": 90},
        "count": 0,
        "expected_count": 1,
    }
    assert by_range[1]["row"] == {"day": "2024-01-05", "k": 0, "before": None}
    assert {d["row"]["day"] for d in by_range} == {"2024-01-05"}, (
        "a range is wrong at its edge only"
    )


def test_people_see_the_strategies_and_the_first_rows(built: ProjectDir) -> None:
    built.write("models/before.yml", OVERRIDE.format(start=0))

    outcome = built.command("verify", "before@2024-01-05..2024-01-08")

    assert outcome.exit_code == 1
    assert outcome.error_codes == ["ROWS_DIFFER"]
    assert "compared with: unfiltered query, 12 rows" in outcome.stdout
    assert "first rows of range that differ" in outcome.stdout
    assert "  0 for 1: day=2024-01-05, k=0, before=90" in outcome.stdout


def test_the_comparison_says_how_much_of_history_it_could_not_see(shop: ProjectDir) -> None:
    shop.write("models/before.sql", BEFORE)
    shop.write("models/before.yml", OVERRIDE.format(start=0))
    assert shop.command("run", "-s", "events", "-p", "2024-01-05", "--yes").exit_code == 0

    outcome = verified(shop, "before", "-p", "2024-01-05")

    assert outcome.exit_code == 0, "yesterday is not there, so nothing shows that it is needed"
    assert "warning[VERIFY_PART_OF_HISTORY]" in outcome.stderr
    assert "`events` holds 1 of 31 partitions" in outcome.stderr


def test_a_model_that_reads_itself_runs_in_order_against_a_copy_of_its_table(
    built: ProjectDir,
) -> None:
    built.write("models/running.sql", RUNNING)
    assert built.command("run", "-s", "running", "-p", "2024-01", "--yes").exit_code == 0
    built.execute("update running set total = 0 where day = '2024-01-06'")
    before = built.contents()

    outcome = verified(built, "running", "-p", "2024-01-05..2024-01-08")

    assert outcome.exit_code == 0, outcome
    assert equal(outcome) == {"partition": True, "chunk=3": None, "range": None}
    refused = outcome.document["strategies"][1]["reason"]
    assert refused.startswith("not allowed: models/running.sql:")
    assert "SELF_STATE" in refused
    assert outcome.document["reference"] == "unfiltered query, one partition at a time"
    assert built.contents() == before


def test_a_model_that_reads_itself_needs_no_table_for_its_first_partitions(
    built: ProjectDir,
) -> None:
    built.write("models/running.sql", RUNNING)

    first = verified(built, "running", "-p", "2024-01-01..2024-01-03")
    apart = built.command("verify", "running", "-p", "2024-01-01,2024-01-03")
    later = built.command("verify", "running", "-p", "2024-01-05")

    assert first.exit_code == 0, first
    assert first.document["strategies"][0]["rows"] == 9
    assert "reads 2024-01-02 of its own table" in apart.stderr
    assert later.exit_code == 2
    assert later.error_codes == ["UPSTREAM_MISSING"]
    assert "sqlbackfill run -s running -p 2024-01-04 --missing-upstream build" in later.stderr


GROWING = CONFIG + (
    "select cast('{{ partition.start }}' as date) as day, id from {{ ref('events') }}\n"
    "where day = cast('{{ partition.start }}' as date) and id % 3 = 0\n"
    "union all\n"
    "select cast('{{ partition.start }}' as date) as day, id from {{ this }}\n"
    "where day = cast('{{ partition.start }}' as date) - 1\n"
)


def test_each_partition_reads_those_before_it_from_the_copy_not_from_the_table(
    built: ProjectDir,
) -> None:
    built.write("models/growing.sql", GROWING)
    assert built.command("run", "-s", "growing", "-p", "2024-01", "--yes").exit_code == 0
    built.execute("delete from growing where day between '2024-01-03' and '2024-01-04'")

    outcome = verified(built, "growing", "-p", "2024-01-03..2024-01-06")

    assert outcome.exit_code == 0, outcome
    assert outcome.document["strategies"][0]["rows"] == 3 + 4 + 5 + 6


def test_an_unbuilt_upstream_is_named_with_the_command_that_builds_it(shop: ProjectDir) -> None:
    outcome = verified(shop, "totals", "-p", "2024-01-05")

    assert outcome.exit_code == 2
    error = json.loads(outcome.stdout)["error"]
    assert error["code"] == "UPSTREAM_MISSING"
    assert error["fix"] == "sqlbackfill run -s events -p 2024-01-05 --missing-upstream build"
    assert not shop.warehouse.exists(), "reading commands never create the warehouse"
    command = error["fix"].removeprefix("sqlbackfill ").split()
    assert shop.command(*command, "--yes").exit_code == 0
    assert verified(shop, "totals", "-p", "2024-01-05").exit_code == 0


def test_a_model_over_files_alone_needs_no_warehouse_at_all(shop: ProjectDir) -> None:
    outcome = verified(shop, "events", "-p", "2024-01-05..2024-01-07")

    assert outcome.exit_code == 0, outcome
    assert not shop.warehouse.exists()


def test_volatile_models_are_not_compared_and_it_says_so(shop: ProjectDir) -> None:
    shop.write("models/dice.sql", CONFIG + "select day, random() as r from {{ ref('events') }}\n")
    assert shop.command("run", "-s", "events", "-p", "2024-01", "--yes").exit_code == 0

    outcome = verified(shop, "dice", "-p", "2024-01-05")

    assert outcome.exit_code == 1
    assert set(equal(outcome).values()) == {None}
    [error] = outcome.document["errors"]
    assert (error["code"], error["file"]) == ("NOT_COMPARABLE", "models/dice.sql")


def test_the_clock_stands_still_while_strategies_are_compared(shop: ProjectDir) -> None:
    shop.write("models/stamped.sql", CONFIG + "select day, now() as t from {{ ref('events') }}\n")
    assert shop.command("run", "-s", "events", "-p", "2024-01", "--yes").exit_code == 0

    outcome = verified(shop, "stamped", "-p", "2024-01-05..2024-01-07")

    assert outcome.exit_code == 0, outcome


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("events",), "VERIFY_NEEDS_PARTITIONS"),
        (("*", "-p", "2024-01-05"), "VERIFY_ONE_MODEL"),
        (("event", "-p", "2024-01-05"), "UNKNOWN_SELECTION"),
        (("whole", "-p", "2024-01-05"), "NOT_PARTITIONED"),
        (("events", "-p", "2025-01-05"), "OUT_OF_RANGE"),
        (("events@2024-01-05", "-p", "2024-01-05"), "CONFLICTING_PARTITIONS"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(
    shop: ProjectDir, arguments: tuple[str, ...], code: str
) -> None:
    shop.write(
        "models/whole.sql",
        "{{ config(materialized='table') }}\nselect count(*) as n from {{ ref('events') }}\n",
    )

    outcome = shop.command("verify", *arguments)

    assert outcome.exit_code == 2, outcome
    assert outcome.error_codes == [code]


def test_an_error_of_the_engine_points_at_the_users_own_line(shop: ProjectDir) -> None:
    shop.write(
        "models/broken.sql",
        CONFIG
        + "select day,\n  cast('x' || id as integer) as n\nfrom {{ source('raw', 'events') }}\n",
    )

    outcome = shop.command("verify", "broken", "-p", "2024-01-05")

    assert outcome.exit_code == 2
    assert len(outcome.error_codes) == 1
    assert "Traceback" not in outcome.stderr
