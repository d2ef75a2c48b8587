"""`python -m benchmarks.estimates`: bytes and seconds that plans foretell, beside those read and taken."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tpch_data import lineitem
from benchmarks.workloads import HERE

COMMAND = str(Path(sys.executable).with_name("sqlbackfill"))
YEARS = ("1995", "1992..1998")
MODELS = ("clean_lineitem", "daily_lines", "daily_clean_lines")
HEADINGS = ("model", "partitions", "foretold (high)", "read", "off by")
TIMES = ("model", "partitions", "seconds foretold (high)", "took", "off by a factor of")
READ = """
import duckdb, json, sys

def bytes_read():
    with open("/proc/self/io") as counters:
        return int(counters.readline().split()[1])

total = 0
for query in json.load(sys.stdin):
    connection = duckdb.connect("warehouse.duckdb", read_only=True)
    connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
    connection.execute("set parquet_prefetch_column_gap = 0")
    connection.execute("describe " + query)
    before = bytes_read()
    connection.execute("create temp table out as " + query)
    total += bytes_read() - before
    connection.close()
print(total)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """One step: what its estimate says and what its queries read, in bytes."""

    model: str
    partitions: str
    likely: int
    high: int
    read: int

    @property
    def off_by(self) -> float:
        """The error of `likely`, as a share of what was read."""
        return (self.likely - self.read) / self.read

    def cells(self) -> tuple[str, ...]:
        return (
            self.model,
            self.partitions,
            f"{self.likely:,} ({self.high:,})",
            f"{self.read:,}",
            f"{self.off_by:+.1%}",
        )


def measured(root: Path, models: tuple[str, ...], years: str) -> list[Foretold]:
    """Estimates of built models in `root` beside the bytes that their queries read."""
    words = ("-s", " ".join(models), "-p", years, "--strategy", "range", "--json")
    steps = _json(root, "plan", *words)["steps"]
    queries = {
        model["model"]: [chunk["sql"] for chunk in model["chunks"]]
        for model in _json(root, "render", *words)["models"]
    }
    return [
        Foretold(
            model=step["model"],
            partitions=years,
            likely=step["estimate"]["scan_bytes"]["likely"],
            high=step["estimate"]["scan_bytes"]["high"],
            read=_read(root, queries[step["model"]]),
        )
        for step in steps
    ]


def write_project(root: Path) -> None:
    """TPC-H's models with their data linked, and the models built."""
    root.mkdir(parents=True)
    for name in ("sqlbackfill.yml", "profiles.yml"):
        shutil.copy(HERE / "tpch" / name, root / name)
    (root / "models").mkdir()
    for file in (HERE / "tpch" / "models").iterdir():
        if file.suffix == ".yml" or file.stem in MODELS:
            shutil.copy(file, root / "models" / file.name)
    (root / "data").symlink_to(lineitem(1).resolve(), target_is_directory=True)
    _run(root, "run", "-s", " ".join(MODELS), "-p", YEARS[-1], "--yes", "--strategy", "range")


def table(rows: list[Foretold]) -> str:
    """The rows in Markdown."""
    lines: list[tuple[str, ...]] = [HEADINGS, ("---", "---", *("--:",) * 3)]
    lines += [row.cells() for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _json(root: Path, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_run(root, *words))
    return document


def _run(root: Path, *words: str) -> str:
    finished = subprocess.run(
        [COMMAND, *words], cwd=root, check=True, capture_output=True, text=True
    )
    return finished.stdout


def _read(root: Path, queries: list[str]) -> int:
    finished = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=root,
        input=json.dumps(queries),
        check=True,
        capture_output=True,
        text=True,
    )
    return int(finished.stdout)


def timed(root: Path, years: str) -> list[tuple[str, ...]]:
    """Each of `MODELS` run once more: the seconds that were foretold, by history, and those that it took."""
    lines = []
    for model in MODELS:
        _run(root, "run", "-s", model, "-p", years, "--yes")
        newest = _json(root, "runs", "--limit", "1", "--json")["runs"][0]
        foretold, took = newest["estimated_seconds"], newest["seconds"]
        high = newest["estimated_seconds_high"]
        lines.append(
            (
                model,
                years,
                f"{foretold:.2f} ({high:.2f})",
                f"{took:.2f}",
                f"×{max(took / foretold, foretold / took):.2f}",
            )
        )
    return lines


def main() -> None:
    """Prints both tables for TPC-H at scale factor 1."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        write_project(root)
        rows = [row for years in YEARS for row in measured(root, MODELS, years)]
        times = [line for years in (*YEARS, *YEARS, *YEARS) for line in timed(root, years)]
    print(table(rows))
    print()
    heads: list[tuple[str, ...]] = [TIMES, ("---", "---", *("--:",) * 3)]
    print("\n".join(f"| {' | '.join(line)} |" for line in [*heads, *times]))


if __name__ == "__main__":
    main()
