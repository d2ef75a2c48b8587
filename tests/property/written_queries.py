"""Queries that show broken rules, from `written_queries.sql`, and the search for what a mutant does to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.property.random_queries import Query
from tests.property.window_harness import Counts, run

_FILE: Final = Path(__file__).with_suffix(".sql")
_ENTRY: Final = re.compile(
    r"^-- ([^|\n]+) \| ([^|\n]+) \| (\S+)\n(.+?);$", re.MULTILINE | re.DOTALL
)
TIMES: Final = 12  # the partitions of each are other ones


def _read() -> dict[str, Query]:
    found = _ENTRY.findall(_FILE.read_text(encoding="utf-8"))
    return {name: Query(sql, tuple(tables.split()), zone) for name, tables, zone, sql in found}


WRITTEN: Final[Mapping[str, Query]] = _read()


def run_written(query: Query, seed: int, databases: int = 6) -> Counts:
    """One query for several sets of partitions, until a row is wrong."""
    return run(
        seed,
        range(TIMES),
        databases=databases,
        stop=True,
        make=lambda seed, number, focus: query,
    )
