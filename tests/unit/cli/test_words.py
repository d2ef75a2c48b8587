"""Numbers and durations in words."""

from __future__ import annotations

import pytest

from sqlbackfill.cli.show.words import count, duration, ranges, reading, size


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "query", "1 query"), (2500, "query", "2,500 queries"), (0, "partition", "0 partitions")],
)
def test_a_count_agrees_with_its_noun(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_a_duration_is_as_exact_as_it_is_useful(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_one_range_more_than_fits_is_shown_rather_than_counted() -> None:
    assert ranges("a,b,c,d,e") == "a, b, c, d, e"
    assert ranges("a,b,c,d,e,f") == "a, b, c, d and 2 more"


def test_a_comma_in_a_quoted_key_joins_nothing() -> None:
    assert ranges("eu,'eu,1','it''s, so'") == "eu, 'eu,1', 'it''s, so'"
    assert ranges("") == ""


@pytest.mark.parametrize(
    ("count_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1300, "1.3 kB"),
        (9_960_000, "10 MB"),
        (999_600, "1.0 MB"),
        (12_300_000_000, "12 GB"),
        (5_000_000_000_000_000, "5,000 TB"),
    ],
)
def test_a_size_has_two_digits_in_the_unit_that_fits(count_bytes: int, text: str) -> None:
    assert size(count_bytes) == text


def test_what_a_comparison_reads_is_said_also_where_its_size_is_not_known() -> None:
    assert reading("raw.t", 12_000_000) == "reading raw.t (about 12 MB) to see what changed"
    assert reading("raw.t", None) == "reading raw.t (how much is not known) to see what changed"
