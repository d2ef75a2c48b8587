"""The `why` use case: what is recorded of partitions against what is now, in ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.cause_words import VOID
from sqlbackfill.app.ledger_notes import foreign_rows_kept
from sqlbackfill.app.ledger_state import renumbered
from sqlbackfill.app.model_partitions import chosen_partitions, one_model
from sqlbackfill.app.options import Options
from sqlbackfill.app.planning import Prepared, prepare
from sqlbackfill.app.status import range_bounds
from sqlbackfill.app.why_causes import Causes, WhyCause
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import Diagnostic
from sqlbackfill.ledger.islands import standing
from sqlbackfill.ledger.records import Action, BuildDetails, Failure, Island
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.warehouse.protocol import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the ledger says of a range: how its partitions came to be. `at` is the latest of them."""

    action: str
    run_id: str
    at: str
    strategy: str
    rows: int
    fingerprint: str
    analyser: str

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyRange:
    """Consecutive partitions with one story, in `summary`. `bounds` and `label` are as in status."""

    bounds: Mapping[str, Any]
    label: str
    state: str
    summary: str
    recorded: Recorded | None = None
    causes: tuple[WhyCause, ...] = ()
    failure: Failure | None = None

    def as_json(self) -> dict[str, Any]:
        failure = self.failure
        return {
            **self.bounds,
            "state": self.state,
            "failed": failure is not None,
            "summary": self.summary,
            "recorded": self.recorded.as_json() if self.recorded else None,
            "causes": [cause.as_json() for cause in self.causes],
            "failure": failure
            and {
                "code": failure.code,
                "message": failure.message,
                "run_id": failure.run_id,
                "at": failure.finished_at,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All ranges of the partitions that were asked about, ascending."""

    model: str
    fingerprint: str
    ranges: tuple[WhyRange, ...]
    warnings: tuple[Diagnostic, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The `why` document of docs/cli.md."""
        return {
            "schema_version": 1,
            "model": self.model,
            "fingerprint": self.fingerprint,
            "ranges": [item.as_json() for item in self.ranges],
        }


def why(options: Options, model: str, partitions: Sequence[str]) -> Why:
    """How the partitions of `model` stand and came to be; without `partitions` all that are known.

    Raises UsageError for words that cannot be read or that name nothing, and WarehouseError.
    """
    workspace = open_workspace(options)
    adapter = workspace.loaded.adapter
    try:
        name = one_model(workspace, model, "why")
        session = adapter.session(read_only=True)
        try:
            prepared = prepare(workspace, session)
            wanted, warnings = _wanted(prepared, name, partitions)
            causes = Causes(prepared, session, name)
            ranges = tuple(_Story(prepared, session, name, causes).ranges(wanted))
        finally:
            session.close()
    finally:
        adapter.close()
    return Why(
        model=name,
        fingerprint=prepared.candidates[name].fingerprint,
        ranges=ranges,
        warnings=(*warnings, *foreign_rows_kept(prepared, (name,))),
    )


def _wanted(
    prepared: Prepared, name: str, texts: Sequence[str]
) -> tuple[PartitionSet, tuple[Diagnostic, ...]]:
    state = prepared.candidates[name].state
    if texts:
        return chosen_partitions(prepared, name, texts)
    return state.built | state.stale | state.missing | state.untracked | state.failed, ()


@dataclass(slots=True)
class _Story:
    """Tells the ranges of one model."""

    prepared: Prepared
    session: Session
    model: str
    _causes: Causes
    _log: list[Island] = field(default_factory=list)
    _details: dict[int, BuildDetails] = field(default_factory=dict)
    _starts: dict[int, int] = field(default_factory=dict)
    _taken_back: dict[int, Island] = field(default_factory=dict)
    _failures: list[Failure] = field(default_factory=list)

    def ranges(self, wanted: PartitionSet) -> Iterator[WhyRange]:
        self._read(wanted)
        state = self.prepared.candidates[self.model].state
        pieces: list[tuple[tuple[int, int], str]] = []
        recorded = state.built | state.stale
        for name, partitions in (("built", state.built), ("stale", state.stale)):
            pieces += ((span, name) for span in self._by_record(partitions & wanted))
        rest = wanted - recorded
        for name, partitions in (
            ("untracked", rest & state.untracked),
            ("missing", rest - state.untracked),
        ):
            pieces += ((span, name) for span in self._by_failure(partitions))
        for span, name in sorted(pieces):
            yield from self._told(span, name)

    def _read(self, wanted: PartitionSet) -> None:
        prepared, workspace = self.prepared, self.prepared.workspace
        relation = workspace.models[self.model].relation
        partitioning = workspace.partitionings[self.model]
        records, _ = prepared.ledger.history(self.session, relation)
        identity = prepared.state.tracked[self.model].table_identity
        own = [
            each for each in renumbered(records, partitioning) if each.space == partitioning.space
        ]
        self._log = [
            each
            for each in renumbered(standing(records).counting, partitioning)
            if each.space == partitioning.space
            and each.identity == identity
            and each.partitions & wanted
        ]
        self._taken_back = {each.seq: each for each in own if each.action is Action.FORGOTTEN}
        self._starts = {each.seq: each.start for each in own}
        self._details = prepared.ledger.details(
            self.session, relation, (each.seq for each in self._log)
        )
        self._failures = [
            failure
            for failure in prepared.ledger.failures(self.session, [relation]).get(relation, ())
            if failure.space == partitioning.space
        ]

    def _by_record(self, partitions: PartitionSet) -> Iterator[tuple[int, int]]:
        """Spans of `partitions` that one run recorded alike, cut where failures and causes begin."""
        causes = self._causes.of(partitions)
        groups: dict[object, PartitionSet] = {}
        for island in self._log:
            part = island.partitions & partitions
            key = (island.run_id, island.action, island.fingerprint, self._strategy(island))
            groups[key] = groups.get(key, PartitionSet.empty()) | part
        for part in groups.values():
            for span in part.ranges:
                cuts = {*span}
                for cause in causes:
                    cuts |= {at for each in cause.partitions.ranges for at in each}
                yield from self._cut(span, cuts)

    def _by_failure(self, partitions: PartitionSet) -> Iterator[tuple[int, int]]:
        taken = [at for each in self._taken_back.values() for at in (each.start, each.end)]
        for span in partitions.ranges:
            yield from self._cut(span, {*span, *taken})

    def _cut(self, span: tuple[int, int], cuts: set[int]) -> Iterator[tuple[int, int]]:
        """`span` in the pieces between `cuts` and the bounds of failures."""
        start, end = span
        cuts = cuts | {at for each in self._failures for at in (each.start, each.end)}
        yield from pairwise(sorted(at for at in cuts if start <= at <= end))

    def _told(self, span: tuple[int, int], state: str) -> Iterator[WhyRange]:
        partitions = PartitionSet.span(*span)
        partitioning = self.prepared.workspace.partitionings[self.model]
        recorded = self._recorded(partitions) if state in ("built", "stale") else None
        causes: tuple[WhyCause, ...] = ()
        if state == "stale":
            fingerprint = recorded.fingerprint if recorded else None
            causes = tuple(
                self._causes.told(cause, fingerprint) for cause in self._causes.of(partitions)
            )
        failure = next((f for f in self._failures if f.start <= span[0] < f.end), None)
        told = WhyRange(
            bounds={},
            label="",
            state=state,
            summary=self._summary(state, span[0]),
            recorded=recorded,
            causes=causes,
            failure=failure,
        )
        for bounds, label in range_bounds(partitioning, span):
            yield replace(told, bounds=bounds, label=label)

    def _summary(self, state: str, ordinal: int) -> str:
        if state == "built":
            return "up to date"
        if state == "stale":
            return "recorded, but its code or its inputs have changed since"
        void = self.prepared.state.tracked[self.model].void_code
        if void is not None:
            return VOID[void]
        back = max(
            (each for each in self._taken_back.values() if each.start <= ordinal < each.end),
            key=lambda each: each.seq,
            default=None,
        )
        if back is not None:
            return f"the record was taken back by {back.run_id} at {back.finished_at}"
        if state == "untracked":
            return "the table holds rows of it, but no record says where they come from"
        due_end = self.prepared.candidates[self.model].due_end
        return "never built" if ordinal < due_end else "never built, and not over yet"

    def _recorded(self, partitions: PartitionSet) -> Recorded | None:
        parts = [
            (island, (island.partitions & partitions).ranges)
            for island in self._log
            if island.partitions & partitions
        ]
        if not parts:
            return None
        newest = max((island for island, _ in parts), key=lambda island: island.seq)
        return Recorded(
            action=newest.action.value,
            run_id=newest.run_id,
            at=max(island.finished_at for island, _ in parts),
            strategy=self._strategy(newest),
            rows=sum(self._rows(island, span) for island, spans in parts for span in spans),
            fingerprint=newest.fingerprint,
            analyser=newest.analyser,
        )

    def _rows(self, island: Island, span: tuple[int, int]) -> int:
        details = self._details.get(island.seq)
        counts = details.row_counts if details else ()
        first = self._starts.get(island.seq, island.start)
        return sum(counts[span[0] - first : span[1] - first])

    def _strategy(self, island: Island) -> str:
        details = self._details.get(island.seq)
        return details.strategy if details else ""
