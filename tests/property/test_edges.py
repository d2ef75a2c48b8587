"""The claim of every read window, on random queries through numbers and text that the SQL builds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.partitions.digits import digits_of, from_digits
from sqlbackfill.partitions.mapping import microseconds
from tests.property.broken_edges import EDGE_MUTANTS
from tests.property.broken_rules import Mutant
from tests.property.edge_queries import edge_query
from tests.property.window_harness import Counts, run
from tests.property.written_queries import WRITTEN, run_written

QUERIES = 400
DATABASES = 6
SEED = 20130310
MUTANT_SEED = 7
SEARCHED = 300  # most of it is never needed: `first` says where the first hit was
UNITS = ("year", "month", "day", "hour", "minute", "second")
FORMAT = "%Y%m%d%H%M%S"

each_mutant = pytest.mark.parametrize("mutant", EDGE_MUTANTS, ids=lambda mutant: mutant.name)


@pytest.mark.slow
def test_injected_queries_give_the_rows_of_the_whole_query() -> None:
    counts = run(SEED, range(QUERIES), databases=DATABASES, make=edge_query)
    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))
    assert counts.injected > QUERIES // 4
    assert counts.checks > QUERIES


@pytest.mark.parametrize(
    "word",
    [
        "strftime('%Y%m%d', ", "'%y%m%d'", "'%Y%j'", "epoch(", "epoch_ms(", "epoch_us(", "extract(epoch from",
        "year(", "to_timestamp(", "- DATE '", "date_diff('day', DATE", "// 86400000", "as varchar) as date)",
        "preceding", "<= epoch(", "* -2",
    ],
)  # fmt: skip
def test_the_generator_says_every_shape(word: str) -> None:
    assert any(word in edge_query(SEED, n).sql for n in range(QUERIES))


@each_mutant
def test_the_harness_catches_a_broken_rule(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.patch(monkeypatch)
    assert run_written(WRITTEN[mutant.name], MUTANT_SEED).mismatches
    numbers = range(mutant.first, mutant.first + SEARCHED)
    assert _run(mutant, numbers, stop=True).mismatches


@each_mutant
def test_no_row_is_wrong_where_the_broken_rule_is_whole(mutant: Mutant) -> None:
    assert not run_written(WRITTEN[mutant.name], MUTANT_SEED).mismatches
    numbers = range(mutant.first, mutant.first + 3)
    assert not _run(mutant, numbers).mismatches


def _run(mutant: Mutant, numbers: range, *, stop: bool = False) -> Counts:
    return run(
        MUTANT_SEED, numbers, databases=DATABASES, focus=mutant.focus, stop=stop, make=edge_query
    )


moments = st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 31))  # noqa: DTZ001  readings


@given(moments, st.sampled_from(UNITS))
def test_digits_are_those_that_a_format_writes_and_lead_back_to_their_first_moment(
    moment: datetime, unit: str
) -> None:
    fields = UNITS.index(unit) + 1
    value = microseconds(moment.replace(tzinfo=UTC))
    number = digits_of(value, unit)
    assert str(number) == moment.strftime(FORMAT[: fields * 2])
    first = from_digits(number, unit)
    assert digits_of(first, unit) == number
    assert first <= value
    assert first == microseconds(datetime(1000, 1, 1, tzinfo=UTC)) or (
        digits_of(first - 1, unit) < number
    )


@given(st.integers(1000_00_00, 9998_99_99))
def test_a_number_that_is_no_day_leads_to_the_next_day_that_is_one(number: int) -> None:
    first = from_digits(number, "day")
    assert digits_of(first, "day") >= number
    before = first - timedelta(days=1) // timedelta(microseconds=1)
    if number > 1000_01_01:
        assert digits_of(before, "day") < number
