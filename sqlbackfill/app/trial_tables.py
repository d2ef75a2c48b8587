"""Small made-up databases in memory, with the inputs' columns: where queries are tried, never trusted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import Bound
from sqlbackfill.query.facts import InputRef, OccurrenceRead
from sqlbackfill.query.splice import with_tables
from sqlbackfill.run.literals import text_literal
from sqlbackfill.warehouse.protocol import Session

_DIGITS = 9
_NULLS = 0.08
_TEXTS = ("a", "b", "c")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "INT", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT")

Row = tuple[str, ...]
"""The values of a row as SQL."""


@contextmanager
def trial_session() -> Iterator[Session]:
    """A session on an empty database in memory, set as every session of a DuckDB target is."""
    from sqlbackfill.warehouse.duckdb import DuckDBAdapter
    from sqlbackfill.warehouse.duckdb_profile import DuckDBTarget

    adapter = DuckDBAdapter(DuckDBTarget())
    try:
        yield adapter.session()
    finally:
        adapter.close()


@dataclass(slots=True)
class TrialTables:
    """One table for each relation of `inputs`, which are keyed by occurrence marker.

    Every input's columns are known. `occurrences` tell which alias an occurrence needs.
    """

    session: Session
    inputs: Mapping[str, InputRef]
    occurrences: Sequence[OccurrenceRead]

    def create(self) -> None:
        """Makes the tables, empty. Raises WarehouseError for a type that the engine does not know."""
        for relation, columns in self.relations().items():
            body = ", ".join(f"{_quoted(name)} {type_}" for name, type_ in columns)
            self.session.execute(f"CREATE TABLE {self._table(relation)} ({body})")

    def relations(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Columns (name, type) by relation."""
        return {ref.relation: ref.columns or () for ref in self.inputs.values()}

    def query(self, sql: str, conditions: Mapping[str, str] | None = None) -> str | None:
        """An analysis render that reads these tables; None where an occurrence cannot be replaced.

        `conditions` limit, by marker, which rows an occurrence reads.
        """
        aliases = {f"__sb_occurrence_{one.index}__": one.alias for one in self.occurrences}

        def table(marker: str) -> str:
            alias = aliases.get(marker)
            name = self._table(self.inputs[marker].relation)
            if conditions and marker in conditions:
                name = f"(SELECT * FROM {name} WHERE {conditions[marker]})"
            return f"{name} AS {_quoted(alias)}" if alias else name

        return with_tables(sql, table)

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Gives the tables these rows and no others."""
        for relation in self.relations():
            name = self._table(relation)
            self.session.execute(f"DELETE FROM {name}")
            if rows.get(relation):
                values = ", ".join(f"({', '.join(row)})" for row in rows[relation])
                self.session.execute(f"INSERT INTO {name} VALUES {values}")

    def rows(self, relation: str) -> list[tuple[Any, ...]]:
        """The rows of one table, sorted."""
        return self.session.execute(f"SELECT * FROM {self._table(relation)} ORDER BY ALL")

    def random_rows(
        self, dice: random.Random, anchors: Sequence[Bound], most: int
    ) -> dict[str, tuple[Row, ...]]:
        """Rows for every table, at most `most` in each, with dates near `anchors`."""
        return {
            relation: tuple(
                tuple(random_value(dice, type_, anchors) for _, type_ in columns)
                for _ in range(dice.randint(min(1, most), most))
            )
            for relation, columns in self.relations().items()
        }

    def _table(self, relation: str) -> str:
        return _quoted(f"trial_{relation}")


def random_value(dice: random.Random, type_: str, anchors: Sequence[Bound]) -> str:
    """A value of a column of this type as SQL; NULL for a type that nothing is known of."""
    word = type_.upper().split("(")[0].strip()
    value: str | None = None
    anchor = dice.choice(anchors)
    if dice.random() < _NULLS:
        value = None
    elif word in ("DATE", "DATETIME") or word.startswith("TIMESTAMP"):
        value = text_literal(_moment(dice, anchor, word), "duckdb")
    elif word in _WHOLE:
        is_near = isinstance(anchor, int) and dice.random() < 0.7
        value = str(int(anchor) + dice.randint(-3, 3) if is_near else dice.randint(0, 4))  # type: ignore[arg-type]  # an int here
    elif word in ("DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC"):
        value = f"{dice.randint(0, 20) / 4}"
    elif word in ("BOOLEAN", "BOOL"):
        value = dice.choice(("TRUE", "FALSE"))
    elif word in ("VARCHAR", "TEXT", "STRING", "CHAR"):
        is_day = not isinstance(anchor, int) and dice.random() < 0.2
        value = text_literal(str(anchor)[:10] if is_day else dice.choice(_TEXTS), "duckdb")
    return f"CAST({value or 'NULL'} AS {type_})"


def _moment(dice: random.Random, anchor: Bound, word: str) -> str:
    day = anchor if isinstance(anchor, date) else date(2013, 1, dice.randint(1, 9))
    shift = timedelta(days=dice.choice((0, 0, 0, 0, -1, 1, -2, -3, -6, -7)))
    if word == "DATE":
        return str(day + shift)[:10]
    moment = day if isinstance(day, datetime) else datetime.combine(day, time())  # text follows
    minutes = dice.choice((0, 0, 1, 90, 60 * 23 + 59))
    return str(moment.replace(tzinfo=None) + shift + timedelta(minutes=minutes))


def as_multiset(rows: Sequence[tuple[Any, ...]]) -> Counter[tuple[str, ...]]:
    """Rows as they are compared: DOUBLE to nine digits, all else exactly."""
    return Counter(tuple(_shown(value) for value in row) for row in rows)


def _shown(value: object) -> str:
    if isinstance(value, float) and isfinite(value):
        return f"{value:.{_DIGITS}g}"
    return repr(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
