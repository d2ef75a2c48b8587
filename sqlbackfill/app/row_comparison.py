"""Compares two tables of one session as multisets of rows. Knows nothing of models and partitions.

DOUBLE and FLOAT are compared to a relative 1e-9 (absolute near 0), everything else exactly.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.warehouse.protocol import Adapter, Column, Session

TOLERANCE: Final = 1e-9
SHOWN_ROWS: Final = 10
_INEXACT: Final = re.compile(r"\b(DOUBLE|FLOAT|REAL)\b")


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that one table holds another number of times than the other; values are JSON's own."""

    row: dict[str, Any]
    count: int
    expected_count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many distinct rows differ, and the first of them, in the order asked for."""

    different: int
    first: tuple[RowDifference, ...]


@dataclass(slots=True)
class _Odd:
    """A distinct row of which the tables hold unequal numbers, and how many are left to match."""

    values: tuple[Any, ...]
    key: tuple[str | None, ...]
    count: int
    expected: int
    left: int


def compare_rows(
    session: Session,
    adapter: Adapter,
    columns: Sequence[Column],
    tables: tuple[str, str],
    order_by: str,
) -> Comparison:
    """The rows in which the first of `tables` differs from the second, which is what is expected.

    Both are SQL names of tables with these `columns`; the differences come in the order of the
    column `order_by`, then of all others.
    """
    quote = adapter.quote_name
    inexact = [at for at, column in enumerate(columns) if _INEXACT.search(column.type.upper())]
    query = _odd_rows(columns, tables, quote(order_by), [quote(c.name) for c in columns], inexact)
    if not inexact:
        [(total,)] = session.execute(f"SELECT COUNT(*) FROM ({query})")
        query += f" LIMIT {SHOWN_ROWS}"
    odd = [_odd(row, len(columns)) for row in session.execute(query)]
    if inexact:
        _match(odd, inexact)
        odd = [one for one in odd if one.left]
        total = len(odd)
    names = [column.name for column in columns]
    return Comparison(total, tuple(_difference(one, names) for one in odd[:SHOWN_ROWS]))


def _odd_rows(
    columns: Sequence[Column],
    tables: tuple[str, str],
    first: str,
    names: Sequence[str],
    inexact: Sequence[int],
) -> str:
    listed = ", ".join(names)
    exact = [name for at, name in enumerate(names) if at not in inexact]
    texts = [f", CAST({name} AS VARCHAR)" for name in exact] if inexact else []
    got, expected = '"sqlbackfill got"', '"sqlbackfill expected"'
    return (
        f"SELECT SUM({got})::BIGINT, SUM({expected})::BIGINT, {listed}{''.join(texts)} FROM ("
        f"SELECT *, 1 AS {got}, 0 AS {expected} FROM {tables[0]} "
        f"UNION ALL SELECT *, 0, 1 FROM {tables[1]}) GROUP BY {listed} "
        f"HAVING SUM({got}) <> SUM({expected}) "
        f"ORDER BY {', '.join([first, *map(str, range(3, 3 + len(columns)))])}"
    )


def _odd(row: tuple[Any, ...], width: int) -> _Odd:
    count, expected = row[0], row[1]
    return _Odd(row[2 : 2 + width], row[2 + width :], count, expected, count - expected)


def _match(odd: Sequence[_Odd], inexact: Sequence[int]) -> None:
    """Takes rows of one side that are close to rows of the other off what is left of both."""
    groups: dict[tuple[str | None, ...], tuple[list[_Odd], list[_Odd]]]
    groups = defaultdict(lambda: ([], []))
    for one in odd:
        groups[one.key][one.left < 0].append(one)
    for surplus, lacking in groups.values():
        _match_group(surplus, lacking, inexact)


def _match_group(surplus: Sequence[_Odd], lacking: list[_Odd], inexact: Sequence[int]) -> None:
    """The same for rows that agree in everything exact; they are looked up by one float column."""
    by = max(inexact, key=lambda at: len({_rank(one.values[at]) for one in lacking}))
    lacking.sort(key=lambda one: _rank(one.values[by]))
    ranks = [_rank(one.values[by]) for one in lacking]
    for mine in surplus:
        rank = _rank(mine.values[by])
        slack = 2 * TOLERANCE * max(1.0, abs(rank)) if math.isfinite(rank) else 0.0
        at = bisect_left(ranks, rank - slack)
        while mine.left and at < len(ranks) and ranks[at] <= rank + slack:
            theirs = lacking[at]
            at += 1
            if theirs.left and _are_close(mine, theirs, inexact):
                matched = min(mine.left, -theirs.left)
                mine.left -= matched
                mine.expected += matched
                theirs.left += matched
                theirs.count += matched


def _rank(value: Any) -> float:
    """Where to look for a value that is close; all that has no order is in one place."""
    return value if isinstance(value, float) and not math.isnan(value) else math.inf


def _are_close(a: _Odd, b: _Odd, inexact: Sequence[int]) -> bool:
    return all(is_close(a.values[at], b.values[at]) for at in inexact)


def is_close(a: Any, b: Any) -> bool:
    """Whether two values of one column count as equal; inside lists and structs too.

    >>> is_close(0.1 + 0.2, 0.3), is_close([1.0, None], [1.0, 2.0]), is_close(float("nan"), 1.0)
    (True, False, False)
    """
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(is_close(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(is_close, a, b))
    return bool(a == b)


def _difference(one: _Odd, names: Sequence[str]) -> RowDifference:
    row = {name: _json(value) for name, value in zip(names, one.values, strict=True)}
    return RowDifference(row, one.count, one.expected)


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return str(value)
