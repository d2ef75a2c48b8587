"""Puts an author's own statements about what a model reads in place of what the analysis found.

Everything downstream sees the facts that come out of here. What a statement means as a window is
`claimed_window`'s; whether it is true is for `verify` to refute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from sqlbackfill.app.claimed_window import NoSuchWindow, claimed_window
from sqlbackfill.app.override_notes import declared, invalid, noted, unused
from sqlbackfill.app.partition_info import column_type
from sqlbackfill.app.printed_tables import printed_as_tables
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.project.config import OverrideKind, ReadOverride
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import (
    InjectedRange,
    InputRef,
    OccurrenceRead,
    PartitionInfo,
    QueryFacts,
    Read,
    ReadKind,
    Verdict,
)
from sqlbackfill.query.slices import restated
from sqlbackfill.run.schema_change import bound_type
from sqlbackfill.template.types import Rendered

ALL_STRATEGIES: Final = ("range", "chunk", "partition")
# What a statement about the rows that are read does not settle.
_STILL_CHANCE: Final = frozenset({"VOLATILE", "SAMPLE"})
_UNKNOWN_CODES: Final = frozenset({"UNKNOWN_NODE", "NAMES_UNRESOLVED"})
_CHANCES: Final = _STILL_CHANCE | _UNKNOWN_CODES | {"TIES"}
_OPEN: Final = frozenset({ReadKind.PAST, ReadKind.FUTURE, ReadKind.ALL})


@dataclass(frozen=True, slots=True)
class _Claim:
    """An override that was understood; `window` is None where the input is read whole."""

    override: ReadOverride
    column: str | None
    window: ReadWindow | None
    type: BoundType | None


def with_overrides(
    facts: QueryFacts,
    model: Model,
    partition: PartitionInfo | None,
    inputs: Mapping[str, InputRef],
    rendered: Rendered,
) -> QueryFacts:
    """The facts as the author's overrides of `model` want them; `inputs` are keyed by target.

    What an override says replaces the read window of its input, in the reads and in what is
    injected; the verdict, the strategies and the fingerprint follow. An override that cannot mean
    anything is among `errors`, one for an input that the model does not read among `warnings`.
    """
    overrides = model.config.sqlbackfill.read
    if not overrides or facts.errors:
        return facts
    reads = {read.relation: read for read in facts.reads}
    refs = {ref.relation: ref for ref in inputs.values()}
    claims: dict[str, _Claim] = {}
    problems: list[Diagnostic] = []
    idle: list[Diagnostic] = []
    for name, override in overrides.items():
        if name not in reads or partition is None:
            idle.append(unused(name, override, tuple(reads), is_cut=partition is not None))
            continue
        try:
            own_type = column_type(model, facts)
            claims[name] = _claim(override, reads[name], refs.get(name), partition, own_type)
        except NoSuchWindow as refused:
            problems.append(invalid(name, override, refused))
    changed = _rewritten(facts, claims, printed_as_tables(rendered)) if claims else facts
    return replace(
        changed,
        errors=(*changed.errors, *problems),
        warnings=(
            *changed.warnings,
            *(noted(model.name, reads[name], claim.override) for name, claim in claims.items()),
            *idle,
        ),
    )


def _claim(
    override: ReadOverride,
    read: Read,
    ref: InputRef | None,
    own: PartitionInfo,
    own_type: BoundType,
) -> _Claim:
    if override.kind in (OverrideKind.ALL, OverrideKind.UNPARTITIONED):
        if read.is_this:
            raise NoSuchWindow(
                "a model reads only the past of its own table",
                "give kind: past, or offsets that end at -1 or before",
            )
        return _Claim(override, read.column, None, None)
    column = _column(override, read, ref)
    kind = _type_of(column, ref) or own_type
    window = claimed_window(override, own, own_type, kind, None if ref is None else ref.partition)
    if read.is_this:
        window = _own_past(override, window, own_type)
    return _Claim(override, column, window, kind)


def _column(override: ReadOverride, read: Read, ref: InputRef | None) -> str:
    partition = ref.partition if ref is not None else None
    column = override.column or (partition.column if partition else None) or read.column
    if column is None:
        raise NoSuchWindow(
            "it names no column, and the input has no partitions", "add column: the date to cut by"
        )
    known = [name for name, _ in ref.columns] if ref is not None and ref.columns else None
    if known is not None:
        spelled = next((name for name in known if name.lower() == column.lower()), None)
        if spelled is None:
            near = get_close_matches(column, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"it has {', '.join(known)}"
            raise NoSuchWindow(f"the input has no column `{column}`", hint)
        column = spelled
    is_model = read.is_this or (partition is not None and partition.column_type is not None)
    if partition and is_model and column.lower() != partition.column.lower():
        raise NoSuchWindow(
            f"the input is partitioned by `{partition.column}`, not by `{column}`",
            f"leave column out, or set it to {partition.column}",
        )
    return column


def _type_of(column: str, ref: InputRef | None) -> BoundType | None:
    if ref is None:
        return None
    partition = ref.partition
    if partition is not None and partition.column_type and partition.column == column:
        return partition.column_type
    types = dict(ref.columns or ())
    return bound_type(types[column]) if types.get(column) else None


def _own_past(override: ReadOverride, window: ReadWindow, own_type: BoundType) -> ReadWindow:
    is_past = override.kind is OverrideKind.PAST or (
        override.kind is OverrideKind.WINDOW and override.end_offset < 0
    )
    if not is_past:
        raise NoSuchWindow(
            "a model reads only the past of its own table",
            "give kind: past, or offsets that end at -1 or before",
        )
    below = ReadWindow(upper=ReadWindow.identity(own_type).lower, column_type=own_type)
    return window.meet(below)


def _rewritten(
    facts: QueryFacts, claims: Mapping[str, _Claim], tables: Collection[int]
) -> QueryFacts:
    reads = tuple(
        _read(read, claims[read.relation]) if read.relation in claims else read
        for read in facts.reads
    )
    occurrences = tuple(
        _occurrence(one, claims[one.relation], tables) if one.relation in claims else one
        for one in facts.occurrences
    )
    reasons = _reasons(facts, claims, reads)
    chances = [reason for reason in reasons if reason.code in _CHANCES]
    strategies: tuple[str, ...] = ALL_STRATEGIES
    if facts.reads_itself or facts.author_bounds_hold is False:
        strategies = ("partition",)
    elif chances:
        strategies = ("range",)
    bounded = all(r.kind in (ReadKind.WINDOW, ReadKind.UNPARTITIONED) for r in reads)
    said = [*reasons, *(found for found in facts.warnings if found.code in _STILL_CHANCE)]
    confined = any(found.code == "TIES" and found not in reasons for found in facts.reasons)
    stated = _stated(claims)
    return replace(
        facts,
        reads=reads,
        occurrences=occurrences,
        reasons=reasons,
        verdict=_verdict(reads, reasons, reads_itself=facts.reads_itself),
        strategies=strategies,
        is_plain=strategies == ALL_STRATEGIES and bounded,
        has_confined_choices=facts.has_confined_choices or confined,
        is_volatile=facts.is_volatile
        and (facts.reads_itself or any(found.code in _CHANCES for found in said)),
        fingerprint=restated(facts.fingerprint, stated),
        row_fingerprint=restated(facts.row_fingerprint, stated),
        claims=(*facts.claims, stated),
    )


def _read(read: Read, claim: _Claim) -> Read:
    override = claim.override
    offsets: dict[OverrideKind, tuple[int | None, int | None]] = {
        OverrideKind.WINDOW: (override.start_offset, override.end_offset),
        OverrideKind.PAST: (None, -1 if read.is_this else 0),
        OverrideKind.FUTURE: (0, None),
    }
    start, end = offsets.get(override.kind, (None, None))
    return replace(
        read,
        column=claim.column,
        kind=ReadKind(override.kind.value),
        grain=str(override.grain) if override.grain else read.grain,
        start_offset=start,
        end_offset=end,
        window=claim.window,
        because=declared(override),
    )


def _occurrence(one: OccurrenceRead, claim: _Claim, tables: Collection[int]) -> OccurrenceRead:
    may_filter = bool(one.ranges) or one.index in tables
    if claim.window is None or claim.column is None or claim.type is None or not may_filter:
        return replace(one, ranges=())
    injected = InjectedRange(column=claim.column, type=claim.type, window=claim.window)
    return replace(one, ranges=(injected,))


def _reasons(
    facts: QueryFacts, claims: Mapping[str, _Claim], reads: Iterable[Read]
) -> tuple[Diagnostic, ...]:
    """The reasons that stand beside the claims.

    A reason why a bound was lost on the way to an input is part of that read's `because`.
    """
    settled = [read.because for read in facts.reads if read.relation in claims]
    others = [read.because for read in facts.reads if read.relation not in claims]
    is_confined = all(
        read.kind is ReadKind.UNPARTITIONED
        or (read.kind is ReadKind.WINDOW and read.start_offset == read.end_offset == 0)
        for read in reads
    )
    all_known = all(read.kind is not ReadKind.UNKNOWN for read in reads)

    def stands(reason: Diagnostic) -> bool:
        if reason.code == "TIES":
            return not is_confined
        if any(reason.message in because for because in others):
            return True
        if any(reason.message in because for because in settled):
            return False
        return not (reason.code in _UNKNOWN_CODES and all_known)

    return tuple(reason for reason in facts.reasons if stands(reason))


def _verdict(
    reads: Iterable[Read], reasons: tuple[Diagnostic, ...], *, reads_itself: bool
) -> Verdict:
    kinds = {read.kind for read in reads if not read.is_this}
    if reads_itself or kinds & _OPEN:
        return Verdict.REFUTED
    return Verdict.UNPROVEN if reasons or ReadKind.UNKNOWN in kinds else Verdict.PROVEN


def _stated(claims: Mapping[str, _Claim]) -> tuple[str, ...]:
    """What the fingerprint covers of the claims: a reason may be reworded."""
    return tuple(
        repr(
            (
                name,
                claim.override.kind.value,
                claim.column,
                str(claim.override.grain or ""),
                claim.override.start_offset,
                claim.override.end_offset,
            )
        )
        for name, claim in sorted(claims.items())
    )
