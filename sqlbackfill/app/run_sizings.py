"""What a run may go by when it cuts chunks anew: what planning found, or for a saved plan a new look."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.app.chunk_outlooks import chunk_outlooks
from sqlbackfill.app.plan import Planned
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.chunk_choice import Outlook
from sqlbackfill.plan.sizing import Sizing, sizing_of
from sqlbackfill.plan.strategy import allowed_all


class RunSizings:
    """Asked where chunks of a model are left; reads the ledger only for what planning did not."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned

    def of(self, model: str) -> Sizing | None:
        """None for a model whose chunks the analysis or its partitioning fixes."""
        candidate = self._planned.prepared.candidates[model]
        if candidate.is_whole or candidate.reads_itself or not allowed_all(candidate.allowed):
            return None
        return sizing_of(self._outlooks(model).get(model), candidate.max_chunk)

    def _outlooks(self, model: str) -> Mapping[str, Outlook | None]:
        planned = self._planned
        if model in planned.outlooks:
            return planned.outlooks
        prepared, listed = planned.prepared, PartitionSet.empty()
        for step in planned.plan.steps:
            if step.model == model:
                listed |= step.partitions
        session = prepared.workspace.loaded.adapter.session()
        try:
            return chunk_outlooks(prepared, session, {model: listed})
        finally:
            session.close()
