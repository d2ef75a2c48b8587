"""The partitions that one term means: design.md's rules on what is due, clipped, warned of, refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, Severity, UsageError
from sqlbackfill.partitions.names import Misread, Named, Unread, read_name
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning, StaticPartitioning
from sqlbackfill.partitions.resolution import Outcome, StateSets
from sqlbackfill.partitions.terms import (
    Between,
    Everything,
    InState,
    Last,
    Name,
    StateWord,
    Term,
)
from sqlbackfill.partitions.universe import within

_MOST_KEYS_SHOWN = 12
_FAR = 1 << 62  # beyond every ordinal that can be named


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A partitioning at an instant. `due_end` and `current` are None where nothing waits for a clock.

    What lies before `over_end` has ended; before `due_end` so has what it reads.
    """

    partitioning: Partitioning
    due_end: int | None
    over_end: int | None
    current: int | None
    valid: str
    states: Callable[[], StateSets]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a term means; `miss` says why it means nothing at all."""

    partitions: PartitionSet
    warnings: tuple[Diagnostic, ...] = ()
    miss: Diagnostic | None = None


class InapplicableError(Exception):
    """The whole spec does not apply to the partitioning."""

    def __init__(self, outcome: Outcome, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.outcome = outcome
        self.diagnostic = diagnostic


def scope_at(
    partitioning: Partitioning,
    as_of: datetime,
    states: Callable[[], StateSets],
    read_end: int | None = None,
) -> Scope:
    """The scope of `partitioning` at the instant `as_of`; from `read_end` on, what is read is not over."""
    return Scope(
        partitioning=partitioning,
        due_end=_due_end(partitioning, as_of, read_end),
        over_end=partitioning.due_end(as_of),
        current=partitioning.current(as_of),
        valid=valid_range(partitioning, as_of, read_end),
        states=states,
    )


def _due_end(partitioning: Partitioning, as_of: datetime, read_end: int | None) -> int | None:
    over_end = partitioning.due_end(as_of)
    return over_end if over_end is None or read_end is None else min(over_end, read_end)


def valid_range(partitioning: Partitioning, as_of: datetime, read_end: int | None = None) -> str:
    """The partitions that exist and are due, as text such as `2013-01-01..2013-12-31`."""
    if isinstance(partitioning, StaticPartitioning):
        shown = PartitionSet.span(0, min(len(partitioning.keys), _MOST_KEYS_SHOWN))
        more = ",…" if len(partitioning.keys) > _MOST_KEYS_SHOWN else ""
        return partitioning.label_set(shown) + more
    first, end = partitioning.universe
    limits = [o for o in (end, _due_end(partitioning, as_of, read_end)) if o is not None]
    until = min(limits, default=None)
    if first is not None and until is not None and until <= first:
        return f"{partitioning.label(first)}.., none of it due yet"
    low = "" if first is None else partitioning.label(first).partition("..")[0]
    high = "" if until is None else partitioning.label(until - 1).rpartition("..")[2]
    if not low and not high:
        return "any"
    return low if low == high else f"{low}..{high}"


def partitions_of(scope: Scope, term: Term) -> Taken:
    """The partitions that `term` means, before it joins or takes away.

    A term that takes away means all it names, due or not, and misses nothing. Raises
    InapplicableError where the term cannot be read for this kind, needs a bound that is not set, or
    starts in the future; UsageError for what no model can mean (REVERSED_RANGE, NONEXISTENT_TIME).
    """
    match term.what:
        case Everything():
            taken = Taken(every_due(scope, term))
        case Last():
            taken = Taken(_last(scope, term, term.what.count))
        case InState():
            taken = Taken(_in_state(scope, term, term.what.state))
        case Name():
            taken = _named(scope, term, term.what)
        case Between():
            taken = _between(scope, term, term.what)
    chosen = taken.partitions
    for state in term.states:
        chosen &= _in_state(scope, term, state)
    return Taken(chosen, taken.warnings, taken.miss)


def every_due(scope: Scope, term: Term, first: int | None = None) -> PartitionSet:
    """Every due partition of the universe, from ordinal `first` where given.

    Raises InapplicableError (UNBOUNDED) where `begin` or `end` is needed and not set.
    """
    return _due(scope, term, first, None)


def _due(scope: Scope, term: Term, first: int | None, end: int | None) -> PartitionSet:
    universe = scope.partitioning.universe
    if first is None and universe[0] is None:
        raise _unbounded(term, "NO_BEGIN", "begin", "first")
    if end is None and universe[1] is None and scope.due_end is None:
        raise _unbounded(term, "NO_END", "end", "last")
    return within(universe, first, end, until=scope.due_end)


def _unbounded(term: Term, code: str, key: str, which: str) -> InapplicableError:
    message = f"`{term.text}` needs `{key}`: without it no partition is the {which}"
    fix = f"set `{key}`, or name the partitions"
    return InapplicableError(Outcome.UNBOUNDED, _diagnostic(term, code, message, fix))


def _last(scope: Scope, term: Term, count: int) -> PartitionSet:
    first, end = scope.partitioning.universe
    if isinstance(scope.partitioning, StaticPartitioning):
        message = f"keys have no order, so `{term.text}` names none"
        raise _not_that_kind(scope, term, message, "name the keys")
    limits = [o for o in (end, scope.due_end) if o is not None]
    if not limits:
        raise _unbounded(term, "NO_END", "end", "last")
    until = min(limits)
    return PartitionSet.span(until - count if first is None else max(first, until - count), until)


def _in_state(scope: Scope, term: Term, state: StateWord) -> PartitionSet:
    if state is StateWord.MISSING:
        every_due(scope, term)  # raises where what is missing would have no bounds
    return scope.states().of(state)


def _named(scope: Scope, term: Term, name: Name) -> Taken:
    found = read_name(scope.partitioning, name)
    if isinstance(found, Unread) and found.why is Misread.UNKNOWN:
        message = f"{found.message} (valid: {scope.valid})"
        unknown = _diagnostic(term, "OUT_OF_RANGE", message, found.fix)
        if term.is_negated:
            return Taken(PartitionSet(), (replace(unknown, severity=Severity.WARNING),))
        return Taken(PartitionSet(), (), unknown)
    named = _require(scope, term, found)
    ranges = PartitionSet.of(named.ranges)
    return _only_due(scope, term, ranges) if named.is_period else _asked_for(scope, term, ranges)


def _between(scope: Scope, term: Term, what: Between) -> Taken:
    if isinstance(scope.partitioning, StaticPartitioning):
        message = f"keys have no order, so `{term.text}` names none"
        raise _not_that_kind(scope, term, message, "name each key; quote one that holds `..`")
    first, last = (
        end and _require(scope, term, read_name(scope.partitioning, end))
        for end in (what.first, what.last)
    )
    start = first.ranges[0][0] if first else None
    end = last.ranges[-1][1] if last else None
    if first and last:
        if first.is_after(last):
            raise UsageError(_reversed(scope, term, what))
        return _asked_for(scope, term, PartitionSet.span(first.ranges[0][0], last.ranges[-1][1]))
    if term.is_negated:
        return Taken(PartitionSet.span(-_FAR if start is None else start, end or _FAR))
    due = _due(scope, term, start, end)
    if due:
        return Taken(due)
    existing = within(scope.partitioning.universe, start, end, since=-_FAR, until=_FAR)
    return Taken(due, (), _out_of_range(scope, term, exists=bool(existing)))


def _require(scope: Scope, term: Term, found: Named | Unread) -> Named:
    if isinstance(found, Named):
        return found
    if found.why is Misread.IMPOSSIBLE:
        message = f"{found.message} (valid: {scope.valid})"
        raise UsageError(_diagnostic(term, "NONEXISTENT_TIME", message, found.fix))
    raise _not_that_kind(scope, term, found.message, found.fix)


def _only_due(scope: Scope, term: Term, ranges: PartitionSet) -> Taken:
    """A year, quarter or month: what is due of it, without a word on the rest."""
    if term.is_negated:
        return Taken(ranges)
    inside = ranges & within(scope.partitioning.universe, ranges.first, ranges.last + 1)
    due = inside if scope.due_end is None else inside & PartitionSet.span(-_FAR, scope.due_end)
    miss = None if due else _out_of_range(scope, term, exists=bool(inside))
    return Taken(due, (), miss)


def _asked_for(scope: Scope, term: Term, ranges: PartitionSet) -> Taken:
    """A single name or `a..b`: due or not, with a warning for what lies outside the universe."""
    if term.is_negated:
        return Taken(ranges)
    partitioning = scope.partitioning
    inside = ranges & within(partitioning.universe, ranges.first, ranges.last + 1)
    if not inside:
        return Taken(inside, (), _out_of_range(scope, term, exists=False))
    if scope.current is not None and inside.first > scope.current:
        message = f"`{term.text}` starts in the future (valid: {scope.valid})"
        fix = f"name partitions up to {partitioning.label(scope.current)}"
        diagnostic = _diagnostic(term, "FUTURE_PARTITION", message, fix)
        raise InapplicableError(Outcome.OUT_OF_RANGE, diagnostic)
    if inside == ranges:
        return Taken(inside)
    message = f"`{term.text}` is clipped to {partitioning.label_set(inside)}"
    clipped = _diagnostic(term, "CLIPPED", message, f"name partitions in {scope.valid}")
    return Taken(inside, (replace(clipped, severity=Severity.WARNING),))


def _out_of_range(scope: Scope, term: Term, *, exists: bool) -> Diagnostic:
    why = "is over yet" if exists else "exists"
    message = f"no partition of `{term.text}` {why} (valid: {scope.valid})"
    return _diagnostic(term, "OUT_OF_RANGE", message, "name partitions in the valid range")


def _reversed(scope: Scope, term: Term, what: Between) -> Diagnostic:
    first, last = (end.text if end else "" for end in (what.first, what.last))
    return _diagnostic(
        term,
        "REVERSED_RANGE",
        f"`{first}..{last}` ends before it starts (valid: {scope.valid})",
        f"write `{last}..{first}`",
    )


def _not_that_kind(scope: Scope, term: Term, message: str, fix: str) -> InapplicableError:
    message = f"{message} (valid: {scope.valid})"
    return InapplicableError(
        Outcome.NOT_THAT_KIND, _diagnostic(term, "NOT_THAT_KIND", message, fix)
    )


def _diagnostic(term: Term, code: str, message: str, fix: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, fix=fix, notes=term.notes)
