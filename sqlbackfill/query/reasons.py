"""Why a bound was lost: codes with the place in the SQL, and what they say to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.query.parse import Places


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """`code` says what stopped the proof at `node`; `subject` names what it is about."""

    code: str
    node: exp.Expr
    subject: str = ""


# Codes that show that more is needed; all others say that nothing could be shown.
REFUTING: Final = frozenset(
    {
        "WINDOW_OMITS_P",
        "GROUP_OMITS_P",
        "LIMIT_GLOBAL",
        "JOIN_NO_PARTITION_LINK",
        "COALESCE_WITHOUT_EQUALITY",
        "DEDUP_ACROSS_P",
        "GLOBAL_SCALAR",
        "ASOF_PAST",
        "NOT_IN_NULL",
        "PIVOT_ON_P",
        "P_FROM_UNNEST",
    }
)

# What happened ({s} the subject, {p} the partition column, {r} the relation, {how} how it is read),
# and what would help.
_TEXTS: Final = {
    "WINDOW_OMITS_P": (
        "`{s}` looks at rows of every `{p}` because its PARTITION BY omits it, so `{r}` is read {how}",
        "add `{p}` to PARTITION BY, bound the frame with RANGE, or accept it",
    ),
    "GROUP_OMITS_P": (
        "the aggregation does not group by `{p}`, so `{r}` is read {how}",
        "add `{p}` to GROUP BY, or accept it",
    ),
    "LIMIT_GLOBAL": (
        "LIMIT picks from the rows of every `{p}`, so `{r}` is read {how}",
        "rank within `{p}` by row_number() instead, or accept it",
    ),
    "JOIN_NO_PARTITION_LINK": (
        "nothing ties `{s}` to `{p}` in the join, so `{r}` is read {how}",
        "compare its date with `{p}` in ON, or accept it",
    ),
    "COALESCE_WITHOUT_EQUALITY": (
        "`{p}` does not come from columns that the FULL JOIN with `{s}` makes equal, so `{r}` is read {how}",
        "join on the columns that COALESCE shows as `{p}`, or accept it",
    ),
    "DEDUP_ACROSS_P": (
        "DISTINCT ON compares rows of every `{p}`, so `{r}` is read {how}",
        "add `{p}` to DISTINCT ON, or accept it",
    ),
    "GLOBAL_SCALAR": (
        "a subquery does not depend on `{p}`, so `{r}` is read {how}",
        "tie the subquery to the row's `{p}`, or accept it",
    ),
    "NOT_IN_NULL": (
        "one NULL in the list of values, of whatever `{p}`, changes every row, so `{r}` is read {how}",
        "use NOT EXISTS and compare its date with `{p}`, or accept it",
    ),
    "ASOF_PAST": (
        "ASOF takes the row of `{s}` that is nearest, however far away, so `{r}` is read {how}",
        "join on its `{p}` as well, or accept it",
    ),
    "PIVOT_ON_P": (
        "`{p}` is none of the columns that the pivot passes on, so `{r}` is read {how}",
        "leave `{p}` out of the pivot's values and aggregates, or accept it",
    ),
    "P_OPAQUE": (
        "`{p}` is computed in a way that cannot be traced to `{r}`, which is read {how}",
        "compute `{p}` by a cast, date_trunc or an interval from a typed column",
    ),
    "P_FROM_UNNEST": (
        "rows from a list or a function are not tied to `{p}`, so `{r}` is read {how}",
        "compare them with `{p}`, or accept it",
    ),
    "SET_COLUMN_UNKNOWN": (
        "an arm of the UNION, INTERSECT or EXCEPT has no column for `{p}` whose type is known, so `{r}` is read {how}",
        "name and cast the columns in every arm",
    ),
    "RECURSIVE": (
        "the steps of the recursive query `{s}` do not keep `{p}` as it is, so `{r}` is read {how}",
        "let each step show `{p}` unchanged and read no other `{p}`, or accept it",
    ),
    "SAMPLE": (
        "a sample differs from run to run, and `{r}` is read {how}",
        "filter by a hash instead",
    ),
    "UNKNOWN_NODE": (
        "`{s}` has no rule in the analysis, so `{r}` is read {how}",
        "write it in another way, or accept it",
    ),
    "NAMES_UNRESOLVED": (
        "the names in the query cannot be resolved, so `{r}` is read {how}",
        "qualify the columns with their tables, or let the inputs' columns be known",
    ),
    "NOT_PARTITION_COLUMN": (
        "the rows that are needed are known by another column than `{s}`, by which `{r}` is partitioned",
        "compare `{s}` too, where it is tied to the other column",
    ),
}
_CHANCES: Final = {
    "TIES": (
        "`{s}` may choose between rows that are equal in its order, so two queries may choose differently",
        "add columns to ORDER BY until no two rows are equal, and test their key in the yml",
    ),
    "VOLATILE": (
        "`{s}` gives another value each time and decides which rows there are",
        "use a hash of a key instead",
    ),
    "UNKNOWN_NODE": (
        "`{s}` has no rule in the analysis, so two queries may give different rows",
        "write it in another way",
    ),
    "SAMPLE": ("a sample differs from run to run", "filter by a hash instead"),
    "NAMES_UNRESOLVED": (
        "the names in the query cannot be resolved, so two queries may give different rows",
        "qualify the columns with their tables, or let the inputs' columns be known",
    ),
}


def lost_bound(
    reason: Reason, places: Places, *, model: str, partition: str, relation: str, how: str
) -> Diagnostic:
    """The diagnostic of a bound lost on the way to `relation`."""
    message, fix = _TEXTS.get(reason.code, _TEXTS["P_OPAQUE"])
    words = {"s": reason.subject or "this part", "p": partition, "r": relation, "how": how}
    return Diagnostic(
        code=reason.code,
        message=message.format(**words),
        severity=Severity.NOTE,
        span=places.of(reason.node),
        fix=fix.format(**words) if fix else None,
        model=model,
    )


def chance(reason: Reason, places: Places, model: str) -> Diagnostic:
    """The diagnostic of a choice that another query may make otherwise."""
    message, fix = _CHANCES[reason.code]
    return Diagnostic(
        code=reason.code,
        message=message.format(s=reason.subject or "this part"),
        severity=Severity.WARNING,
        span=places.of(reason.node),
        fix=fix,
        model=model,
    )


def distinct(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics in order, each once."""
    return tuple(dict.fromkeys(diagnostics))


def said_once(first: Iterable[Diagnostic], more: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """`first`, then those of `more` that do not say the same code of the same place."""
    kept = distinct(first)
    said = {(one.code, one.span) for one in kept}
    return (*kept, *(one for one in distinct(more) if (one.code, one.span) not in said))
