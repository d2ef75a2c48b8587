"""What a run may go by when it cuts the chunks of a model anew. Owns no decision."""

from __future__ import annotations

from sqlbackfill.dataclass import dataclass
from sqlbackfill.plan.chunk_choice import Outlook
from sqlbackfill.plan.chunk_cost import ModelCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The cost that was expected, None where nothing is known, and the largest chunk allowed, None: any."""

    cost: ModelCost | None = None
    most: int | None = None


def sizing_of(outlook: Outlook | None, max_chunk: int | None) -> Sizing:
    """What an outlook and the model's own `max_chunk` come to: the smaller of the two bounds holds."""
    bounds = [outlook.most if outlook else None, max_chunk]
    most = min((bound for bound in bounds if bound is not None), default=None)
    return Sizing(cost=outlook.cost if outlook else None, most=most)
