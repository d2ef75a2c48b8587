"""TPC-H's lineitem as Parquet, clustered by ship date. Made once per scale factor, then kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

KEPT = Path(__file__).parent / ".data"


class NoGeneratorError(Exception):
    """tpchgen-cli is not installed in this environment."""


def lineitem(scale: float) -> Path:
    """A folder that holds `lineitem.parquet`, sorted by l_shipdate."""
    folder = KEPT / f"tpch-{scale:g}"
    if not (folder / "lineitem.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as raw:
            _generate(scale, Path(raw))
            duckdb.execute(f"""
                copy (from '{raw}/lineitem.parquet' order by l_shipdate, l_orderkey, l_linenumber)
                to '{raw}/sorted.parquet' (row_group_size 122880)
            """)
            Path(raw, "sorted.parquet").rename(folder / "lineitem.parquet")
    return folder


def _generate(scale: float, folder: Path) -> None:
    beside = Path(sys.executable).with_name("tpchgen-cli")
    command = str(beside) if beside.exists() else shutil.which("tpchgen-cli")
    if command is None:
        raise NoGeneratorError("the TPC-H workloads need `pip install tpchgen-cli`")
    subprocess.run(
        [
            command,
            "parquet",
            f"--scale-factor={scale:g}",
            "--tables=lineitem",
            f"--output-dir={folder}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
