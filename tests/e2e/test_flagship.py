"""The flagship's year, built by the command, equals what hand-written SQL over the Parquet files gives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.e2e.command import REPO, Outcome, ProjectDir, copy_flagship
from tests.e2e.reference import PARTITION_COLUMN, TABLES, build_reference, differences

DAYS = 365
WEEKS = 53


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("reference") / "reference.duckdb"
    build_reference(REPO / "data", file)
    return file


@pytest.fixture(scope="module")
def year_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[ProjectDir, Outcome]:
    project = copy_flagship(tmp_path_factory.mktemp("year") / "flagship")
    return project, project.command("run", "-p", "2013", "--yes", "--json", from_scratch=True)


@pytest.fixture(scope="module")
def year(year_run: tuple[ProjectDir, Outcome]) -> ProjectDir:
    """The project with the whole year built. Not to be changed: see `copied`."""
    project, outcome = year_run
    assert outcome.exit_code == 0, outcome
    return project


@pytest.fixture
def copied(year: ProjectDir, tmp_path: Path) -> ProjectDir:
    """A copy of the built project, to be changed."""
    shutil.copytree(year.root, tmp_path / "flagship", symlinks=True)
    return ProjectDir(tmp_path / "flagship")


@pytest.fixture
def fresh(tmp_path: Path) -> ProjectDir:
    return copy_flagship(tmp_path / "flagship")


def wrong_rows(project: ProjectDir, reference: Path, **where: str) -> dict[str, list[str]]:
    """Per table what differs from the reference, tables without a difference left out.

    `where` names the rows to compare, by table; without it, all tables and all rows.
    """
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{reference}' as reference (read_only)")
        found = {
            name: differences(
                connection,
                f"main.{name}",
                f"reference.main.{name}",
                where=where.get(name, "true"),
            )
            for name in where or TABLES
        }
    return {name: lines for name, lines in found.items() if lines}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["partition", "chunk=31", "range"])
def test_a_year_equals_the_reference_with_every_strategy(
    fresh: ProjectDir, reference: Path, strategy: str
) -> None:
    outcome = fresh.command("run", "-p", "2013", "--yes", "--json", "--strategy", strategy)

    check_year(fresh, outcome, reference)


@pytest.mark.slow
def test_a_year_equals_the_reference_as_runs_choose_to_cut_it(
    year_run: tuple[ProjectDir, Outcome], reference: Path
) -> None:
    project, outcome = year_run

    check_year(project, outcome, reference)


def check_year(project: ProjectDir, outcome: Outcome, reference: Path) -> None:
    assert outcome.exit_code == 0, outcome
    document = outcome.document
    assert document["status"] == "done"
    assert {m["model"]: m["partitions_built"] for m in document["models"]} == {
        name: WEEKS if name == "airport_week" else DAYS for name in TABLES
    }
    assert wrong_rows(project, reference) == {}
    counts = {name: project.rows(f"select count(*) from {name}")[0][0] for name in TABLES}
    assert {m["model"]: m["rows"] for m in document["models"]} == counts


def test_days_with_a_clock_change_hold_the_flights_of_their_local_date(year: ProjectDir) -> None:
    days = year.rows("""
        select flight_date::varchar, count(*), min(time_hour)::varchar, max(time_hour)::varchar
        from flights where flight_date in ('2013-03-10', '2013-11-03') group by 1 order by 1
    """)

    assert days == [
        ("2013-03-10", 908, "2013-03-10 09:00:00+00", "2013-03-11 03:00:00+00"),
        ("2013-11-03", 902, "2013-11-03 10:00:00+00", "2013-11-04 04:00:00+00"),
    ]


def test_flights_between_the_two_midnights_land_on_the_local_date(year: ProjectDir) -> None:
    late = year.rows("select count(*) from flights where flight_date <> time_hour::date")
    last = year.rows("select max(flight_date)::varchar, max(time_hour)::varchar from flights")

    assert late == [(38444,)]
    assert last == [("2013-12-31", "2014-01-01 04:00:00+00")]


def test_only_a_carriers_first_day_has_no_day_before(year: ProjectDir) -> None:
    nothing_before = year.rows("select count(*) from carrier_streak where cancelled_before is null")
    carriers = year.rows("select count(distinct carrier) from carrier_streak")

    assert nothing_before == carriers == [(16,)]


def test_an_aircraft_never_leaves_and_never_loses_minutes(year: ProjectDir) -> None:
    steps = year.rows("""
        select count(*) from (
            select minutes_so_far - lag(minutes_so_far) over one as gained,
                   flight_date - lag(flight_date) over one as days
            from aircraft_minutes window one as (partition by tailnum order by flight_date)
        ) where gained < 0 or days <> 1
    """)
    seen = year.rows("select count(*) from aircraft_minutes where flight_date = '2013-12-31'")

    assert steps == [(0,)]
    assert seen == [(4043,)]


RERUNS = {
    "one day": ["2013-07-04"],
    "a day of 23 hours": ["2013-03-10"],
    "a week across a month end": ["2013-01-28..2013-02-03"],
    "two that overlap": ["2013-06-20..2013-07-02", "2013-06-28..2013-07-08"],
    "the same twice": ["2013-11-02..2013-11-04", "2013-11-02..2013-11-04"],
    "with a gap": ["2013-04-01..2013-04-03,2013-04-29,2013-05-01"],
}


@pytest.mark.slow
@pytest.mark.parametrize("specs", RERUNS.values(), ids=RERUNS.keys())
def test_a_rerun_ends_in_the_same_tables(
    copied: ProjectDir, reference: Path, specs: list[str]
) -> None:
    for spec in specs:
        outcome = copied.command("run", "-p", spec, "--yes")
        assert outcome.exit_code == 0, outcome

    assert wrong_rows(copied, reference) == {}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["partition", "chunk=3", "range"])
def test_rows_deleted_changed_or_added_by_hand_are_as_before_after_a_rerun(
    copied: ProjectDir, reference: Path, strategy: str
) -> None:
    week = "flight_date between '2013-03-08' and '2013-03-14'"
    copied.execute(f"delete from flights where {week} and carrier in ('UA', 'DL')")
    copied.execute("delete from flight_weather where flight_date = '2013-03-10'")
    copied.execute(f"update carrier_day set flights = 0, mean_dep_delay = null where {week}")
    copied.execute(f"insert into busiest_routes select * from busiest_routes where {week}")
    copied.execute(f"delete from carrier_trailing_7d where {week}")
    copied.execute(f"update carrier_streak set cancelled_before = null where {week}")
    copied.execute("delete from airport_week where week_start = '2013-03-04' and origin = 'JFK'")
    copied.execute(f"delete from aircraft_minutes where {week} and tailnum like 'N1%'")
    assert set(wrong_rows(copied, reference)) == set(TABLES)

    spec = "2013-03-08..2013-03-14"
    outcome = copied.command("run", "-p", spec, "--yes", "--strategy", strategy)

    assert outcome.exit_code == 0, outcome
    assert wrong_rows(copied, reference) == {}


@pytest.mark.slow
def test_january_alone_is_right_and_fills_the_days_that_its_last_week_needs(
    fresh: ProjectDir, reference: Path
) -> None:
    plan = fresh.command("plan", "-p", "2013-01", "--json")
    assert plan.exit_code == 0, plan
    fills = [s for s in plan.document["steps"] if s["reason"] == "fill"]
    assert [(s["model"], s["partitions"]) for s in fills] == [
        ("flights", [{"start": "2013-02-01", "end": "2013-02-04"}])
    ]

    outcome = fresh.command("run", "-p", "2013-01", "--yes", "--json")

    assert outcome.exit_code == 0, outcome
    january = dict.fromkeys(TABLES, "flight_date < '2013-02-01'")
    january["flights"] = "flight_date < '2013-02-04'"
    january["airport_week"] = "week_start < '2013-02-01'"
    assert wrong_rows(fresh, reference, **january) == {}
    beyond = {
        name: fresh.rows(f"select count(*) from {name} where not ({rows})")[0][0]
        for name, rows in january.items()
    }
    assert beyond == dict.fromkeys(TABLES, 0)


@pytest.mark.slow
def test_a_late_day_alone_is_right_because_what_it_needs_is_filled(
    fresh: ProjectDir, reference: Path
) -> None:
    outcome = fresh.command("run", "-p", "2013-02-10", "--yes")

    assert outcome.exit_code == 0, outcome
    day = {
        name: f"{column} = date '{'2013-02-04' if name == 'airport_week' else '2013-02-10'}'"
        for name, column in PARTITION_COLUMN.items()
    }
    assert wrong_rows(fresh, reference, **day) == {}


def test_a_restated_day_rebuilds_below_it_what_reads_that_day_and_nothing_else(
    year: ProjectDir,
) -> None:
    outcome = year.command(
        "plan", "-s", "carrier_day+", "-s", "airport_week", "-p", "2013-01-05", "--json"
    )

    assert outcome.exit_code == 0, outcome
    rebuilt = {
        (step["model"], step["reason"]): [(r["start"], r["end"]) for r in step["partitions"]]
        for step in outcome.document["steps"]
    }
    assert rebuilt[("carrier_trailing_7d", "requested")] == [("2013-01-05", "2013-01-06")]
    assert rebuilt[("carrier_trailing_7d", "downstream")] == [("2013-01-06", "2013-01-12")]
    assert rebuilt[("airport_week", "requested")] == [("2012-12-31", "2013-01-07")]
    assert ("flights", "requested") not in rebuilt


def test_plans_of_the_same_inputs_are_the_same_bytes(year: ProjectDir) -> None:
    arguments = ("plan", "-p", "2013", "--json", "--as-of", "2014-06-01T00:00:00Z")

    # Processes of their own hash text in other ways.
    first, second = (year.command(*arguments, from_scratch=True) for _ in range(2))

    assert first.exit_code == 0, first
    assert first.stdout == second.stdout


def test_planning_rendering_and_looking_change_nothing(fresh: ProjectDir) -> None:
    before = fresh.contents()

    for arguments in (
        ["plan", "-p", "2013"],
        ["render", "-s", "flights", "-p", "2013-01-05"],
        ["explain"],
        ["ls"],
        ["lineage"],
        ["status"],
        ["runs"],
        ["run", "-p", "2013", "--dry-run"],
    ):
        outcome = fresh.command(*arguments)
        assert outcome.exit_code == 0, (arguments, outcome)

    assert fresh.contents() == before


def test_a_run_without_terminal_and_without_yes_does_nothing(fresh: ProjectDir) -> None:
    before = fresh.contents()

    outcome = fresh.command("run", "-p", "2013-01")

    assert outcome.exit_code == 3, outcome
    assert "--yes" in outcome.stderr
    assert fresh.contents() == before


@pytest.mark.parametrize("model", sorted(TABLES))
def test_a_rendered_chunk_gives_the_rows_that_the_table_holds(
    year: ProjectDir, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = year.command("render", "-s", model, "-p", "2013-03-10", "--json")
    assert outcome.exit_code == 0, outcome
    (rendered,) = outcome.document["models"]
    (chunk,) = rendered["chunks"]
    column = PARTITION_COLUMN[model]
    held = f"{column} >= date '{chunk['start']}' and {column} < date '{chunk['end']}'"

    monkeypatch.chdir(year.root)
    with duckdb.connect(str(year.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create temp view rendered as {chunk['sql']}")
        found = differences(connection, "temp.rendered", f"warehouse.main.{model}", where=held)

        assert found == []
        assert connection.execute("select count(*) from rendered").fetchall() != [(0,)]


def test_a_model_that_reads_itself_renders_runnable_sql_before_it_has_a_table(
    fresh: ProjectDir,
) -> None:
    assert fresh.command("run", "-s", "flights", "-p", "2013-01-01", "--yes").exit_code == 0

    outcome = fresh.command("render", "-s", "aircraft_minutes", "-p", "2013-01-01", "--json")

    assert outcome.exit_code == 0, outcome
    sql = outcome.document["models"][0]["chunks"][0]["sql"]
    flown = "select count(distinct tailnum) from flights"
    assert fresh.rows(f"select count(*) from ({sql})") == fresh.rows(flown)


def test_a_day_of_flights_reads_few_of_the_files_row_groups(
    fresh: ProjectDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = fresh.command("render", "-s", "flights", "-p", "2013-01-05", "--json")
    assert outcome.exit_code == 0, outcome
    sql = outcome.document["models"][0]["chunks"][0]["sql"]

    monkeypatch.chdir(fresh.root)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        rows = connection.execute(f"explain (analyze, format json) {sql}").fetchall()
        profile = json.loads(rows[0][1])["query"]

    assert profile["total_row_groups_to_scan"] == 28
    assert profile["total_row_groups_scanned"] <= 2


def test_every_model_and_each_of_its_columns_is_described(year: ProjectDir) -> None:
    described = {
        (table, column)
        for table, column in year.rows("""
            select table_name, column_name from duckdb_columns() where schema_name = 'main'
        """)
        if table in TABLES
    }
    models = yaml.safe_load((REPO / "models" / "schema.yml").read_text())["models"]
    assert all(m["description"] for m in models)
    written = {(m["name"], c["name"]) for m in models for c in m["columns"] if c["description"]}
    assert written == described
