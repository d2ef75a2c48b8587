"""Rules about bounds that an author wrote, each broken on purpose: random queries must find a wrong row for every one."""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlglot import exp

from sqlbackfill.query import edges, values
from tests.property.broken_claims import CLAIM_MUTANTS
from tests.property.broken_rules import MUTANTS, Mutant

_SHARED: Final = frozenset(
    {
        "author's bounds always hold",
        "OR as its first arm",
        "NOT ignored",
        "LEFT as INNER",
        "PARTITION BY ignored",
        "COALESCE as its first part",
        "any COALESCE",
    }
)


def _moved_the_other_way(patch: pytest.MonkeyPatch) -> None:
    """DATE_SUB and the like taken for DATE_ADD."""
    real = values.moved_by

    def moved_by(node: exp.Expr) -> Any:
        given = real(node)
        return None if given is None else (given[0], -given[1])

    patch.setattr(values, "moved_by", moved_by)
    patch.setattr(edges, "moved_by", moved_by)


def _sums_the_other_way(patch: pytest.MonkeyPatch) -> None:
    """`date - interval` taken for `date + interval`."""
    real = values.interval_of

    def interval_of(node: exp.Expr) -> Any:
        given = real(node)
        return None if given is None else (given[0], -given[1])

    patch.setattr(values, "interval_of", interval_of)


AUTHOR_MUTANTS: Final = (
    Mutant("DATE_SUB as DATE_ADD", _moved_the_other_way, None),
    Mutant("minus an interval as plus", _sums_the_other_way, None),
    *(mutant for mutant in (*MUTANTS, *CLAIM_MUTANTS) if mutant.name in _SHARED),
)
