"""`python -m benchmarks.matrix`: W1 to W6 by hand and by sqlbackfill, in every size of chunk, as Markdown."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.compare import unequal_tables
from benchmarks.matrix_data import LAYOUTS, source_files
from benchmarks.measure import Cost, cheapest, measure
from benchmarks.workloads import HERE

COMMAND = str(Path(sys.executable).with_name("sqlbackfill"))
WORKLOADS = {
    "W1": ("clean_lineitem",),
    "W2": ("daily_lines",),
    "W3": ("daily_priorities",),
    "W4": ("clean_lineitem", "daily_clean_lines"),
    "W5": ("trailing_week",),
    "W6": ("daily_keys",),
}
"""The tables of each, upstream first: `tpch/models/*.sql` on our side, `by_hand/*.sql` on the other."""
SPANS = {1: (date(1995, 1, 1), date(1996, 1, 1)), 7: (date(1992, 1, 1), date(1999, 1, 1))}
PARTITIONS = {1: "1995", 7: "1992..1998"}
HEADINGS = (
    "workload", "layout", "years", "by hand: all", "year", "month", "day",
    "auto", "of best hand", "forced range", "forced small", "auto chose", "peak MB", "of hand", "rows",
)  # fmt: skip

HEADING = "## Every workload in every size"
INTRODUCTION = """
CPU seconds of whole processes, each from nothing: without a database, without a cache. By hand is the same script for each
window (create, delete, insert, commit), cut into one, years, months or days. `auto` is what sqlbackfill chooses before
anything was built; *of best hand* its ratio to the cheapest column by hand. *Forced small* is the smallest of year and
month that is measured by hand. W6 has ten million events of about as many keys, over one year or over seven.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One workload on one layout over so many years."""

    workload: str
    layout: str
    years: int

    @property
    def tables(self) -> tuple[str, ...]:
        return WORKLOADS[self.workload]

    def hand_modes(self) -> tuple[str, ...]:
        """How it is cut by hand; small chunks only where they end within a minute."""
        if self.years == 1:
            return ("all", "month", "day") if self.layout == "clustered" else ("all", "month")
        return ("all", "year", "month") if self.layout == "clustered" else ("all", "year")

    @property
    def forced(self) -> str:
        """The small chunks that sqlbackfill is asked for."""
        return "chunk=month" if "month" in self.hand_modes() else "chunk=year"

    def write_project(self, root: Path) -> None:
        """The project with the models and sources of this case alone."""
        (root / "models").mkdir(parents=True)
        (root / "data").mkdir()
        for name in ("sqlbackfill.yml", "profiles.yml"):
            shutil.copy(HERE / "tpch" / name, root / name)
        shutil.copy(HERE / "tpch" / "models" / "sources.yml", root / "models")
        for table in self.tables:
            shutil.copy(HERE / "tpch" / "models" / f"{table}.sql", root / "models")
        for name, file in source_files(self.layout, self.years).items():
            (root / "data" / f"{name}.parquet").symlink_to(file)

    def script(self, mode: str) -> str:
        """What a person writes: table by table, window by window."""
        return "\n".join(
            (HERE / "by_hand" / f"{table}.sql")
            .read_text()
            .replace("{start}", str(start))
            .replace("{end}", str(end))
            for table in self.tables
            for start, end in windows(*SPANS[self.years], mode)
        )


def windows(start: date, end: date, mode: str) -> Iterator[tuple[date, date]]:
    """[start, end) cut by the calendar."""
    while start < end:
        if mode == "day":
            after = start + timedelta(days=1)
        elif mode == "month":
            after = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        else:
            after = date(start.year + 1, 1, 1) if mode == "year" else end
        yield start, min(after, end)
        start = after


def by_hand(case: Case, mode: str, root: Path) -> Cost:
    """The cost of the hand-written side in a process of its own, which starts without a database."""
    (root / "by_hand.duckdb").unlink(missing_ok=True)
    (root / "by_hand.sql").write_text(case.script(mode))
    script = str(HERE / "run_sql.py")
    return measure([sys.executable, script, "by_hand.duckdb", "by_hand.sql"], cwd=root)


def ours(case: Case, strategy: str, root: Path) -> Cost:
    """The cost of `sqlbackfill run`, which starts without a database and without a cache."""
    (root / "warehouse.duckdb").unlink(missing_ok=True)
    shutil.rmtree(root / ".sqlbackfill", ignore_errors=True)
    arguments = ("run", "-p", PARTITIONS[case.years], "--yes", "--strategy", strategy)
    return measure([COMMAND, *arguments], cwd=root)


def chosen(root: Path) -> str:
    """What `auto` chose for each table, by the records of the run."""
    import duckdb

    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select model, any_value(strategy), count(distinct chunk) from sqlbackfill.partition_log "
            "group by model order by model"
        ).fetchall()
    return ", ".join(f"{strategy} ({queries})" for _, strategy, queries in rows)


def measured(case: Case, repeat: int) -> tuple[tuple[str, ...], bool]:
    """One line of the table, and whether both sides wrote the same rows."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        case.write_project(root)
        hand = {
            mode: cheapest([by_hand(case, mode, root) for _ in range(repeat)])
            for mode in reversed(case.hand_modes())
        }
        forced = {
            strategy: cheapest([ours(case, strategy, root) for _ in range(repeat)])
            for strategy in (case.forced, "range")
        }
        auto = cheapest([ours(case, "auto", root) for _ in range(repeat)])
        choice = chosen(root)
        wrong = unequal_tables(root / "warehouse.duckdb", root / "by_hand.duckdb", case.tables)
    best = min(cost.cpu_s for cost in hand.values())
    cells = (
        case.workload,
        case.layout,
        str(case.years),
        *(f"{hand[m].cpu_s:.2f}" if m in hand else "–" for m in ("all", "year", "month", "day")),
        f"**{auto.cpu_s:.2f}**",
        f"{auto.cpu_s / best:.2f}",
        f"{forced['range'].cpu_s:.2f}",
        f"{forced[case.forced].cpu_s:.2f}",
        choice,
        f"{auto.peak_mb:.0f}",
        f"{hand['all'].peak_mb:.0f}",
        "UNEQUAL" if wrong else "equal",
    )
    return cells, not wrong


