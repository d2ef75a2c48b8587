"""A project built in Snowflake, through the real connector over HTTP, against the emulator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.process import Emulator
from tests.emulator.world import World, expected_totals, make_world

DDL = re.compile(r"\s*(create|alter|drop|comment|truncate)\b", re.IGNORECASE)
TOTALS = "select day(day), amount, events from {database}.prod.totals order by 1"


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path) -> World:
    return make_world(tmp_path, emulator)


def totals(world: World) -> list[tuple[Any, ...]]:
    return world.rows(TOTALS.format(database=world.database))


def test_a_project_is_built_and_then_fresh(world: World) -> None:
    done = world.project.command("run", "-p", "2024-01", "--yes", "--json")
    assert done.exit_code == 0, done
    assert totals(world) == expected_totals()
    status = world.project.command("status", "--json").document
    assert [model["built"] for model in status["models"]] == [31, 31]
    again = world.project.command("run", "--yes", "--json")
    assert again.exit_code == 0, again
    assert all(model["queries"] == 0 for model in again.document["models"])


def test_names_that_differ_in_case_alone_are_one_table(world: World) -> None:
    world.project.command("run", "-p", "2024-01", "--yes")
    world.target(schema="Prod", database=world.database.lower())
    status = world.project.command("status", "--json").document
    assert [model["built"] for model in status["models"]] == [31, 31]


def test_what_the_emulator_forgives_is_not_done(world: World) -> None:
    """DDL in a transaction would commit it; a cast on a column would read the whole table."""
    world.emulator.statements(clear=True)
    done = world.project.command("run", "-p", "2024-01", "--strategy", "chunk=10", "--yes")
    assert done.exit_code == 0, done
    log = [each for each in world.emulator.statements() if not each["describe"]]
    # A plan may ask about a query that reads what is not there yet: that does not compile.
    assert all(each["ok"] for each in log if not each["sql"].startswith("EXPLAIN"))
    writing: dict[int, list[str]] = {}
    published = []
    for each in log:
        session, sql = each["session"], each["sql"]
        if sql == "BEGIN":
            assert session not in writing
            writing[session] = []
        elif sql == "COMMIT":
            published.append(writing.pop(session))
        elif session in writing:
            assert not DDL.match(sql), sql
            writing[session].append(sql)
    chunks = [sqls for sqls in published if any('"PROD"' in sql for sql in sqls)]
    assert len(chunks) == 8
    for sqls in chunks:
        verbs = [sql.split()[0] for sql in sqls]
        assert (verbs.count("DELETE"), verbs.count("INSERT")) == (1, 2)
        assert verbs.index("DELETE") < verbs.index("INSERT")
        deleted = next(sql for sql in sqls if sql.startswith("DELETE"))
        assert re.search(r'"DAY" >= CAST\(\'2024-01-\d\d\' AS DATE\)', deleted)
        assert not re.search(r'\b(?!WHERE|AND|OR)\w+\s*\(\s*"DAY"|"DAY"::', deleted)
    tags = [json.loads(tag) for each in log if (tag := each["parameters"].get("QUERY_TAG"))]
    assert {tag["model"] for tag in tags} == {"events", "totals"}
    assert all({"run", "partitions"} <= tag.keys() for tag in tags)


def test_tables_are_made_as_their_models_say(world: World) -> None:
    for name, fields in (("events", "cluster_by=['day', 'id'],"), ("totals", "transient=false,")):
        file = world.project.root / "models" / f"{name}.sql"
        file.write_text(file.read_text().replace("config(", f"config({fields} ", 1))
    world.emulator.statements(clear=True)
    done = world.project.command("run", "-p", "2024-01-05", "--yes")
    assert done.exit_code == 0, done
    prod = f'"{world.database}"."PROD".'
    made = {
        sql.split(prod)[1].split(" ")[0]: sql
        for each in world.emulator.statements()
        if re.match(rf"CREATE (TRANSIENT )?TABLE {prod}", sql := each["sql"])
    }
    assert made['"EVENTS"'].startswith("CREATE TRANSIENT TABLE")
    assert re.search(r"\) CLUSTER BY \(day, id\) COMMENT", made['"EVENTS"'])
    assert made['"TOTALS"'].startswith("CREATE TABLE")
    assert "CLUSTER BY" not in made['"TOTALS"']


def test_no_stage_is_left_and_those_of_dead_runs_are_dropped(world: World) -> None:
    world.project.command("run", "-p", "2024-01-05", "--yes")
    stages = (
        f"select table_name from {world.database}.information_schema.tables "
        "where table_name like 'SQLBACKFILL_STAGE%'"
    )
    assert world.rows(stages) == []
    world.emulator.statements(clear=True)
    world.project.command("run", "-p", "2024-01-06", "--yes")
    made = re.findall(
        r"TABLE (\S+SQLBACKFILL_STAGE_\S+) AS",
        "\n".join(each["sql"] for each in world.emulator.statements()),
    )
    assert len(made) == 2
    left = re.sub(r"_\d{8}_\d{6}_\w{6}_", "_20200101_000000_ABCDEF_", made[0])
    world.do(f"create table {left} (n integer)")
    assert len(world.rows(stages)) == 1
    world.project.command("run", "-p", "2024-01-07", "--yes")
    assert world.rows(stages) == []


SUMMARY = (
    "{{ config(materialized='table') }}\n"
    "select count(*) as days, cast(sum(amount) as integer) as amount from {{ ref('totals') }}\n"
)
RECENT = "{{ config(materialized='view') }}\nselect * from {{ ref('totals') }} where amount > 100\n"


def test_whole_tables_are_swapped_in_and_views_follow(world: World) -> None:
    world.project.write("models/summary.sql", SUMMARY)
    world.project.write("models/recent.sql", RECENT)
    done = world.project.command("run", "-p", "2024-01", "--yes")
    assert done.exit_code == 0, done
    assert world.rows(f"select * from {world.database}.prod.summary") == [(31, 42780)]
    world.do("insert into events values ('2024-01-31', 1000, 5)")
    again = world.project.command("run", "--yes", "--json")
    assert again.exit_code == 0, again
    assert world.rows(f"select * from {world.database}.prod.summary") == [(31, 42785)]
    assert len(world.rows(f"select * from {world.database}.prod.recent")) == 30
    status = world.project.command("status", "--json").document
    assert [model["stale"] + model["missing"] for model in status["models"]] == [0] * 4
    names = world.rows(f"select table_name from {world.database}.information_schema.tables")
    assert not [name for (name,) in names if "STAGE" in name]
