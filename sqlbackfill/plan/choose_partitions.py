"""Which partitions of which models a request means: design.md, Selection, rules 1 to 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import Diagnostic, Severity, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.resolution import Outcome, Resolution, StateSets
from sqlbackfill.partitions.spec import resolve
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.candidates import Candidate, Chosen, PlanRequest
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.types import Reason, Withheld


@dataclass(slots=True)
class Choice:
    """What was chosen, what was left out and why."""

    chosen: Chosen = field(default_factory=Chosen)
    skipped: list[Withheld] = field(default_factory=list)
    blocked: list[Withheld] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)


def choose_partitions(
    candidates: Mapping[str, Candidate], reads: Reads, request: PlanRequest, as_of: datetime
) -> Choice:
    """The partitions that `request` means; `candidates` are in topological order.

    Raises UsageError where the partitions named fit no selected model.
    """
    choice = Choice()
    _refuse_partitions_of_whole_tables(candidates, request)
    _choose_named(candidates, request, as_of, choice)
    _choose_upstream(candidates, reads, request, choice.chosen)
    _choose_downstream(candidates, reads, request, choice.chosen)
    _block_refused(candidates, choice)
    unfilled = _fill(candidates, reads, request, choice.chosen) if request.fills else {}
    _block_readers(candidates, reads, unfilled, choice)
    return choice


def _refuse_partitions_of_whole_tables(
    candidates: Mapping[str, Candidate], request: PlanRequest
) -> None:
    named = [candidates[name] for name in sorted(request.named)]
    if request.spec and request.is_selected_by_name and named and all(c.is_whole for c in named):
        raise UsageError(
            *(
                Diagnostic(
                    code="NOT_PARTITIONED",
                    message=f"`{candidate.name}` has no partitions, so -p does not apply to it",
                    model=candidate.name,
                    fix="leave out -p: it is rebuilt when it is missing or stale",
                )
                for candidate in named
            )
        )


def _is_by_state(request: PlanRequest) -> bool:
    return request.spec is None or request.spec.is_by_state


def _choose_named(
    candidates: Mapping[str, Candidate], request: PlanRequest, as_of: datetime, choice: Choice
) -> None:
    misses: list[tuple[str, Resolution]] = []
    reached = 0
    for name, candidate in candidates.items():
        if name not in request.named and name not in request.downstream:
            continue
        if isinstance(candidate.partitioning, WholePartitioning):
            choice.chosen.add(name, Reason.MISSING, candidate.state.missing)
            choice.chosen.add(name, Reason.STALE, candidate.state.stale)
            continue
        resolution = resolve(
            request.spec,
            candidate.partitioning,
            as_of=as_of,
            states=partial(_states, candidate),
            read_end=candidate.due_end,
        )
        if resolution.outcome is not Outcome.OK:
            misses.append((name, resolution))
            continue
        reached += 1
        choice.warnings.extend(warning.for_model(name) for warning in resolution.warnings)
        stale = resolution.stale
        if request.spec is None:
            stale -= candidate.state.held
            _hold_back(candidate, choice)
        for reason, partitions in (
            (Reason.REQUESTED, resolution.requested),
            (Reason.MISSING, resolution.missing),
            (Reason.STALE, stale),
            (Reason.FAILED, resolution.failed),
        ):
            choice.chosen.add(name, reason, partitions)
    if misses and not reached:
        raise UsageError(*_merged([_miss(name, miss) for name, miss in misses]))
    for name, miss in misses:
        diagnostic = _miss(name, miss)
        choice.skipped.append(
            Withheld(
                model=name,
                partitions=PartitionSet.empty(),
                code=diagnostic.code,
                message=diagnostic.message,
                fix=diagnostic.fix,
            )
        )


def _hold_back(candidate: Candidate, choice: Choice) -> None:
    """Says what is stale only for inputs that are read whole, which the default run leaves alone."""
    held = candidate.state.held
    if not held:
        return
    inputs = sorted({str(c.input) for c in candidate.state.causes if c.is_held})
    choice.skipped.append(
        Withheld(
            model=candidate.name,
            partitions=held,
            code="INPUT_READ_WHOLE_CHANGED",
            message=f"stale since {', '.join(f'`{name}`' for name in inputs)} changed, "
            "of which every partition may need any row",
            by=tuple((name, PartitionSet.empty()) for name in inputs),
            fix=f"sqlbackfill run -s {candidate.name} -p stale; or set on_change for "
            f"{inputs[0]}: restate rebuilds by itself, forward and ignore leave them as they are",
        )
    )


def _merged(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """One diagnostic for several models that say the same."""
    by_text: dict[tuple[str, str, str | None], list[Diagnostic]] = {}
    for found in diagnostics:
        by_text.setdefault((found.code, found.message, found.fix), []).append(found)
    return [
        same[0] if len(same) == 1 else replace(same[0], model=None) for same in by_text.values()
    ]


def _states(candidate: Candidate) -> StateSets:
    state = candidate.state
    return StateSets(missing=state.missing, stale=state.stale, failed=state.failed)


def _miss(name: str, resolution: Resolution) -> Diagnostic:
    if resolution.diagnostic is not None:
        return resolution.diagnostic.for_model(name)
    return Diagnostic(
        code=resolution.outcome.value,
        message=f"the partitions named are not among those of `{name}`",
        model=name,
        fix=f"valid for `{name}`: {resolution.valid}",
    )


def _choose_upstream(
    candidates: Mapping[str, Candidate], reads: Reads, request: PlanRequest, chosen: Chosen
) -> None:
    """Rule 2: `+model` brings what is read, or of it what the asked-for states name."""
    for name in reversed(tuple(candidates)):
        if name not in request.upstream:
            continue
        needed = PartitionSet.empty()
        for reader in candidates:
            if reader != name and any(e.upstream == name for e in reads.edges[reader]):
                needed |= reads.upstream(reader, chosen.all_of(reader))[name]
        state, needed = candidates[name].state, candidates[name].due_of(needed)
        if _is_by_state(request) or candidates[name].is_whole:
            chosen.add(name, Reason.MISSING, candidates[name].holes_in(needed))
            chosen.add(name, Reason.STALE, needed & state.stale)
        else:
            chosen.add(name, Reason.REQUESTED, needed)


def _choose_downstream(
    candidates: Mapping[str, Candidate], reads: Reads, request: PlanRequest, chosen: Chosen
) -> None:
    """Rule 3, and for models chosen by state: what this plan is about to make stale."""
    for name, candidate in candidates.items():
        if candidate.is_view:
            continue
        spreads = name in request.downstream or (name in request.named and _is_by_state(request))
        if not (spreads or (candidate.is_whole and name in request.selected)):
            continue
        deaf = candidate.unjudged_inputs
        if name not in request.downstream:
            deaf |= candidate.held_inputs
        for edge in reads.edges[name]:
            if edge.upstream != name and edge.upstream not in deaf:
                spreading = chosen.all_of(edge.upstream)
                if name not in request.downstream:
                    spreading -= _quiet(candidates[edge.upstream], name, chosen)
                touched = reads.touching(name, edge.upstream, spreading)
                chosen.add(name, Reason.DOWNSTREAM, touched & candidate.state.present)
        if candidate.reads_itself:
            _close_over_itself(candidate, reads, chosen)


def _quiet(upstream: Candidate, reader: str, chosen: Chosen) -> PartitionSet:
    """What is rebuilt of `upstream` without a change that `reader` could see."""
    quiet = upstream.quiet_for.get(reader, PartitionSet.empty())
    for reason, partitions in chosen.sets.get(upstream.name, {}).items():
        if reason is not Reason.STALE:
            quiet -= partitions
    return quiet


def _close_over_itself(candidate: Candidate, reads: Reads, chosen: Chosen) -> None:
    """Adds the later partitions that a self-reading model's chosen ones make stale, one by one."""
    grown = chosen.all_of(candidate.name)
    while grown:
        touched = reads.touching(candidate.name, candidate.name, grown)
        grown = (touched & candidate.state.present) - chosen.all_of(candidate.name)
        chosen.add(candidate.name, Reason.DOWNSTREAM, grown)


