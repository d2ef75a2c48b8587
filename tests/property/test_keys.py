"""Partitions that are a static list of keys: injected lists change no row, and broken rules about keys are caught."""

from __future__ import annotations

import pytest

from tests.property.broken_keys import KEY_MUTANTS
from tests.property.broken_rules import Mutant
from tests.property.key_harness import run_keys
from tests.property.key_queries import key_query

SEED = 20130310
QUERIES = 700
DATABASES = 6
SEARCHED = 1_000  # most of it is never needed: `first` says where the first hit was


@pytest.mark.slow
def test_injected_keys_give_the_rows_of_the_whole_query() -> None:
    counts = run_keys(SEED, range(QUERIES), databases=DATABASES)
    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))
    assert counts.injected > QUERIES // 5
    assert counts.checks > QUERIES
    assert counts.invalid < QUERIES // 10


@pytest.mark.parametrize(
    "word",
    [
        "collate nocase", "is not distinct from", "using (c)", "lower(", "trim(", ".e", "full join", "anti join",
        "not in (select", "exists (", "by name", "except all", "rollup (", "grouping sets", "distinct on",
        "qualify", "'eu' as c", "coalesce(", "case when", "limit 3", "having", "n::varchar",
    ],
)  # fmt: skip
def test_the_generator_says_every_shape(word: str) -> None:
    assert any(word in key_query(SEED, n).sql for n in range(QUERIES))


@pytest.mark.parametrize("mutant", KEY_MUTANTS, ids=lambda mutant: mutant.name)
def test_the_harness_catches_a_broken_rule(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.patch(monkeypatch)
    numbers = range(mutant.first, mutant.first + SEARCHED)
    assert run_keys(SEED, numbers, databases=DATABASES, stop=True).mismatches
