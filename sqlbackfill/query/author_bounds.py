"""Bounds that the author wrote: whether they leave out nothing that the query needs (theorem T2)."""

from __future__ import annotations

from sqlglot import exp

from sqlbackfill.errors import Diagnostic, Severity, SourceSpan
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.query.conditions import AuthorBound
from sqlbackfill.query.demands import PassResult
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.kinds import Kind, stored_kind
from sqlbackfill.query.offsets import offsets_of
from sqlbackfill.query.parse import ParsedQuery, Places
from sqlbackfill.query.terms import Range
from sqlbackfill.query.values import count_markers, holds_marker


def judge_author_bounds(
    judged: PassResult | None,
    parsed: ParsedQuery,
    request: AnalysisRequest,
    places: Places,
    output: Kind,
) -> tuple[bool | None, tuple[Diagnostic, ...]]:
    """Whether the bounds may be widened to a chunk's without changing a row, and if not, why.

    None where there are no bounds. `judged` is the pass that ignores them: at each place it found
    what is needed there, and a bound that holds for all of that changes nothing.
    """
    if judged is None:
        return None, ()
    found: list[Diagnostic] = []
    if request.bounds_in_control_flow:
        use = "in the template's control flow"
        found.append(_as_value("TEMPLATE_REGIME", use, request, request.looked_at))
    if judged.checked_markers < count_markers(parsed.tree):
        place = places.of(_unchecked(parsed.tree, judged))
        found.append(_as_value("BOUND_AS_VALUE", "as a value", request, place))
        return False, tuple(found)
    found += [_narrow(bound, need, request, places, output) for bound, need in judged.too_narrow]
    return not found, tuple(found)


def _unchecked(tree: exp.Expr, judged: PassResult) -> exp.Expr:
    """The first bound that stands in no comparison of its own."""
    known = {id(node) for node in judged.checked_nodes}
    for leaf in tree.find_all(exp.Literal, exp.Identifier):
        if holds_marker(leaf):
            node: exp.Expr | None = leaf
            while node is not None and id(node) not in known:
                node = node.parent
            if node is None:
                return leaf
    return tree


def _as_value(code: str, use: str, request: AnalysisRequest, span: SourceSpan | None) -> Diagnostic:
    return Diagnostic(
        code=code,
        message=f"a bound of the partition is used {use}, so the query is right for one partition only",
        severity=Severity.NOTE,
        span=span,
        fix="select the date from a table instead, or accept one query per partition",
        model=request.model,
    )


def _narrow(
    bound: AuthorBound, need: Range | None, request: AnalysisRequest, places: Places, output: Kind
) -> Diagnostic:
    written = _reach(bound.range, request, output)
    needed = _reach(need, request, output) if need is not None else (None, None)
    return Diagnostic(
        code="AUTHOR_BOUND_TOO_NARROW",
        message=_narrow_message(written, needed, request, bounded=need is not None),
        severity=Severity.NOTE,
        span=places.of(bound.node),
        fix="widen the bound, or leave it out: sqlbackfill reads what is needed",
        model=request.model,
    )


def _narrow_message(
    written: tuple[int | None, int | None],
    needed: tuple[int | None, int | None],
    request: AnalysisRequest,
    *,
    bounded: bool,
) -> str:
    grain = request.partition.grain if request.partition is not None else "partition"
    if written[0] is not None and needed[0] is not None and needed[0] < written[0]:
        return f"reads {-written[0]} {grain}s back, the query needs {-needed[0]}"
    if written[1] is not None and needed[1] is not None and needed[1] > written[1]:
        return f"reads {written[1]} {grain}s ahead, the query needs {needed[1]}"
    if bounded:
        return "this bound leaves out rows that the query needs"
    return "this bound stands where the query needs rows of every partition"


def _reach(range_: Range, request: AnalysisRequest, output: Kind) -> tuple[int | None, int | None]:
    if request.partition is None:
        return None, None
    window = ReadWindow(lower=range_.lower, upper=range_.upper, column_type=stored_kind(output))
    return offsets_of(window, request.partition, output)
