"""Whether estimates keep to limits, and how they differ from those of before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlbackfill.dataclass import dataclass
from sqlbackfill.plan.types import Estimate, Spread

MAX_COST, MAX_BYTES, MAX_SECONDS = "max_cost", "max_bytes", "max_seconds"
MAX_INCREASE = "max_increase"
_METRICS = {MAX_COST: "cost_usd", MAX_BYTES: "scan_bytes", MAX_SECONDS: "seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit and what it is compared with, always a `high`; `value` is None where that is unknown.

    `model` is the one that has most of it, or whose part is not known.
    """

    name: str
    limit: float
    value: float | None
    exceeded: bool
    model: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "limit": self.limit,
            "value": self.value,
            "exceeded": self.exceeded,
            "model": self.model,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Costed:
    """What one model comes to: its partitions, the code that computes them, its estimate."""

    partition_count: int
    fingerprint: str
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A model beside what it came to before.

    `before` is scaled to as many partitions as now, None for a model that was not there. `percent`
    is the increase of the bytes (where they are not known, of the cost), None where neither is.
    """

    model: str
    before: Estimate | None
    after: Estimate
    percent: float | None
    is_same: bool

    @property
    def is_new(self) -> bool:
        return self.before is None

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "new": self.is_new,
            "same": self.is_same,
            "percent": self.percent,
        }


def check_limit(
    name: str,
    limit: float,
    models: Mapping[str, Costed],
    *,
    allow_unknown: bool,
    withheld: str | None,
) -> Limit:
    """One of the three absolute limits against the sum over `models`.

    `withheld` names a model that the plan could not take in, and whose cost so is not known.
    """
    highs = {model: _high(costed.estimate, name) for model, costed in models.items()}
    unknown = next((model for model, high in highs.items() if high is None), withheld)
    known = {model: high for model, high in highs.items() if high is not None}
    if unknown is not None and not allow_unknown:
        return Limit(name=name, limit=limit, value=None, exceeded=True, model=unknown)
    value = sum(known.values())
    most = max(known, key=lambda model: known[model], default=None)
    return Limit(name=name, limit=limit, value=value, exceeded=value > limit, model=most)


def _high(estimate: Estimate, name: str) -> float | None:
    spread: Spread | None = getattr(estimate, _METRICS[name])
    return None if spread is None else spread.high


def changes(models: Mapping[str, Costed], before: Mapping[str, Costed]) -> tuple[Change, ...]:
    """Every one of `models` beside what it was, in their order.

    Equal code for as many partitions is no change, whatever runs since then have taught.
    """
    found = []
    for model, now in models.items():
        then = before.get(model)
        if then is None:
            found.append(
                Change(model=model, before=None, after=now.estimate, percent=None, is_same=False)
            )
            continue
        is_same = then.fingerprint == now.fingerprint
        scaled = _scaled(then.estimate, now.partition_count / max(then.partition_count, 1))
        percent = 0.0 if is_same else _increase(scaled, now.estimate)
        found.append(
            Change(model=model, before=scaled, after=now.estimate, percent=percent, is_same=is_same)
        )
    return tuple(found)


def check_increase(
    limit: float,
    found: Sequence[Change],
    before: Mapping[str, Costed],
    *,
    allow_unknown: bool,
    withheld: str | None = None,
) -> Limit:
    """The largest increase in percent: of a model that was there, or of all together, new ones included.

    `withheld` as in `check_limit`.
    """
    unknown = next((c.model for c in found if _is_unknown(c)), withheld)
    if unknown is None and any(change.is_new for change in found) and not _is_known(before):
        unknown = next(
            (name for name, then in before.items() if _amount(then.estimate) is None), None
        )
    if unknown is not None and not allow_unknown:
        return Limit(name=MAX_INCREASE, limit=limit, value=None, exceeded=True, model=unknown)
    each = {c.model: c.percent for c in found if c.percent is not None}
    worst = max(each, key=lambda model: each[model], default=None)
    value = each[worst] if worst is not None else 0.0
    overall = _overall(found, before)
    if overall is not None and overall > value:
        new = max(
            (c for c in found if c.is_new), key=lambda c: _amount(c.after) or 0.0, default=None
        )
        value, worst = overall, new.model if new is not None else worst
    return Limit(
        name=MAX_INCREASE, limit=limit, value=round(value, 1), exceeded=value > limit, model=worst
    )


def _is_unknown(change: Change) -> bool:
    """Whether nothing says by how much it grew; of a new model: how large it is."""
    return _amount(change.after) is None if change.is_new else change.percent is None


def _is_known(before: Mapping[str, Costed]) -> bool:
    """Whether there is anything to compare new models with."""
    return any(_amount(then.estimate) for then in before.values())


def _overall(found: Sequence[Change], before: Mapping[str, Costed]) -> float | None:
    """By how many percent of what is known of `before` all together grew; None where that is nothing."""
    base = sum(_amount(then.estimate) or 0.0 for then in before.values())
    more = 0.0
    for change in found:
        after, then = _amount(change.after), _amount(change.before) if change.before else 0.0
        if not change.is_same and after is not None and then is not None:
            more += after - then
    return 100 * more / base if base else None


def _increase(before: Estimate, after: Estimate) -> float | None:
    for name in (MAX_BYTES, MAX_COST):
        then, now = _high(before, name), _high(after, name)
        if then is not None and now is not None:
            if name == MAX_COST and then == now == 0:
                return None  # where nothing costs money that tells nothing
            if then == 0:
                return 0.0 if now == 0 else 1e9
            return round(100 * (now - then) / then, 1)
    return None


def _amount(estimate: Estimate) -> float | None:
    return _high(estimate, MAX_BYTES)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    if factor == 1:
        return estimate

    def scaled(spread: Spread | None) -> Spread | None:
        if spread is None:
            return None
        return Spread(spread.low * factor, spread.likely * factor, spread.high * factor)

    return Estimate(
        scan_bytes=scaled(estimate.scan_bytes),
        rows=scaled(estimate.rows),
        seconds=scaled(estimate.seconds),
        credits=scaled(estimate.credits),
        cost_usd=scaled(estimate.cost_usd),
        basis=estimate.basis,
    )
