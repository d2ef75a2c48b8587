"""Brings workspace, ledger and request together into what the planner and a run take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlbackfill.app.code_texts import with_fingerprints_of_today
from sqlbackfill.app.due_ends import due_ends, own_due_end
from sqlbackfill.app.histories import Histories
from sqlbackfill.app.known_digests import KnownDigests
from sqlbackfill.app.ledger_state import LedgerState, Watched, read_state
from sqlbackfill.app.lifted_sql import LIFTED
from sqlbackfill.app.model_inputs import judged_inputs, model_inputs
from sqlbackfill.app.quiet_rebuilds import QuietRebuilds
from sqlbackfill.app.read_edges import read_edges
from sqlbackfill.app.schema_changes import policy_of, schema_change, schema_problem
from sqlbackfill.app.source_versions import ProjectSources
from sqlbackfill.app.undeclared_inputs import with_undeclared_inputs
from sqlbackfill.app.user_functions import covering_user_functions
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Island, Mark
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.candidates import Candidate
from sqlbackfill.plan.freshness import Freshness
from sqlbackfill.plan.reads import Horizon, Reads
from sqlbackfill.plan.states import ModelState, model_state
from sqlbackfill.plan.strategy import parse_strategy
from sqlbackfill.plan.types import Plan
from sqlbackfill.plan.versions import Changes, InputEdge, InputVersions
from sqlbackfill.project.config import OnSchemaChange
from sqlbackfill.query.facts import QueryFacts
from sqlbackfill.warehouse.protocol import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A workspace beside the state of its warehouse. Keys are the names of built models, in order.

    `freshness` judges as long as the session is open that it was prepared with.
    """

    workspace: Workspace
    ledger: Ledger
    state: LedgerState
    reads: Reads
    inputs: Mapping[str, tuple[InputEdge, ...]]
    heads: Mapping[str, Mark]
    candidates: Mapping[str, Candidate]
    freshness: Freshness

    def digest(self, model: str) -> str:
        """How far the ledger's log of a model goes, and of which table it is."""
        return self.heads[model].text

    @property
    def versions(self) -> InputVersions:
        """The marks of what a run reads, from here on."""
        return InputVersions(self.inputs, self.heads, self.sources)

    @property
    def sources(self) -> ProjectSources:
        """What a run records of sources: looked at anew."""
        return ProjectSources(self.workspace, self.reads, self.inputs)

    def sources_of(self, plan: Plan) -> ProjectSources:
        """The same for a run that carries out `plan`."""
        planned: dict[str, PartitionSet] = {}
        for step in plan.steps:
            planned[step.model] = planned.get(step.model, PartitionSet.empty()) | step.partitions
        return replace(self.sources, planned=planned)


def ledger_of(workspace: Workspace) -> Ledger:
    """The ledger in the database that the target's models are written to."""
    target = workspace.loaded.target
    return Ledger(workspace.loaded.adapter, target.database, target.ledger_schema)


def watched_models(workspace: Workspace) -> dict[str, Watched]:
    """Every model that is built, as the ledger and the warehouse know it."""
    return {
        name: Watched(
            name=name,
            relation=workspace.models[name].relation,
            partitioning=partitioning,
            partition_column=workspace.models[name].partition_column,
        )
        for name, partitioning in workspace.partitionings.items()
    }


def prepare(workspace: Workspace, session: Session, *, judges: bool = True) -> Prepared:
    """The state of every model that is built; reads the ledger and the tables, writes nothing.

    Unless it `judges`, nothing counts as stale, and no source is read to find out.
    """
    workspace = covering_user_functions(with_undeclared_inputs(workspace, session), session)
    ledger = ledger_of(workspace)
    watched = watched_models(workspace)
    state = read_state(workspace.loaded.adapter, ledger, session, list(watched.values()))
    state = with_fingerprints_of_today(workspace, ledger, session, state)
    reads = Reads(
        partitionings=workspace.partitionings,
        horizons={name: _horizon(workspace, name, state) for name in workspace.partitionings},
        edges={name: read_edges(workspace, name) for name in workspace.partitionings},
    )
    inputs = model_inputs(workspace, reads)
    heads = {name: _head(workspace, name, state) for name in workspace.partitionings}
    histories = Histories(ledger, session, watched, state.tables, heads.__getitem__)
    known = KnownDigests(workspace.loaded.adapter, session, workspace.loaded.project.root)
    sources = ProjectSources(
        workspace,
        reads,
        inputs,
        session,
        histories.with_sources,
        workspace.loaded.options.on_reading,
        known,
    )
    judged = judged_inputs(workspace, inputs)
    ends = due_ends(workspace, reads)
    freshness = Freshness(
        reads=reads,
        inputs=judged,
        changes={name: Changes(heads[name], state.logs[name]) for name in heads},
        exact=histories.moved,
        old_mark=histories.is_as_of_old,
        sources=sources,
    )
    records = {name: tracked.records for name, tracked in state.tracked.items()}
    sources.expect(
        {name: _of_todays_code(workspace, name, records[name]) for name in records}, judged
    )
    candidates = {
        name: replace(
            _candidate(workspace, name, state, reads, freshness if judges else None, ends[name]),
            held_inputs=frozenset(edge.name for edge in inputs[name] if edge.is_held),
            unjudged_inputs=_unjudged(workspace, name, reads, judged[name]),
        )
        for name in workspace.partitionings
    }
    if judges:
        rebuilds = QuietRebuilds(
            workspace=workspace, ledger=ledger, session=session, freshness=freshness, inputs=inputs
        )
        candidates = rebuilds.added_to(candidates, records)
        known.save()
    return Prepared(
        workspace=workspace,
        ledger=ledger,
        state=state,
        reads=reads,
        inputs=inputs,
        heads=heads,
        freshness=freshness,
        candidates=candidates,
    )


