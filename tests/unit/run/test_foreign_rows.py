"""Which rows no partition holds: for every kind of partitioning, by the engine itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.run.foreign_rows import foreign_predicate

DAYS = TimePartitioning(
    grain=Grain.parse("day"),
    column_type=BoundType.DATE,
    begin=date(2024, 1, 2),
    end=date(2024, 1, 5),
)
OPEN_DAYS = TimePartitioning(grain=Grain.parse("day"), column_type=BoundType.DATE)
HOURS = TimePartitioning(
    grain=Grain.parse("hour"),
    column_type=BoundType.TIMESTAMPTZ,
    begin=datetime(2024, 1, 2, 5, tzinfo=UTC),
)
NUMBERS = IntegerPartitioning(size=100, begin=100, end=300)
KEYS = StaticPartitioning(keys=("eu", "it's"))


@pytest.mark.parametrize(
    ("partitioning", "kind", "foreign", "own"),
    [
        (DAYS, "DATE", ["2024-01-01", "2024-01-05", "infinity", "-infinity"], ["2024-01-02", "2024-01-04"]),
        (OPEN_DAYS, "DATE", ["infinity", "0044-03-15 (BC)"], ["1969-01-01", "2999-01-01"]),
        (HOURS, "TIMESTAMPTZ", ["2024-01-02 04:59:59.999999+00", "infinity"], ["2024-01-02 00:00:00-05", "2024-01-02 05:00:00+00"]),
        (NUMBERS, "BIGINT", ["99", "300", "-5"], ["100", "299"]),
        (KEYS, "VARCHAR", ["us", "", "EU"], ["eu", "it's"]),
    ],
)  # fmt: skip
def test_what_lies_outside_and_what_is_null_is_foreign(
    partitioning: Any, kind: str, foreign: list[str], own: list[str]
) -> None:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        predicate = foreign_predicate('"p"', partitioning, "duckdb")
        rows = connection.execute(
            f"select v, {predicate} from (select v, cast(v as {kind}) as p from "
            "(select unnest(?) as v union all select null))",
            [[*foreign, *own]],
        ).fetchall()
    assert dict(rows) == {
        **dict.fromkeys(foreign, True),
        **dict.fromkeys(own, False),
        None: True,
    }


def test_a_whole_table_has_no_foreign_rows() -> None:
    assert foreign_predicate("", WholePartitioning(), "duckdb") == "1 = 0"
