"""What declared relations change in the facts of a query: which of them it rests on, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.query.facts import AnalysisRequest, DeclaredRelation, QueryFacts, Read
from sqlbackfill.query.relations import NoSuchRelation, check_relation
from sqlbackfill.query.slices import restated

Analyse: TypeAlias = Callable[[AnalysisRequest], QueryFacts]
_Declared: TypeAlias = tuple[str, DeclaredRelation]


def with_declared(request: AnalysisRequest, analyse: Analyse) -> QueryFacts:
    """The facts with what the authors of the inputs declare; equal to those without where none is used.

    A relation counts as used where other partitions would be read with it alone, or without it alone: for a
    second predicate beside the partition column's nothing is taken on trust. Used ones are part of the
    fingerprint and of each read that they change, and are told among the warnings.
    """
    plain = analyse(_with(request, ()))
    declared = [
        (ref.relation, one) for ref in request.occurrences.values() for one in ref.relations
    ]
    declared = list(dict.fromkeys(declared))
    errors = tuple(_invalid(request, plain))
    if errors or plain.errors or not declared:
        return replace(plain, errors=(*plain.errors, *errors))
    full = analyse(request)
    used = [
        one
        for one in declared
        if not _same(analyse(_with(request, (one,))), plain, request)
        or not _same(analyse(_with(request, [x for x in declared if x != one])), full, request)
    ]
    if not used:
        return plain
    before = {read.relation: read for read in plain.reads}
    # A reason may be reworded.
    said = tuple(sorted(repr((name, one.holds, one.dialect)) for name, one in used))
    return replace(
        full,
        reads=tuple(_read(read, before.get(read.relation), used) for read in full.reads),
        warnings=(*full.warnings, *(_noted(request.model, one, before) for one in used)),
        fingerprint=restated(plain.fingerprint, said),
        row_fingerprint=restated(plain.row_fingerprint, said),
        claims=(said,),
    )


def _with(request: AnalysisRequest, kept: Collection[_Declared]) -> AnalysisRequest:
    occurrences = {
        marker: replace(
            ref, relations=tuple(one for one in ref.relations if (ref.relation, one) in kept)
        )
        for marker, ref in request.occurrences.items()
    }
    return replace(request, occurrences=occurrences)


def _same(one: QueryFacts, other: QueryFacts, request: AnalysisRequest) -> bool:
    columns = {
        ref.relation: ref.partition.column.lower()
        for ref in request.occurrences.values()
        if ref.partition is not None
    }
    return _told(one, columns) == _told(other, columns)


def _told(facts: QueryFacts, columns: Mapping[str, str]) -> object:
    """What may be run and which partitions are read: of each input's ranges those on its own column."""
    cuts = [
        (one.index, r.column, r.window.follows_partition)
        for one in facts.occurrences
        for r in one.ranges
        if columns.get(one.relation) in (None, r.column.lower())
    ]
    reads = [_extent(read) for read in facts.reads]
    return reads, cuts, facts.verdict, facts.strategies, facts.author_bounds_hold


def _extent(read: Read) -> tuple[object, ...]:
    return read.relation, read.column, read.kind, read.start_offset, read.end_offset


def _invalid(request: AnalysisRequest, plain: QueryFacts) -> Iterator[Diagnostic]:
    """An error for each declaration from which nothing follows, as far as the columns are known."""
    own = tuple((column.name, column.type or "") for column in plain.columns)
    for ref in {ref.relation: ref for ref in request.occurrences.values()}.values():
        columns = ref.columns
        if ref.is_this:
            columns = own if plain.columns_known else None
        for relation in ref.relations if columns else ():
            try:
                check_relation(relation, columns or (), request.session_timezone)
            except NoSuchRelation as refused:
                yield Diagnostic(
                    code="RELATION_INVALID",
                    message=f"the relation `{relation.holds}` of `{ref.relation}` cannot be used: "
                    f"{refused.message}",
                    span=relation.span,
                    fix=refused.fix,
                )


def _read(read: Read, before: Read | None, used: Sequence[_Declared]) -> Read:
    if before is None or _extent(before) == _extent(read):
        return read
    own = [one for one in used if one[0] == read.relation] or used
    said = " and ".join(_words(relation) for _, relation in own)
    return replace(read, because=f"{read.because}; this rests on {said}")


def _words(relation: DeclaredRelation) -> str:
    place = f" ({relation.span.file}:{relation.span.line})" if relation.span else ""
    return f"`{relation.holds}`, declared by the author{place}: {relation.reason}"


def _noted(model: str, one: _Declared, before: dict[str, Read]) -> Diagnostic:
    name, relation = one
    read = before.get(name)
    return Diagnostic(
        code="RELATION_DECLARED",
        message=f"`{model}` relies on `{relation.holds}` in every row of `{name}`, as its author "
        f"declares: {relation.reason}",
        severity=Severity.NOTE,
        span=relation.span,
        fix=f"`sqlbackfill verify {model} -p …` looks for rows of which it is not so",
        model=model,
        notes=(("without it", read.because),) if read is not None and read.because else (),
    )
