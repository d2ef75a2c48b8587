"""Gives the steps of a plan their estimates: sizes, seconds by the ledger's history, prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlbackfill.app.estimate_settings import pricing_of
from sqlbackfill.app.estimate_sizes import Sizes
from sqlbackfill.app.planning import Prepared
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.chunk_choice import Outlook
from sqlbackfill.plan.chunk_cost import Basis as CostBasis
from sqlbackfill.plan.estimate import (
    Basis,
    Sized,
    Timed,
    first_guess,
    hull,
    step_estimate,
    with_estimates,
)
from sqlbackfill.plan.estimate_price import Pricing
from sqlbackfill.plan.types import Plan, Step
from sqlbackfill.warehouse.protocol import Session
from sqlbackfill.warehouse.sizes import ZoneMap

LookUp = Callable[[Mapping[str, PartitionSet]], Mapping[str, Outlook]]
_MOST_RELATIONS = 100
_MOST_EXPLAINED_STEPS = 50


@dataclass(slots=True)
class Outlooks:
    """Outlooks by model, each looked up once."""

    look_up: LookUp
    known: dict[str, Outlook | None] = field(default_factory=dict)

    def __call__(self, wanted: Mapping[str, PartitionSet]) -> dict[str, Outlook]:
        new = {name: found for name, found in wanted.items() if name not in self.known}
        if new:
            looked_up = self.look_up(new)
            self.known.update({name: looked_up.get(name) for name in new})
        return {name: found for name in wanted if (found := self.known[name]) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What estimates are made from besides the plan. `kept` has zone maps from a file."""

    outlooks: Outlooks
    pricing: Pricing
    kept: Mapping[str, ZoneMap] | None = None
    is_thorough: bool = True


def estimated(plan: Plan, prepared: Prepared, session: Session | None, figures: Figures) -> Plan:
    """`plan` with an estimate of each step; its id is then out of date.

    Unless thorough, of a plan with very many tables some are not looked at.
    """
    if not plan.steps:
        return plan
    few = len(plan.steps) <= _MOST_EXPLAINED_STEPS
    sizes = Sizes(
        prepared,
        plan,
        session,
        kept=figures.kept,
        most_relations=None if figures.is_thorough else _MOST_RELATIONS,
        is_explained=figures.is_thorough or few,
        is_told=figures.is_thorough,
    )
    # What was never built has no past to ask for.
    tracked = prepared.state.tracked
    wanted = {s.model: s.partitions for s in plan.steps if tracked[s.model].records}
    outlooks = figures.outlooks(wanted)
    estimates = []
    for step in plan.steps:
        sized = sizes.of(step)
        timed = _timed(step, sized, outlooks.get(step.model), prepared)
        estimates.append(step_estimate(sized, timed, figures.pricing, len(plan.steps)))
    return with_estimates(plan, estimates)


def _timed(step: Step, sized: Sized, outlook: Outlook | None, prepared: Prepared) -> Timed | None:
    queries = len(step.chunks)
    guess = first_guess(sized.amount, queries) if sized.amount is not None else None
    if outlook is None or outlook.cost.basis is not CostBasis.HISTORY:
        return None if guess is None else Timed(seconds=guess, basis=Basis.PRIOR)
    seconds = outlook.cost.seconds([chunk.end - chunk.start for chunk in step.chunks])
    if _has_run(step, prepared):
        return Timed(seconds=seconds, basis=Basis.HISTORY)
    # Other code took that long: this one may read more.
    return Timed(seconds=hull(seconds, guess) if guess else seconds, basis=Basis.PRIOR)


def _has_run(step: Step, prepared: Prepared) -> bool:
    records = prepared.state.tracked[step.model].records
    return any(record.fingerprint == step.fingerprint for record in records)


def figures_for(prepared: Prepared, session: Session | None, outlooks: Outlooks) -> Figures:
    """What a plan's own estimates are made from: quickly, whatever the plan's size."""
    pricing = pricing_of(prepared.workspace.loaded, session)
    return Figures(outlooks=outlooks, pricing=pricing, is_thorough=False)
