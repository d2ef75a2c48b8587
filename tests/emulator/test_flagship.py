"""The flagship's models in a Snowflake target: row for row what DuckDB gives."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import yaml

from tests.e2e.command import REPO, ProjectDir
from tests.emulator.process import IS_LONG, running

PERIOD = "2013" if IS_LONG else "2013-01-01..2013-01-09"
TABLES = ("flights", "weather")
WIDER = {"TINYINT": "BIGINT", "SMALLINT": "BIGINT", "INTEGER": "BIGINT", "FLOAT": "DOUBLE"}
"""Types that Snowflake does not have, as those that stand for them."""
MACRO = (
    "{% macro new_york_date(instant) -%}\n"
    "cast(convert_timezone('America/New_York', {{ instant }}) as date)\n"
    "{%- endmacro %}\n"
)
MODELS = (
    "flights", "flight_weather", "carrier_day", "airport_week", "busiest_routes",
    "carrier_streak", "carrier_trailing_7d", "aircraft_minutes",
)  # fmt: skip


def in_snowflake(sql: str) -> str:
    """A model of the flagship in Snowflake's words, which has no FILTER and quotes intervals."""
    sql = re.sub(r"count\(\*\) filter \(where (\w+)\)", r"count_if(\1)", sql)
    return re.sub(r"interval (\d+) days", r"interval '\1 days'", sql)


def snowflake_project(root: Path, fields: dict[str, object]) -> ProjectDir:
    project = ProjectDir(root)
    shutil.copytree(REPO / "models", root / "models")
    for file in (root / "models").glob("*.sql"):
        file.write_text(in_snowflake(file.read_text()))
    sources = root / "models" / "sources.yml"
    text = re.sub(
        r"(?m)^    meta:\n      external_location: .*\n", "    schema: nyc\n", sources.read_text()
    )
    sources.write_text(text)
    project.write("macros/new_york_date.sql", MACRO)
    project.write(
        "sqlbackfill.yml", (REPO / "sqlbackfill.yml").read_text().replace("dialect: duckdb\n", "")
    )
    profile = {"nyc_flights": {"target": "dev", "outputs": {"dev": fields}}}
    project.write("profiles.yml", yaml.safe_dump(profile))
    return project


def duckdb_project(root: Path) -> ProjectDir:
    project = ProjectDir(root)
    for folder in ("models", "macros", "data"):
        shutil.copytree(REPO / folder, root / folder)
    shutil.copy(REPO / "sqlbackfill.yml", root)
    shutil.copy(REPO / "profiles.example.yml", root)
    return project


def load(directory: Path) -> None:
    """The sources, in the file that the emulator will find."""
    directory.mkdir(parents=True)
    with duckdb.connect(str(directory / "HOUSE.db")) as house:
        house.execute("CREATE SCHEMA NYC")
        for table in TABLES:
            data = REPO / "data" / f"{table}.parquet"
            columns = house.execute(f"DESCRIBE SELECT * FROM '{data}'").fetchall()
            listed = ", ".join(
                f'CAST({name} AS {WIDER.get(kind, kind)}) AS "{name.upper()}"'
                for name, kind, *_ in columns
            )
            house.execute(f"CREATE TABLE NYC.{table.upper()} AS SELECT {listed} FROM '{data}'")


def differing(ours: Path, theirs: Path, model: str) -> int:
    """How many rows of a model are in one of the two alone; floating-point numbers to nine digits."""
    with duckdb.connect() as engine:
        engine.execute(f"ATTACH '{ours}' AS ours (READ_ONLY)")
        engine.execute(f"ATTACH '{theirs}' AS theirs (READ_ONLY)")
        columns = engine.execute(f"DESCRIBE theirs.main.{model}").fetchall()
        listed = ", ".join(
            f"round(cast({name} as double), 9)" if kind in ("DOUBLE", "FLOAT") else name
            for name, kind, *_ in columns
        )
        # Snowflake's week may begin on any day, so more of flights is filled in for a week there.
        where = (
            "" if model == "airport_week" or IS_LONG else "WHERE flight_date < DATE '2013-01-10'"
        )
        one = f"SELECT {listed} FROM ours.prod.{model} {where}"
        other = f"SELECT {listed} FROM theirs.main.{model} {where}"
        [(rows,)] = engine.execute(f"SELECT count(*) FROM theirs.main.{model}").fetchall()
        assert rows
        query = f"SELECT count(*) FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one}))"
        return int(engine.execute(query).fetchall()[0][0])


def test_the_flagship_has_the_rows_that_it_has_on_duckdb(tmp_path: Path) -> None:
    load(tmp_path / "emulator")
    with running(tmp_path / "emulator") as emulator:
        fields = emulator.fields("prod", connect_timeout=10)
        project = snowflake_project(tmp_path / "snowflake", fields)
        ours = project.command("run", "-p", PERIOD, "--yes", "--max-parallel", "8")
        assert ours.exit_code == 0, ours
    local = duckdb_project(tmp_path / "duckdb")
    theirs = local.command("run", "-p", PERIOD, "--yes")
    assert theirs.exit_code == 0, theirs
    house, warehouse = tmp_path / "emulator" / "HOUSE.db", local.root / "warehouse.duckdb"
    found = {model: differing(house, warehouse, model) for model in MODELS}
    assert found == dict.fromkeys(MODELS, 0)
