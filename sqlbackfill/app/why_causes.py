"""Every cause for which recorded partitions are stale, with what changed, when and by which run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlbackfill.app.cause_words import in_words
from sqlbackfill.app.code_texts import code_texts
from sqlbackfill.app.ledger_state import renumbered
from sqlbackfill.app.planning import Prepared
from sqlbackfill.app.source_windows import source_window
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.ledger.islands import standing
from sqlbackfill.ledger.records import Island
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.freshness import Freshness
from sqlbackfill.plan.states import Cause, StaleCause
from sqlbackfill.warehouse.protocol import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """That a run wrote partitions of an input; `run_id` is None where the record was taken back."""

    run_id: str | None
    at: str | None
    label: str
    partitions: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "at": self.at,
            "partitions": [dict(each) for each in self.partitions],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyCause:
    """One cause. `changed` are partitions of `input`, None where they are not known.

    `diff` is a unified diff of the SQL as it was recorded and as it is; `notes` say what else of
    the code differs.
    """

    code: str
    message: str
    input: str | None = None
    changed: tuple[Mapping[str, Any], ...] | None = None
    changed_label: str = ""
    writes: tuple[Write, ...] = ()
    diff: str | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "input": self.input,
            "partitions": None if self.changed is None else [dict(each) for each in self.changed],
            "writes": [write.as_json() for write in self.writes],
            "diff": self.diff,
            "notes": list(self.notes),
        }


@dataclass(slots=True)
class Causes:
    """The causes of one model, by ranges; reads the ledger while `session` is open."""

    prepared: Prepared
    session: Session
    model: str
    _logs: dict[str, tuple[Island, ...]] = field(default_factory=dict)
    _differences: dict[str, tuple[str | None, tuple[str, ...]]] = field(default_factory=dict)

    def of(self, partitions: PartitionSet) -> tuple[StaleCause, ...]:
        """All causes within `partitions`, also those that hide behind an earlier one."""
        records = _within(self.prepared.state.tracked[self.model].records, partitions)
        fingerprint = self.prepared.candidates[self.model].fingerprint
        recoded = PartitionSet.of(
            (each.start, each.end) for each in records if each.fingerprint != fingerprint
        )
        found = [StaleCause(recoded, Cause.CODE_CHANGED, None)] if recoded else []
        as_now = [replace(each, fingerprint=fingerprint) for each in records]
        for freshness in self._by_edge():
            found += freshness.causes(self.model, as_now, fingerprint)
        return tuple(found)

    def told(self, cause: StaleCause, recorded: str | None) -> WhyCause:
        """`cause` with all that is known of it; `recorded` is the fingerprint of the records."""
        said = partial(WhyCause, code=cause.code.value, message=in_words(cause), input=cause.input)
        if cause.code is Cause.CODE_CHANGED:
            diff, notes = self._difference(recorded or "")
            return said(diff=diff, notes=notes)
        partitioning = self._partitioning(cause)
        if partitioning is None or not cause.changed:
            return said()
        return said(
            changed=tuple(partitioning.json_ranges(cause.changed)),
            changed_label=partitioning.label_set(cause.changed),
            writes=self._writes(cause, partitioning),
        )

    def _by_edge(self) -> Sequence[Freshness]:
        freshness = self.prepared.freshness
        return [
            replace(freshness, inputs={**freshness.inputs, self.model: (edge,)})
            for edge in freshness.inputs[self.model]
        ]

    def _partitioning(self, cause: StaleCause) -> AnyPartitioning | None:
        workspace = self.prepared.workspace
        if cause.code is Cause.SOURCE_CHANGED:
            source = workspace.source(str(cause.input))
            if source is None or self.model not in workspace.facts:
                return None
            window = source_window(workspace, self.prepared.reads, self.model, source)
            found = window.partitioning
            return None if isinstance(found, WholePartitioning) else found
        return workspace.partitionings.get(str(cause.input))

    def _writes(self, cause: StaleCause, partitioning: AnyPartitioning) -> tuple[Write, ...]:
        if cause.code is not Cause.INPUT_CHANGED:
            return ()
        by_run: dict[str, list[Island]] = {}
        for island in _within(self._log(str(cause.input)), cause.changed):
            by_run.setdefault(island.run_id, []).append(island)
        written = PartitionSet.of((i.start, i.end) for each in by_run.values() for i in each)
        found = [
            _write(partitioning, run_id, max(i.finished_at for i in islands), islands)
            for run_id, islands in sorted(by_run.items())
        ]
        gone = cause.changed - written
        if gone:
            found.append(
                Write(
                    run_id=None,
                    at=None,
                    label=partitioning.label_set(gone),
                    partitions=tuple(partitioning.json_ranges(gone)),
                )
            )
        return tuple(found)

    def _log(self, name: str) -> tuple[Island, ...]:
        """What stands of an input's whole log, where no checkpoint has merged runs."""
        if name not in self._logs:
            workspace = self.prepared.workspace
            partitioning = workspace.partitionings[name]
            records, _ = self.prepared.ledger.history(self.session, workspace.models[name].relation)
            identity = self.prepared.state.tracked[name].table_identity
            islands = renumbered(standing(records).counting, partitioning)
            self._logs[name] = tuple(
                each
                for each in islands
                if each.space == partitioning.space and each.identity == identity
            )
        return self._logs[name]

    def _difference(self, recorded: str) -> tuple[str | None, tuple[str, ...]]:
        if recorded not in self._differences:
            self._differences[recorded] = self._compared(recorded)
        return self._differences[recorded]

    def _compared(self, recorded: str) -> tuple[str | None, tuple[str, ...]]:
        texts = self.prepared.ledger.codes.texts(self.session, {recorded})
        if recorded not in texts:
            return None, ("the code of then was not kept",)
        import msgspec

        from sqlbackfill.app.code_difference import code_difference
        from sqlbackfill.query.stored_code import StoredCode

        now = code_texts(self.prepared.workspace, (self.model,))
        [current] = now.values()
        try:
            before = StoredCode.of_text(texts[recorded])
        except (msgspec.ValidationError, msgspec.DecodeError):
            return None, ("the code of then cannot be read",)
        found = code_difference(before, StoredCode.of_text(current))
        return found.diff or None, found.notes


def _within(islands: Sequence[Island], partitions: PartitionSet) -> list[Island]:
    """The parts of `islands` in `partitions`, ascending."""
    return [
        replace(island, start=start, end=end)
        for island in islands
        for start, end in (island.partitions & partitions).ranges
    ]


def _write(partitioning: AnyPartitioning, run_id: str, at: str, islands: Sequence[Island]) -> Write:
    partitions = PartitionSet.of((each.start, each.end) for each in islands)
    return Write(
        run_id=run_id,
        at=at,
        label=partitioning.label_set(partitions),
        partitions=tuple(partitioning.json_ranges(partitions)),
    )
