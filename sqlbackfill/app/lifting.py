"""Lets a model run as range or chunk where its query can be lifted (T3), and the engine agrees."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from sqlbackfill.app.lifted_sql import guarded, lifted_query
from sqlbackfill.app.trial_tables import TrialTables, as_multiset, trial_session
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import ProjectError, WarehouseError
from sqlbackfill.partitions.bounds import Bound, print_bound
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts
from sqlbackfill.query.lift import lift_slots
from sqlbackfill.query.lifted import LiftSlot
from sqlbackfill.query.splice import with_bounds, with_spine
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.template.types import Rendered

LIFTED_STRATEGIES: Final = ("range", "chunk", "partition")
_SCAN_MACROS: Final = frozenset(["partitioned_scan", "partition_predicate", "partition_literal"])
_LEAVE_IT: Final = (
    "leave it: range and chunk run the query for each of their partitions inside one query"
)
_PARTITIONS: Final = 4
_DATABASES: Final = 4
_ROWS: Final = 12


def with_lifting(
    facts: QueryFacts, request: AnalysisRequest, rendered: Rendered, partitioning: Partitioning
) -> QueryFacts:
    """The facts with `lifted` set and every strategy allowed, or as they are.

    A query that may be lifted by its text is still tried: the engine must bind it, to the same
    columns and types, and on a few made-up databases it must give the rows that one query per
    partition gives. That can only refuse, never allow.
    """
    if facts.strategies != ("partition",) or rendered.volatile:
        return facts
    if any(use.name in _SCAN_MACROS for use in rendered.macros_used):
        return facts
    slots = lift_slots(request, facts, partitioning.column_type)
    if slots is None:
        return facts
    trial = _Trial(facts, request, partitioning, slots)
    if not trial.passes():
        return facts
    reasons = tuple(
        replace(one, fix=_LEAVE_IT) if one.code == "BOUND_AS_VALUE" else one
        for one in facts.reasons
    )
    return replace(facts, lifted=slots, strategies=LIFTED_STRATEGIES, reasons=reasons)


@dataclass(slots=True)
class _Trial:
    """The query run both ways."""

    facts: QueryFacts
    request: AnalysisRequest
    partitioning: Partitioning
    slots: tuple[LiftSlot, ...]

    def passes(self) -> bool:
        """Whether nothing spoke against lifting."""
        try:
            with trial_session() as session:
                tables = TrialTables(session, self._inputs(), self.facts.occurrences)
                tables.create()
                return self._agrees(tables)
        except (WarehouseError, ProjectError, OverflowError):
            return False

    def _inputs(self) -> Mapping[str, InputRef]:
        return {m: ref for m, ref in self.request.occurrences.items() if m in self.request.sql}

    def _agrees(self, tables: TrialTables) -> bool:
        spined = with_spine(self.request.sql, self.slots)
        query = tables.query(_bare(spined)) if spined is not None else None
        if query is None:
            return False
        first = self._first()
        partitions = PartitionSet.span(first, first + _PARTITIONS)
        lifted = guarded(
            lifted_query(query, self.partitioning, partitions), self._column(), '"trial"'
        )
        single = [self._single(tables, ordinal) for ordinal in partitions.ordinals()]
        expected = tables.session.describe(single[0])
        if tables.session.describe(lifted) != expected:
            return False
        if self.facts.is_volatile:
            return True
        dice = random.Random(self.request.sql)  # noqa: S311 # not for secrets: the same rows each time
        anchors = self._anchors(first)
        for _ in range(_DATABASES):
            tables.fill(tables.random_rows(dice, anchors, _ROWS))
            one_by_one = [row for sql in single for row in tables.session.execute(sql)]
            if as_multiset(one_by_one) != as_multiset(tables.session.execute(lifted)):
                return False
        return True

    def _single(self, tables: TrialTables, ordinal: int) -> str:
        kind = self.partitioning.column_type
        start, end = (print_bound(bound, kind) for bound in self.partitioning.bounds(ordinal))
        query = tables.query(_bare(with_bounds(self.request.sql, start, end)))
        column = self._column()
        own = partitions_predicate(
            column, self.partitioning, PartitionSet.single(ordinal), self.request.dialect
        )
        return f"SELECT * FROM (\n{query}\n) AS trial WHERE {own}"

    def _column(self) -> str:
        wanted = self.request.partition.column if self.request.partition else ""
        columns = (one.name for one in self.facts.columns if one.name.lower() == wanted.lower())
        return '"' + next(columns, wanted).replace('"', '""') + '"'

    def _first(self) -> int:
        begin, end = self.partitioning.universe
        if begin is not None:
            return begin
        return end - _PARTITIONS if end is not None else 0

    def _anchors(self, first: int) -> tuple[Bound, ...]:
        return tuple(self.partitioning.bounds(first + step)[0] for step in range(_PARTITIONS + 1))


def _bare(sql: str) -> str:
    return sql.rstrip().rstrip(";").rstrip()
