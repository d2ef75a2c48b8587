"""Volatile functions and clocks in a query: where they only colour a row and where they decide rows."""

from __future__ import annotations

from sqlglot import exp

from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.query.determinism import IMPURE, is_clock, is_volatile
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.parse import ParsedQuery, Places
from sqlbackfill.query.reasons import Reason, chance

_DECIDING = (exp.Where, exp.Having, exp.Qualify, exp.Join, exp.Group, exp.Window)


def impurities(
    parsed: ParsedQuery, request: AnalysisRequest, places: Places
) -> tuple[bool, bool, tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """(is volatile, depends on the clock, warnings, chances).

    Chances are volatile values that may decide which rows there are; a clock counts as a dependency
    where it stands in a filter.
    """
    if not parsed.may_hold(IMPURE):
        return False, False, (), ()
    volatile, clocks = [], []
    for node in parsed.tree.find_all(*IMPURE):
        if is_volatile(node):
            volatile.append(node)
        elif is_clock(node):
            clocks.append(node)
    chances = tuple(
        chance(Reason("VOLATILE", node, _name(node)), places, request.model)
        for node in volatile
        if not _is_plain_output(node, parsed.tree)
    )
    warnings = (
        *(_warning("VOLATILE", node, request, places) for node in volatile if _is_plain_output(node, parsed.tree)),
        *(_warning("RUN_CLOCK", node, request, places) for node in clocks),
    )  # fmt: skip
    in_filter = any(node.find_ancestor(*_DECIDING) is not None for node in clocks)
    return bool(volatile), in_filter, warnings, chances


def _is_plain_output(node: exp.Expr, tree: exp.Query) -> bool:
    """Whether the value goes straight into an output column of the outermost SELECT."""
    if node.find_ancestor(*_DECIDING) is not None:
        return False
    select = node.find_ancestor(exp.Select)
    if select is not tree or node.find_ancestor(exp.AggFunc, exp.Order) is not None:
        return False
    return not select.args.get("distinct") and not select.args.get("group")


def _name(node: exp.Expr) -> str:
    return node.name if isinstance(node, exp.Anonymous) else node.sql_name().lower()  # type: ignore[attr-defined]  # a Func


def _warning(code: str, node: exp.Expr, request: AnalysisRequest, places: Places) -> Diagnostic:
    what = (
        "gives another value in every run, so rebuilt rows always differ"
        if code == "VOLATILE"
        else "is the time of the run, so the same partition may come out differently later"
    )
    return Diagnostic(
        code=code,
        message=f"`{_name(node)}` {what}",
        severity=Severity.WARNING,
        span=places.of(node),
        model=request.model,
    )
