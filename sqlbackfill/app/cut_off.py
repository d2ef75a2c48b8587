"""Early cut-off: what of a downstream still has to be rebuilt once all that it reads is settled.

A partition is left as it is iff its code and every version that it recorded are those of now, after
what this run has committed (analysis.md, 6; docs/adr/0021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlbackfill.app.histories import Histories
from sqlbackfill.app.model_inputs import judged_inputs
from sqlbackfill.app.options import OnReading
from sqlbackfill.app.planning import Prepared, watched_models
from sqlbackfill.app.source_versions import ProjectSources
from sqlbackfill.dataclass import replace
from sqlbackfill.ledger.islands import RelationLog, standing
from sqlbackfill.ledger.records import InputMark, Island, Mark
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.freshness import Freshness
from sqlbackfill.plan.states import Cause
from sqlbackfill.plan.types import MAY_BE_CUT_OFF, Plan
from sqlbackfill.plan.versions import Changes, InputEdge, InputVersions
from sqlbackfill.warehouse.protocol import Session


class CutOff:
    """Answers while a run commits; takes note of what it writes. For one thread, as the run's own.

    It stands between the run and the marks of its inputs, since both have to hear of every commit.
    """

    def __init__(
        self, prepared: Prepared, plan: Plan, versions: InputVersions, on_reading: OnReading
    ) -> None:
        self._prepared = prepared
        self._versions = versions
        self._logs: dict[str, RelationLog] = dict(prepared.state.logs)
        self._added: dict[str, list[Island]] = {}
        self._changes: dict[str, Changes] = {}
        self._watched = watched_models(prepared.workspace)
        self._inputs = judged_inputs(prepared.workspace, prepared.inputs)
        self._sources = replace(prepared.sources, on_reading=on_reading)
        self._overtaken: set[str] = set()
        doubtful = _doubtful(prepared, plan)
        self._settled = {
            name: candidate.state.stale - doubtful.get(name, PartitionSet.empty())
            for name, candidate in prepared.candidates.items()
        }
        self._sources.expect(
            {name: self._records_in(name, partitions) for name, partitions in doubtful.items()},
            self._inputs,
        )

    def inputs_of(self, model: str, partitions: PartitionSet) -> Mapping[str, InputMark]:
        """The mark of each input for a chunk that is launched now."""
        return self._versions.inputs_of(model, partitions)

    def built(self, model: str, records: Sequence[Island]) -> None:
        """Takes note of records that were just committed."""
        self._versions.built(model, records)
        self._added.setdefault(model, []).extend(records)
        self._changes.pop(model, None)

    def look_again(self, heads: Mapping[str, Mark]) -> None:
        """Takes `heads` for what stands now; what moved since planning is not compared any more."""
        self._overtaken = {
            name for name, head in heads.items() if head != self._prepared.heads[name]
        }
        self._versions.look_again(heads)

    def still_needed(self, model: str, partitions: PartitionSet) -> PartitionSet:
        """Of `partitions` those without a record, and those that some change makes stale.

        What was stale already, for more than what this run rebuilds, is not looked at again.
        """
        settled = self._settled[model]
        open_to_doubt = partitions - settled
        if not open_to_doubt or any(e.name in self._overtaken for e in self._inputs[model]):
            return partitions
        return (partitions & settled) | self._still_stale(model, open_to_doubt)

    def _still_stale(self, model: str, partitions: PartitionSet) -> PartitionSet:
        prepared = self._prepared
        recorded = prepared.state.tracked[model].recorded
        session = prepared.workspace.loaded.adapter.session()
        try:
            histories = Histories(
                prepared.ledger,
                session,
                self._watched,
                prepared.state.tables,
                self._versions.head,
            )
            freshness = Freshness(
                reads=prepared.reads,
                inputs=self._inputs,
                changes={edge.name: self._changes_of(edge.name) for edge in self._models(model)},
                exact=histories.moved,
                old_mark=histories.is_as_of_old,
                sources=self._judging(session, histories),
            )
            parts = self._records_in(model, partitions)
            fingerprint = prepared.candidates[model].fingerprint
            causes = freshness.causes(model, parts, fingerprint)
        finally:
            session.close()
        stale = PartitionSet.of(span for cause in causes for span in cause.partitions.ranges)
        return (partitions - recorded) | (stale & partitions)

    def _records_in(self, model: str, partitions: PartitionSet) -> Sequence[Island]:
        records = self._prepared.state.tracked[model].records
        return [part for island in records for part in _within(island, partitions)]

    def _judging(self, session: Session, histories: Histories) -> ProjectSources:
        """The sources with what was digested of them so far: the run itself writes none."""
        self._sources.session = session
        self._sources.records = histories.with_sources
        return self._sources

    def _models(self, model: str) -> Sequence[InputEdge]:
        return [edge for edge in self._inputs[model] if not edge.is_source]

    def _changes_of(self, upstream: str) -> Changes:
        known = self._changes.get(upstream)
        if known is None:
            added = self._added.pop(upstream, None)
            if added:
                self._logs[upstream] = standing(added, self._logs[upstream])
            known = Changes(self._versions.head(upstream), self._logs[upstream])
            self._changes[upstream] = known
        return known


def _doubtful(prepared: Prepared, plan: Plan) -> dict[str, PartitionSet]:
    """Of each model the partitions that may turn out to be as they should be.

    Those of readers, and those that are stale only since something changed in a model that the plan
    rebuilds: missing, say, or of other rows than it will have.
    """
    rebuilt = {step.model for step in plan.steps}
    found: dict[str, PartitionSet] = {}
    for step in plan.steps:
        if step.reason not in MAY_BE_CUT_OFF:
            continue
        state = prepared.candidates[step.model].state
        for_good = PartitionSet.of(
            span
            for cause in state.causes
            if cause.code is not Cause.INPUT_CHANGED or cause.input not in rebuilt
            for span in cause.partitions.ranges
        )
        before = found.get(step.model, PartitionSet.empty())
        found[step.model] = before | (step.partitions - for_good)
    return found


def _within(island: Island, partitions: PartitionSet) -> Sequence[Island]:
    return [
        replace(island, start=start, end=end)
        for start, end in (island.partitions & partitions).ranges
    ]
