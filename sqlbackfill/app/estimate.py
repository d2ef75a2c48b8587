"""The `estimate` use case: what a plan costs, against limits and against the estimate of another branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.costly_reads import full_scans
from sqlbackfill.app.estimate_settings import pricing_of
from sqlbackfill.app.estimates import Figures, Outlooks, estimated
from sqlbackfill.app.json_files import UnreadableFileError, read_document, wrong_content
from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import (
    Planned,
    PlanRequest,
    plan_in,
    read_request,
    selected_models,
)
from sqlbackfill.app.planning import Prepared
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, UsageError
from sqlbackfill.plan import estimate_limits as limits
from sqlbackfill.plan.document import (
    SCHEMA_VERSION,
    estimate_json,
    read_estimate,
    total_estimate,
)
from sqlbackfill.plan.estimate import by_model, total
from sqlbackfill.plan.estimate_limits import Change, Costed, Limit
from sqlbackfill.plan.estimate_price import Pricing
from sqlbackfill.plan.estimate_statistics import Statistics
from sqlbackfill.plan.types import Estimate, Plan
from sqlbackfill.query.facts import ReadKind
from sqlbackfill.warehouse.protocol import Session

_WIDE_READS = (ReadKind.ALL, ReadKind.UNKNOWN, ReadKind.PAST, ReadKind.FUTURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRequest:
    """What is estimated, and what it is held against. A limit of None is none."""

    plan: PlanRequest
    max_cost: float | None = None
    max_bytes: float | None = None
    max_seconds: float | None = None
    max_increase: float | None = None
    allow_unknown: bool = False
    baseline: Path | None = None
    stats: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """The estimate of each model, the limits, what changed, and what is wrong with it.

    `changes` is None without a baseline. `planned` is None where nothing was selected.
    """

    planned: Planned | None
    models: Mapping[str, Costed]
    total: Estimate
    limits: tuple[Limit, ...] = ()
    changes: tuple[Change, ...] | None = None
    errors: tuple[Diagnostic, ...] = ()

    @property
    def is_exceeded(self) -> bool:
        return any(limit.exceeded for limit in self.limits)

    def as_json(self) -> dict[str, Any]:
        """The `estimate` document of the contract."""
        document: dict[str, Any] = {
            "schema_version": 1,
            "steps": self.planned.document["steps"] if self.planned else [],
            "total": self.planned.document["total"]
            if self.planned
            else {"partition_count": 0, "query_count": 0, **estimate_json(self.total)},
            "limits": [limit.as_json() for limit in self.limits],
        }
        if self.changes is not None:
            document["changes"] = [change.as_json() for change in self.changes]
        if self.errors:
            document["errors"] = [error.as_json() for error in self.errors]
        return document


def estimate(options: Options, request: EstimateRequest) -> Estimated:
    """What `request` costs. Spends nothing; with `stats` it needs neither warehouse nor credentials.

    Raises what `plan` raises, and UsageError for a baseline or statistics that cannot be read.
    """
    wanted = read_request(request.plan)
    before = _read_baseline(request.baseline) if request.baseline else None
    statistics: Statistics | None = None
    if request.stats is not None:
        from sqlbackfill.app.offline import offline_workspace
        from sqlbackfill.app.stats import open_statistics

        statistics = open_statistics(request.stats)
        workspace = offline_workspace(options, statistics)
    else:
        workspace = open_workspace(options)
    if not selected_models(workspace, request.plan).models:
        return _judged(workspace, None, request, before, None)
    told: list[Pricing] = []

    def price(plan: Plan, prepared: Prepared, session: Session, outlooks: Outlooks) -> Plan:
        pricing = pricing_of(workspace.loaded, session if statistics is None else None)
        told.append(pricing)
        kept = statistics.zone_maps if statistics else None
        return estimated(
            plan, prepared, session, Figures(outlooks=outlooks, pricing=pricing, kept=kept)
        )

    planned = plan_in(workspace, request.plan, wanted, fills=statistics is None, estimate=price)
    return _judged(workspace, planned, request, before, told[0])


def _judged(
    workspace: Workspace,
    planned: Planned | None,
    request: EstimateRequest,
    before: Mapping[str, Costed] | None,
    pricing: Pricing | None,
) -> Estimated:
    models = _costed(planned.plan) if planned else {}
    changed = limits.changes(models, before) if before is not None else None
    blocked = planned.plan.blocked if planned else ()
    withheld = blocked[0].model if blocked else None
    found = [
        limits.check_limit(
            name, limit, models, allow_unknown=request.allow_unknown, withheld=withheld
        )
        for name, limit in (
            (limits.MAX_COST, request.max_cost),
            (limits.MAX_BYTES, request.max_bytes),
            (limits.MAX_SECONDS, request.max_seconds),
        )
        if limit is not None
    ]
    if request.max_increase is not None and changed is not None and before is not None:
        found.append(
            limits.check_increase(
                request.max_increase,
                changed,
                before,
                allow_unknown=request.allow_unknown,
                withheld=withheld,
            )
        )
    errors = tuple(
        _error(workspace, limit, pricing, is_blocked=limit.model == withheld)
        for limit in found
        if limit.exceeded
    )
    return Estimated(
        planned=planned,
        models=models,
        total=total_estimate(planned.plan) if planned else total([]),
        limits=tuple(found),
        changes=changed,
        errors=errors,
    )


def _costed(plan: Plan) -> dict[str, Costed]:
    estimates, counts, codes = by_model(plan), dict[str, int](), dict[str, str]()
    for step in plan.steps:
        counts[step.model] = counts.get(step.model, 0) + len(step.partitions)
        codes[step.model] = step.fingerprint
    return {
        model: Costed(
            partition_count=counts[model], fingerprint=codes[model], estimate=estimates[model]
        )
        for model in estimates
    }


def _error(
    workspace: Workspace, limit: Limit, pricing: Pricing | None, *, is_blocked: bool
) -> Diagnostic:
    """That a limit is exceeded: which model does it, the line that makes it dear, what would help."""
    option = f"--{limit.name.replace('_', '-')}"
    if limit.value is None:
        return _unknown(workspace, limit, pricing, option, is_blocked=is_blocked)
    amount, bound = _amount(limit.name, limit.value), _amount(limit.name, limit.limit)
    what = "an increase of" if limit.name == limits.MAX_INCREASE else "up to"
    most = f", most of it `{limit.model}`" if limit.model else ""
    found = Diagnostic(
        code="LIMIT_EXCEEDED",
        message=f"{what} {amount}{most}, and {option} is {bound}",
        model=limit.model,
        fix="choose fewer partitions with -p, or raise the limit",
    )
    lowering = _what_lowers_it(workspace, limit.model) if limit.model else None
    if lowering is None:
        return replace(found, span=workspace.models[limit.model].span if limit.model else None)
    return replace(
        found,
        span=lowering.span or workspace.models[str(limit.model)].span,
        fix=lowering.fix or found.fix,
        message=f"{found.message}: {lowering.message}",
        notes=lowering.notes,
    )


def _unknown(
    workspace: Workspace, limit: Limit, pricing: Pricing | None, option: str, *, is_blocked: bool
) -> Diagnostic:
    missing = pricing.missing if pricing and limit.name == limits.MAX_COST else None
    if is_blocked:
        fix = (
            "select its upstreams too (+model), or give --stats FILE, which takes them to be there"
        )
    elif missing is not None:
        fix = missing
    else:
        fix = "give --stats FILE, or build it once, so that its inputs and its past are known"
    return Diagnostic(
        code="COST_UNKNOWN",
        message=f"what `{limit.model}` costs is not known, which exceeds every {option}",
        model=limit.model,
        span=workspace.models[limit.model].span if limit.model else None,
        fix=f"{fix}; --allow-unknown leaves it out",
    )


def _what_lowers_it(workspace: Workspace, model: str) -> Diagnostic | None:
    """The finding of `check` about what makes a model read much, else the reason why it reads widely."""
    facts = workspace.facts.get(model)
    if facts is None:
        return None
    scan = next(full_scans(workspace, workspace.models[model], facts), None)
    if scan is not None:
        return scan
    for read in facts.reads:
        if read.kind in _WIDE_READS:
            cause = next((r for r in facts.reasons if r.message in read.because), None)
            if cause is not None:
                return cause
    return next(iter(facts.reasons), None)


def _amount(name: str, value: float) -> str:
    match name:
        case limits.MAX_COST:
            return f"${value:,.2f}"
        case limits.MAX_BYTES:
            return f"{value:,.0f} bytes"
        case limits.MAX_SECONDS:
            return f"{value:,.1f} seconds"
        case _:
            return f"{value:,.1f} %"


def _read_baseline(file: Path) -> Mapping[str, Costed]:
    """The models of an earlier `estimate --json`. Raises UsageError INVALID_BASELINE."""
    try:
        document = read_document(file, schema_version=SCHEMA_VERSION)
        try:
            found: dict[str, list[Mapping[str, Any]]] = {}
            for step in document["steps"]:
                found.setdefault(step["model"], []).append(step)
            return {model: _costed_before(steps) for model, steps in found.items()}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise wrong_content(error) from None
    except UnreadableFileError as why:
        raise UsageError(
            Diagnostic(
                code="INVALID_BASELINE",
                message=f"`{file}` does not hold an estimate to compare with: {why}",
                fix="write it with `sqlbackfill estimate … --json > FILE` on the branch to compare with",
            )
        ) from None


def _costed_before(steps: Sequence[Mapping[str, Any]]) -> Costed:
    return Costed(
        partition_count=sum(int(step["partition_count"]) for step in steps),
        fingerprint=str(steps[0]["fingerprint"]),
        estimate=total([read_estimate(step["estimate"]) for step in steps]),
    )
