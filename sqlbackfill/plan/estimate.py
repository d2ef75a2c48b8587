"""The estimate of a step from what is known of its reads and of its past. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.plan.estimate_price import Pricing, price
from sqlbackfill.plan.estimate_zones import Amount
from sqlbackfill.plan.types import Estimate, Plan, Spread


class Basis(StrEnum):
    """Where figures come from, the best first. `local` is for what costs no money."""

    HISTORY = "history"
    EXPLAIN = "explain"
    STATISTICS = "statistics"
    PRIOR = "prior"
    LOCAL = "local"


_ORDER: Final = tuple(Basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """What the queries of a step read, and how that is known; None where it is not.

    `note` says what the engine told of it, for people.
    """

    amount: Amount | None
    basis: Basis | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What the queries of a step take, and how that is known."""

    seconds: Spread
    basis: Basis


_QUERY_S: Final = 0.02
_BYTES_PER_S: Final = 400e6
_ROWS_PER_S: Final = 10e6
_FACTOR: Final = 6.0
"""What nobody has measured is an order of magnitude."""


def first_guess(amount: Amount, queries: int) -> Spread:
    """Seconds of `queries` that read `amount` in all, by a model that was never built."""
    bytes_read, rows, fixed_s = amount.scan_bytes, amount.rows, _QUERY_S * queries
    return Spread(
        (fixed_s + bytes_read.low / _BYTES_PER_S + rows.low / _ROWS_PER_S) / _FACTOR,
        fixed_s + bytes_read.likely / _BYTES_PER_S + rows.likely / _ROWS_PER_S,
        (fixed_s + bytes_read.high / _BYTES_PER_S + rows.high / _ROWS_PER_S) * _FACTOR,
    )


def hull(one: Spread, other: Spread) -> Spread:
    """The likely of `one`, between the ends of both."""
    return Spread(
        min(one.low, other.low, one.likely), one.likely, max(one.high, other.high, one.likely)
    )


def step_estimate(sized: Sized, timed: Timed | None, pricing: Pricing, steps: int) -> Estimate:
    """The estimate of one of `steps` steps. Its basis is that of its weakest figure."""
    seconds = timed.seconds if timed else None
    spent, cost_usd = price(seconds, pricing, steps)
    basis: Basis | None = Basis.LOCAL
    if not pricing.is_free:
        basis = weakest(sized.basis, timed.basis if timed else None)
    return Estimate(
        scan_bytes=_rounded(sized.amount.scan_bytes) if sized.amount else None,
        rows=_rounded(sized.amount.rows) if sized.amount else None,
        seconds=_rounded(seconds, 3) if seconds else None,
        credits=_rounded(spent, 6) if spent and not pricing.is_free else spent,
        cost_usd=_rounded(cost_usd, 6) if cost_usd and not pricing.is_free else cost_usd,
        basis=basis.value if basis else None,
        note=sized.note,
    )


def weakest(*bases: Basis | None) -> Basis | None:
    """The worst of `bases`; None where there is none."""
    return max((basis for basis in bases if basis is not None), key=_ORDER.index, default=None)


def with_estimates(plan: Plan, estimates: Sequence[Estimate]) -> Plan:
    """`plan` with an estimate for each step, in their order; its id is then out of date."""
    steps = zip(plan.steps, estimates, strict=True)
    return replace(plan, steps=tuple(replace(step, estimate=estimate) for step, estimate in steps))


def by_model(plan: Plan) -> Mapping[str, Estimate]:
    """What all steps of each model come to, in the order of the plan."""
    models: dict[str, list[Estimate]] = {}
    for step in plan.steps:
        models.setdefault(step.model, []).append(step.estimate)
    return {
        model: replace(
            total(estimates), note="; ".join({e.note: None for e in estimates if e.note})
        )
        for model, estimates in models.items()
    }


def total(estimates: Sequence[Estimate]) -> Estimate:
    """The sum; a number is unknown if it is unknown for any, a basis if they differ."""
    bases = {estimate.basis for estimate in estimates}
    return Estimate(
        scan_bytes=_sum([estimate.scan_bytes for estimate in estimates]),
        rows=_sum([estimate.rows for estimate in estimates]),
        seconds=_sum([estimate.seconds for estimate in estimates]),
        credits=_sum([estimate.credits for estimate in estimates]),
        cost_usd=_sum([estimate.cost_usd for estimate in estimates]),
        basis=bases.pop() if len(bases) == 1 else None,
    )


def _sum(spreads: list[Spread | None]) -> Spread | None:
    together = Spread(0, 0, 0)
    for spread in spreads:
        if spread is None:
            return None
        together += spread
    return together


def _rounded(spread: Spread, digits: int | None = None) -> Spread:
    """`spread` as documents show it: nobody knows further digits."""
    return Spread(
        round(spread.low, digits), round(spread.likely, digits), round(spread.high, digits)
    )
