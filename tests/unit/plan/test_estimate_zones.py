"""What is read of an input, by its zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.plan.estimate_zones import Amount, ZoneReads
from sqlbackfill.plan.types import Spread
from sqlbackfill.warehouse.sizes import Zone, ZoneMap

DAY = timedelta(days=1)
FIRST = date(2024, 1, 1)


def days(start: int, end: int) -> Interval:
    return Interval(FIRST + start * DAY, FIRST + end * DAY)


def zone(first: int, last: int, rows: int = 100, **kwargs: object) -> Zone:
    return Zone(
        rows=rows,
        column_bytes={"day": rows * 4, "x": rows * 8},
        bounds={"day": (FIRST + first * DAY, FIRST + last * DAY)},
        **kwargs,  # type: ignore[arg-type]
    )


TEN = ZoneMap(zones=tuple(zone(at * 10, at * 10 + 9) for at in range(10)), opening_bytes=50)
BOTH = frozenset({"day", "x"})


def test_zones_outside_of_the_filter_are_not_read() -> None:
    read = ZoneReads(TEN, BOTH).amount({"day": days(20, 30)})

    assert read.scan_bytes.likely == 50 + 1200
    assert read.scan_bytes.high == 50 + 1200
    assert read.rows.high == 100


def test_without_a_filter_all_is_read() -> None:
    read = ZoneReads(TEN, frozenset({"x"})).amount({})

    assert read == Amount(Spread(8050, 8050, 8050), Spread(1000, 1000, 1000))


def test_a_zone_at_the_edge_is_read_whole_where_it_has_no_blocks() -> None:
    read = ZoneReads(TEN, BOTH).amount({"day": days(25, 35)})

    assert read.scan_bytes.likely == 50 + 2 * 1200
    assert 0 < read.scan_bytes.low < read.scan_bytes.likely


def test_a_zone_without_bounds_is_always_read() -> None:
    unbounded = Zone(rows=7, column_bytes={"x": 70})
    read = ZoneReads(ZoneMap(zones=(*TEN.zones, unbounded)), BOTH).amount({"day": days(20, 30)})

    assert read.scan_bytes.high == 1270


def test_a_window_with_null_reads_the_zones_that_may_hold_any() -> None:
    zones = (zone(0, 9), zone(10, 19, with_nulls=frozenset({"day"})), zone(20, 29))
    window = Interval(FIRST, FIRST + 10 * DAY, nulls=True)

    read = ZoneReads(ZoneMap(zones=zones), BOTH).amount({"day": window})

    assert read.rows.high == 200


def test_a_block_that_two_columns_share_is_read_once() -> None:
    shared = ZoneMap(
        zones=(
            zone(0, 9, blocks={"day": (1,), "x": (1, 2)}),
            zone(10, 19, blocks={"day": (2,), "x": (3,)}),
        ),
        block_bytes=1000,
    )

    assert ZoneReads(shared, BOTH).amount({}).scan_bytes.high == 3000
    assert ZoneReads(shared, frozenset({"day"})).amount({}).scan_bytes.high == 2000


def test_of_a_zone_at_the_edge_only_the_blocks_are_read_that_hold_the_rows() -> None:
    blocks = {"day": (0,), "x": tuple(range(1, 11))}
    zones = (zone(0, 99, rows=1000, blocks=blocks), zone(100, 199, rows=1000))
    found = ZoneReads(ZoneMap(zones=zones, block_bytes=10), BOTH).amount({"day": days(50, 55)})

    assert found.scan_bytes.likely == 10 + 10
    assert found.scan_bytes.high == 110


def test_small_gaps_between_columns_may_be_read_too() -> None:
    wide = ZoneMap(zones=(zone(0, 9, total_bytes=10_000), zone(10, 19, total_bytes=10_000_000)))

    read = ZoneReads(wide, BOTH).amount({}).scan_bytes

    assert read.likely == 2400
    assert read.high == 10_000 + 1200 + 2 * 65_536


def test_rows_in_no_order_may_lie_in_every_block() -> None:
    blocks = {"x": tuple(range(10))}
    zones = tuple(zone(0, 99, blocks=blocks) for _ in range(4))

    found = ZoneReads(ZoneMap(zones=zones, block_bytes=10), BOTH).amount({"day": days(50, 55)})

    assert found.scan_bytes.likely == found.scan_bytes.high


def test_a_filter_of_another_type_than_the_column_skips_nothing() -> None:
    moment = datetime(2024, 1, 5, tzinfo=UTC)

    read = ZoneReads(TEN, BOTH).amount({"day": Interval(moment, moment + DAY)})

    assert read.rows.high == 1000


@given(
    spans=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12),
    start=st.integers(-5, 80),
    length=st.integers(1, 30),
)
def test_halving_finds_what_looking_at_every_zone_finds(
    spans: list[tuple[int, int]], start: int, length: int
) -> None:
    zones = tuple(zone(first, first + more, rows=at + 1) for at, (first, more) in enumerate(spans))

    found = ZoneReads(ZoneMap(zones=zones), BOTH).amount({"day": days(start, start + length)})

    touched = [
        at + 1
        for at, (first, more) in enumerate(spans)
        if first < start + length and first + more >= start
    ]
    assert found.rows.high == sum(touched)
    assert found.scan_bytes.low <= found.scan_bytes.likely <= found.scan_bytes.high
    assert found.rows.low <= found.rows.likely <= found.rows.high
