"""The claim of every read window, on random queries with the rarer operators: nothing outside it matters."""

from __future__ import annotations

import pytest

from tests.property.broken_operators import BROKEN_OPERATORS, BrokenOperator
from tests.property.operator_queries import operator_query
from tests.property.random_queries import Query
from tests.property.window_harness import Mismatch, run

QUERIES = 450
DATABASES = 6
SEED = 20130310
TIMES = 12  # the partitions of each are other ones

each_broken = pytest.mark.parametrize("broken", BROKEN_OPERATORS, ids=lambda broken: broken.name)


@pytest.mark.slow
def test_injected_queries_give_the_rows_of_the_whole_query() -> None:
    counts = run(SEED, range(QUERIES), databases=DATABASES, make=operator_query)
    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))
    assert counts.injected > QUERIES // 3
    assert counts.checks > QUERIES * DATABASES // 3


@pytest.mark.parametrize(
    "word",
    [
        "asof join", "asof left join", "pivot (", "group by d) as", "unpivot", "include nulls", "left join unnest",
        "with ordinality", "unnest(generate_series", "range(", "union select r.p", "union all select r.p",
        "full join", "groups between", "nulls last", "tablesample", "not in",
    ],
)  # fmt: skip
def test_the_generator_says_every_shape(word: str) -> None:
    assert any(word in operator_query(SEED, n).sql for n in range(QUERIES))


@each_broken
def test_the_harness_catches_a_broken_rule(
    broken: BrokenOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken.patch(monkeypatch)
    assert _mismatches(broken.query)


@each_broken
def test_no_row_is_wrong_where_the_broken_rule_is_whole(broken: BrokenOperator) -> None:
    assert not _mismatches(broken.query)


def _mismatches(query: Query) -> list[Mismatch]:
    return run(
        SEED,
        range(TIMES),
        databases=DATABASES,
        stop=True,
        make=lambda seed, number, focus: query,
    ).mismatches
