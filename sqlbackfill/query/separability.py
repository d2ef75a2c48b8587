"""From what the pass found to the verdict, the reads, the injectable ranges and the strategies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.paths import Origin, Path
from sqlbackfill.query.author_bounds import judge_author_bounds
from sqlbackfill.query.demands import LeafNeed, PassResult
from sqlbackfill.query.facts import (
    AnalysisRequest,
    InjectedRange,
    InputRef,
    OccurrenceRead,
    QueryFacts,
    Read,
    ReadKind,
    Verdict,
)
from sqlbackfill.query.kinds import Kind, kind_of_type, stored_kind
from sqlbackfill.query.offsets import ends_before_partition, offsets_of
from sqlbackfill.query.parse import ParsedQuery, Places
from sqlbackfill.query.purity import impurities
from sqlbackfill.query.reasons import REFUTING, Reason, chance, distinct, lost_bound, said_once
from sqlbackfill.query.scopes import column_types, folded
from sqlbackfill.query.self_state import self_state
from sqlbackfill.query.terms import Range, hulled

ALL_STRATEGIES: Final = ("range", "chunk", "partition")
_GENERATORS: Final = ("range", "generate_series", "unnest", "generate_date_array")
_HOW: Final = {
    ReadKind.PAST: "from the beginning",
    ReadKind.FUTURE: "to the end",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What there is to judge. `author_bounds` is the pass that ignores bounds written by the author.

    `output_kind` is the partition column's type as the query shows it, None where it does not;
    `partition_type` falls back on what is declared.
    """

    request: AnalysisRequest
    parsed: ParsedQuery
    places: Places
    result: PassResult
    author_bounds: PassResult | None
    output_kind: Kind
    partition_type: BoundType | None


@dataclass(frozen=True, slots=True)
class _Input:
    """All occurrences of one relation. `ranges` hold for every one of them."""

    relation: str
    ref: InputRef | None
    windows: Mapping[str, ReadWindow]
    why: tuple[Reason, ...]


def judge(case: Judgement) -> QueryFacts:
    """The facts that follow from the passes; columns, fingerprint and errors of parsing are not among them."""
    request = case.request
    inputs = _inputs(case)
    reads = tuple(_read(one, case) for one in inputs)
    occurrences = _occurrences(case)
    if request.partition is None:
        return QueryFacts(
            reads=reads, occurrences=occurrences, verdict=Verdict.PROVEN, strategies=("range",)
        )
    reads_itself = any(read.is_this for read in reads)
    holds, author_reasons = judge_author_bounds(
        case.author_bounds, case.parsed, request, case.places, case.partition_type
    )
    volatile, clock, warnings, chances = impurities(case.parsed, request, case.places)
    chances = (*(chance(r, case.places, request.model) for r in case.result.chances), *chances)
    lost = _lost(inputs, reads, case)
    reasons = said_once(
        (*(self_state(case.request, case.parsed, case.places) if reads_itself else ()), *lost),
        () if reads_itself else (*author_reasons, *chances),
    )
    strategies: tuple[str, ...] = ALL_STRATEGIES
    if reads_itself or holds is False:
        strategies = ("partition",)
    elif chances:
        strategies = ("range",)
    verdict = _verdict(reads, reads_itself, bool(reasons))
    bounded = all(r.kind in (ReadKind.WINDOW, ReadKind.UNPARTITIONED) for r in reads)
    return QueryFacts(
        reads=reads,
        occurrences=occurrences,
        verdict=verdict,
        reasons=reasons,
        reads_itself=reads_itself,
        strategies=strategies,
        is_plain=strategies == ALL_STRATEGIES and bounded,
        author_bounds_hold=holds,
        has_confined_choices=case.result.confined_choices,
        is_volatile=volatile or bool(chances),
        is_clock_dependent=clock,
        errors=_reads_ahead(case),
        warnings=warnings,
    )


def _verdict(reads: Iterable[Read], reads_itself: bool, has_reasons: bool) -> Verdict:
    kinds = {read.kind for read in reads if not read.is_this}
    if reads_itself or kinds & {ReadKind.PAST, ReadKind.FUTURE, ReadKind.ALL}:
        return Verdict.REFUTED
    if has_reasons or ReadKind.UNKNOWN in kinds:
        return Verdict.UNPROVEN
    return Verdict.PROVEN


def _leaves_by_marker(case: Judgement) -> dict[str, list[LeafNeed]]:
    found: dict[str, list[LeafNeed]] = {}
    for leaf in case.result.leaves:
        if leaf.table.name in case.request.occurrences and not leaf.table.args.get("db"):
            found.setdefault(leaf.table.name, []).append(leaf)
    return found


