"""Which partitions a rebuild for new code leaves as they are in the columns that a reader uses.

What is found spares a plan their readers. Should a rebuild change them after all, the readers are
stale by the next command, as after any other change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlbackfill.app.planned_columns import digested_columns
from sqlbackfill.app.slices import slices
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Action, Island
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan import freshness as judging
from sqlbackfill.plan.candidates import Candidate
from sqlbackfill.plan.states import Cause
from sqlbackfill.plan.versions import InputEdge
from sqlbackfill.project.config import Freshness
from sqlbackfill.warehouse.protocol import Session

Records = Mapping[str, Sequence[Island]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRebuilds:
    """Compares the code of records with today's, by the columns of each reader."""

    workspace: Workspace
    ledger: Ledger
    session: Session
    freshness: judging.Freshness
    inputs: Mapping[str, Sequence[InputEdge]]

    def added_to(
        self, candidates: Mapping[str, Candidate], records: Records
    ) -> dict[str, Candidate]:
        """`candidates` with what rebuilding their stale partitions leaves unchanged, by reader."""
        recoded = [
            name
            for name, candidate in candidates.items()
            if any(cause.code is Cause.CODE_CHANGED for cause in candidate.state.causes)
            and self._repeats(name)
        ]
        if not recoded:
            return dict(candidates)
        today, digested = slices(self.workspace), digested_columns(self.workspace)
        same_for: dict[str, dict[str, list[Island]]] = {}
        for name in recoded:
            fingerprint = candidates[name].fingerprint
            islands = [each for each in records[name] if each.fingerprint != fingerprint]
            by_reader = {
                reader: same
                for reader, columns in self._readers(name).items()
                if columns in digested.get(name, ())
                and (same := _same(islands, columns, today[name].get(columns)))
            }
            if by_reader := self._digested(name, by_reader):
                same_for[name] = by_reader
        if self.freshness.sources is not None:
            asked = {name: _islands(by_reader) for name, by_reader in same_for.items()}
            self.freshness.sources.expect(asked, self.inputs)
        found = dict(candidates)
        for name, by_reader in same_for.items():
            quiet = self._quiet(name, candidates[name].fingerprint, by_reader)
            found[name] = replace(candidates[name], quiet_for=quiet)
        return found

    def _repeats(self, name: str) -> bool:
        """Whether the same code gives the same rows of the same inputs, however often it runs."""
        facts = self.workspace.facts.get(name)
        if facts is None or self._overlooks(name):
            return False
        return not (
            facts.is_volatile
            or facts.is_clock_dependent
            or facts.has_confined_choices
            or facts.reads_itself
        )

    def _overlooks(self, name: str) -> bool:
        """Whether the model reads something of which no version is kept."""
        workspace = self.workspace
        sources = [
            source
            for edge in self.inputs[name]
            if (source := workspace.source(edge.name)) is not None
        ]
        known = {edge.name for edge in self.inputs[name]}
        facts, inlined = workspace.facts[name], workspace.inlined.get(name)
        reads = (*facts.reads, *(inlined.reads if inlined else ()))
        return any(read.relation not in known for read in reads if not read.is_this) or any(
            source.freshness is Freshness.OFF for source in sources
        )

    def _readers(self, name: str) -> dict[str, str]:
        """The id of the columns that each reader uses of the model."""
        return {
            reader: edge.columns
            for reader, edges in self.inputs.items()
            for edge in edges
            if edge.name == name and reader != name
        }

    def _digested(
        self, name: str, by_reader: Mapping[str, list[Island]]
    ) -> dict[str, list[Island]]:
        """Those of which there is a digest in the reader's columns to compare with the next."""
        columns = self._readers(name)
        numbers = {island.seq for islands in by_reader.values() for island in islands}
        relation = self.workspace.models[name].relation
        details = self.ledger.details(self.session, relation, numbers) if numbers else {}
        found: dict[str, list[Island]] = {}
        for reader, islands in by_reader.items():
            kept = []
            for island in islands:
                known = details.get(island.seq)
                digests = known.digests.get(columns[reader], ()) if known is not None else ()
                if digests and None not in digests:
                    kept.append(island)
            if kept:
                found[reader] = kept
        return found

    def _quiet(
        self, name: str, fingerprint: str, by_reader: Mapping[str, list[Island]]
    ) -> dict[str, PartitionSet]:
        """The partitions of those islands, without those of which any input is another by now."""
        as_now = [replace(each, fingerprint=fingerprint) for each in _islands(by_reader)]
        causes = replace(self.freshness, inputs=self.inputs).causes(name, as_now, fingerprint)
        stale = PartitionSet.of(span for cause in causes for span in cause.partitions.ranges)
        return {
            reader: PartitionSet.of((each.start, each.end) for each in found) - stale
            for reader, found in by_reader.items()
        }


def _same(islands: Sequence[Island], columns: str, today: str | None) -> list[Island]:
    """Those whose code gives these columns as today's does."""
    return [
        each
        for each in islands
        if today is not None and each.action is Action.BUILT and each.slices.get(columns) == today
    ]


def _islands(by_reader: Mapping[str, Sequence[Island]]) -> list[Island]:
    return list({(i.start, i.end): i for found in by_reader.values() for i in found}.values())
