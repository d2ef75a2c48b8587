"""The logs of upstream models, read only where a partition may be stale: what plan compares exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlbackfill.app.ledger_state import Watched, renumbered
from sqlbackfill.ledger.history import History, Moved
from sqlbackfill.ledger.islands import standing
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.log_rows import OLD_DIGEST
from sqlbackfill.ledger.records import Island, Mark, SourceRead
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet
from sqlbackfill.plan.old_digests import OldDigests
from sqlbackfill.warehouse.protocol import Session, TableInfo, TableKind


class Histories:
    """Reads as much of each model's log as is asked for, while `session` is open.

    Keys are model names.
    """

    def __init__(
        self,
        ledger: Ledger,
        session: Session,
        watched: Mapping[str, Watched],
        tables: Mapping[str, TableInfo],
        head: Callable[[str], Mark],
    ) -> None:
        self._ledger = ledger
        self._session = session
        self._watched = watched
        self._tables = tables
        self._head = head
        self._known: dict[str, tuple[History, OrdinalRange | None]] = {}
        self._old: dict[str, OldDigests] = {}
        self._standing: dict[str, list[Island]] = {}

    def moved(self, model: str, mark: Mark, columns: str, within: PartitionSet) -> Moved:
        """Where in `within` the version in `columns` is not that of `mark`."""
        if not within:
            return []
        history = self._of(model, (within.first, within.last + 1))
        return history.moved(mark, self._head(model), columns, within)

    def is_as_of_old(self, model: str, mark: str, window: PartitionSet) -> bool:
        """Whether `window` is still what a ledger of version 1 recorded of it as `mark`."""
        known = self._old.get(model)
        if known is None:
            head = self._head(model)
            known = self._old[model] = OldDigests(
                {
                    island.start: f"{island.run_id}:{island.chunk}:{island.start_key}"
                    for island in self._of(model, None).built_at(head)
                }
            )
        return mark == OLD_DIGEST + known.digest(window)

    def _of(self, model: str, within: OrdinalRange | None) -> History:
        """The log of a model in its present space and numbering, of `within` at least.

        Who is asked a second time for more reads all.
        """
        known, hull = self._known.get(model, (None, (0, 0)))
        if known is not None and _covers(hull, within):
            return known
        watched = self._watched[model]
        space = watched.partitioning.space
        wanted = None
        if within is not None and known is None and space != KEY_SPACE:
            wanted = (space, *within)
        records, digests = self._ledger.history(self._session, watched.relation, wanted)
        table = self._tables.get(model)
        history = History(
            renumbered(records, watched.partitioning),
            space,
            digests=lambda seq: digests.get(seq, {}),
            is_view=table is not None and table.kind is TableKind.VIEW,
        )
        self._known[model] = history, None if wanted is None else wanted[1:]
        return history

    def with_sources(
        self, model: str, partitions: PartitionSet
    ) -> list[tuple[Island, Mapping[str, SourceRead]]]:
        """The records of `model` that stand in `partitions`, each with what it read of sources."""
        watched = self._watched[model]
        known = self._standing.get(model)
        if known is None:
            records, _ = self._ledger.history(self._session, watched.relation)
            islands = renumbered(standing(records).counting, watched.partitioning)
            known = self._standing[model] = [
                island for island in islands if island.space == watched.partitioning.space
            ]
        found = [island for island in known if island.partitions & partitions]
        details = self._ledger.details(
            self._session, watched.relation, {island.seq for island in found}
        )
        return [
            (island, details[island.seq].sources if island.seq in details else {})
            for island in found
        ]


def _covers(hull: OrdinalRange | None, within: OrdinalRange | None) -> bool:
    """Whether what was read of `hull`, None being all, answers for `within`."""
    if hull is None or within is None:
        return hull is None
    return hull[0] <= within[0] and within[1] <= hull[1]