def _window(range_: Range, column: str, ref: InputRef | None, case: Judgement) -> ReadWindow | None:
    """The range as a window on a raw column; None where it does not move or its type is not known."""
    if not range_.follows:
        return None
    kind = _column_kind(column, ref, case.request.dialect)
    if kind is BoundType.TIMESTAMPTZ and case.output_kind is None:
        # Whether the output's bounds are instants or readings of the session's clock is not known.
        return None
    window = ReadWindow(
        lower=range_.lower, upper=range_.upper, nulls=range_.nulls, column_type=kind
    )
    if kind is not None and kind is not BoundType.TEXT:
        # Keys have no order, so nothing but the same keys can be asked of another column.
        info = case.request.partition
        is_keyed = info is not None and info.grain == "keys"
        return None if is_keyed or case.partition_type is BoundType.TEXT else window
    if not window.is_identity:
        return None
    if kind is None:
        return replace(window, column_type=case.partition_type)
    return window if case.partition_type in (None, BoundType.TEXT) else None


def _column_kind(column: str, ref: InputRef | None, dialect: str) -> BoundType | None:
    if ref is None or ref.columns is None:
        return None
    return stored_kind(kind_of_type(column_types(ref.columns, dialect).get(column), dialect))


def _windows(
    leaves: list[LeafNeed], ref: InputRef | None, case: Judgement
) -> dict[str, ReadWindow]:
    """The windows that every one of `leaves` lies in, by column; for the model's own table its past."""
    ranges = hulled([leaf.ranges for leaf in leaves]) if leaves else {}
    windows = {
        column: window
        for column, range_ in ranges.items()
        if (window := _window(range_, column, ref, case)) is not None
    }
    own = _own_column(ref, case)
    if ref is not None and ref.is_this and own is not None:
        past = ReadWindow(
            upper=((Path(Origin.LO),),), column_type=case.partition_type or BoundType.DATE
        )
        windows[own] = windows[own].meet(past) if own in windows else past
    return windows


def _own_column(ref: InputRef | None, case: Judgement) -> str | None:
    """The input's partition column as its schema spells it in the tree."""
    if ref is None or ref.partition is None:
        return None
    return folded(ref.partition.column, case.request.dialect)


def _inputs(case: Judgement) -> list[_Input]:
    groups: dict[str, list[LeafNeed]] = {}
    refs: dict[str, InputRef | None] = {}
    order = list(case.request.occurrences)
    by_marker = _leaves_by_marker(case)
    for marker in order:
        ref = case.request.occurrences[marker]
        for leaf in by_marker.get(marker, ()):
            groups.setdefault(ref.relation, []).append(leaf)
            refs[ref.relation] = ref
    for leaf in case.result.leaves:
        name = _own_name(leaf.table)
        if name is not None and leaf.table.name not in case.request.occurrences:
            groups.setdefault(name, []).append(leaf)
            refs.setdefault(name, None)
    return [
        _Input(
            name,
            refs[name],
            _windows(leaves, refs[name], case),
            tuple(r for x in leaves for r in x.why),
        )
        for name, leaves in groups.items()
    ]


def _own_name(table: exp.Table) -> str | None:
    """The name of a table as the SQL has it; None for functions that read nothing."""
    if isinstance(table.this, exp.Identifier):
        return ".".join(part.name for part in table.parts)
    text = table.this.sql() if isinstance(table.this, exp.Expr) else ""
    return None if text.lower().startswith(_GENERATORS) else text


def _occurrences(case: Judgement) -> tuple[OccurrenceRead, ...]:
    found = []
    by_marker = _leaves_by_marker(case)
    for index, (marker, ref) in enumerate(case.request.occurrences.items()):
        windows = _windows(by_marker[marker], ref, case) if marker in by_marker else {}
        may_wrap = ref.filtered and marker not in case.parsed.unwrappable
        ranges = tuple(
            InjectedRange(column=column, type=window.column_type, window=window)
            for column, window in sorted(windows.items())
            if window.column_type is not None
        )
        found.append(
            OccurrenceRead(
                index=_index(marker, index),
                relation=ref.relation,
                alias=case.parsed.aliases.get(marker),
                ranges=ranges if may_wrap else (),
            )
        )
    return tuple(found)


def _index(marker: str, position: int) -> int:
    digits = marker.removeprefix("__sb_occurrence_").removesuffix("__")
    return int(digits) if digits.isdigit() else position


def _read(one: _Input, case: Judgement) -> Read:
    info = case.request.partition
    column = _read_column(one, case)
    window = one.windows.get(column) if column is not None else None
    is_this = one.ref is not None and one.ref.is_this
    if window is None or info is None:
        return _read_whole(one, column, case)
    low, high = window.follows_partition
    if one.ref is not None and one.ref.unpartitioned and not (low and high):
        return _read_whole(one, None, case)
    start, end = offsets_of(window, info, case.partition_type)
    kind = ReadKind.WINDOW if low and high else ReadKind.PAST if high else ReadKind.FUTURE
    return Read(
        relation=one.relation,
        column=column,
        kind=kind,
        grain=info.grain,
        start_offset=start,
        end_offset=end,
        window=window,
        because=_because_window(one, column or "", kind, (start, end), case),
        is_this=is_this,
    )