def _block_refused(candidates: Mapping[str, Candidate], choice: Choice) -> None:
    for name, candidate in candidates.items():
        partitions = choice.chosen.all_of(name)
        if candidate.refusal is not None and partitions:
            choice.chosen.remove(name, partitions)
            choice.blocked.append(
                Withheld(
                    model=name,
                    partitions=partitions,
                    code=candidate.refusal.code,
                    message=candidate.refusal.message,
                    fix=candidate.refusal.fix,
                )
            )


def _fill(
    candidates: Mapping[str, Candidate], reads: Reads, request: PlanRequest, chosen: Chosen
) -> dict[str, PartitionSet]:
    """Rule 4: adds missing upstream partitions; returns those that may not be added, by model."""
    unfilled: dict[str, PartitionSet] = {}
    needed: dict[str, PartitionSet] = {}
    for name in reversed(tuple(candidates)):
        candidate = candidates[name]
        is_selected = name in request.selected and request.missing_upstream != "block"
        may_fill = candidate.refusal is None and (
            is_selected or request.missing_upstream == "build"
        )
        wanted = needed.get(name, PartitionSet.empty())
        unread = chosen.all_of(name)
        while True:
            holes = candidate.holes_in(wanted) - chosen.all_of(name)
            holes -= unfilled.get(name, PartitionSet.empty())
            if holes and may_fill:
                chosen.add(name, Reason.FILL, holes)
                unread |= holes
            elif holes:
                unfilled[name] = unfilled.get(name, PartitionSet.empty()) | holes
            read = reads.upstream(name, unread)
            wanted = read.pop(name, PartitionSet.empty()) - chosen.all_of(name)
            for upstream, partitions in read.items():
                needed[upstream] = needed.get(upstream, PartitionSet.empty()) | partitions
            unread = PartitionSet.empty()
            if not candidate.holes_in(wanted) - unfilled.get(name, PartitionSet.empty()):
                break
    return unfilled


