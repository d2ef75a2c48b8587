"""What a model reads without `ref()` or `source()` has versions too, and so have functions that somebody defined."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from tests.e2e.world import DAYS, SOURCE, World

JOINED = f"select s.day, s.v * l.f as v from {SOURCE} as s cross join %s as l"
PLAIN = f"select day, v from {SOURCE}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.days_of_source()
    return world


def _restating(world: World, sql: str, name: str) -> None:
    world.model("seen", sql, on_change={"raw.rows": "restate", name: "restate"})


@pytest.mark.parametrize("name", ["lookup", "main.lookup", "warehouse.main.lookup"])
def test_a_table_that_the_sql_names_itself_is_compared(world: World, name: str) -> None:
    world.execute("create table main.lookup as select 10 as f, 'n' as note")
    _restating(world, JOINED % name, name)
    world.run()
    assert world.stale() == {}
    world.execute("update main.lookup set f = 11")
    assert world.stale() == {"seen": DAYS}
    world.run()
    assert world.stale() == {}


def test_a_view_that_the_sql_names_itself_is_compared_by_its_rows(world: World) -> None:
    world.execute("create view main.lookup as select max(v) + 1 as f from raw.rows")
    _restating(world, JOINED % "main.lookup", "main.lookup")
    world.run()
    world.execute("create or replace view main.lookup as select max(v) + 2 as f from raw.rows")
    assert world.stale() == {"seen": DAYS}


@pytest.mark.parametrize("form", ["'{}'", "read_parquet('{}')", "read_parquet(['{}'])"])
def test_a_file_that_the_sql_names_itself_is_compared(world: World, form: str) -> None:
    file = world.root / "lookup.parquet"
    duckdb.execute(f"copy (select 10 as f) to '{file}'")
    world.model("seen", JOINED % form.format(file))
    world.run()
    assert world.stale() == {}
    duckdb.execute(f"copy (select 11 as f) to '{file}'")
    world.run("stale")
    assert world.rows("select max(v) from main.seen") == [(99,)]


def test_a_change_is_shown_and_left_to_whoever_asks(world: World) -> None:
    world.execute("create table main.lookup as select 10 as f")
    world.model("seen", JOINED % "main.lookup")
    world.run()
    world.execute("update main.lookup set f = 11")
    assert world.stale() == {}, "as of any input that is read whole"
    world.run("stale")
    assert world.rows("select max(v) from main.seen") == [(99,)]


def test_what_is_named_in_a_view_or_an_ephemeral_model_counts_for_who_reads_it(
    world: World,
) -> None:
    world.execute("create table main.lookup as select 10 as f")
    world.view("between", JOINED % "main.lookup")
    world.write("inlined", "materialized='ephemeral'", JOINED % "main.lookup")
    restate = {"raw.rows": "restate", "between": "restate", "main.lookup": "restate"}
    for reader, upstream in (("one", "between"), ("two", "inlined")):
        sql = f"select day, v from {{{{ ref('{upstream}') }}}}"
        world.model(reader, sql, on_change=restate)
    world.run()
    assert world.stale() == {}
    world.execute("update main.lookup set f = 11")
    assert world.stale() == {"one": DAYS, "two": DAYS}


@pytest.mark.parametrize(
    "sql", [PLAIN.replace(" v ", " twice(v) as v "), PLAIN + " where twice(v) > 4"]
)
def test_the_body_of_a_function_is_part_of_the_code_that_calls_it(world: World, sql: str) -> None:
    world.execute("create macro main.once(x) as x", "create macro main.twice(x) as once(x) * 2")
    world.model("seen", sql)
    world.model("beside", PLAIN)
    world.run()
    assert world.stale() == {}
    world.execute("create or replace macro main.twice(x) as once(x) * 3")
    assert world.stale() == {"seen": DAYS}
    world.run()
    world.execute("create or replace macro main.once(x) as x + 1")
    assert world.stale() == {"seen": DAYS}, "the body of what it calls counts too"


def test_rows_that_a_function_gives_are_compared(world: World) -> None:
    world.execute("create macro main.pick(x) as table select day, v from raw.rows where v >= x")
    world.model("seen", "select day, v from pick(2)")
    world.run()
    world.execute("update raw.rows set v = v + 1 where day = '2024-03-04'")
    world.run("stale")
    assert world.rows("select v from main.seen where day = '2024-03-04'") == [(4,)]


def test_another_database_file_with_the_times_of_the_old_one_is_another(world: World) -> None:
    other = world.root / "other.duckdb"
    (world.root / "profiles.yml").write_text(
        "world: {target: dev, outputs: {dev: {type: duckdb, path: warehouse.duckdb,"
        f" attach: [{{path: '{other}', alias: other}}]}}}}}}\n"
    )

    def load(value: int) -> None:
        other.unlink(missing_ok=True)
        with duckdb.connect(str(other)) as connection:
            connection.execute(f"create table rows as select date '{DAYS[0]}' as day, {value} as v")
        os.utime(other, (1, 1))

    (world.root / "models/sources.yml").write_text(
        "sources: [{name: raw, database: other, schema: main,"
        " tables: [{name: rows, config: {event_time: day}}]}]\n"
    )
    load(1)
    world.model("seen", PLAIN)
    world.run()
    assert world.stale() == {}
    load(2)
    assert world.stale() == {"seen": (DAYS[0],)}


def test_functions_in_views_and_whole_tables_are_part_of_the_code_too(world: World) -> None:
    world.execute("create macro main.twice(x) as x * 2")
    called = PLAIN.replace(" v ", " twice(v) as v ")
    world.view("between", called)
    world.write("whole", "materialized='table'", called)
    world.model("seen", "select day, v from {{ ref('between') }}", on_change={"between": "restate"})
    world.run()
    assert world.stale() == {}
    world.execute("create or replace macro main.twice(x) as x * 3")
    world.run()
    assert world.rows("select max(v) from main.seen") == [(27,)]
    assert world.rows("select max(v) from main.whole") == [(27,)]
