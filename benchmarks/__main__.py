"""`python -m benchmarks`: every workload on both sides, ratios as a table, results in RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

import sqlbackfill
from benchmarks.compare import unequal_tables
from benchmarks.load import load_page
from benchmarks.matrix import matrix_page
from benchmarks.measure import Cost, cheapest, measure
from benchmarks.tpch_data import NoGeneratorError, lineitem
from benchmarks.workloads import HERE, REPO, WORKLOADS, Workload

COMMAND = str(Path(sys.executable).with_name("sqlbackfill"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; `by_hand` is None where there is nothing to compare with."""

    name: str
    ours: Cost
    by_hand: Cost | None = None
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        hand = self.by_hand
        return (
            self.name,
            f"{self.ours.cpu_s:.2f}",
            f"{hand.cpu_s:.2f}" if hand else "–",
            f"{self.ours.cpu_s / hand.cpu_s:.2f}" if hand else "–",
            f"{self.ours.wall_s:.2f}",
            f"{hand.wall_s:.2f}" if hand else "–",
            f"{self.ours.peak_mb:.0f}",
            f"{hand.peak_mb:.0f}" if hand else "–",
            self.note,
        )


_BY_HAND = "## Status over a long ledger"
"""Begins what `python -m benchmarks.ledger` found, which takes minutes and is noted by hand."""
HEADINGS = (
    "workload", "CPU s", "by hand", "ratio", "wall s", "by hand", "peak MB", "by hand", "",
)  # fmt: skip


def main() -> int:
    options = _options()
    rows = [_startup(flag, options.repeat) for flag in ("--help", "--version")]
    unequal = False
    with tempfile.TemporaryDirectory() as folder:
        for workload in WORKLOADS:
            if options.only and options.only not in workload.name:
                continue
            try:
                data = None if workload.is_flagship else lineitem(options.scale)
            except NoGeneratorError as problem:
                print(f"{workload.name}: left out, {problem}", file=sys.stderr)
                continue
            print(workload.name, file=sys.stderr)
            found = _rows(workload, Path(folder), data, options.repeat)
            unequal = unequal or any("UNEQUAL" in row.note for row in found)
            rows += found
    table = _table(rows)
    print(table)
    if not options.only:
        page = _page(table, options.scale, options.repeat)
        results = HERE / "RESULTS.md"
        _, heading, by_hand = results.read_text().partition(_BY_HAND)
        matrix, are_equal = matrix_page(options.repeat)
        unequal = unequal or not are_equal
        load = load_page(options.repeat).rstrip()
        results.write_text(f"{page}{matrix}{load}\n\n{heading}{by_hand}")
    return 1 if unequal else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", help="workloads whose name holds TEXT")
    parser.add_argument("--repeat", type=int, default=3, help="the least of so many (default 3)")
    parser.add_argument("--scale", type=float, default=1, help="TPC-H's scale factor (default 1)")
    return parser.parse_args()


def _startup(flag: str, repeat: int) -> Row:
    costs = [measure([COMMAND, flag], cwd=REPO) for _ in range(max(repeat, 3))]
    return Row(name=f"sqlbackfill {flag}", ours=cheapest(costs))


def _rows(workload: Workload, folder: Path, data: Path | None, repeat: int) -> list[Row]:
    """The workload on both sides in turn, each time from nothing, and then once more with nothing to do."""
    ours, by_hand = [], []
    root = folder / "project"
    for _ in range(repeat):
        shutil.rmtree(root, ignore_errors=True)
        workload.write_project(root, data)
        (root / "by_hand.sql").write_text(workload.sql())
        by_hand.append(
            measure(
                [sys.executable, str(HERE / "run_sql.py"), "by_hand.duckdb", "by_hand.sql"],
                cwd=root,
            )
        )
        ours.append(measure([COMMAND, *workload.arguments], cwd=root))
    wrong = unequal_tables(root / "warehouse.duckdb", root / "by_hand.duckdb", workload.tables)
    for table, lines in wrong.items():
        print(f"{workload.name}: {table}: {lines}", file=sys.stderr)
    rows = [
        Row(
            name=workload.name,
            ours=cheapest(ours),
            by_hand=cheapest(by_hand),
            note="ROWS UNEQUAL" if wrong else "rows equal",
        )
    ]
    if "--strategy" not in workload.arguments:
        again = [measure([COMMAND, "run", "--yes"], cwd=root) for _ in range(repeat)]
        rows.append(Row(name="… and again, nothing to do", ours=cheapest(again)))
    return rows


def _table(rows: Sequence[Row]) -> str:
    lines = [HEADINGS, tuple("---" if i == 0 else "--:" for i in range(len(HEADINGS)))]
    lines += [row.cells() for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _page(table: str, scale: float, repeat: int) -> str:
    versions = (
        f"sqlbackfill {sqlbackfill.__version__}, DuckDB {duckdb.__version__}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores"
    )
    return f"""# Results

Written by `make bench`. Whole processes, from start to exit, as the kernel counts them: user and system CPU
seconds, and peak resident memory; the least of {repeat}. By hand is one ranged query per table in a process of
its own. Both sides start without a database, on the same machine, in turn, and must write the same rows.
TPC-H is at scale factor {scale:g}, clustered by ship date, which the source declares as its `event_time`: digests of
what is read are then taken of the days that are read, and not of the whole file.

{versions}

{table}
"""


if __name__ == "__main__":
    sys.exit(main())
