"""Whether parts of a chunk cost about as much as the whole, by what chunks of the model have taken."""

from __future__ import annotations

from sqlbackfill.app.planning import Prepared
from sqlbackfill.ledger.past_chunks import Past, read_past
from sqlbackfill.plan.chunk_cost import Basis
from sqlbackfill.plan.chunk_cost_fit import from_history

_LEAST_S = 1.0
"""What every query costs is less than this; above it lies what is scanned whatever the partitions."""
_TELLING = 2


class FixedCosts:
    """Asked where a chunk failed; reads the ledger once for each model."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._known: dict[str, Past] = {}

    def prevail(self, model: str, partitions: int) -> bool:
        """Whether over half of the seconds of so many partitions are for what any number scans.

        False where too little is known: sizes that do not differ tell nothing.
        """
        past = self._past(model)
        cost = from_history(past.chunks, self._prepared.candidates[model].fingerprint)
        is_known = cost.basis is Basis.HISTORY and cost.largest >= _TELLING * cost.smallest
        fixed_s = cost.curve.fixed_s
        return is_known and fixed_s >= _LEAST_S and fixed_s > cost.curve.seconds(partitions) / 2

    def _past(self, model: str) -> Past:
        if model not in self._known:
            workspace = self._prepared.workspace
            relation = workspace.models[model].relation
            session = workspace.loaded.adapter.session()
            try:
                found = read_past(self._prepared.ledger, session, [relation])
            finally:
                session.close()
            self._known[model] = found.get(relation, Past())
        return self._known[model]
