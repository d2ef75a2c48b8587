"""The sources of the matrix: TPC-H and generated events, in two layouts. Made once, then kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from benchmarks.tpch_data import KEPT, NoGeneratorError, lineitem

LAYOUTS = ("clustered", "generator")
EVENTS = 10_000_000


def source_files(layout: str, years: int) -> dict[str, Path]:
    """The Parquet file of each source by its name. Raises NoGeneratorError without tpchgen-cli."""
    as_generated = _generated()
    lines = lineitem(1) if layout == "clustered" else as_generated
    return {
        "lineitem": lines / "lineitem.parquet",
        "orders": as_generated / "orders.parquet",
        "events": _events(layout, years),
    }


def _generated() -> Path:
    """TPC-H at scale factor 1 as the generator writes it: by order key, not by any date."""
    folder = KEPT / "tpch-1-generator"
    if (folder / "orders.parquet").exists():
        return folder
    beside = Path(sys.executable).with_name("tpchgen-cli")
    command = str(beside) if beside.exists() else shutil.which("tpchgen-cli")
    if command is None:
        raise NoGeneratorError("the TPC-H workloads need `pip install tpchgen-cli`")
    folder.mkdir(parents=True, exist_ok=True)
    arguments = ("--scale-factor=1", "--tables=lineitem,orders", f"--output-dir={folder}")
    subprocess.run([command, "parquet", *arguments], check=True, capture_output=True)
    return folder


def _events(layout: str, years: int) -> Path:
    """Ten million events of about as many keys, over one year or seven."""
    file = KEPT / "events" / f"{layout}-{years}.parquet"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        first, days = ("1995-01-01", 365) if years == 1 else ("1992-01-01", 2557)
        day = f"i * {days} // {EVENTS}" if layout == "clustered" else f"hash(i) % {days}"
        duckdb.execute(f"""
            copy (select date '{first}' + ({day})::integer as day,
                         (hash(i + 7) % 100000000)::bigint as key, (i % 1000)::decimal(9, 2) as amount
                  from range({EVENTS}) t(i)) to '{file}' (row_group_size 122880)
        """)
    return file
