"""What a run may spend, from the options and the profile's prices; and plans that are too dear to go unasked."""

from __future__ import annotations

from sqlbackfill.app.estimate_settings import price_settings, pricing_of
from sqlbackfill.app.loading import Loaded
from sqlbackfill.app.plan import Planned
from sqlbackfill.errors import Diagnostic, GuardError
from sqlbackfill.plan.document import total_estimate
from sqlbackfill.run.budget import Budget


def budget_of(planned: Planned, max_cost: float | None, *, allow_unknown: bool) -> Budget | None:
    """The budget of `--max-cost`; None where there is none, or time costs nothing.

    Raises GuardError COST_UNKNOWN where the rate is not known, or what a step takes: it could exceed
    any limit. With `allow_unknown` such steps count as they are measured.
    """
    if max_cost is None or not planned.plan.steps:
        return None
    loaded = planned.prepared.workspace.loaded
    session = loaded.adapter.session(read_only=True)
    try:
        pricing = pricing_of(loaded, session)
    finally:
        session.close()
    if pricing.is_free:
        return None
    rate = pricing.usd_per_second
    unknown = next((s.model for s in planned.plan.steps if s.estimate.seconds is None), None)
    if rate is None or (unknown is not None and not allow_unknown):
        what = "what a second costs" if rate is None else f"what `{unknown}` takes"
        fix = pricing.missing or "build it once without --max-cost, or add --allow-unknown"
        raise GuardError(
            Diagnostic(
                code="COST_UNKNOWN",
                message=f"nothing was done: {what} is not known, which exceeds every --max-cost",
                model=None if rate is None else unknown,
                fix=fix,
            )
        )
    return Budget(limit_usd=max_cost, usd_per_second=rate, least_s=pricing.least_s)


def price_per_second(loaded: Loaded) -> float | None:
    """US dollars for a second of the target, 0 where it is free; None: not known without asking."""
    return pricing_of(loaded, None).usd_per_second


def refuse_dear(planned: Planned) -> None:
    """Raises GuardError where a plan that nobody is asked about may cost more than `confirm_above_usd`."""
    loaded = planned.prepared.workspace.loaded
    most = price_settings(loaded).confirm_above_usd
    if most is None:
        return
    cost = total_estimate(planned.plan).cost_usd
    if cost is not None and cost.high <= most:
        return
    said = "costs an unknown sum" if cost is None else f"may cost up to ${cost.high:,.2f}"
    raise GuardError(
        Diagnostic(
            code="CONFIRMATION_REQUIRED",
            message=f"nothing was done: it {said}, and confirm_above_usd is {most:,.2f}",
            fix="say with --max-cost how much it may spend, or run it without --yes",
        )
    )
