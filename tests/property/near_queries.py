"""Queries that differ in one thing each, from `near_queries.txt`, over two tables with columns of many types."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

COLUMNS: Final = (
    ("day", "DATE"), ("ts", "TIMESTAMP"), ("tz", "TIMESTAMPTZ"), ("k", "INTEGER"), ("v", "BIGINT"),
    ("f", "DOUBLE"), ("dc", "DECIMAL(10,2)"), ("s", "VARCHAR"), ("b", "BOOLEAN"), ("l", "INTEGER[]"),
    ("st", "STRUCT(a INTEGER, b VARCHAR)"), ("j", "JSON"), ("iv", "INTERVAL"), ("ti", "TINYINT"),
    ("hg", "HUGEINT"), ("m", "MAP(VARCHAR, INTEGER)"), ("u", "UBIGINT"), ("x", "INTEGER"),
)  # fmt: skip
TABLES: Final = ("ta", "tb")
_FILE: Final = Path(__file__).with_suffix(".txt")
_TABLE: Final = re.compile(r"\bT([12])\b")


def near_queries() -> Iterator[str]:
    """The queries, with `T1` and `T2` for their tables."""
    kind = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            kind = line.removeprefix("## ")
        elif line and not line.startswith("# "):
            yield from _queries(kind, line)


def _queries(kind: str, text: str) -> Iterator[str]:
    match kind:
        case "expressions":
            yield f"select x as p, ({text}) as v from T1 t1"
            yield f"select x as p, k as v from T1 t1 where ({text}) is not null"
        case "aggregates":
            yield f"select k as p, {text} as v from T1 t1 group by k"
            yield f"select {text} as v from T1 t1"
            yield f"select x as p, {text} over (partition by k) as v from T1 t1"
            yield f"select k as p, x // 4 as q, {text} as v from T1 t1 group by rollup(k, q)"
        case "windows":
            named = " window w as (order by x)" if text.endswith("over w") else ""
            yield f"select x as p, {text} as v from T1 t1{named}"
        case "joins":
            for columns in ("t1.x as p, t1.v as v", "t1.x as p, t2.v as v", "count(*) as n"):
                yield f"select {columns} {text}"
        case _:
            yield text


def on_tables(query: str, *names: str) -> str:
    """`query` with `names` for its tables."""
    return _TABLE.sub(lambda match: names[int(match.group(1)) - 1], query)


def connected(seed: int) -> duckdb.DuckDBPyConnection:
    """A database in memory with both tables."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    rng = random.Random(seed)
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
    for table in TABLES:
        connection.execute(f"create table {table} ({columns})")
        for number in range(14):
            cells = (cell if rng.random() > 0.12 else "NULL" for cell in _cells(rng))
            connection.execute(f"insert into {table} values ({', '.join(cells)}, {number})")
    return connection


def _cells(rng: random.Random) -> tuple[str, ...]:
    """Values of all columns but the last."""
    day, hour = rng.randint(1, 9), rng.randint(0, 9)
    return (
        f"date '2024-01-0{day}'",
        f"timestamp '2024-01-0{rng.randint(1, 9)} 0{hour}:30:00.5'",
        f"timestamptz '2024-01-0{rng.randint(1, 9)} 0{hour}:30:00+00'",
        str(rng.randint(0, 3)),
        str(rng.randint(-3, 9)),
        rng.choice(("0.1", "0.2", "0.3", "1e16", "-0.5", "2.5", "3.5", "'nan'")) + "::double",
        rng.choice(("1.25", "-2.75", "0.1", "3.0")),
        rng.choice(("'a'", "'A'", "'b'", "'aa'", "'1'", "' a '", "'ab'")),
        rng.choice(("true", "false")),
        rng.choice(("[1, 2, 3]", "[2, 1]", "[]", "[3, NULL, 1]", "[1, 1]")),
        f"{{'a': {rng.randint(0, 3)}, 'b': 'z'}}",
        rng.choice(('\'{"a": 1, "b": "x"}\'', "'[1, 2]'", '\'{"a": "y", "0": 3}\'')),
        rng.choice(("interval 30 day", "interval 1 month", "interval 2 hour")),
        rng.choice(("100", "50", "-100", "3")),
        str(rng.randint(0, 9)),
        "map {'a': 1, 'b': 2}",
        str(rng.randint(0, 9)),
    )