def cases(only: Sequence[str]) -> list[Case]:
    """All of them, or those whose workload is among `only`."""
    return [
        Case(workload, layout, years)
        for workload in only or WORKLOADS
        for layout in LAYOUTS
        for years in SPANS
    ]


def matrix_lines(chosen_cases: Sequence[Case], repeat: int) -> Iterator[tuple[str, bool]]:
    """The lines of the table as they are measured, each with whether its rows are equal."""
    yield "| " + " | ".join(HEADINGS) + " |", True
    yield "|" + " --- |" * 3 + " --: |" * (len(HEADINGS) - 3), True
    for case in chosen_cases:
        cells, is_equal = measured(case, repeat)
        yield "| " + " | ".join(cells) + " |", is_equal


def matrix_page(repeat: int) -> tuple[str, bool]:
    """The section of RESULTS.md, and whether both sides wrote the same rows everywhere."""
    lines = list(matrix_lines(cases(()), repeat))
    table = "\n".join(line for line, _ in lines)
    return f"\n{HEADING}\n{INTRODUCTION}\n{table}\n", all(is_equal for _, is_equal in lines)


def main() -> int:
    """The exit code: 1 where rows differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matrix", description=__doc__)
    parser.add_argument("--only", nargs="*", default=(), choices=tuple(WORKLOADS))
    parser.add_argument("--repeat", type=int, default=2, help="the least of so many (default 2)")
    options = parser.parse_args()
    all_equal = True
    for line, is_equal in matrix_lines(cases(options.only), options.repeat):
        all_equal = all_equal and is_equal
        print(line, flush=True)
    return 0 if all_equal else 1


if __name__ == "__main__":
    sys.exit(main())
