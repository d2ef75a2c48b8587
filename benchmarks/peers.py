"""`python -m benchmarks.peers`: dbt and SQLMesh on W2, one year, each in an environment of its own.

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
from dataclasses import dataclass
from pathlib import Path

from benchmarks.matrix import Case, by_hand, ours
from benchmarks.matrix_data import source_files
from benchmarks.measure import CommandFailedError, Cost, measure
from benchmarks.tpch_data import KEPT

CASE = Case("W2", "clustered", 1)
COLUMNS = """l_returnflag as return_flag, l_linestatus as line_status, count(*) as lines,
    sum(l_quantity) as quantity, sum(l_extendedprice * (1 - l_discount)) as net_price"""
DBT_PROJECT = """name: w2
profile: w2
version: "1.0"
models: {+materialized: table}
flags: {send_anonymous_usage_stats: false}
"""
DBT_PROFILES = "w2: {target: dev, outputs: {dev: {type: duckdb, path: w2.duckdb, threads: 1}}}\n"
DBT_MODEL = f"""{{{{ config(materialized='incremental', incremental_strategy='microbatch',
    event_time='ship_date', batch_size='day', begin='1995-01-01') }}}}
select l_shipdate as ship_date, {COLUMNS}
from {{{{ source('tpch', 'lineitem') }}}}
group by l_shipdate, l_returnflag, l_linestatus
"""
DBT_SOURCES = """version: 2
sources:
  - name: tpch
    config: {event_time: l_shipdate}
    meta: {external_location: "data/{name}.parquet"}
    tables: [{name: lineitem, config: {event_time: l_shipdate}}]
"""
MESH_CONFIG = """gateways:
  local: {connection: {type: duckdb, database: w2.duckdb}}
default_gateway: local
model_defaults: {dialect: duckdb, start: 1995-01-01}
"""
MESH_MODEL = f"""MODEL (
  name w2.daily_lines, start '1995-01-01', end '1995-12-31', cron '@daily',
  kind INCREMENTAL_BY_TIME_RANGE (time_column ship_date, batch_size BATCH)
);
SELECT l_shipdate AS ship_date, {COLUMNS}
FROM read_parquet('data/lineitem.parquet')
WHERE l_shipdate BETWEEN @start_date AND @end_date
GROUP BY l_shipdate, l_returnflag, l_linestatus
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: the packages of its environment and the command that backfills the year."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    files: dict[str, str]


PEERS = (
    Peer(
        "dbt microbatch, a day a batch",
        ("dbt-core<1.12", "dbt-duckdb<1.11"),
        ("dbt", "run", "--profiles-dir", ".", "--event-time-start", "1995-01-01",
         "--event-time-end", "1996-01-01"),
        {
            "dbt_project.yml": DBT_PROJECT,
            "profiles.yml": DBT_PROFILES,
            "models/daily_lines.sql": DBT_MODEL,
            "models/sources.yml": DBT_SOURCES,
        },
    ),
    *(
        Peer(
            f"SQLMesh, {words}",
            ("sqlmesh[duckdb]",),
            ("sqlmesh", "plan", "--auto-apply", "--no-prompts"),
            {"config.yaml": MESH_CONFIG, "models/daily_lines.sql": MESH_MODEL.replace("BATCH", batch)},
        )
        for words, batch in (("one range", "400"), ("a day a batch", "1"))
    ),
)  # fmt: skip


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


def cost(peer: Peer) -> Cost:
    """What the year takes, from nothing."""
    programs = environment(peer.packages)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "models").mkdir()
        (root / "data").mkdir()
        for name, text in peer.files.items():
            (root / name).write_text(text)
        (root / "data" / "lineitem.parquet").symlink_to(source_files("clustered", 1)["lineitem"])
        return measure([str(programs / peer.command[0]), *peer.command[1:]], cwd=root)


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
    """Always 0: a peer that cannot be had is no failure."""
    argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__).parse_args()
    print("| W2, one year | CPU s | wall s | peak MB | versions |\n| --- | --: | --: | --: | --- |")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        CASE.write_project(root)
        _line("by hand, one range", by_hand(CASE, "all", root))
        _line("sqlbackfill, auto", ours(CASE, "auto", root))
        _line("sqlbackfill, a day a query", ours(CASE, "partition", root))
    for peer in PEERS:
        try:
            _line(peer.name, cost(peer), versions(peer))
        except (subprocess.CalledProcessError, CommandFailedError) as error:
            text = getattr(error, "stderr", None) or str(error)
            print(f"{peer.name}: left out, {text.strip()[-2000:]}", file=sys.stderr)
    return 0


def _line(name: str, found: Cost, shown: str = "") -> None:
    print(
        f"| {name} | {found.cpu_s:.2f} | {found.wall_s:.2f} | {found.peak_mb:.0f} | {shown} |",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
