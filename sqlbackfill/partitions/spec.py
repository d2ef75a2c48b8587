"""The -p grammar: text into a spec, and a spec into the partitions of one partitioning.

The grammar itself is in terms, what a name means in names, what may be built in term_partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, Severity, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.partitions.resolution import Outcome, Resolution, StateSets
from sqlbackfill.partitions.term_partitions import (
    InapplicableError,
    Scope,
    every_due,
    partitions_of,
    scope_at,
    valid_range,
)
from sqlbackfill.partitions.terms import InState, Spec, StateWord, Term, parse_spec

__all__ = [
    "Outcome",
    "Resolution",
    "Spec",
    "StateSets",
    "StateWord",
    "parse_spec",
    "resolve",
    "valid_range",
]

_DEFAULT_TEXT = "missing,stale"
_REQUESTED = "requested"


def resolve(
    spec: Spec | None,
    partitioning: Partitioning,
    *,
    as_of: datetime,
    states: Callable[[], StateSets] | None = None,
    read_end: int | None = None,
) -> Resolution:
    """The partitions that `spec` chooses at the instant `as_of`; None is `missing,stale`.

    Partitions from `read_end` on are not due, since what they read is not over. `states` is called at
    most once, and only if a term asks for a state; ValueError if it is None then. Raises UsageError for what is wrong whatever the model: REVERSED_RANGE, NONEXISTENT_TIME,
    UNSUPPORTED_PARTITIONS; one diagnostic for each such term.
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of is an instant: it has a zone")
    terms = (spec or parse_spec((_DEFAULT_TEXT,))).terms
    _refuse_dimensions(terms)
    scope = scope_at(partitioning, as_of, cache(states or _no_states), read_end)
    try:
        return _fold(scope, terms)
    except InapplicableError as why:
        return Resolution(valid=scope.valid, outcome=why.outcome, diagnostic=why.diagnostic)


def _fold(scope: Scope, terms: tuple[Term, ...]) -> Resolution:
    chosen: dict[str, PartitionSet] = dict.fromkeys((_REQUESTED, *StateWord), PartitionSet())
    warnings: list[Diagnostic] = []
    misses: list[Diagnostic] = []
    faults: list[Diagnostic] = []
    applies = terms[0].is_negated
    if applies:
        chosen[_REQUESTED] = every_due(scope, terms[0])
    for term in terms:
        try:
            taken = partitions_of(scope, term)
        except UsageError as error:
            faults.extend(error.diagnostics)
            continue
        warnings.extend(taken.warnings)
        if term.is_negated:
            chosen = {word: kept - taken.partitions for word, kept in chosen.items()}
            continue
        chosen[_word(term)] |= taken.partitions
        misses.extend([taken.miss] if taken.miss else [])
        applies = applies or not taken.miss
    if faults:
        raise UsageError.of(faults)
    if not applies:
        raise InapplicableError(Outcome.OUT_OF_RANGE, misses[0])
    warnings.extend(replace(miss, severity=Severity.WARNING) for miss in misses)
    warnings.extend(_early(scope, chosen[_REQUESTED]))
    return _disjoint(scope, chosen, tuple(warnings))


def _early(scope: Scope, requested: PartitionSet) -> Iterator[Diagnostic]:
    """A warning if partitions were asked for that are not over yet, or read what is not."""
    if scope.due_end is None or not requested or requested.last < scope.due_end:
        return
    early = requested & PartitionSet.span(scope.due_end, requested.last + 1)
    is_over = scope.over_end is not None and early.last < scope.over_end
    what = "what they read is not over yet" if is_over else "not over yet"
    yield Diagnostic(
        code="NOT_DUE",
        message=f"{what}, and built all the same: {scope.partitioning.label_set(early)}",
        severity=Severity.WARNING,
        fix="build them again once it is over"
        if is_over
        else "build them again once they are over",
    )


def _disjoint(
    scope: Scope, chosen: dict[str, PartitionSet], warnings: tuple[Diagnostic, ...]
) -> Resolution:
    requested = chosen[_REQUESTED]
    missing = chosen[StateWord.MISSING] - requested
    stale = chosen[StateWord.STALE] - requested - missing
    return Resolution(
        valid=scope.valid,
        requested=requested,
        missing=missing,
        stale=stale,
        failed=chosen[StateWord.FAILED] - requested - missing - stale,
        warnings=warnings,
    )


def _word(term: Term) -> str:
    if isinstance(term.what, InState):
        return term.what.state
    return term.states[0] if term.states else _REQUESTED


def _refuse_dimensions(terms: tuple[Term, ...]) -> None:
    faults = [
        Diagnostic(
            code="UNSUPPORTED_PARTITIONS",
            message=f"`{term.text}` names the dimension `{term.dimension}`, but partitions have one"
            " dimension only",
            fix=f"leave out `{term.dimension}=`; put quotes around a key that holds `=`",
            notes=term.notes,
        )
        for term in terms
        if term.dimension
    ]
    if faults:
        raise UsageError.of(faults)


def _no_states() -> StateSets:
    raise ValueError("a term asks for a state, and no states were given")
