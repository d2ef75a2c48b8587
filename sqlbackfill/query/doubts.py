"""What `check` says of the partition column: that it may be NULL, that its days are of nobody's time zone."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.kinds import is_wall, kind_of_type
from sqlbackfill.query.nullability import Nullable, why_null
from sqlbackfill.query.parse import ParsedQuery, Places
from sqlbackfill.query.scopes import Scopes
from sqlbackfill.query.units import unit_of

# What makes it NULL ({p} the partition column, {s} the subject), and what would help.
_NULLS: Final = {
    "input": (
        "it comes from `{n}` of `{s}`, of which nothing says that it is never NULL",
        "add `where {n} is not null` to leave such rows out, or COALESCE to give them a partition",
    ),
    "outer": (
        "it comes from `{s}`, which an outer join fills with NULL where nothing matches",
        "take `{p}` from the other side, or COALESCE both",
    ),
    "super": (
        "ROLLUP, CUBE and GROUPING SETS give rows in which `{s}` is NULL",
        "add `having {s} is not null`, or compute the totals in a model of their own",
    ),
    "case": (
        "a CASE or IF gives NULL where no condition holds",
        "add an ELSE with a value, or leave such rows out",
    ),
    "aggregate": (
        "`{s}` is NULL where there is no row",
        "add a GROUP BY of what `{p}` comes from",
    ),
    "try": (
        "`{s}` is NULL for what it cannot read",
        "use CAST, or leave such rows out with `where … is not null`",
    ),
    "absent": ("an arm of the UNION has no column `{s}`", "select it in each arm"),
    "null": ("it is NULL in what the query selects there", "select a value"),
    "rows": ("it comes from rows that no table holds", "add `where {n} is not null`"),
}
_OTHERWISE: Final = (
    "nothing shows that `{s}` is never NULL",
    "add `where … is not null` around it, or COALESCE",
)
# There a moment is an instant, and its days are those of UTC unless a zone is written.
_ALWAYS_UTC: Final = frozenset({"bigquery"})
_NAMES_A_ZONE: Final = (exp.AtTimeZone, exp.ConvertTimezone, exp.FromTimeZone)
_READS_MOMENTS: Final = (
    exp.Cast, exp.TryCast, exp.TimestampTrunc, exp.DateTrunc, exp.Extract, exp.Date,
    exp.TsOrDsToDate,
)  # fmt: skip
_CIVIL: Final = frozenset({"day", "week", "month", "quarter", "year"})


def null_doubt(
    parsed: ParsedQuery, request: AnalysisRequest, places: Places, scopes: Scopes, column: str
) -> Diagnostic | None:
    """Why the partition column `column` may be NULL, so that rows may have no partition; else None.

    A note where a raw column is taken at its word, a warning where the query itself makes the NULL.
    """
    found = why_null(parsed.tree, column, scopes, request.dialect)
    if found is None:
        return None
    text, fix = _NULLS.get(found.kind, _OTHERWISE)
    words = {"p": column, "s": found.subject or "this part", "n": _name(found)}
    is_made = found.kind in ("outer", "super", "case", "aggregate", "try", "absent", "null")
    return Diagnostic(
        code="PARTITION_MAY_BE_NULL",
        message=f"`{column}` may be NULL, and such rows are never written: {text.format(**words)}",
        severity=Severity.WARNING if is_made else Severity.NOTE,
        span=places.of(found.node),
        fix=fix.format(**words),
        model=request.model,
    )


def _name(found: Nullable) -> str:
    return found.node.name if isinstance(found.node, exp.Column) else "it"


def zone_doubts(
    parsed: ParsedQuery, request: AnalysisRequest, places: Places
) -> tuple[Diagnostic, ...]:
    """A warning for the first cast, truncation or date function that takes an instant by the session's clock."""
    if request.dialect in _ALWAYS_UTC or not parsed.is_qualified:
        return ()
    if not parsed.may_hold(_READS_MOMENTS):
        return ()
    for node in parsed.tree.walk():
        moment = _read_by_session(node, request.dialect)
        if moment is not None:
            return (_zoneless(node, moment, request, places),)
    return ()


def _read_by_session(node: exp.Expr, dialect: str) -> exp.Expr | None:
    """The instant that `node` reads by the session's clock."""
    if not isinstance(node, _READS_MOMENTS):
        return None
    moment = node.this
    if isinstance(node, (exp.Cast, exp.TryCast)):
        if not is_wall(kind_of_type(node.to, dialect)):
            return None
    elif isinstance(node, (exp.TimestampTrunc, exp.DateTrunc)):
        if node.args.get("zone") or unit_of(node.args.get("unit")) not in _CIVIL:
            return None
    elif isinstance(node, exp.Extract):
        moment = node.expression
        if node.name.upper().startswith(("EPOCH", "TIMEZONE")):
            return None
    elif node.args.get("zone"):
        return None
    if not isinstance(moment, exp.Expr) or moment.find(*_NAMES_A_ZONE) is not None:
        return None
    if isinstance(node.parent, _NAMES_A_ZONE):
        return None
    if moment.find(exp.Column) is None:
        return None
    return moment if kind_of_type(moment.type, dialect) is BoundType.TIMESTAMPTZ else None


def _zoneless(
    node: exp.Expr, moment: exp.Expr, request: AnalysisRequest, places: Places
) -> Diagnostic:
    shown = moment.name if isinstance(moment, exp.Column) else moment.sql(dialect=request.dialect)
    return Diagnostic(
        code="ZONELESS_CAST",
        severity=Severity.WARNING,
        message=f"`{shown}` is an instant, and its day is taken without a time zone: whoever runs it "
        "in another session time zone gets other days",
        span=places.of(node),
        fix=_ZONED.get(
            request.dialect, "write `{s} AT TIME ZONE 'UTC'`, or the zone that is meant"
        ).format(s=shown),
        model=request.model,
    )


_ZONED: Final = {
    "snowflake": "write `CONVERT_TIMEZONE('UTC', {s})::TIMESTAMP_NTZ`, or the zone that is meant",
    **dict.fromkeys(
        ("spark", "databricks"),
        "set spark.sql.session.timeZone where it runs, or write `FROM_UTC_TIMESTAMP({s}, 'UTC')`",
    ),
}
