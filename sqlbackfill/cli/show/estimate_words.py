"""An estimate in words: bytes, time and money as `likely (up to high)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlbackfill.cli.show.words import duration, size

if TYPE_CHECKING:
    from sqlbackfill.plan.types import Estimate, Spread


def cells(estimate: Estimate) -> tuple[str, str, str, str]:
    """Bytes, time, money and basis, each as `likely (up to high)`; `unknown` where it is."""
    return (
        _spread(estimate.scan_bytes, lambda number: size(round(number))),
        _spread(estimate.seconds, duration),
        _spread(estimate.cost_usd, lambda number: f"${number:,.2f}"),
        estimate.basis or "mixed",
    )


def _spread(spread: Spread | None, shown: Callable[[float], str]) -> str:
    if spread is None:
        return "unknown"
    likely, high = shown(spread.likely), shown(spread.high)
    return likely if likely == high else f"{likely} (up to {high})"
