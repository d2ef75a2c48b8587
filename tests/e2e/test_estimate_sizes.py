"""Bytes that a plan foretells, against those that a fresh process reads for the very queries that run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e.command import ProjectDir, copy_flagship
from tests.e2e.shop import CONFIG, EVENTS, make_shop

MODELS = "flights carrier_day busiest_routes flight_weather carrier_trailing_7d"
READ = """
import duckdb, json, sys

def bytes_read():
    with open("/proc/self/io") as counters:
        return int(counters.readline().split()[1])

connection = duckdb.connect("warehouse.duckdb", read_only=True)
connection.execute("set timezone = 'UTC'")
connection.execute("set enable_progress_bar = false")
# How large a gap between two columns is read across depends on how fast the machine answers just then.
connection.execute("set parquet_prefetch_column_gap = 0")
query = sys.stdin.read()
connection.execute("describe " + query)
connection.execute("set enable_profiling = 'json'")
connection.execute("set profiling_output = 'profile.json'")
before = bytes_read()
connection.execute(query).fetchall()
after = bytes_read()
connection.execute("set enable_profiling = 'no_output'")
with open("profile.json") as profile:
    told = json.load(profile)["io"]["total_bytes_read"]
print(told if sys.argv[1] == "files" else after - before)
"""
"""DuckDB's own profile counts what it reads of files, but not all that it reads of its tables."""
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/io").exists(), reason="only Linux counts what a process reads"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ProjectDir:
    project = copy_flagship(tmp_path_factory.mktemp("sizes") / "flagship")
    outcome = project.command("run", "-s", MODELS, "-p", "2013", "--yes", "--strategy", "range")
    assert outcome.exit_code == 0, outcome
    return project


def estimates(project: ProjectDir, *words: str) -> dict[str, Any]:
    document = project.command("plan", *words, "--json").document
    return {step["model"]: step["estimate"] for step in document["steps"]}


def bytes_read(project: ProjectDir, sql: str) -> int:
    reads = "files" if "data/flights.parquet" in sql else "tables"
    finished = subprocess.run(
        [sys.executable, "-c", READ, reads],
        cwd=project.root,
        input=sql,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(finished.stdout)


@pytest.mark.parametrize("partitions", ["2013", "2013-05..2013-07"])
def test_the_bytes_of_a_plan_are_those_that_its_queries_read(
    built: ProjectDir, partitions: str
) -> None:
    words = ("-s", MODELS, "-p", partitions, "--strategy", "range")
    foretold = estimates(built, *words)
    rendered = json.loads(built.command("render", *words, "--json").stdout)

    for model in rendered["models"]:
        [chunk] = model["chunks"]
        read = bytes_read(built, chunk["sql"])
        likely = foretold[model["model"]]["scan_bytes"]["likely"]
        assert likely == pytest.approx(read, rel=0.10), model["model"]


def test_on_this_machine_nothing_costs_money(built: ProjectDir) -> None:
    for estimate in estimates(built, "-s", "flights carrier_day", "-p", "2013").values():
        assert estimate["basis"] == "local"
        assert estimate["cost_usd"] == estimate["credits"] == {"low": 0, "likely": 0, "high": 0}


def test_a_machine_with_a_price_has_a_basis_of_its_own(built: ProjectDir, tmp_path: Path) -> None:
    (tmp_path / "profiles.yml").write_text(
        "nyc_flights:\n  target: dev\n  outputs:\n"
        "    dev: {type: duckdb, path: warehouse.duckdb, usd_per_hour: 3600}\n"
    )
    words = ("--profiles-dir", str(tmp_path), "-s", "carrier_day", "-p", "2013")

    [estimate] = estimates(built, *words).values()

    for end in ("low", "likely", "high"):
        assert estimate["cost_usd"][end] == pytest.approx(estimate["seconds"][end], abs=1e-3)
    assert estimate["basis"] == "statistics"


def test_seconds_lie_within_a_factor_of_two_of_the_last_run(built: ProjectDir) -> None:
    words = ("-s", "busiest_routes", "-p", "2013", "--strategy", "range")
    foretold = estimates(built, *words)["busiest_routes"]["seconds"]
    took = built.rows(
        "select max(seconds) from sqlbackfill.partition_log where model = 'busiest_routes'"
    )[0][0]

    assert took / 2 <= foretold["likely"] <= took * 2


def test_a_plan_foretells_what_it_will_read_of_tables_that_it_builds(
    tmp_path: Path,
) -> None:
    project = copy_flagship(tmp_path / "new")

    found = estimates(project, "-s", "+carrier_trailing_7d", "-p", "2013")

    assert found["flights"]["scan_bytes"]["likely"] > 3_000_000
    for model in ("carrier_day", "carrier_trailing_7d"):
        assert found[model]["scan_bytes"]["high"] > found[model]["scan_bytes"]["likely"] > 0


def test_what_a_plan_adds_to_a_table_is_foretold_by_the_rows_that_stand_in_it(
    built: ProjectDir, tmp_path: Path
) -> None:
    project = copy_flagship(tmp_path / "half")
    for part in ("2013-01..2013-06", "2013-07..2013-12"):
        words = ("-s", "flights carrier_day", "-p", part)
        if part.startswith("2013-01"):
            assert project.command("run", *words, "--yes").exit_code == 0
    foretold = estimates(project, *words, "--strategy", "range")["carrier_day"]["scan_bytes"]
    whole = estimates(built, *words, "--strategy", "range")["carrier_day"]["scan_bytes"]["likely"]

    assert foretold["likely"] == pytest.approx(whole, rel=0.5)
    assert foretold["low"] <= whole <= foretold["high"] <= 4 * whole


def test_a_table_that_the_sql_names_itself_is_not_known(tmp_path: Path) -> None:
    project = make_shop(tmp_path / "shop")
    project.write("models/events.sql", EVENTS + "where id in (select id from main.wanted)\n")

    found = estimates(project, "-s", "events", "-p", "2024-01")

    assert found["events"]["scan_bytes"] is None
    assert found["events"]["seconds"] is None
    limited = project.command("estimate", "-s", "events", "-p", "2024-01", "--max-bytes", "1e15")
    assert limited.error_codes == ["COST_UNKNOWN"]


def test_one_query_for_many_bounds_reads_what_none_of_them_bounds(tmp_path: Path) -> None:
    project = make_shop(tmp_path / "shop")
    duckdb.execute(f"""
        copy (select date '2024-01-01' + (n // 2048)::integer as day, n as id, n as amount
              from range(63488) r(n)) to '{project.root}/data/events.parquet' (row_group_size 2048)
    """)
    project.write(
        "models/events.sql",
        CONFIG
        + "select cast('{{ partition.start }}' as date) as day, id, amount\n"
        + "from {{ source('raw', 'events') }}\n"
        + "where day = cast('{{ partition.start }}' as date)\norder by amount limit 5\n",
    )
    words = ("-s", "events", "-p", "2024-01-05..2024-01-08")

    together = estimates(project, *words, "--strategy", "range")["events"]
    one_by_one = estimates(project, *words, "--strategy", "partition")["events"]

    assert together["rows"]["likely"] == 63488
    assert one_by_one["rows"]["likely"] < 63488
