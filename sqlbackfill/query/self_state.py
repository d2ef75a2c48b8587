"""Why a model that reads its own table runs one partition at a time."""

from __future__ import annotations

from sqlglot import exp

from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.parse import ParsedQuery, Places


def self_state(request: AnalysisRequest, parsed: ParsedQuery, places: Places) -> list[Diagnostic]:
    """The reason, at the first place where the query reads its own table."""
    table = next(
        (t for t in parsed.tree.find_all(exp.Table)
         if t.name in request.occurrences and request.occurrences[t.name].is_this),
        None,
    )  # fmt: skip
    return [
        Diagnostic(
            code="SELF_STATE",
            message="the model reads its own earlier partitions, so each must be written before the next",
            severity=Severity.NOTE,
            span=places.of(table) if table is not None else None,
            fix="leave it: partitions run one at a time, in order",
            model=request.model,
        )
    ]
