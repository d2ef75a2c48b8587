"""What chunks should cost relative to each other by what they read and keep."""

from __future__ import annotations

import pytest

from sqlbackfill.plan.chunk_cost_shape import (
    CACHE_BYTES,
    InputProbe,
    Output,
    Probe,
    Shape,
    shaped,
)

DAYS = 365
COPY = Output(rows=None, columns=10, is_grouped=False)


def shape(
    rows_each: float, output: Output, *, total: float = 0.0, whole: float = 0.0, columns: int = 4
) -> Shape:
    """Of a table of so many rows a day, each query of which looks at `total` rows and reads `whole`."""
    probes = []
    for size in (1, 4, 16, DAYS):
        rows = rows_each * size
        inputs = [InputProbe(rows=rows, touched=max(rows, total), columns=columns)]
        if whole:
            inputs.append(InputProbe(rows=whole, touched=whole, columns=2))
        probes.append(Probe(partitions=size, inputs=tuple(inputs)))
    return shaped(probes, output)


def ratio(found: Shape, size: int) -> float:
    """The cost of all days in chunks of `size`, in units of that of one query."""
    return found.curve.total_s(DAYS, size) / found.curve.total_s(DAYS, DAYS)


def grouped(rows: float | None, columns: int = 4) -> Output:
    return Output(rows=rows, columns=columns, is_grouped=True)


def test_a_copy_of_a_table_in_order_costs_about_as_much_in_few_chunks():
    assert ratio(shape(3000, COPY), 30) == pytest.approx(1.2, abs=0.3)


def test_a_table_out_of_order_is_looked_at_whole_by_every_query():
    few = grouped(6)
    assert ratio(shape(30_000, few, total=30_000 * DAYS), 30) > 3
    assert ratio(shape(30_000, few), 30) < 1.5


def test_what_is_read_whole_is_read_by_every_query():
    assert ratio(shape(3000, grouped(5), whole=1_500_000), 30) > 5


def test_an_aggregate_of_few_groups_does_not_grow_dearer():
    found = shape(30_000, grouped(6))
    assert found.curve.company(DAYS) == 0
    assert ratio(found, 30) > 1


def test_an_aggregate_of_as_many_groups_as_rows_is_cheapest_in_months():
    found = shape(27_400, grouped(None))
    assert found.curve.company(DAYS) > 0
    assert ratio(found, 30) < 0.9
    assert ratio(found, 1) > ratio(found, 30)


def test_groups_are_no_more_than_the_rows_that_are_read():
    assert shape(1000, grouped(1e12)).state_bytes == shape(1000, grouped(None)).state_bytes


def test_what_a_partition_keeps_decides_how_many_share_the_cache():
    found = shape(10_000, grouped(None, columns=8))
    assert found.state_bytes == pytest.approx(10_000 * (16 + 8 * 8))
    assert found.curve.cached == pytest.approx(CACHE_BYTES / found.state_bytes)
    assert shape(10_000, COPY).state_bytes == 0