def _of_todays_code(workspace: Workspace, name: str, records: Iterable[Island]) -> Sequence[Island]:
    """Those whose inputs decide: where the code is another, nothing of them matters."""
    facts = workspace.facts.get(name)
    return [each for each in records if facts is not None and each.fingerprint == facts.fingerprint]


def _unjudged(
    workspace: Workspace, name: str, reads: Reads, judged: Iterable[InputEdge]
) -> frozenset[str]:
    """Inputs whose changes go no further: none of a view's, which hands them on to its readers."""
    if workspace.is_view(name):
        return frozenset()
    return frozenset(edge.upstream for edge in reads.edges[name]) - {e.name for e in judged}


def _head(workspace: Workspace, name: str, state: LedgerState) -> Mark:
    return Mark(
        state.logs[name].high_water,
        state.tracked[name].table_identity or "",
        workspace.partitionings[name].space,
    )


def _horizon(workspace: Workspace, name: str, state: LedgerState) -> Horizon:
    partitioning, log = workspace.partitionings[name], state.logs[name]
    begin, end = partitioning.universe
    due_end = own_due_end(workspace, partitioning)
    # What is recorded counts even where it stands no more: that too may have been read.
    known = state.tracked[name].occupied | PartitionSet.of(
        (first, after) for space, first, after, _ in log.pieces if space == partitioning.space
    )
    if begin is not None:
        start = begin
    elif known:
        start = known.ranges[0][0]
    else:
        start = due_end
    stop = due_end if not known else max(due_end, known.ranges[-1][1])
    if end is not None:
        stop = max(min(stop, end), start)
    return Horizon(start, max(start, stop), begin, end)


def _candidate(
    workspace: Workspace,
    name: str,
    state: LedgerState,
    reads: Reads,
    freshness: Freshness | None,
    due_end: int,
) -> Candidate:
    model, partitioning = workspace.models[name], workspace.partitionings[name]
    facts = workspace.facts.get(name)
    ours = model.config.sqlbackfill
    horizon = reads.horizons[name]
    first = min(horizon.start, due_end) if horizon.begin is not None else due_end
    due = PartitionSet.span(first, max(first, min(due_end, horizon.stop)))
    fingerprint = facts.fingerprint if facts else ""
    change = schema_change(facts, state, name)
    return Candidate(
        name=name,
        partitioning=partitioning,
        state=model_state(
            state.tracked[name],
            due=due,
            causes=freshness.causes(name, state.tracked[name].records, fingerprint)
            if freshness is not None
            else (),
        ),
        due_end=due_end,
        fingerprint=fingerprint,
        table_identity=state.tracked[name].table_identity,
        allowed=facts.strategies if facts else (),
        why_not=_why_not(facts),
        how=LIFTED if facts and facts.lifted else None,
        asked=parse_strategy(ours.strategy) if ours.strategy else None,
        max_chunk=ours.max_chunk,
        is_view=workspace.is_view(name),
        reads_itself=facts.reads_itself if facts else False,
        refusal=_refusal(workspace, name),
        schema_problem=schema_problem(workspace, name, change),
        has_schema_change=change is not None,
        rebuilds_on_schema_change=policy_of(workspace, name) is OnSchemaChange.REBUILD,
    )


def _why_not(facts: QueryFacts | None) -> str | None:
    if facts is None or not facts.reasons:
        return None
    reason = facts.reasons[0]
    where = f"{reason.span.file}:{reason.span.line}: " if reason.span else ""
    return f"{where}{reason.message} ({reason.code})"


def _refusal(workspace: Workspace, name: str) -> Diagnostic | None:
    model = workspace.models[name]
    if model.config.refusal or model.config.unsupported:
        return model.config.refusal or model.config.unsupported
    render = workspace.renders.get(name)
    return render.needs_warehouse if render else None


def states_of(prepared: Prepared, names: Sequence[str]) -> dict[str, ModelState]:
    """The states of the models called `names`."""
    return {name: prepared.candidates[name].state for name in names}
