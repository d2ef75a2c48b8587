"""Rules about keys, each broken on purpose: random queries partitioned by keys must find a wrong row for every one.

Those that are no matter of keys alone are the mutants of `broken_rules` and `broken_claims`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from sqlglot import exp

from sqlbackfill.query.edges import EdgeRules, Link
from sqlbackfill.query.images import SAME
from tests.property.broken_claims import CLAIM_MUTANTS
from tests.property.broken_rules import MUTANTS, Mutant

_SHARED: Final = {
    "PARTITION BY ignored": 63, "NOT IN as IN": 43, "any COALESCE": 385, "LEFT as INNER": 2,
    "inner ON above outer joins": 2, "BY NAME by position": 503, "COALESCE as its first part": 30,
    "CASE as its first arm": 21, "DISTINCT ON keeps every bound": 38, "max(p) as p": 37,
    "pushed through LIMIT": 127, "windows over ROLLUP keep every bound": 63,
}  # fmt: skip


def _as_its_argument(patch: pytest.MonkeyPatch, *types: type[exp.Expr]) -> None:
    real = EdgeRules.link

    def link(self: EdgeRules, node: exp.Expr, kind: Any) -> Link | None:
        return Link(node.this, SAME, SAME) if isinstance(node, types) else real(self, node, kind)

    patch.setattr(EdgeRules, "link", link)


def _case_ignored(patch: pytest.MonkeyPatch) -> None:
    _as_its_argument(patch, exp.Lower)


def _blanks_ignored(patch: pytest.MonkeyPatch) -> None:
    _as_its_argument(patch, exp.Trim)


def _collation_ignored(patch: pytest.MonkeyPatch) -> None:
    _as_its_argument(patch, exp.Collate)


KEY_MUTANTS: Final = (
    Mutant("case ignored", _case_ignored, None, 241),
    Mutant("blanks ignored", _blanks_ignored, None, 138),
    Mutant("collation ignored", _collation_ignored, None, 435),
    *(
        replace(mutant, focus=None, first=_SHARED[mutant.name])
        for mutant in (*MUTANTS, *CLAIM_MUTANTS)
        if mutant.name in _SHARED
    ),
)
