"""Bounds that authors wrote (T2), in the words of five dialects: where they are said to hold, a range is its days."""

from __future__ import annotations

import pytest

from tests.property.author_queries import DIALECTS, author_query
from tests.property.broken_author_bounds import AUTHOR_MUTANTS
from tests.property.broken_rules import Mutant
from tests.property.window_harness import run

SEED = 20130310
QUERIES = 130
DATABASES = 6
SEARCHED = 400


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_range_gives_the_rows_of_its_days_where_the_bounds_are_said_to_hold(dialect: str) -> None:
    counts = run(SEED, range(QUERIES), databases=DATABASES, focus=dialect, make=author_query)
    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))
    assert counts.author_held > QUERIES // 20
    assert counts.author_pinned > QUERIES // 4
    assert counts.checks > QUERIES
    assert counts.invalid < QUERIES // 4


@pytest.mark.parametrize(
    "word",
    [
        "date_sub(date '__sb_start__', interval", "date_sub('__sb_start__', ", "dateadd(day, -", "- interval '",
        "between date", "is null) and (", "not (", "case when", "coalesce(x.d, x.e) as p", "full join", "union all",
        "not in (select", "exists (", "range between", "add_months(", "date_trunc('month', date '__sb_start__')",
    ],
)  # fmt: skip
def test_the_generator_says_every_shape(word: str) -> None:
    queries = (author_query(SEED, n, dialect).sql for dialect in DIALECTS for n in range(QUERIES))
    assert any(word in sql for sql in queries)


@pytest.mark.parametrize("mutant", AUTHOR_MUTANTS, ids=lambda mutant: mutant.name)
def test_the_harness_catches_a_broken_rule(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.patch(monkeypatch)
    counts = run(SEED, range(SEARCHED), databases=DATABASES, stop=True, make=author_query)
    assert counts.mismatches
