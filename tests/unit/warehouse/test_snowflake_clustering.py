"""Zones by how far micro-partitions overlap."""

from __future__ import annotations

import json
from datetime import date

import pytest

from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.plan.estimate_statistics import (
    Statistics,
    TableStatistics,
    read_statistics,
    statistics_text,
)
from sqlbackfill.plan.estimate_zones import ZoneReads
from sqlbackfill.warehouse.protocol import Column
from sqlbackfill.warehouse.sizes import Zone, ZoneMap
from sqlbackfill.warehouse.snowflake_clustering import Clustering, modelled

YEAR = (date(2024, 1, 1), date(2024, 12, 31))
WHOLE = Zone(rows=366_000, column_bytes={"day": 366_000 * 4, "amount": 366_000 * 8})
BYTES = 366_000 * 12
JUNE_5 = {"day": Interval(date(2024, 6, 5), date(2024, 6, 6))}


def zones(partitions: int, depth: float) -> ZoneMap:
    return modelled(
        WHOLE, Clustering(column="day", bounds=YEAR, partitions=partitions, depth=depth)
    )


def likely(zone_map: ZoneMap, filters: dict[str, Interval]) -> float:
    columns = frozenset({"day", "amount"})
    return ZoneReads(zone_map, columns).amount(filters).scan_bytes.likely


@pytest.mark.parametrize(("partitions", "depth"), [(1, 1.0), (12, 1.0), (5_000, 70.5), (40, 40.0)])
def test_all_rows_and_bytes_are_in_some_zone(partitions: int, depth: float) -> None:
    found = zones(partitions, depth)
    assert found.rows == WHOLE.rows
    assert sum(zone.column_bytes["amount"] for zone in found.zones) == 366_000 * 8
    assert (found.zones[0].bounds["day"][0], found.zones[-1].bounds["day"][1]) == YEAR


def test_a_day_reads_its_share_where_nothing_overlaps_and_all_where_everything_does() -> None:
    tight, loose, open_wide = zones(366, 1.0), zones(366, 100.0), zones(366, 366.0)
    assert likely(tight, JUNE_5) < BYTES / 50
    assert BYTES / 5 < likely(loose, JUNE_5) < BYTES / 2
    assert likely(open_wide, JUNE_5) == BYTES


def test_a_day_that_the_table_does_not_reach_reads_nothing() -> None:
    after = {"day": Interval(date(2025, 1, 1), date(2025, 1, 2))}
    assert likely(zones(366, 100.0), after) == 0


def test_rows_may_lie_denser_than_on_average_but_not_be_more_than_there_are() -> None:
    reads = ZoneReads(zones(366, 1.0), frozenset({"day", "amount"}))
    day = reads.amount(JUNE_5).scan_bytes
    assert day.high == 4 * day.likely
    assert day.low < day.likely
    whole = reads.amount({}).scan_bytes
    assert whole.likely == whole.high == BYTES


def test_the_statistics_file_keeps_what_is_a_model_and_what_is_rewritten() -> None:
    columns = (Column("day", "DATE"), Column("amount", "NUMBER(38,0)"))
    table = TableStatistics(name="orders", columns=columns, zones=zones(5_000, 70.5))
    text = statistics_text(Statistics(engine="snowflake", tables={"orders": table}))
    found = read_statistics(json.loads(text)).zone_maps["orders"]
    assert found.is_modelled
    assert found.rewrites
    assert len(found.zones) <= 64
    assert likely(found, JUNE_5) >= likely(table.zones, JUNE_5)
