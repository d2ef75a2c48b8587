"""What is known of the cost of a model's chunks before they run: its past."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.app.planning import Prepared
from sqlbackfill.ledger.past_chunks import Past, read_past
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.chunk_choice import Outlook
from sqlbackfill.plan.chunk_cost_fit import from_history
from sqlbackfill.warehouse.protocol import Session

Outlooks = Mapping[str, Outlook]
_WHY_TOO_LARGE = "more ran out of memory or time"


def chunk_outlooks(
    prepared: Prepared, session: Session, wanted: Mapping[str, PartitionSet]
) -> dict[str, Outlook]:
    """The outlook for models whose partitions are `wanted`; those of which nothing is known left out."""
    models = prepared.workspace.models
    past = read_past(prepared.ledger, session, [models[name].relation for name in wanted])
    found: dict[str, Outlook] = {}
    for name in wanted:
        outlook = _outlook(
            past.get(models[name].relation, Past()), prepared.candidates[name].fingerprint
        )
        if outlook is not None:
            found[name] = outlook
    return found


def _outlook(past: Past, fingerprint: str) -> Outlook | None:
    if not past.chunks and past.too_large is None:
        return None
    cost = from_history(past.chunks, fingerprint)
    if past.too_large is None:
        return Outlook(cost=cost)
    return Outlook(cost=cost, most=max(1, past.too_large // 2), why_most=_WHY_TOO_LARGE)
