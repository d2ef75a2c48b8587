"""`python -m benchmarks.peers`: dbt and SQLMesh on W2 and W4, one year, each in an environment of its own.

Makes the environments under `benchmarks/.data/peers` from the package index, once. Optional: what
cannot be installed is left out, and said so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.compare import unequal_tables
from benchmarks.matrix import Case, by_hand, ours
from benchmarks.matrix_data import source_files
from benchmarks.measure import CommandFailedError, Cost, measure
from benchmarks.tpch_data import KEPT

CASES = (Case("W2", "clustered", 1), Case("W4", "clustered", 1))
DATABASE = "peers.duckdb"
QUERIES = {
    "daily_lines": """select l_shipdate as ship_date, l_returnflag as return_flag, l_linestatus as line_status,
    count(*) as lines, sum(l_quantity) as quantity, sum(l_extendedprice * (1 - l_discount)) as net_price
from {source}
WHERE
group by l_shipdate, l_returnflag, l_linestatus
""",
    "clean_lineitem": """select l_shipdate as ship_date, l_orderkey as order_key, l_linenumber as line_number,
    l_partkey as part_key, l_suppkey as supplier_key, l_quantity as quantity,
    l_extendedprice * (1 - l_discount) as net_price, l_tax as tax, trim(l_returnflag) as return_flag,
    trim(l_linestatus) as line_status, lower(l_shipmode) as ship_mode
from {source}
WHERE
""",
    "daily_clean_lines": """select ship_date, return_flag, line_status,
    count(*) as lines, sum(quantity) as quantity, sum(net_price) as net_price
from {clean}
WHERE
group by ship_date, return_flag, line_status
""",
}
"""The SQL of `tpch/models`, each with the place where a tool without injection wants its bounds."""
DBT_PROJECT = """name: peers
profile: peers
version: "1.0"
models: {+materialized: table}
flags: {send_anonymous_usage_stats: false}
"""
DBT_PROFILES = (
    f"peers: {{target: dev, outputs: {{dev: {{type: duckdb, path: {DATABASE}, threads: 1}}}}}}\n"
)
DBT_CONFIG = """{{ config(materialized='incremental', incremental_strategy='microbatch',
    event_time='ship_date', batch_size='day', begin='1995-01-01') }}
"""
DBT_SOURCES = """version: 2
sources:
  - name: tpch
    config: {event_time: l_shipdate}
    meta: {external_location: "data/{name}.parquet"}
    tables: [{name: lineitem, config: {event_time: l_shipdate}}]
"""
MESH_CONFIG = f"""gateways:
  local: {{connection: {{type: duckdb, database: {DATABASE}}}}}
default_gateway: local
model_defaults: {{dialect: duckdb, start: 1995-01-01}}
"""
MESH_HEAD = """MODEL (
  name main.{table}, start '1995-01-01', end '1995-12-31', cron '@daily',
  kind INCREMENTAL_BY_TIME_RANGE (time_column ship_date, batch_size {batch})
);
"""


def dbt_files(tables: tuple[str, ...]) -> dict[str, str]:
    """A dbt project that builds `tables` a day a batch; dbt itself cuts what each batch reads."""
    named = {"source": "{{ source('tpch', 'lineitem') }}", "clean": "{{ ref('clean_lineitem') }}"}
    models = {
        f"models/{table}.sql": DBT_CONFIG + QUERIES[table].replace("WHERE\n", "").format(**named)
        for table in tables
    }
    return {
        "dbt_project.yml": DBT_PROJECT,
        "profiles.yml": DBT_PROFILES,
        "models/sources.yml": DBT_SOURCES,
        **models,
    }


def mesh_files(tables: tuple[str, ...], batch: int) -> dict[str, str]:
    """A SQLMesh project that builds `tables`, `batch` days at a time."""
    files = {"config.yaml": MESH_CONFIG}
    for table in tables:
        column = "ship_date" if "{clean}" in QUERIES[table] else "l_shipdate"
        body = QUERIES[table].replace("WHERE", f"where {column} between @start_date and @end_date")
        files[f"models/{table}.sql"] = MESH_HEAD.format(table=table, batch=batch) + body.format(
            source="read_parquet('data/lineitem.parquet')", clean="main.clean_lineitem"
        )
    return files


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: the packages of its environment, the command that backfills the year, and its project."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    files: Callable[[tuple[str, ...]], dict[str, str]]


MESH = ("sqlmesh", "plan", "--auto-apply", "--no-prompts")
PEERS = (
    Peer(
        "dbt microbatch, a day a batch",
        ("dbt-core<1.12", "dbt-duckdb<1.11"),
        ("dbt", "run", "--profiles-dir", ".", "--event-time-start", "1995-01-01",
         "--event-time-end", "1996-01-01"),
        dbt_files,
    ),
    Peer("SQLMesh, one range", ("sqlmesh[duckdb]",), MESH, lambda tables: mesh_files(tables, 400)),
    Peer("SQLMesh, a day a batch", ("sqlmesh[duckdb]",), MESH, lambda tables: mesh_files(tables, 1)),
)  # fmt: skip
"""dbt-core 1.12 wants a parser that is not on the package index."""


def bare(requirement: str) -> str:
    """The package's name: without extras, without versions."""
    return re.split(r"[\[<>=~]", requirement, maxsplit=1)[0]


