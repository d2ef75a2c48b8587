from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sqlbackfill.partitions.bounds import (
    BoundType,
    json_bound,
    print_bound,
    read_bound,
    read_moment,
)

INSTANT = datetime(2013, 3, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bound", "column_type", "printed", "in_json"),
    [
        (date(2013, 1, 5), BoundType.DATE, "2013-01-05", "2013-01-05"),
        (INSTANT, BoundType.TIMESTAMP, "2013-03-10 05:00:00", "2013-03-10T05:00:00"),
        (
            INSTANT,
            BoundType.TIMESTAMPTZ,
            "2013-03-10 05:00:00+00:00",
            "2013-03-10T05:00:00+00:00",
        ),
        (1200, BoundType.INTEGER, "1200", 1200),
        ("eu,1", BoundType.TEXT, "eu,1", "eu,1"),
    ],
)
def test_a_bound_prints_as_a_value_of_its_column_and_is_read_back(
    bound, column_type, printed, in_json
):
    assert print_bound(bound, column_type) == printed
    assert json_bound(bound, column_type) == in_json
    assert read_bound(printed, column_type) == bound
    assert read_bound(in_json, column_type) == bound


@pytest.mark.parametrize(
    ("bound", "column_type"),
    [
        (INSTANT, BoundType.DATE),
        (INSTANT.replace(tzinfo=None), BoundType.TIMESTAMP),
        (date(2013, 1, 1), BoundType.TIMESTAMPTZ),
        ("7", BoundType.INTEGER),
        (7, BoundType.TEXT),
    ],
)
def test_a_value_of_another_type_does_not_print(bound, column_type):
    with pytest.raises(TypeError):
        print_bound(bound, column_type)


@pytest.mark.parametrize(
    ("text", "column_type"),
    [
        ("2013-01-01T00:00:00", BoundType.TIMESTAMPTZ),
        ("2013-01-01T00:00:00+00:00", BoundType.TIMESTAMP),
        ("2013-01-01T00:00:00", BoundType.DATE),
        ("x", BoundType.INTEGER),
    ],
)
def test_text_of_another_type_is_not_read(text, column_type):
    with pytest.raises(ValueError, match=r"is no|[Ii]nvalid"):
        read_bound(text, column_type)


def test_an_offset_is_read_into_utc():
    assert read_bound("2013-03-10 00:00:00-05:00", BoundType.TIMESTAMPTZ) == INSTANT


def test_a_moment_stays_as_it_is_written():
    assert read_moment("2013-01-01") == date(2013, 1, 1)
    assert not isinstance(read_moment("2013-01-01"), datetime)
    assert read_moment("2013-01-01 06:00").tzinfo is None
    five_behind = timezone(timedelta(hours=-5))
    assert read_moment("2013-01-01T06:00-05:00") == datetime(2013, 1, 1, 6, tzinfo=five_behind)
    assert read_moment("2013-01-01T06:00Z") == datetime(2013, 1, 1, 6, tzinfo=UTC)
