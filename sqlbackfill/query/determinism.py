"""What makes two runs of a query differ: volatile functions, the clock, choices by chance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from sqlbackfill.query.duckdb_scalars import SCALARS

_VOLATILE: Final = (exp.Rand, exp.Randn, exp.Uuid, exp.Shuffle)
_VOLATILE_NAMES: Final = frozenset(
    [
        "random",
        "rand",
        "uuid",
        "uuidv4",
        "uuidv7",
        "gen_random_uuid",
        "uuid_string",
        "newid",
        "nextval",
        "setseed",
        "randn",
        "randstr",
    ]
)
_CLOCKS: Final = (
    exp.CurrentDate,
    exp.CurrentTimestamp,
    exp.CurrentTime,
    exp.CurrentDatetime,
    exp.Localtime,
    exp.Localtimestamp,
    exp.UtcDate,
    exp.UtcTime,
    exp.UtcTimestamp,
)
IMPURE: Final = (*_VOLATILE, *_CLOCKS, exp.Anonymous)
"""All that `is_volatile` or `is_clock` may hold for."""

_CLOCK_NAMES: Final = frozenset(
    [
        "now",
        "today",
        "getdate",
        "sysdate",
        "get_current_timestamp",
        "get_current_time",
        "transaction_timestamp",
        "current_localtimestamp",
        "current_localtime",
        "localtimestamp",
        "localtime",
        "sysdatetime",
        "statement_timestamp",
        "clock_timestamp",
        "unix_timestamp",
    ]
)
_CHOOSERS: Final = (
    exp.AnyValue, exp.First, exp.Last, exp.ArgMax, exp.ArgMin, exp.ArrayAgg, exp.GroupConcat,
    exp.Mode,
)  # fmt: skip
_KNOWN_ANONYMOUS: Final = SCALARS | {
    "timezone",
    "timestamp_seconds",
    "timestamp_millis",
    "timestamp_micros",
    "to_timestamp_ntz",
}


# Window functions that sqlglot has no name for, of which PARTITION BY alone tells what they read.
_WINDOWED: Final = frozenset(
    ["ratio_to_report", "conditional_true_event", "conditional_change_event"]
)


def is_volatile(node: exp.Expr) -> bool:
    """Whether a call of the function may differ from the next with the same arguments."""
    if isinstance(node, _VOLATILE):
        return True
    return isinstance(node, exp.Anonymous) and node.name.lower() in _VOLATILE_NAMES


def is_clock(node: exp.Expr) -> bool:
    """Whether the value is the time of the run."""
    if isinstance(node, _CLOCKS):
        return True
    if not isinstance(node, exp.Anonymous):
        return False
    name = node.name.lower()
    # With one argument it is how long ago that was.
    return name in _CLOCK_NAMES or (name == "age" and len(node.expressions) == 1)


def is_unknown_function(node: exp.Expr) -> bool:
    """Whether it could be an aggregate, a table function or volatile, for all that is known."""
    if isinstance(node, (exp.Command, exp.AnonymousAggFunc)):
        return True
    if not isinstance(node, exp.Anonymous):
        return False
    name = node.name.lower()
    if name in _WINDOWED and isinstance(node.parent, exp.Window):
        return False
    return name not in _KNOWN_ANONYMOUS and not is_volatile(node) and not is_clock(node)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether the function folds a group of rows."""
    return isinstance(node, exp.AggFunc) or (
        isinstance(node, exp.Func) and type(node).__name__.endswith(("Agg", "AggFunc"))
    )


def choosers(nodes: Iterable[exp.Expr]) -> list[exp.Expr]:
    """The aggregates whose value depends on the order in which rows come."""
    return [node for node in nodes if isinstance(node, _CHOOSERS)]


def first_choice(node: exp.Expr) -> exp.Expr | None:
    """The first part below `node` that might choose between rows, where nothing more is known."""
    for inner in node.walk():
        if isinstance(
            inner, (exp.Window, exp.Limit, exp.Offset, exp.Fetch, exp.TableSample, *_CHOOSERS)
        ):
            return inner
        if is_unknown_function(inner) or (isinstance(inner, exp.Distinct) and inner.args.get("on")):
            return inner
    return None