def _block_readers(
    candidates: Mapping[str, Candidate],
    reads: Reads,
    unfilled: Mapping[str, PartitionSet],
    choice: Choice,
) -> None:
    """Takes out, down the graph, whatever reads a partition that is not there and will not be."""
    absent = dict(unfilled)
    for withheld in choice.blocked:
        absent[withheld.model] = absent.get(withheld.model, PartitionSet.empty()) | (
            withheld.partitions
        )
    for name, candidate in candidates.items():
        blocked, by = _readers_of(absent, name, reads, choice.chosen.all_of(name))
        if blocked:
            choice.chosen.remove(name, blocked)
            absent[name] = absent.get(name, PartitionSet.empty()) | blocked
            choice.blocked.append(_blocked(candidate, blocked, by, candidates))


def _readers_of(
    absent: Mapping[str, PartitionSet], name: str, reads: Reads, chosen: PartitionSet
) -> tuple[PartitionSet, list[tuple[str, PartitionSet]]]:
    """Of `chosen` those that read what is absent, or one another's absent rows, and what they lack."""
    by: dict[str, PartitionSet] = {}
    blocked = PartitionSet.empty()
    while True:
        found = PartitionSet.empty()
        for edge in reads.edges[name]:
            missing = absent.get(edge.upstream, PartitionSet.empty())
            if edge.upstream == name:
                missing |= blocked
            touched = reads.touching(name, edge.upstream, missing) & (chosen - blocked)
            if touched:
                found |= touched
                lacking = missing & reads.upstream(name, touched)[edge.upstream]
                by[edge.upstream] = by.get(edge.upstream, PartitionSet.empty()) | lacking
        if not found:
            break
        blocked |= found
    others = {upstream: lacking for upstream, lacking in by.items() if upstream != name}
    return blocked, [*(others or by).items()]


def _blocked(
    candidate: Candidate,
    partitions: PartitionSet,
    by: Sequence[tuple[str, PartitionSet]],
    candidates: Mapping[str, Candidate],
) -> Withheld:
    upstream, missing = by[0]
    label = candidates[upstream].partitioning.label_set(missing)
    command = f"sqlbackfill run -s {upstream}"
    if not candidates[upstream].is_whole:
        command += f" -p {label}"
    return Withheld(
        model=candidate.name,
        partitions=partitions,
        code="UPSTREAM_MISSING",
        message=f"reads {label} of `{upstream}`, which is missing and not selected",
        by=tuple(by),
        fix=f"{command}, or add --missing-upstream build",
    )


def staleness_notes(
    candidates: Mapping[str, Candidate], reads: Reads, chosen: Chosen
) -> list[Diagnostic]:
    """Warnings on what a plan reads although it is stale or untracked, and on what it makes stale."""
    notes: list[Diagnostic] = []
    changed: dict[str, PartitionSet] = {}
    for name, candidate in candidates.items():
        own = chosen.all_of(name)
        read = reads.upstream(name, own) if own else {}
        for upstream, window in read.items():
            source = candidates[upstream]
            for code, word, partitions in (
                ("STALE_UPSTREAM", "stale", source.state.stale),
                ("UNTRACKED_UPSTREAM", "untracked", source.state.untracked),
            ):
                outside = (window & partitions) - chosen.all_of(upstream)
                if outside and upstream != name:
                    label = source.partitioning.label_set(outside)
                    notes.append(
                        _note(code, name, f"reads {label} of `{upstream}`, which is {word}")
                    )
        becoming = PartitionSet.empty()
        for edge in () if candidate.is_view else reads.edges[name]:
            moved = changed.get(edge.upstream, own)
            moved -= _quiet(candidates[edge.upstream], name, chosen)
            touched = reads.touching(name, edge.upstream, moved)
            becoming |= (touched & candidate.state.built) - own
        if becoming:
            label = candidate.partitioning.label_set(becoming)
            notes.append(
                _note(
                    "BECOMES_STALE",
                    name,
                    f"{label} of `{name}` will become stale",
                    fix=f"select `{name}` too to rebuild it in the same plan",
                )
            )
        changed[name] = own | becoming
    return notes


def _note(code: str, model: str, message: str, fix: str | None = None) -> Diagnostic:
    return Diagnostic(code=code, message=message, severity=Severity.WARNING, model=model, fix=fix)
