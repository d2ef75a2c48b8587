"""What `verify` found, as values. The JSON document is described in docs/cli.md."""

from __future__ import annotations

from typing import Any

from sqlbackfill.app.row_comparison import RowDifference
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyOutcome:
    """How one strategy did. `equal` is None where it was not compared, and then `reason` says why."""

    strategy: str
    rows: int | None = None
    queries: int = 0
    seconds: float | None = None
    equal: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was compared and what came out. `label` names the partitions in -p syntax."""

    model: str
    label: str
    partitions: tuple[dict[str, Any], ...]
    strategies: tuple[StrategyOutcome, ...]
    reference: str
    reference_rows: int | None = None
    differences: tuple[tuple[str, RowDifference], ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The `verify` document of docs/cli.md."""
        document: dict[str, Any] = {
            "schema_version": 1,
            "model": self.model,
            "partitions": list(self.partitions),
            "strategies": [
                {
                    "strategy": one.strategy,
                    "rows": one.rows,
                    "queries": one.queries,
                    "seconds": one.seconds,
                    "equal": one.equal,
                    "reason": one.reason,
                }
                for one in self.strategies
            ],
            "reference": self.reference,
            "differences": [
                {
                    "strategy": strategy,
                    "row": difference.row,
                    "count": difference.count,
                    "expected_count": difference.expected_count,
                }
                for strategy, difference in self.differences
            ],
        }
        if self.errors:
            document["errors"] = [error.as_json() for error in self.errors]
        return document