def environment(packages: tuple[str, ...]) -> Path:
    """The programs of an environment with `packages`. Raises CalledProcessError where they cannot be had."""
    folder = KEPT / "peers" / bare(packages[0])
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "pip"), "install", "-q", *packages]
        subprocess.run(pip, check=True, capture_output=True, text=True)
        (folder / "ready").touch()
    return folder / "bin"


def cost(peer: Peer, case: Case, hand: Path) -> tuple[Cost, bool]:
    """What the year takes, from nothing, and whether its rows are those in the database `hand`."""
    programs = environment(peer.packages)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "models").mkdir()
        (root / "data").mkdir()
        for name, text in peer.files(case.tables).items():
            (root / name).write_text(text)
        (root / "data" / "lineitem.parquet").symlink_to(source_files("clustered", 1)["lineitem"])
        found = measure([str(programs / peer.command[0]), *peer.command[1:]], cwd=root)
        return found, not unequal_tables(_as_tables(root, case.tables), hand, case.tables)


def _as_tables(root: Path, tables: tuple[str, ...]) -> Path:
    """A database with the rows of `tables`, which SQLMesh shows as views that name their own database."""
    plain = root / "plain.duckdb"
    with duckdb.connect(str(plain)) as connection:
        connection.execute(f"attach '{root / DATABASE}' as peers (read_only)")
        for table in tables:
            connection.execute(f"create table {table} as from peers.main.{table}")
    return plain


def versions(peer: Peer) -> str:
    """The packages of its environment with their versions."""
    pip = environment(peer.packages) / "pip"
    names = [bare(package) for package in (*peer.packages, "duckdb")]
    shown = subprocess.run(
        [str(pip), "show", *names], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    values = [line.partition(": ")[2] for line in shown if line.startswith(("Name:", "Version:"))]
    return ", ".join(f"{a} {b}" for a, b in zip(values[::2], values[1::2], strict=True))


def main() -> int:
    """1 where rows differ; a peer that cannot be had is no failure."""
    argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__).parse_args()
    print("| work | by | CPU s | wall s | peak MB | rows | versions |")
    print("| --- | --- | --: | --: | --: | --- | --- |")
    equal = {case.workload: _compared(case) for case in CASES}
    return 0 if all(equal.values()) else 1


def _compared(case: Case) -> bool:
    """Prints the lines of one workload, and returns whether everybody wrote the same rows."""
    all_equal = True
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        case.write_project(root)
        hand = root / "by_hand.duckdb"
        _line(case, "by hand, one range", by_hand(case, "all", root))
        for name, strategy in (("auto", "auto"), ("a day a query", "partition")):
            found = ours(case, strategy, root)
            is_equal = not unequal_tables(root / "warehouse.duckdb", hand, case.tables)
            all_equal = all_equal and is_equal
            _line(case, f"sqlbackfill, {name}", found, is_equal)
        for peer in PEERS:
            try:
                found, is_equal = cost(peer, case, hand)
                all_equal = all_equal and is_equal
                _line(case, peer.name, found, is_equal, versions(peer))
            except (subprocess.CalledProcessError, CommandFailedError) as error:
                text = getattr(error, "stderr", None) or str(error)
                print(f"{peer.name}: left out, {text.strip()[-2000:]}", file=sys.stderr)
    return all_equal


def _line(
    case: Case, name: str, found: Cost, is_equal: bool | None = None, shown: str = ""
) -> None:
    rows = "" if is_equal is None else "equal" if is_equal else "UNEQUAL"
    print(
        f"| {case.workload}, one year | {name} | {found.cpu_s:.2f} | {found.wall_s:.2f} "
        f"| {found.peak_mb:.0f} | {rows} | {shown} |",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
