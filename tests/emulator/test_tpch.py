"""TPC-H's W1, W2 and the aggregate over W1 (W4) in a Snowflake target: row for row what DuckDB gives."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import yaml

from tests.e2e.command import REPO, ProjectDir
from tests.emulator.process import running

TPCH = REPO / "benchmarks" / "tpch"
MODELS = ("clean_lineitem", "daily_lines", "daily_clean_lines")
LINES = """
SELECT
    CAST(i // 4 AS BIGINT) AS l_orderkey, CAST(hash(i) % 2000 AS BIGINT) AS l_partkey,
    CAST(hash(i, 1) % 100 AS BIGINT) AS l_suppkey, CAST(i % 4 + 1 AS BIGINT) AS l_linenumber,
    CAST(hash(i, 2) % 50 + 1 AS DECIMAL(15, 2)) AS l_quantity,
    CAST(hash(i, 3) % 10000000 AS DECIMAL(15, 2)) / 100 :: DECIMAL(15, 2) AS l_extendedprice,
    CAST(hash(i, 4) % 11 AS DECIMAL(15, 2)) / 100 :: DECIMAL(15, 2) AS l_discount,
    CAST(hash(i, 5) % 9 AS DECIMAL(15, 2)) / 100 :: DECIMAL(15, 2) AS l_tax,
    ['A', 'N ', ' R'][CAST(hash(i, 6) % 3 AS INTEGER) + 1] AS l_returnflag,
    ['O', 'F'][CAST(hash(i, 7) % 2 AS INTEGER) + 1] AS l_linestatus,
    DATE '1992-01-02' + CAST(hash(i, 8) % 2526 AS INTEGER) AS l_shipdate,
    ['AIR', 'REG AIR', 'Truck'][CAST(hash(i, 9) % 3 AS INTEGER) + 1] AS l_shipmode
FROM range(20000) AS r(i)
"""
"""In TPC-H's columns and types, over its seven years; the same rows each time."""

DIFFERING = """
SELECT count(*) FROM (
    (SELECT {columns} FROM ours.prod.{model} EXCEPT ALL SELECT {columns} FROM theirs.main.{model})
    UNION ALL
    (SELECT {columns} FROM theirs.main.{model} EXCEPT ALL SELECT {columns} FROM ours.prod.{model})
)
"""


def lines() -> str:
    """The rows with their prices as decimals, which a division gives up."""
    prices = ", ".join(
        f"CAST({name} AS DECIMAL(15, 2)) AS {name}"
        for name in ("l_extendedprice", "l_discount", "l_tax")
    )
    return f"SELECT * REPLACE ({prices}) FROM ({LINES})"


def project(root: Path, fields: dict[str, object]) -> ProjectDir:
    made = ProjectDir(root)
    for model in MODELS:
        text = (TPCH / "models" / f"{model}.sql").read_text()
        made.write(f"models/{model}.sql", text)
    made.write("sqlbackfill.yml", (TPCH / "sqlbackfill.yml").read_text())
    profile = {"tpch": {"target": "bench", "outputs": {"bench": fields}}}
    made.write("profiles.yml", yaml.safe_dump(profile))
    return made


def snowflake_project(root: Path, fields: dict[str, object]) -> ProjectDir:
    made = project(root, fields)
    text = (TPCH / "sqlbackfill.yml").read_text().replace("dialect: duckdb\n", "")
    made.write("sqlbackfill.yml", text)
    made.write(
        "models/sources.yml",
        "version: 2\nsources:\n  - name: tpch\n    schema: tpch\n    tables:\n"
        "      - {name: lineitem, config: {event_time: l_shipdate}}\n",
    )
    return made


def duckdb_project(root: Path) -> ProjectDir:
    made = project(root, {"type": "duckdb", "path": "warehouse.duckdb", "schema": "main"})
    shutil.copy(TPCH / "models" / "sources.yml", root / "models")
    (root / "data").mkdir()
    duckdb.execute(f"COPY ({lines()}) TO '{root / 'data' / 'lineitem.parquet'}'")
    return made


def load(directory: Path) -> None:
    """The source, in the file that the emulator will find."""
    directory.mkdir(parents=True)
    with duckdb.connect(str(directory / "HOUSE.db")) as house:
        house.execute("CREATE SCHEMA TPCH")
        columns = house.execute(f"DESCRIBE {lines()}").fetchall()
        listed = ", ".join(f'{name} AS "{name.upper()}"' for name, *_ in columns)
        house.execute(f"CREATE TABLE TPCH.LINEITEM AS SELECT {listed} FROM ({lines()})")


def differing(house: Path, warehouse: Path, model: str) -> tuple[int, int]:
    """How many rows of a model DuckDB has, and how many are in one of the two alone."""
    with duckdb.connect() as engine:
        engine.execute(f"ATTACH '{house}' AS ours (READ_ONLY)")
        engine.execute(f"ATTACH '{warehouse}' AS theirs (READ_ONLY)")
        described = engine.execute(f"DESCRIBE theirs.main.{model}").fetchall()
        columns = ", ".join(
            f"CAST({name} AS DECIMAL(38, 4))" if kind.startswith("DECIMAL") else name
            for name, kind, *_ in described
        )
        [(rows,)] = engine.execute(f"SELECT count(*) FROM theirs.main.{model}").fetchall()
        query = DIFFERING.format(columns=columns, model=model)
        [(different,)] = engine.execute(query).fetchall()
    return rows, different


def test_tpch_has_the_rows_that_it_has_on_duckdb(tmp_path: Path) -> None:
    """Eight workers share three tables, of each of which several chunks are staged side by side."""
    load(tmp_path / "emulator")
    with running(tmp_path / "emulator") as emulator:
        fields = emulator.fields("prod", connect_timeout=10)
        ours = snowflake_project(tmp_path / "snowflake", fields)
        in_quarters = ("--strategy", "chunk=quarter", "--max-parallel", "8")
        done = ours.command("run", "-p", "1992..1998", *in_quarters, "--yes")
        assert done.exit_code == 0, done
        status = ours.command("status", "--json").document
    assert {model["model"]: model["stale"] for model in status["models"]} == dict.fromkeys(
        MODELS, 0
    )
    local = duckdb_project(tmp_path / "duckdb")
    theirs = local.command("run", "-p", "1992..1998", "--yes")
    assert theirs.exit_code == 0, theirs
    house, warehouse = tmp_path / "emulator" / "HOUSE.db", local.root / "warehouse.duckdb"
    found = {model: differing(house, warehouse, model) for model in MODELS}
    assert found["clean_lineitem"] == (20000, 0)
    assert {model: different for model, (_, different) in found.items()} == dict.fromkeys(MODELS, 0)
    assert min(rows for rows, _ in found.values()) > 2526
