"""The claims of sections 2 and 4 in the shapes of `claim_queries`: no row is wrong, and broken rules are caught."""

from __future__ import annotations

import pytest

from tests.property.broken_claims import CLAIM_MUTANTS
from tests.property.broken_derived import DERIVED_MUTANTS
from tests.property.broken_rules import MUTANTS, Mutant
from tests.property.claim_queries import SHAPES, claim_query
from tests.property.window_harness import run
from tests.property.written_queries import WRITTEN, run_written

SEED = 20131027
QUERIES = 60
DATABASES = 4
SEARCHED = 400


@pytest.mark.parametrize("shape", SHAPES)
def test_injected_queries_of_every_shape_give_the_rows_of_the_whole_query(shape: str) -> None:
    counts = run(SEED, range(QUERIES), databases=DATABASES, focus=shape, make=claim_query)

    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))
    assert counts.injected >= 10
    assert counts.invalid < QUERIES // 2


@pytest.mark.parametrize(
    "mutant", [*CLAIM_MUTANTS, *DERIVED_MUTANTS], ids=lambda mutant: mutant.name
)
def test_a_broken_claim_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    query = WRITTEN[mutant.name]
    assert not run_written(query, SEED).mismatches
    mutant.patch(monkeypatch)
    assert run_written(query, SEED).mismatches
    numbers = range(mutant.first, mutant.first + SEARCHED)
    counts = run(
        SEED, numbers, databases=DATABASES, focus=mutant.focus, stop=True, make=claim_query
    )

    assert counts.mismatches


@pytest.mark.parametrize(
    "kind", ["union", "union all", "intersect", "intersect all", "except", "except all"]
)
def test_columns_met_by_position_where_they_meet_by_name_are_caught(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = "set operations"
    numbers = [n for n in range(600) if f" {kind} by name" in claim_query(SEED, n, shape).sql]
    assert len(numbers) > 20
    next(mutant for mutant in MUTANTS if mutant.name == "BY NAME by position").patch(monkeypatch)
    counts = run(SEED, numbers, databases=DATABASES, focus=shape, stop=True, make=claim_query)

    assert counts.mismatches
