"""`python -m benchmarks.load`: what it costs to read generated projects, cold and warm, beside the bars."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import sqlbackfill
from benchmarks.load_projects import write_load_project
from benchmarks.measure import Cost, cheapest, measure

COMMAND = str(Path(sys.executable).with_name("sqlbackfill"))
HEADINGS = ("load", "CPU s", "bar", "", "wall s", "peak MB")
COMMANDS = (("ls",), ("explain",), ("plan", "-p", "2024-01-01"))
BARS_S = {1000: (4.0, 0.8), 5000: (18.0, 3.0)}
"""CPU seconds by number of models: with nothing in the cache, and with everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a command took on a project of `models` models."""

    models: int
    command: str
    is_cold: bool
    cost: Cost

    def cells(self) -> tuple[str, ...]:
        bars = BARS_S.get(self.models)
        bar = None if bars is None else bars[0 if self.is_cold else 1]
        return (
            f"{self.models} models, {self.command}, {'cold' if self.is_cold else 'warm'}",
            f"{self.cost.cpu_s:.2f}",
            "–" if bar is None else f"{bar:.2f}",
            "" if bar is None or self.cost.cpu_s <= bar else "over",
            f"{self.cost.wall_s:.2f}",
            f"{self.cost.peak_mb:.0f}",
        )


def loads(models: int, repeat: int) -> list[Load]:
    """Each command on one project: with an empty cache, and again."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        write_load_project(root, models)
        for command in COMMANDS:
            cold, warm = [], []
            for _ in range(repeat):
                shutil.rmtree(root / ".sqlbackfill", ignore_errors=True)
                cold.append(measure([COMMAND, *command], cwd=root))
                warm.append(measure([COMMAND, *command], cwd=root))
            found += [
                Load(models=models, command=command[0], is_cold=costs is cold, cost=cheapest(costs))
                for costs in (cold, warm)
            ]
    return found


def load_table(sizes: Sequence[int], repeat: int) -> str:
    """The table in Markdown."""
    lines: list[tuple[str, ...]] = [HEADINGS, ("---", *("--:",) * (len(HEADINGS) - 1))]
    lines += [row.cells() for size in sizes for row in loads(size, repeat)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def load_page(repeat: int, sizes: Sequence[int] = tuple(BARS_S)) -> str:
    """The section of RESULTS.md."""
    versions = (
        f"sqlbackfill {sqlbackfill.__version__}, sqlglot {version('sqlglot')}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores"
    )
    return f"""
## Reading a project

Generated models of 30 columns each, in layers of casts, deduplication, joins, aggregates and trailing windows. Cold
is with nothing in `.sqlbackfill/cache`, warm the same command again; the least of {repeat}. The bars are in CPU seconds.

{versions}

{load_table(sizes, repeat)}
"""


def main() -> int:
    """Prints the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=list(BARS_S))
    parser.add_argument("--repeat", type=int, default=3, help="the least of so many (default 3)")
    options = parser.parse_args()
    print(load_page(options.repeat, options.models))
    return 0


if __name__ == "__main__":
    sys.exit(main())
