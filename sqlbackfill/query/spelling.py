"""Texts by which expressions are told apart: equal ones mean the same."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.query.plain_text import plain_text

# What sqlglot's plain dialect prints without a format, a zone, a first day of the week or a count, or as
# another operator.
_CURTAILED: Final = (
    exp.ToChar, exp.ToNumber, exp.IntDiv, exp.WeekStart, exp.StrToTime, exp.Max, exp.Min,
)  # fmt: skip


def text_of(node: exp.Expr) -> str:
    """SQL that no other expression of the query has, unless it means the same."""
    return node.sql() if node.find(*_CURTAILED) is None else plain_text(node, {})
