"""The claim of every read window, on random queries and databases: nothing outside it matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.partitions.mapping import microseconds
from sqlbackfill.partitions.zone_images import (
    first_instant,
    highest_reading,
    last_instant,
    lowest_reading,
)
from tests.property.broken_rules import MUTANTS, Mutant
from tests.property.window_harness import run
from tests.property.written_queries import WRITTEN, run_written

QUERIES = 1_500
PART = 300  # so that several workers share them
DATABASES = 6
SEED = 20130310
MUTANT_SEED = 7
SEARCHED = 300  # most of it is never needed: `first` says where the first hit was
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia")


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, QUERIES, PART))
def test_injected_queries_give_the_rows_of_the_whole_query(first: int) -> None:
    counts = run(SEED, range(first, first + PART), databases=DATABASES)
    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))
    assert counts.injected > PART // 3
    assert counts.checks > PART * DATABASES // 3
    assert counts.author_pinned > 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_harness_catches_a_broken_rule(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.patch(monkeypatch)
    assert run_written(WRITTEN[mutant.name], MUTANT_SEED).mismatches
    numbers = range(mutant.first, mutant.first + SEARCHED)
    counts = run(MUTANT_SEED, numbers, databases=DATABASES, focus=mutant.focus, stop=True)
    assert counts.mismatches


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_no_row_is_wrong_where_the_broken_rule_is_whole(mutant: Mutant) -> None:
    assert not run_written(WRITTEN[mutant.name], MUTANT_SEED).mismatches
    numbers = range(mutant.first, mutant.first + 3)
    assert not run(MUTANT_SEED, numbers, databases=DATABASES, focus=mutant.focus).mismatches


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_hour_of_a_year_lies_in_the_images_of_the_spans_that_hold_it(
    zone: str,
) -> None:
    year = 2011 if zone == "Pacific/Apia" else 2013  # Samoa skipped the 30th of December 2011
    start = datetime(year, 1, 1, tzinfo=UTC)
    step = timedelta(minutes=15)
    clock = ZoneInfo(zone)
    instants = [start + step * n for n in range(366 * 24 * 4)]
    readings = [t.astimezone(clock).replace(tzinfo=UTC) for t in instants]
    pairs = [(microseconds(t), microseconds(r)) for t, r in zip(instants, readings, strict=True)]
    # The least reading from each instant on, and the least instant whose reading is that or later.
    least = pairs[-1][1]
    for instant, reading in reversed(pairs):
        least = min(least, reading)
        assert lowest_reading(instant, zone) <= least
    highest = pairs[0][1]
    for (instant, reading), (after, _) in pairwise(pairs):
        highest = max(highest, reading)
        assert highest_reading(after, zone) > highest
        assert first_instant(reading, zone) <= instant
        assert last_instant(reading + 1, zone) > instant


@given(st.sampled_from(ZONES), st.integers(0, 366))
def test_midnights_are_exact_save_around_a_change(zone: str, day: int) -> None:
    moment = datetime(2013, 1, 1, tzinfo=UTC) + timedelta(days=day)
    reading = microseconds(moment)
    local = moment.replace(tzinfo=ZoneInfo(zone))
    instant = microseconds(local.astimezone(UTC))
    assert first_instant(reading, zone) == instant
    assert last_instant(reading, zone) == instant
    assert lowest_reading(instant, zone) == reading