def _read_whole(one: _Input, column: str | None, case: Judgement) -> Read:
    kind, info = _open_kind(one), case.request.partition
    return Read(
        relation=one.relation,
        column=column,
        kind=kind,
        grain=info.grain if info is not None else None,
        because=_because_open(kind, one, case),
        is_this=one.ref is not None and one.ref.is_this,
    )


def _read_column(one: _Input, case: Judgement) -> str | None:
    """The input's partition column; without one, the column with the narrowest window."""
    if one.ref is not None and one.ref.partition is not None:
        return _own_column(one.ref, case)
    ranked = sorted(
        one.windows.items(), key=lambda item: (-sum(item[1].follows_partition), item[0])
    )
    return ranked[0][0] if ranked else None


def _open_kind(one: _Input) -> ReadKind:
    if one.ref is not None and one.ref.unpartitioned:
        return ReadKind.UNPARTITIONED
    if one.ref is None:
        return ReadKind.UNKNOWN
    codes = {reason.code for reason in one.why}
    return ReadKind.ALL if codes and codes <= REFUTING and not one.windows else ReadKind.UNKNOWN


def _because_open(kind: ReadKind, one: _Input, case: Judgement) -> str:
    if case.request.partition is None:
        return "the model is not partitioned, so it is built from all of its inputs"
    if kind is ReadKind.UNPARTITIONED:
        return "it has no partitions, so it is read whole"
    return "; ".join(d.message for d in _lost_of(one, kind, case)) or "nothing bounds it"


def _because_window(
    one: _Input,
    column: str,
    kind: ReadKind,
    offsets: tuple[int | None, int | None],
    case: Judgement,
) -> str:
    info = case.request.partition
    own = info.column if info is not None else ""
    grain = info.grain if info is not None else ""
    if kind is not ReadKind.WINDOW:
        return "; ".join(d.message for d in _lost_of(one, kind, case)) or (
            f"rows before the partition's own start, by `{column}`"
        )
    if offsets == (0, 0):
        return f"`{own}` follows from `{column}`: rows of the same {grain}"
    start, end = offsets
    return f"`{own}` bounds `{column}`: {grain}s {_signed(start)} to {_signed(end)} around the partition"


def _signed(offset: int | None) -> str:
    return "?" if offset is None else f"{offset:+d}" if offset else "0"


def _lost_of(one: _Input, kind: ReadKind, case: Judgement) -> tuple[Diagnostic, ...]:
    info = case.request.partition
    if info is None:
        return ()
    how = _HOW.get(kind, "whole")
    reasons = one.why or (Reason("P_OPAQUE", case.parsed.tree),)
    if kind is ReadKind.UNKNOWN and one.windows and one.ref is not None and one.ref.partition:
        own = one.ref.partition.column
        reasons = (Reason("NOT_PARTITION_COLUMN", case.parsed.tree, own),)
    return distinct(
        lost_bound(
            reason,
            case.places,
            model=case.request.model,
            partition=info.column,
            relation=one.relation,
            how=how,
        )
        for reason in reasons
    )


def _lost(inputs: list[_Input], reads: tuple[Read, ...], case: Judgement) -> list[Diagnostic]:
    return [
        diagnostic
        for one, read in zip(inputs, reads, strict=True)
        if read.kind not in (ReadKind.WINDOW, ReadKind.UNPARTITIONED) and not read.is_this
        for diagnostic in _lost_of(one, read.kind, case)
    ]


def _reads_ahead(case: Judgement) -> tuple[Diagnostic, ...]:
    """An error for a model that needs its own partition, or a later one, to compute it."""
    info = case.request.partition
    found: list[Diagnostic] = []
    for leaf in case.result.leaves:
        ref = case.request.occurrences.get(leaf.table.name)
        own = _own_column(ref, case)
        if info is None or ref is None or not ref.is_this or own is None or own not in leaf.ranges:
            continue
        window = _window(leaf.ranges[own], own, ref, case)
        if window is not None and ends_before_partition(window, info, case.partition_type) is False:
            found.append(
                Diagnostic(
                    code="SELF_READ_AHEAD",
                    message=f"the model reads its own `{info.column}` at or after the partition that it computes",
                    span=case.places.of(leaf.table),
                    fix="read an earlier partition, such as the day before `partition.start`",
                    model=case.request.model,
                )
            )
    return tuple(found)
