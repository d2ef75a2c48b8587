"""What seconds of a warehouse cost: credits and money. Pure; the settings are read in `app/estimate_settings`."""

from __future__ import annotations

from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.plan.estimate_zones import times
from sqlbackfill.plan.types import Spread

_CREDITS: Final = {
    name: 2.0**power
    for power, names in enumerate(
        (
            ("XSMALL", "XS"),
            ("SMALL", "S"),
            ("MEDIUM", "M"),
            ("LARGE", "L"),
            ("XLARGE", "XL"),
            ("XXLARGE", "2XLARGE", "2XL", "XXL", "X2LARGE"),
            ("XXXLARGE", "3XLARGE", "3XL", "XXXL", "X3LARGE"),
            ("4XLARGE", "4XL", "X4LARGE"),
            ("5XLARGE", "5XL", "X5LARGE"),
            ("6XLARGE", "6XL", "X6LARGE"),
        )
    )
    for name in names
}
"""Credits an hour of a generation 1 warehouse, by size.
https://docs.snowflake.com/en/user-guide/warehouses-overview#warehouse-size"""

_SECOND_GENERATION: Final = 1.35
_SECOND_ON_AZURE: Final = 1.25
"""So many times the credits. https://www.snowflake.com/legal-files/CreditConsumptionTable.pdf"""

RESUME_S: Final = 60.0
"""A warehouse that starts is billed for so long at least."""


def credits_per_hour(size: str | None, generation: int | None, *, on_azure: bool) -> float | None:
    """The rate of a warehouse; None where its size is no size. An unknown generation counts as 1.

    >>> credits_per_hour("X-Small", None, on_azure=False), credits_per_hour("2XL", 2, on_azure=True)
    (1.0, 40.0)
    """
    if size is None:
        return None
    rate = _CREDITS.get(size.upper().replace("-", "").replace("_", "").replace(" ", ""))
    if rate is None or generation != 2:
        return rate
    return rate * (_SECOND_ON_AZURE if on_azure else _SECOND_GENERATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """How a target bills for the time of its queries; None is unknown.

    `is_free` is the engine in our own process where no price was set: credits and money are 0.
    `usd_per_hour` is the price of such a machine, which has no credits. `least_s` is billed at each
    start. `missing` says which setting would make an unknown price known.
    """

    credits_per_hour: float | None = None
    credit_price_usd: float | None = None
    usd_per_hour: float | None = None
    least_s: float = 0.0
    is_free: bool = False
    missing: str | None = None

    @property
    def usd_per_second(self) -> float | None:
        """What a second costs while the warehouse is up."""
        if self.is_free:
            return 0.0
        if self.usd_per_hour is not None:
            return self.usd_per_hour / 3600
        if self.credits_per_hour is None or self.credit_price_usd is None:
            return None
        return self.credits_per_hour * self.credit_price_usd / 3600


FREE: Final = Pricing(is_free=True)
_ZERO: Final = Spread(0, 0, 0)


def billed_seconds(seconds: Spread, pricing: Pricing, steps: int) -> Spread:
    """What is billed of `seconds` of one of `steps` steps.

    `low` takes the warehouse to be up already; `likely` lets all steps share one start; `high` has it
    start anew for each.
    """
    return Spread(
        seconds.low,
        max(seconds.likely, pricing.least_s / max(steps, 1)),
        max(seconds.high, pricing.least_s),
    )


def price(
    seconds: Spread | None, pricing: Pricing, steps: int = 1
) -> tuple[Spread | None, Spread | None]:
    """Credits and US dollars of one of `steps` steps; None is unknown."""
    if pricing.is_free:
        return _ZERO, _ZERO
    if seconds is None:
        return (_ZERO if pricing.usd_per_hour is not None else None), None
    billed = billed_seconds(seconds, pricing, steps)
    if pricing.usd_per_hour is not None:
        return _ZERO, times(billed, pricing.usd_per_hour / 3600)
    if pricing.credits_per_hour is None:
        return None, None
    spent = times(billed, pricing.credits_per_hour / 3600)
    if pricing.credit_price_usd is None:
        return spent, None
    return spent, times(spent, pricing.credit_price_usd)
