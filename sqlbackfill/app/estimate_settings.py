"""What the profile and the project say of prices and of the warehouse. What they come to is `plan/estimate_price`'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlbackfill.app.loading import Loaded
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.plan.estimate_price import FREE, RESUME_S, Pricing, credits_per_hour
from sqlbackfill.warehouse.protocol import Session
from sqlbackfill.warehouse.sizes import ComputeSize

OWN_VARS: Final = "sqlbackfill"
_NUMBERS: Final = ("credit_price_usd", "credits_per_hour", "confirm_above_usd", "usd_per_hour")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """Settings of prices as they were written; None where nobody did. The profile wins."""

    usd_per_hour: float | None = None
    credit_price_usd: float | None = None
    credits_per_hour: float | None = None
    warehouse_size: str | None = None
    warehouse_generation: int | None = None
    on_azure: bool = False
    confirm_above_usd: float | None = None


def price_settings(loaded: Loaded) -> PriceSettings:
    """What the target's fields say, else the project's `vars: {sqlbackfill: {…}}`.

    Raises ProjectError BAD_PRICE for a value that is no price.
    """
    project = loaded.project.package_vars.get(OWN_VARS, {})
    given = loaded.project.vars.get(OWN_VARS)
    if isinstance(given, Mapping):
        project = {**project, **given}
    found: dict[str, object] = {**project, **loaded.target.fields}
    if "credit_price_usd" not in found and "usd_per_credit" in found:
        found["credit_price_usd"] = found["usd_per_credit"]
    numbers = {name: _number(name, found[name]) for name in _NUMBERS if name in found}
    generation = found.get("warehouse_generation")
    size = found.get("warehouse_size")
    place = f"{found.get('region', '')} {found.get('account', '')}".lower()
    return PriceSettings(
        **numbers,
        warehouse_size=None if size is None else str(size),
        warehouse_generation=None
        if generation is None
        else int(_number("warehouse_generation", generation)),
        on_azure="azure" in place,
    )


def pricing_of(loaded: Loaded, session: Session | None) -> Pricing:
    """How the target bills. Asks the warehouse for its size where nothing else says it."""
    settings = price_settings(loaded)
    if loaded.target.type == "duckdb" and loaded.target.dialect is None:
        if settings.usd_per_hour is None:
            return FREE
        return Pricing(usd_per_hour=settings.usd_per_hour)
    return billed(settings, loaded, session)


def billed(settings: PriceSettings, loaded: Loaded, session: Session | None) -> Pricing:
    """The same of a target that bills credits."""
    compute = ComputeSize(settings.warehouse_size, settings.warehouse_generation)
    if settings.credits_per_hour is None and compute.size is None and session is not None:
        told = loaded.adapter.compute_size(session)
        compute = told or compute
    rate = settings.credits_per_hour
    if rate is None:
        rate = credits_per_hour(compute.size, compute.generation, on_azure=settings.on_azure)
    missing = None
    if rate is None:
        missing = "set warehouse_size (or credits_per_hour) in the profile"
    elif settings.credit_price_usd is None:
        missing = "set credit_price_usd in the profile, or under vars: sqlbackfill: in the project"
    return Pricing(
        credits_per_hour=rate,
        credit_price_usd=settings.credit_price_usd,
        least_s=RESUME_S,
        missing=missing,
    )


def _number(name: str, value: object) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) else -1.0
    except ValueError:
        number = -1.0
    if isinstance(value, bool) or not 0 <= number < float("inf"):
        raise ProjectError(
            Diagnostic(
                code="BAD_PRICE",
                message=f"`{name}` must be a number of at least 0",
                fix=f"write `{name}: 3.0` in the profile, or under vars: sqlbackfill: in the project",
            )
        )
    return number
