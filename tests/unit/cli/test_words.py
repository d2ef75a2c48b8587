"""Numbers and durations in words."""

from __future__ import annotations

import pytest

from sqlbackfill.cli.show.words import count, duration, ranges


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
