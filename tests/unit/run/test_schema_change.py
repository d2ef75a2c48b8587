from __future__ import annotations

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.run.schema_change import bound_type, compare
from sqlbackfill.warehouse.protocol import Column


@pytest.mark.parametrize(
    ("engine_type", "expected"),
    [
        ("DATE", BoundType.DATE),
        ("TIMESTAMP", BoundType.TIMESTAMP),
        ("TIMESTAMP_NS", BoundType.TIMESTAMP),
        ("TIMESTAMP_NTZ(9)", BoundType.TIMESTAMP),
        ("TIMESTAMP WITH TIME ZONE", BoundType.TIMESTAMPTZ),
        ("TIMESTAMP_TZ(9)", BoundType.TIMESTAMPTZ),
        ("TIMESTAMP_LTZ(9)", BoundType.TIMESTAMPTZ),
        ("BIGINT", BoundType.INTEGER),
        ("INTEGER", BoundType.INTEGER),
        ("UHUGEINT", BoundType.INTEGER),
        ("NUMBER(38,0)", BoundType.INTEGER),
        ("DECIMAL(18,2)", None),
        ("DOUBLE", None),
        ("INTERVAL", None),
        ("VARCHAR", BoundType.TEXT),
        ("ENUM('eu', 'us')", BoundType.TEXT),
        ("DATE[]", None),
        ("VARCHAR[]", None),
        ("INTEGER[]", None),
        ("TIMESTAMP[]", None),
        ("STRUCT(a DATE)", None),
    ],
)
def test_the_engines_type_says_what_bounds_a_column_holds(
    engine_type: str, expected: BoundType | None
) -> None:
    assert bound_type(engine_type) is expected


def test_a_difference_names_what_is_new_gone_and_changed() -> None:
    query = (Column("D", "DATE"), Column("n", "BIGINT"), Column("x", "DOUBLE"))
    table = (Column("n", "INTEGER"), Column("d", "date"), Column("gone", "VARCHAR"))
    difference = compare(query, table)
    assert difference.notes() == (
        ("new", "x DOUBLE"),
        ("gone", "gone VARCHAR"),
        ("changed", "n from INTEGER to BIGINT"),
    )
    assert not compare(query, tuple(reversed(query)))
