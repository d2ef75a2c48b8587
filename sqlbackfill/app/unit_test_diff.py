"""How the rows of a unit test differ from those expected, as multisets. Runs nothing.

DOUBLE and FLOAT are compared to a relative 1e-9, everything else exactly.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sqlbackfill.app.row_comparison import is_close
from sqlbackfill.app.unit_test_tables import plain
from sqlbackfill.dataclass import dataclass
from sqlbackfill.warehouse.protocol import Column

_MOST_PAIRED: Final = 200
"""Above so many odd rows none are paired: the comparison is quadratic, and nobody reads them."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """An expected row and the row that came in its place; `cells` are the columns that differ."""

    expected: Row
    actual: Row
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDiff:
    """What differs, in the columns that are expected. Empty where nothing does."""

    columns: tuple[Column, ...]
    changed: tuple[ChangedRow, ...] = ()
    missing: tuple[Row, ...] = ()
    unexpected: tuple[Row, ...] = ()
    expected_rows: int = 0
    actual_rows: int = 0

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.unexpected)

    def as_json(self) -> dict[str, Any]:
        """The difference as JSON has it; cells by the names of their columns."""
        names = [column.name for column in self.columns]
        return {
            "columns": [{"name": c.name, "type": c.type} for c in self.columns],
            "expected_rows": self.expected_rows,
            "actual_rows": self.actual_rows,
            "changed": [
                {
                    "expected": _named(names, one.expected),
                    "actual": _named(names, one.actual),
                    "columns": [names[at] for at in one.cells],
                }
                for one in self.changed
            ],
            "missing": [_named(names, row) for row in self.missing],
            "unexpected": [_named(names, row) for row in self.unexpected],
        }


def _named(names: Sequence[str], row: Row) -> dict[str, Any]:
    return {name: plain(value) for name, value in zip(names, row, strict=True)}


def row_diff(columns: Sequence[Column], expected: Sequence[Row], actual: Sequence[Row]) -> RowDiff:
    """The difference between two multisets of rows with these columns."""
    as_json = [at for at, column in enumerate(columns) if column.type.upper() == "JSON"]
    wanted = [_parsed(row, as_json) for row in expected]
    found = [_parsed(row, as_json) for row in actual]
    missing, unexpected = _unmatched(wanted, found)
    changed: list[ChangedRow] = []
    if len(missing) + len(unexpected) <= _MOST_PAIRED:
        changed, missing, unexpected = _paired(missing, unexpected)
    return RowDiff(
        columns=tuple(columns),
        changed=tuple(changed),
        missing=tuple(missing),
        unexpected=tuple(unexpected),
        expected_rows=len(expected),
        actual_rows=len(actual),
    )


def _parsed(row: Row, as_json: Sequence[int]) -> Row:
    """The row with its JSON as values, so that spaces do not count."""
    if not as_json:
        return row
    cells = list(row)
    for at in as_json:
        with suppress(TypeError, ValueError):
            cells[at] = json.loads(cells[at])
    return tuple(cells)


def _unmatched(expected: Sequence[Row], actual: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of each side that have none on the other: exact ones go first, then close ones."""
    by_key: dict[str, list[Row]] = {}
    for row in actual:
        by_key.setdefault(_key(row), []).append(row)
    missing: list[Row] = []
    for row in expected:
        same = by_key.get(_key(row), [])
        at = next((i for i, other in enumerate(same) if other == row), None)
        if at is None:
            at = next((i for i, other in enumerate(same) if _same(row, other)), None)
        if at is None:
            missing.append(row)
        else:
            same.pop(at)
    return missing, [row for rows in by_key.values() for row in rows]


def _key(row: Row) -> str:
    """The same for rows that may be equal: all that is no float, and holds none."""
    return repr([value if isinstance(value, bool | int | str) else None for value in row])


def _same(a: Row, b: Row) -> bool:
    return all(is_close(x, y) for x, y in zip(a, b, strict=True))


def _paired(
    missing: list[Row], unexpected: list[Row]
) -> tuple[list[ChangedRow], list[Row], list[Row]]:
    """Pairs each expected row with the row most like it, if at least half of its cells agree."""
    candidates = []
    for i, row in enumerate(missing):
        for j, other in enumerate(unexpected):
            odd = tuple(
                at for at, (x, y) in enumerate(zip(row, other, strict=True)) if not is_close(x, y)
            )
            if 2 * len(odd) <= len(row):
                candidates.append((len(odd), i, j, odd))
    changed: dict[int, ChangedRow] = {}
    taken: set[int] = set()
    for _, i, j, odd in sorted(candidates):
        if i not in changed and j not in taken:
            changed[i] = ChangedRow(missing[i], unexpected[j], odd)
            taken.add(j)
    return (
        [changed[i] for i in sorted(changed)],
        [row for i, row in enumerate(missing) if i not in changed],
        [row for j, row in enumerate(unexpected) if j not in taken],
    )
